// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that verbs share, and how a verb is started. What is a verb's own
 * is in its own file (struct verb, @options and @parse).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../view/json.h"
#include "cmd.h"

enum { KEY_ONCE = 0x100, KEY_NO_COLOR, KEY_VM, KEY_CSV };

/* Which verbs have it: those that take @takes; 0: all. */
static const struct {
	unsigned int takes;
	struct argp_option option;
} shared[] = {
	{ 0, { "json", 'j', NULL, 0, "NDJSON, one object a line", 0 } },
	{ TAKES_CSV,
	  { "csv", KEY_CSV, NULL, 0,
	    "Comma-separated values, the first line names them", 0 } },
	{ TAKES_VM,
	  { "vm", KEY_VM, "SELECTOR", 0,
	    "Only these VMs: tgid, mmu id, name or glob; vm:N, mmu:N, name:GLOB where that is ambiguous",
	    0 } },
	{ TAKES_SAMPLES,
	  { "interval", 'i', "SECONDS", 0,
	    "Length of a sample (1); 0 does not wait and shows no rates", 0 } },
	{ TAKES_SAMPLES, { "count", 'n', "N", 0, "Number of samples", 0 } },
	{ TAKES_SAMPLES,
	  { "once", KEY_ONCE, NULL, 0, "One sample, same as --count 1", 0 } },
	{ 0,
	  { "no-color", KEY_NO_COLOR, NULL, 0,
	    "No colours on a terminal; NO_COLOR in the environment does the same",
	    0 } },
	{ 0,
	  { "verbose", 'v', NULL, 0, "Show what libbpf warns of; twice: all",
	    0 } },
};
#define NR_SHARED (sizeof(shared) / sizeof(shared[0]))

/* Options one verb may have of its own. */
#define MAX_OWN 24

/**
 * verb_options() - all options of @verb, its own first
 *
 * Return: an array ended by an empty option; the next call overwrites it.
 */
const struct argp_option *verb_options(const struct verb *verb)
{
	static struct argp_option all[MAX_OWN + NR_SHARED + 1];
	size_t n = 0;

	for (const struct argp_option *o = verb->options; o && o->key; o++) {
		if (n == MAX_OWN)
			abort();
		all[n++] = *o;
	}
	for (size_t i = 0; i < NR_SHARED; i++)
		if (!shared[i].takes || shared[i].takes & verb->takes)
			all[n++] = shared[i].option;
	all[n] = (struct argp_option){};
	return all;
}

/** option_seconds() - @arg as a time up to a day; an error ends s2stat */
double option_seconds(struct argp_state *state, const char *arg)
{
	char *end;
	double s;

	errno = 0;
	s = strtod(arg, &end);
	if (errno || end == arg || *end || !isfinite(s) || s < 0 || s > 86400)
		argp_error(state, "'%s' is no number of seconds", arg);
	return s;
}

/** option_number() - @arg as a number of @what, at least 1 */
unsigned long option_number(struct argp_state *state, const char *arg,
			    const char *what)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || !n)
		argp_error(state, "'%s' is no number of %s", arg, what);
	return n;
}

/* What @end says that a number counts, of @units; -1: nothing of the kind. */
static int unit(const char *end, const char *units)
{
	const char *at = *end ? strchr(units, *end) : units;

	return at && (!*end || !end[1]) ? at - units : -1;
}

/** option_size() - @arg as bytes: 65536, 64K, 2M, 1G */
uint64_t option_size(struct argp_state *state, const char *arg)
{
	unsigned long long n;
	char *end;
	int u;

	errno = 0;
	n = strtoull(arg, &end, 10);
	u = unit(end, " KMGT");
	if (errno || end == arg || *arg == '-' || *end == ' ' || u < 0 ||
	    n > UINT64_MAX >> 10 * u)
		argp_error(state, "'%s' is no size (64K, 2M, 1G)", arg);
	return n << 10 * u;
}

/** option_span() - @arg as a time of up to a year: 90, 90s, 5m, 1h */
double option_span(struct argp_state *state, const char *arg)
{
	static const double seconds[] = { 1, 1, 60, 3600 };
	char *end;
	double n;
	int u;

	errno = 0;
	n = strtod(arg, &end);
	u = unit(end, " smh");
	if (errno || end == arg || *end == ' ' || u < 0 || !isfinite(n) ||
	    n <= 0 || n * seconds[u] > 366 * 86400.0)
		argp_error(state, "'%s' is no time (90, 90s, 5m, 1h)", arg);
	return n * seconds[u];
}

struct parse {
	const struct verb *verb;
	struct options o;
};

static void positional(struct argp_state *state, struct parse *p, char *arg)
{
	if (!p->verb->args)
		argp_error(state, "'%s': no argument is expected here", arg);
	if (p->o.vm)
		argp_error(state, "'%s': a VM was already named", arg);
	p->o.vm = arg;
}

/* A verb that names its VM by position cannot do without. */
static void finish(struct argp_state *state, const struct parse *p)
{
	const struct verb *v = p->verb;

	if (v->takes & TAKES_VM && v->args && *v->args != '[' && !p->o.vm)
		argp_error(state, "which VM?");
	if (v->needs_time && !(p->o.interval > 0))
		argp_error(state,
			   "%s counts for some time: --interval 0 leaves none",
			   v->name);
	if (p->o.json && p->o.csv)
		argp_error(state, "--json or --csv, not both");
}

static error_t parse_shared(int key, char *arg, struct argp_state *state,
			    struct parse *p)
{
	struct options *o = &p->o;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case KEY_CSV:
		o->csv = true;
		return 0;
	case KEY_VM:
		o->vm = arg;
		return 0;
	case 'i':
		o->interval = option_seconds(state, arg);
		return 0;
	case 'n':
		o->count = option_number(state, arg, "samples");
		return 0;
	case KEY_ONCE:
		o->count = 1;
		return 0;
	case KEY_NO_COLOR:
		o->color = false;
		return 0;
	case 'v':
		o->verbose++;
		return 0;
	case ARGP_KEY_ARG:
		if (p->verb->args && !(p->verb->takes & TAKES_VM))
			return ARGP_ERR_UNKNOWN;
		positional(state, p, arg);
		return 0;
	case ARGP_KEY_END:
		finish(state, p);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* The verb's own parser first; both see the beginning and the end. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	error_t err = ARGP_ERR_UNKNOWN;

	if (p->verb->parse) {
		state->input = &p->o;
		err = p->verb->parse(key, arg, state);
		state->input = p;
	}
	if (err != ARGP_ERR_UNKNOWN && (err || key != ARGP_KEY_END))
		return err;
	return parse_shared(key, arg, state, p);
}

/**
 * verb_main() - parses a verb's command line and runs it
 * @argv:	from the verb on
 *
 * Return: enum s2stat_exit. Does not return from --help or a usage error.
 */
int verb_main(const struct verb *verb, int argc, char **argv)
{
	struct parse p = {
		.verb = verb,
		.o = {
			.interval = verb->at_once ? 0 : 1,
			.count = verb->count,
			.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
		},
	};
	const struct argp argp = {
		.options = verb_options(verb),
		.parser = parse,
		.args_doc = verb->args,
		.doc = verb->doc,
	};
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "s2stat %s", verb->name);
	argv[0] = name;
	/* Not sorted: what stands before "--" would come to stand behind it. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &p);
	rc = verb->run(&p.o);
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
