// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording for Perfetto and chrome://tracing: the Chrome JSON trace format
 * (see convert.h). A VM is a process; who works for it, a vCPU or one of the
 * host's own threads, is a thread of it; faults and operations are slices,
 * invalidations instants, table pages and mapped entries counters.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../model/map.h"
#include "convert.h"

/**
 * struct perfetto - the file in the making
 * @mmu:	struct counters by MMU
 * @vm:		owners that have a name track, by VM
 */
struct perfetto {
	FILE *out;
	const struct trace_reader *r;
	struct map mmu;
	struct map vm;
	bool some;
};

struct counters {
	int64_t tables;
	int64_t leaves;
};

/* Begins an object; the caller goes on with its own members and a brace. */
static void put_head(struct perfetto *p, const struct event *e,
		     const char *phase, const char *category)
{
	fprintf(p->out,
		"%s{\"ph\":\"%s\",\"cat\":\"%s\",\"ts\":%" PRIu64
		".%03u,\"pid\":%" PRId32 ",\"tid\":%" PRId32,
		p->some ? ",\n" : "\n", phase, category, e->time / 1000,
		(unsigned int)(e->time % 1000), e->vm, e->pid);
	p->some = true;
}

static void put_args(struct perfetto *p, const struct event *e)
{
	const struct event_desc *desc = &event_descs[e->type];

	fprintf(p->out,
		",\"args\":{\"mmu\":%" PRIu64 ",\"seq\":%" PRIu64
		",\"on_cpu\":%" PRId32,
		e->mmu, e->seq, e->cpu);
	for (size_t i = 0; i < desc->nr_args; i++) {
		const struct event_arg *arg = &desc->arg[i];
		uint64_t value = event_arg(e, arg);
		const char *word =
			trace_word(trace_head(p->r), arg->show, value);

		if (word)
			fprintf(p->out, ",\"%s\":\"%s\"", arg->name, word);
		else if (arg->show == SHOW_HEX || arg->show == SHOW_BITS)
			fprintf(p->out, ",\"%s\":\"0x%" PRIx64 "\"", arg->name,
				value);
		else
			fprintf(p->out, ",\"%s\":%" PRId64, arg->name,
				(int64_t)value);
	}
	fputs("}}", p->out);
}

static const char *word_of(const struct perfetto *p, enum event_show show,
			   int32_t value)
{
	const char *word = trace_word(trace_head(p->r), show, value);

	return word ? word : "?";
}

static void put_begin(struct perfetto *p, const struct event *e)
{
	put_head(p, e, "B", e->type == EV_s2_op_begin ? "op" : "fault");
	if (e->type == EV_s2_op_begin)
		fprintf(p->out, ",\"name\":\"%s (%s)\"",
			word_of(p, SHOW_OP_KIND, e->s2_op_begin.kind),
			word_of(p, SHOW_REASON, e->s2_op_begin.reason));
	else
		fprintf(p->out, ",\"name\":\"fault: %s\"",
			word_of(p, SHOW_FAULT, e->s2_fault_begin.kind));
	put_args(p, e);
}

static void put_end(struct perfetto *p, const struct event *e)
{
	put_head(p, e, "E", e->type == EV_s2_op_end ? "op" : "fault");
	put_args(p, e);
}

/* In the thread's track, or (what is missing) across all. */
static void put_instant(struct perfetto *p, const struct event *e)
{
	put_head(p, e, "i", e->type == EV_s2_flush ? "flush" : "event");
	fprintf(p->out, ",\"s\":\"%s\"", e->type == EV_lost ? "g" : "t");
	if (e->type == EV_s2_flush)
		fprintf(p->out, ",\"name\":\"flush %s (%s)\"",
			word_of(p, SHOW_SCOPE, e->s2_flush.scope),
			word_of(p, SHOW_REASON, e->s2_flush.reason));
	else
		fprintf(p->out, ",\"name\":\"%s\"", event_descs[e->type].name);
	put_args(p, e);
}

static void put_counter(struct perfetto *p, const struct event *e,
			const char *name, int64_t value)
{
	put_head(p, e, "C", "counter");
	fprintf(p->out,
		",\"name\":\"%s of mmu %" PRIu64 "\",\"args\":{\"%s\":%" PRId64
		"}}",
		name, e->mmu, name, value);
}

