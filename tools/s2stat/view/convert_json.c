// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as NDJSON, one object an event (see convert.h). Keys are the
 * tracepoints' own names. There are too many of them for a library that makes
 * a tree of each.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "convert.h"
#include "json.h"

struct json_out {
	FILE *out;
	const struct trace_reader *r;
};

static int begin(void **self, FILE *out, const struct trace_reader *r,
		 struct failure *f)
{
	const struct trace_head *head = trace_head(r);
	struct json_out *j = calloc(1, sizeof(*j));
	struct json_object *o;

	*self = j;
	if (!j)
		return failed(f, EXIT_ERROR, "out of memory");
	j->out = out;
	j->r = r;
	o = json_record("trace");
	json_put_u64(o, "start", head->monotonic);
	json_put_known(o, "start_realtime", head->realtime, head->realtime);
	json_put_u64(o, "page_size", head->page_size);
	json_put_u64(o, "cpus", head->cpus);
	json_put_str(o, "host", head->host);
	json_put_str(o, "command", head->command);
	json_emit(out, o);
	return 0;
}

static void put_arg(struct json_out *j, const struct event *e,
		    const struct event_arg *arg)
{
	uint64_t value = event_arg(e, arg);
	const char *word = trace_word(trace_head(j->r), arg->show, value);

	fprintf(j->out, ",\"%s\":", arg->name);
	if (word)
		fprintf(j->out, "\"%s\"", word);
	else if (arg->show == SHOW_BITS)
		fprintf(j->out, "\"0x%" PRIx64 "\"", value);
	else if (arg->type == ARG_u64)
		fprintf(j->out, "%" PRIu64, value);
	else
		fprintf(j->out, "%" PRId64, (int64_t)value);
}

static int put_event(void *self, const struct event *e, struct failure *f)
{
	const struct event_desc *desc = &event_descs[e->type];
	struct json_out *j = self;

	(void)f;
	fprintf(j->out,
		"{\"v\":%d,\"type\":\"event\",\"event\":\"%s\",\"time\":%" PRIu64
		",\"on_cpu\":%" PRId32 ",\"pid\":%" PRId32 ",\"vm\":%" PRId32
		",\"mmu\":%" PRIu64 ",\"seq\":%" PRIu64,
		JSON_VERSION, desc->name, e->time, e->cpu, e->pid, e->vm,
		e->mmu, e->seq);
	for (size_t i = 0; i < desc->nr_args; i++)
		put_arg(j, e, &desc->arg[i]);
	fputs("}\n", j->out);
	return 0;
}

static void put_names(struct json_out *j)
{
	size_t nr;
	const struct trace_name *name = trace_names(j->r, &nr);

	for (size_t i = 0; i < nr; i++) {
		struct json_object *o = json_record("name");

		json_put_int(o, "vm", name[i].vm);
		json_put_str(o, "name", name[i].name);
		json_put_str(o, "vmm", name[i].vmm);
		json_emit(j->out, o);
	}
}

static int end(void *self, struct failure *f)
{
	struct json_out *j = self;
	const struct trace_end *end;
	struct json_object *o;

	(void)f;
	if (!j)
		return 0;
	end = trace_end(j->r);
	put_names(j);
	o = json_record("end");
	json_put_str(o, "reason", trace_end_name(end->reason));
	json_put_u64(o, "events", trace_seen(j->r)->events);
	json_put_u64(o, "lost", end->lost);
	json_put_known(o, "status", end->status >= 0, end->status);
	json_put_bool(o, "complete", trace_complete(j->r));
	json_emit(j->out, o);
	free(j);
	return 0;
}

const struct converter json_converter = {
	.name = "json",
	.begin = begin,
	.event = put_event,
	.end = end,
};
