// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that all verbs share, and how a verb is started.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../source/probe.h"
#include "../view/json.h"
#include "cmd.h"

enum { KEY_ONCE = 256, KEY_NO_COLOR, KEY_ENTRIES, KEY_VM };

#define COMMON \
	{ "json", 'j', NULL, 0, "NDJSON, one object a line", 0 }, \
	{ "vm", KEY_VM, "SELECTOR", 0, \
	  "Only these VMs: tgid, mmu id, name or glob; vm:N, mmu:N, name:GLOB where that is ambiguous", \
	  0 }, \
	{ "interval", 'i', "SECONDS", 0, \
	  "Length of a sample (1); 0 does not wait and shows no rates", 0 }, \
	{ "count", 'n', "N", 0, "Number of samples", 0 }, \
	{ "once", KEY_ONCE, NULL, 0, "One sample, same as --count 1", 0 }, \
	{ "no-color", KEY_NO_COLOR, NULL, 0, \
	  "No colours on a terminal; NO_COLOR in the environment does the same", \
	  0 }, \
	{ "verbose", 'v', NULL, 0, "Show what libbpf warns of; twice: all", 0 }

static const struct argp_option common[] = { COMMON, {} };

static const struct argp_option with_entries[] = {
	COMMON,
	{ "entries", KEY_ENTRIES, NULL, 0,
	  "Every table page and every entry as well", 0 },
	{}
};

struct parse {
	const struct verb *verb;
	struct options *o;
};

static double seconds(struct argp_state *state, const char *arg)
{
	char *end;
	double s;

	errno = 0;
	s = strtod(arg, &end);
	if (errno || end == arg || *end || !isfinite(s) || s < 0 || s > 86400)
		argp_error(state, "'%s' is no number of seconds", arg);
	return s;
}

static unsigned long samples(struct argp_state *state, const char *arg)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || !n)
		argp_error(state, "'%s' is no number of samples", arg);
	return n;
}

static void positional(struct argp_state *state, const struct parse *p,
		       char *arg)
{
	if (!p->verb->args)
		argp_error(state, "'%s': no argument is expected here", arg);
	if (p->o->vm)
		argp_error(state, "'%s': a VM was already named", arg);
	p->o->vm = arg;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	const struct parse *p = state->input;

	switch (key) {
	case 'j':
		p->o->json = true;
		return 0;
	case KEY_VM:
		p->o->vm = arg;
		return 0;
	case 'i':
		p->o->interval = seconds(state, arg);
		return 0;
	case 'n':
		p->o->count = samples(state, arg);
		return 0;
	case KEY_ONCE:
		p->o->count = 1;
		return 0;
	case KEY_NO_COLOR:
		p->o->color = false;
		return 0;
	case KEY_ENTRIES:
		p->o->entries = true;
		return 0;
	case 'v':
		p->o->verbose++;
		return 0;
	case ARGP_KEY_ARG:
		positional(state, p, arg);
		return 0;
	case ARGP_KEY_END:
		if (p->verb->args && !p->o->vm)
			argp_error(state, "which VM?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/**
 * verb_main() - parses a verb's command line and runs it
 * @argv:	from the verb on
 *
 * Return: enum s2stat_exit. Does not return from --help or a usage error.
 */
int verb_main(const struct verb *verb, int argc, char **argv)
{
	struct options o = {
		.interval = 1,
		.count = verb->count,
		.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
	};
	struct parse p = { .verb = verb, .o = &o };
	const struct argp argp = {
		.options = verb->entries ? with_entries : common,
		.parser = parse_option,
		.args_doc = verb->args,
		.doc = verb->doc,
	};
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "s2stat %s", verb->name);
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &p);
	rc = verb->run(&o);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "s2stat: cannot write: %s\n", strerror(errno));
		return EXIT_ERROR;
	}
	return rc;
}

/**
 * report() - says why a verb ends
 *
 * The sentence goes to stderr; with --json it is an object on stdout too.
 *
 * Return: the exit code of @f.
 */
int report(const struct options *o, const struct failure *f)
{
	if (o->json)
		json_error(stdout, f->code, f->text);
	fprintf(stderr, "s2stat: %s\n", f->text);
	return f->code;
}

/** text_for() - the text view that @o asks for */
struct text text_for(const struct options *o)
{
	return (struct text){
		.out = stdout,
		.color = o->color,
		.rates = o->interval > 0,
	};
}
