// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat convert: a recording in the formats of others.
 */
#include <string.h>

#include "../view/convert.h"
#include "../view/outfile.h"
#include "cmd.h"
#include "playback.h"

static const struct converter *const converters[] = {
	&json_converter,
	&casemate_converter,
	&perfetto_converter,
};
#define NR_CONVERTERS (sizeof(converters) / sizeof(converters[0]))

enum { KEY_TO = KEY_OF_VERB };

static struct {
	const char *path;
	const char *output;
	const struct converter *to;
} asked;

static int hand_on(const struct event *e, size_t nr, void *self,
		   struct failure *f)
{
	for (size_t i = 0; i < nr; i++)
		if (asked.to->event(self, &e[i], f))
			return -1;
	return 0;
}

static int convert(struct trace_reader *r, FILE *out, struct failure *f)
{
	void *self = NULL;
	struct failure ended;
	int err;

	err = asked.to->begin(&self, out, r, f);
	if (!err)
		err = playback(r, hand_on, self, f);
	if (asked.to->end(self, &ended) && !err) {
		*f = ended;
		err = -1;
	}
	return err;
}

static int convert_to_file(struct trace_reader *r, struct failure *f)
{
	struct outfile file;

	if (!asked.output)
		return convert(r, stdout, f);
	if (outfile_open(&file, asked.output, f))
		return -1;
	if (convert(r, file.out, f)) {
		outfile_abort(&file);
		return -1;
	}
	return outfile_commit(&file, f);
}

static int convert_run(const struct options *o)
{
	struct trace_reader *r;
	struct failure f;
	int rc = EXIT_FINE;

	if (trace_open(&r, asked.path, &f))
		return report(o, &f);
	if (convert_to_file(r, &f)) {
		rc = report(o, &f);
	} else if (!trace_complete(r)) {
		playback_warn(r, asked.path);
		rc = EXIT_INCONCLUSIVE;
	}
	trace_close(r);
	return rc;
}

static void choose(struct argp_state *state, const char *name)
{
	for (size_t i = 0; i < NR_CONVERTERS; i++)
		if (!strcmp(name, converters[i]->name))
			asked.to = converters[i];
	if (!asked.to)
		argp_error(state, "--to is json, casemate or perfetto");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'o':
		asked.output = arg;
		return 0;
	case KEY_TO:
		choose(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (asked.path)
			argp_error(state, "'%s': a recording was already named",
				   arg);
		asked.path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!asked.path)
			argp_error(state, "which recording?");
		if (!asked.to)
			argp_error(state, "--to json, casemate or perfetto?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "to", KEY_TO, "FORMAT", 0, "json, casemate or perfetto", 0 },
	{ "output", 'o', "FILE", 0,
	  "Write FILE, whole or not at all; else to standard output", 0 },
	{},
};

const struct verb convert_verb = {
	.name = "convert",
	.help = "a recording as NDJSON, for Casemate or for Perfetto",
	.doc = "Converts a recording. docs/trace-format.md tells what becomes of what. FILE may be "
	       "\"-\", for standard input.\v"
	       "Exit status: 0; 5 if something is missing from the recording; 3 if it cannot be "
	       "read or converted.\n"
	       "Examples:\n"
	       "  s2stat convert boot.s2 --to json | jq 'select(.event == \"s2_flush\")'\n"
	       "  s2stat convert boot.s2 --to perfetto -o boot.json\n"
	       "  s2stat convert boot.s2 --to casemate -o boot.log\n",
	.args = "FILE",
	.json = "trace event name end error",
	.options = options,
	.parse = parse,
	.run = convert_run,
};
