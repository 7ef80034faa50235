/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of s2stat and what they have in common: options, samples, errors.
 */
#ifndef S2STAT_CMD_H
#define S2STAT_CMD_H

#include <argp.h>
#include <stdbool.h>

#include "../source/failure.h"
#include "../source/live.h"
#include "../view/text.h"

#ifndef S2STAT_VERSION
#define S2STAT_VERSION "0.1"
#endif

/**
 * struct options - what the command line asked for
 * @vm:		selector, or NULL for all
 * @interval:	seconds of one sample; 0: do not wait, no rates
 * @count:	samples; 0: until interrupted
 * @entries:	every leaf and table page (show)
 */
struct options {
	const char *vm;
	double interval;
	unsigned long count;
	bool json;
	bool color;
	bool entries;
	int verbose;
};

/**
 * struct verb - one word of the command line
 * @help:	one line, for the list of verbs
 * @doc:	for --help: what it does, \v, examples
 * @args:	what it takes besides options, for --help; NULL: nothing
 * @count:	samples unless told otherwise
 * @entries:	it has --entries
 * @run:	does it; returns enum s2stat_exit
 */
struct verb {
	const char *name;
	const char *help;
	const char *doc;
	const char *args;
	unsigned long count;
	bool entries;
	int (*run)(const struct options *o);
};

extern const struct verb list_verb, show_verb, top_verb, doctor_verb;

int verb_main(const struct verb *verb, int argc, char **argv);
int report(const struct options *o, const struct failure *f);
struct text text_for(const struct options *o);

/**
 * struct sampling - what a verb makes of samples
 * @show:	one sample; @chosen tells which of host->vm are meant
 * @keep_gone:	contexts that are gone are shown, too, with what they did
 */
struct sampling {
	int (*show)(const struct options *o, struct live *live,
		    const struct host *host, const bool *chosen,
		    struct failure *f);
	bool keep_gone;
};

int sample_loop(const struct options *o, const struct sampling *s);

#endif /* S2STAT_CMD_H */