static struct counters *counters_of(struct perfetto *p, const struct event *e,
				    struct failure *f)
{
	struct counters *c = map_get(&p->mmu, e->mmu);

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c || map_set(&p->mmu, e->mmu, c)) {
		free(c);
		failed(f, EXIT_ERROR, "out of memory");
		return NULL;
	}
	return c;
}

/* Does the entry translate, and not just link a table? */
static bool is_leaf(uint64_t pte, int level)
{
	return pte & 1 && (level == 3 || !(pte & 2));
}

static void count_entry(struct perfetto *p, const struct event *e,
			struct counters *c)
{
	bool was = is_leaf(e->s2_set.old, e->s2_set.level);
	bool is = is_leaf(e->s2_set.new, e->s2_set.level);

	c->leaves += is - was;
	if (is != was)
		put_counter(p, e, "leaves", c->leaves);
}

static int count(struct perfetto *p, const struct event *e, struct failure *f)
{
	struct counters *c = counters_of(p, e, f);

	if (!c)
		return -1;
	switch (e->type) {
	case EV_snap_table:
	case EV_s2_table_alloc:
		put_counter(p, e, "tables", ++c->tables);
		break;
	case EV_s2_table_free:
		put_counter(p, e, "tables", --c->tables);
		break;
	case EV_snap_entry:
		c->leaves += is_leaf(e->snap_entry.pte, e->snap_entry.level);
		break;
	case EV_snap_end:
		put_counter(p, e, "leaves", c->leaves);
		break;
	default:
		count_entry(p, e, c);
	}
	return 0;
}

static int begin(void **self, FILE *out, const struct trace_reader *r,
		 struct failure *f)
{
	struct perfetto *p = calloc(1, sizeof(*p));

	*self = p;
	if (!p)
		return failed(f, EXIT_ERROR, "out of memory");
	p->out = out;
	p->r = r;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
	return 0;
}

static int put_event(void *self, const struct event *e, struct failure *f)
{
	struct perfetto *p = self;

	if (e->mmu && !map_get(&p->vm, (uint32_t)e->vm) &&
	    map_set(&p->vm, (uint32_t)e->vm, p))
		return failed(f, EXIT_ERROR, "out of memory");
	switch (e->type) {
	case EV_s2_op_begin:
	case EV_s2_fault_begin:
		put_begin(p, e);
		return 0;
	case EV_s2_op_end:
	case EV_s2_fault_end:
		put_end(p, e);
		return 0;
	case EV_s2_set:
	case EV_s2_clear:
	case EV_s2_table_alloc:
	case EV_s2_table_free:
	case EV_snap_table:
	case EV_snap_entry:
	case EV_snap_end:
		return count(p, e, f);
	}
	put_instant(p, e);
	if (e->type == EV_s2_mmu_free) {
		free(map_get(&p->mmu, e->mmu));
		map_del(&p->mmu, e->mmu);
	}
	return 0;
}

/* Names are clean, but for JSON a backslash and a quote still mean something. */
static void put_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static void put_name(struct perfetto *p, int32_t vm)
{
	const struct trace_name *name = trace_name(p->r, vm);
	char text[64];

	snprintf(text, sizeof(text), "pid %" PRId32, vm);
	fprintf(p->out,
		"%s{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%" PRId32
		",\"args\":{\"name\":",
		p->some ? ",\n" : "\n", vm);
	put_string(p->out, name ? name->name : text);
	fputs("}}", p->out);
	p->some = true;
}

static int end(void *self, struct failure *f)
{
	struct perfetto *p = self;
	size_t i;

	(void)f;
	if (!p)
		return 0;
	map_for_each(i, &p->vm) put_name(p, (int32_t)p->vm.slot[i].key);
	fputs("\n]}\n", p->out);
	map_for_each(i, &p->mmu) free(p->mmu.slot[i].value);
	map_free(&p->mmu);
	map_free(&p->vm);
	free(p);
	return 0;
}

const struct converter perfetto_converter = {
	.name = "perfetto",
	.begin = begin,
	.event = put_event,
	.end = end,
};
