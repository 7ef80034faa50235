/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of s2stat and what they have in common: options, samples, errors.
 */
#ifndef S2STAT_CMD_H
#define S2STAT_CMD_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "../source/failure.h"
#include "../source/live.h"
#include "../view/text.h"

#ifndef S2STAT_VERSION
#define S2STAT_VERSION "0.1"
#endif

struct json_object;

/**
 * struct options - what the command line asked for, of what verbs share
 * @vm:		selector, or NULL for all
 * @interval:	seconds of one sample; 0: do not wait, no rates
 * @count:	samples; 0: until interrupted
 */
struct options {
	const char *vm;
	double interval;
	unsigned long count;
	bool json;
	bool csv;
	bool color;
	int verbose;
};

/**
 * enum takes - which of the shared options a verb has
 * @TAKES_VM:	--vm; a positional argument is the selector, too
 * @TAKES_SAMPLES: --interval, --count, --once
 * @TAKES_CSV:	--csv
 *
 * --json, --no-color and --verbose all verbs have.
 */
enum takes {
	TAKES_VM = 1 << 0,
	TAKES_SAMPLES = 1 << 1,
	TAKES_CSV = 1 << 2,
};

/* Keys of options that belong to one verb, and have no letter, begin here. */
#define KEY_OF_VERB 0x200

/**
 * struct verb - one word of the command line
 * @help:	one line, for the list of verbs
 * @doc:	for --help: what it does, \v, examples
 * @args:	what it takes besides options, for --help; NULL: nothing; in
 *		brackets: it may be left out
 * @json:	types of the objects it writes with --json, space between
 * @takes:	enum takes, or-ed
 * @count:	samples unless told otherwise; 0: until interrupted
 * @needs_time:	an interval of 0 makes no sense for it
 * @at_once:	the interval is 0 unless told otherwise
 * @options:	options of its own, ended by an empty one; or NULL
 * @parse:	an argp parser for these and, unless it answers
 *		ARGP_ERR_UNKNOWN, for positional arguments; or NULL.
 *		state->input is the struct options
 * @run:	does it; returns enum s2stat_exit
 *
 * What @parse learns beyond struct options, a verb keeps in its own file: a
 * process runs one verb, once.
 */
struct verb {
	const char *name;
	const char *help;
	const char *doc;
	const char *args;
	const char *json;
	unsigned int takes;
	unsigned long count;
	bool needs_time;
	bool at_once;
	const struct argp_option *options;
	argp_parser_t parse;
	int (*run)(const struct options *o);
};

/* All verbs, in the order of --help: NAME_verb is defined in cmd/NAME.c. */
#define S2STAT_VERBS(X) \
	X(top)          \
	X(list)         \
	X(show)         \
	X(map)          \
	X(walk)         \
	X(audit)        \
	X(vmid)         \
	X(flush)        \
	X(faults)       \
	X(record)       \
	X(check)        \
	X(report)       \
	X(convert)      \
	X(export)       \
	X(doctor)

#define S2STAT_VERB_EXTERN(name) extern const struct verb name##_verb;
S2STAT_VERBS(S2STAT_VERB_EXTERN)
#undef S2STAT_VERB_EXTERN

/* Columns of json_of_vm() for --csv. */
extern const char *const vm_columns[];

void cli_dump(const struct verb *const *verbs, size_t nr);
void cli_words(const struct verb *const *verbs, size_t nr, const char *verb);
int verb_main(const struct verb *verb, int argc, char **argv);
const struct argp_option *verb_options(const struct verb *verb);
double option_seconds(struct argp_state *state, const char *arg);
unsigned long option_number(struct argp_state *state, const char *arg,
			    const char *what);
uint64_t option_size(struct argp_state *state, const char *arg);
double option_span(struct argp_state *state, const char *arg);
int report(const struct options *o, const struct failure *f);
struct text text_for(const struct options *o);

/**
 * struct sampling - what a verb makes of samples
 * @show:	one sample; @chosen tells which of host->vm are meant
 * @columns:	of --csv; see emit()
 * @keep_gone:	contexts that are gone are shown, too, with what they did
 * @one_vm:	it is about what --vm means: when that is gone, so is the verb
 * @tables:	of each sample; what it shows of a VM is in its tables
 * @hot:	faults are counted by region, too
 * @needs:	of enum offer: without these the verb has nothing to show
 * @lacks:	and says this, before it waits for anything
 */
struct sampling {
	int (*show)(const struct options *o, struct live *live,
		    const struct host *host, const bool *chosen,
		    struct failure *f);
	const char *const *columns;
	bool keep_gone;
	bool one_vm;
	bool tables;
	bool hot;
	uint32_t needs;
	const char *lacks;
};

int sample_loop(const struct options *o, const struct sampling *s);
void catch_signals(void);
bool was_interrupted(void);
void emit(const struct options *o, const struct host *host,
	  const char *const *columns, struct json_object *row);
bool terminal_width(int *columns);

#endif /* S2STAT_CMD_H */
