// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies a recording with one thing wrong in it, to see whether `s2stat check`
 * notices:
 *
 *	doctor_trace IN OUT drop EVENT N	leaves the Nth EVENT out
 *	doctor_trace IN OUT lose EVENT N	likewise, and its number
 *	doctor_trace IN OUT set EVENT N ARGUMENT VALUE
 *
 * What is dropped leaves no gap: the events of its MMU are numbered anew. Only
 * for recordings without a snapshot, whose numbers are part of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/map.h"
#include "trace/reader.h"
#include "trace/writer.h"

/* What is to be done, and to which event. */
static struct {
	enum { DROP, LOSE, SET } how;
	int type;
	unsigned long nth;
	const struct event_arg *arg;
	uint64_t value;
} change;

static unsigned long seen;
static struct map dropped; /* by MMU: how many of its events, and one */

static int die(const char *what)
{
	fprintf(stderr, "doctor_trace: %s\n", what);
	return 3;
}

static const struct event_arg *find_arg(const char *name)
{
	const struct event_desc *desc = &event_descs[change.type];

	for (size_t i = 0; i < desc->nr_args; i++)
		if (!strcmp(desc->arg[i].name, name))
			return &desc->arg[i];
	return NULL;
}

static int parse(int argc, char **argv)
{
	static const char *const hows[] = { "drop", "lose", "set" };

	if (argc < 6)
		return die("IN OUT drop|lose|set EVENT N [ARGUMENT VALUE]");
	for (change.how = DROP; strcmp(hows[change.how], argv[3]); change.how++)
		if (change.how == SET)
			return die("drop, lose or set?");
	change.type = event_find(argv[4]);
	if (change.type < 0)
		return die("there is no such event");
	change.nth = strtoul(argv[5], NULL, 0);
	if (change.how != SET)
		return 0;
	change.arg = argc > 7 ? find_arg(argv[6]) : NULL;
	if (!change.arg)
		return die("there is no such argument");
	change.value = strtoull(argv[7], NULL, 0);
	return 0;
}

/* The event as it goes on; false: it does not. */
static bool treat(struct event *e)
{
	uintptr_t gone = (uintptr_t)map_get(&dropped, e->mmu);

	if (gone && e->seq)
		e->seq -= gone;
	if (e->type != (uint32_t)change.type || ++seen != change.nth)
		return true;
	if (change.how == SET) {
		event_set_arg(e, change.arg, change.value);
		return true;
	}
	if (change.how == DROP)
		map_set(&dropped, e->mmu, (void *)(gone + 1));
	return false;
}

static int copy(struct trace_reader *in, struct trace_writer *out,
		struct failure *f)
{
	const struct event *events;
	size_t nr;

	for (;;) {
		if (trace_next(in, &events, &nr, f))
			return -1;
		if (!nr)
			return 0;
		for (size_t i = 0; i < nr; i++) {
			struct event e = events[i];

			if (treat(&e) && trace_write(out, &e, f))
				return -1;
		}
	}
}

int main(int argc, char **argv)
{
	const struct trace_options options = { .force = true, .level = 1 };
	struct trace_reader *in = NULL;
	struct trace_writer *out = NULL;
	struct failure f;

	if (parse(argc, argv))
		return 3;
	if (trace_open(&in, argv[1], &f) ||
	    trace_writer_open(&out, argv[2], &options, &f) ||
	    trace_writer_begin(out, trace_head(in), &f) || copy(in, out, &f) ||
	    trace_writer_end(out, trace_end(in), &f))
		return die(f.text);
	trace_writer_close(out);
	trace_close(in);
	return seen >= change.nth ? 0 : die("there are fewer of these events");
}
