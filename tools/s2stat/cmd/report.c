// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat report: a recording on one page.
 */
#include <stdlib.h>

#include "../view/outfile.h"
#include "../view/report.h"
#include "cmd.h"
#include "playback.h"

enum { KEY_HTML = KEY_OF_VERB, KEY_NO_CHECK };

static struct {
	const char *path;
	const char *html;
	bool no_check;
} asked;

/**
 * struct reporting - a report under way
 * @verdict:	NULL: the invariants are not judged
 */
struct reporting {
	struct trace_reader *reader;
	struct summary summary;
	struct verdict *verdict;
};

static int take(const struct event *e, size_t nr, void *arg, struct failure *f)
{
	struct reporting *r = arg;

	for (size_t i = 0; i < nr; i++)
		if (summary_event(&r->summary, &e[i]))
			return failed(f, EXIT_ERROR, "out of memory");
	if (r->verdict && verdict_events(r->verdict, e, nr))
		return failed(
			f, EXIT_ERROR,
			"there is more in the recording than a host can have, or too little memory");
	return 0;
}

static const char *vm_name(int32_t vm, void *arg)
{
	const struct trace_name *name = trace_name(arg, vm);

	return name ? name->name : NULL;
}

/* A verdict is too large for the stack. */
static int begin_verdict(struct reporting *r, struct failure *f)
{
	if (asked.no_check)
		return 0;
	r->verdict = calloc(1, sizeof(*r->verdict));
	if (!r->verdict || verdict_init(r->verdict, (1u << NR_INVARIANTS) - 1,
					trace_head(r->reader)->listens))
		return failed(f, EXIT_ERROR, "out of memory");
	r->verdict->source = asked.path;
	r->verdict->vm_name = vm_name;
	r->verdict->arg = r->reader;
	return 0;
}

static int read_all(struct reporting *r, struct failure *f)
{
	if (trace_open(&r->reader, asked.path, f) || begin_verdict(r, f) ||
	    playback(r->reader, take, r, f))
		return -1;
	summary_sort(&r->summary);
	if (!r->verdict)
		return 0;
	r->verdict->cut = !trace_complete(r->reader);
	return verdict_end(r->verdict) ?
		       failed(f, EXIT_ERROR, "out of memory") :
		       0;
}

static int write_html(const struct report *report, struct failure *f)
{
	struct outfile file;

	if (outfile_open(&file, asked.html, f))
		return -1;
	report_html(file.out, report);
	return outfile_commit(&file, f);
}

static int show(const struct options *o, const struct reporting *r,
		struct failure *f)
{
	const struct report report = {
		.path = asked.path,
		.trace = r->reader,
		.summary = &r->summary,
		.verdict = r->verdict,
	};

	if (asked.html && write_html(&report, f))
		return -1;
	if (o->json)
		report_json(stdout, &report);
	else if (!asked.html)
		report_text(stdout, &report);
	return 0;
}

static bool is_whole(const struct reporting *r)
{
	return trace_complete(r->reader) && tally_whole(&r->summary.tally);
}

static int verdict_code(const struct reporting *r)
{
	if (r->verdict && verdict_bad(r->verdict))
		return EXIT_VERDICT;
	return is_whole(r) ? EXIT_FINE : EXIT_INCONCLUSIVE;
}

static int report_run(const struct options *o)
{
	struct reporting r = {};
	struct failure f;
	int rc;

	if (read_all(&r, &f) || show(o, &r, &f)) {
		rc = report(o, &f);
	} else {
		rc = verdict_code(&r);
		if (!is_whole(&r))
			playback_warn(r.reader, asked.path);
	}
	if (r.verdict)
		verdict_free(r.verdict);
	free(r.verdict);
	summary_free(&r.summary);
	trace_close(r.reader);
	return rc;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_HTML:
		asked.html = arg;
		return 0;
	case KEY_NO_CHECK:
		asked.no_check = true;
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
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "html", KEY_HTML, "OUT", 0,
	  "Write a page with pictures, whole or not at all, instead of text",
	  0 },
	{ "no-check", KEY_NO_CHECK, NULL, 0, "Do not judge the invariants", 0 },
	{},
};

const struct verb report_verb = {
	.name = "report",
	.help = "a recording on one page: text, or HTML with pictures",
	.doc = "Sums a recording up: VMs, table pages and memory over time, flushes by reason, "
	       "where guests faulted, VMIDs, and what the invariants say. FILE may be \"-\", for "
	       "standard input.\v"
	       "Exit status: 0; 1 if an invariant is broken; 5 if something is missing from the "
	       "recording; 3 if it cannot be read.\n"
	       "Examples:\n"
	       "  s2stat report boot.s2\n"
	       "  s2stat report boot.s2 --html boot.html\n"
	       "  s2stat report boot.s2 --json | jq .findings\n",
	.args = "FILE",
	.json = "report error",
	.options = options,
	.parse = parse,
	.run = report_run,
};
