// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict as NDJSON (docs/s2stat-json.md): a finding object for each
 * finding, an invariant object for each invariant, a verdict object at the end.
 */
#include "json.h"
#include "verdict.h"

static struct json_object *json_of_event(const struct event *e)
{
	const struct event_desc *desc = &event_descs[e->type];
	struct json_object *o = json_object_new_object();

	json_put_str(o, "event", desc->name);
	json_put_u64(o, "time_ns", e->time);
	json_put_u64(o, "mmu", e->mmu);
	json_put_u64(o, "seq", e->seq);
	json_put_int(o, "pid", e->pid);
	json_put_int(o, "on_cpu", e->cpu);
	for (size_t i = 0; i < desc->nr_args; i++) {
		const struct event_arg *arg = &desc->arg[i];
		uint64_t value = event_arg(e, arg);
		const char *word = event_word(arg->show, value);

		if (word)
			json_put_str(o, arg->name, word);
		else if (arg->type == ARG_u64)
			json_put_u64(o, arg->name, value);
		else
			json_put_int(o, arg->name, value);
	}
	return o;
}

static void put_finding(FILE *out, const struct verdict *v,
			const struct finding *f)
{
	struct json_object *o = json_record("finding"), *trail;
	const char *name = verdict_vm(v, f->vm);
	bool level = f->at.level >= LEVEL_MIN && f->at.level <= LEVEL_LAST;

	json_put_str(o, "invariant", f->name);
	json_put_str(o, "what", f->what);
	json_put_u64(o, "mmu", f->mmu);
	json_put_int(o, "vm", f->vm);
	if (name)
		json_put_str(o, "name", name);
	if (f->at.size) {
		json_put_u64(o, "ipa", f->at.ipa);
		json_put_u64(o, "size", f->at.size);
	}
	if (level)
		json_put_int(o, "level", f->at.level);
	if (f->at.table)
		json_put_u64(o, "table", f->at.table);
	if (!v->looks)
		json_object_object_add(o, "event", json_of_event(&f->event));
	json_put_known(o, "cause_seq", f->cause.seq, f->cause.seq);
	trail = json_put_array(o, "trail");
	for (size_t i = 0; i < f->nr_trail; i++)
		json_object_array_add(trail, json_of_event(&f->trail[i]));
	json_emit(out, o);
}

static void put_case(FILE *out, const struct verdict_case *c)
{
	struct json_object *o = json_record("invariant");

	json_put_str(o, "invariant", c->name);
	json_put_str(o, "state", verdict_state_name(c->state));
	json_put_u64(o, "findings", c->count);
	json_put_u64(o, "waived", c->waived);
	json_put_u64(o, "unjudged", c->unjudged);
	json_put_str(o, "says", c->says);
	if (c->why[0])
		json_put_str(o, "why", c->why);
	json_emit(out, o);
}

/** verdict_ndjson() - for scripts */
void verdict_ndjson(FILE *out, const struct verdict *v)
{
	struct json_object *o;

	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		for (size_t n = 0; n < c.nr_kept; n++)
			put_finding(out, v, &c.kept[n]);
	}
	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		put_case(out, &c);
	}
	o = json_record("verdict");
	json_put_str(o, "source", v->source);
	json_put_str(o, "verdict", verdict_word(v));
	json_put_u64(o, "events", v->bench.replay.events);
	if (v->looks)
		json_put_u64(o, "looks", v->looks);
	json_put_u64(o, "mmus", v->mmus);
	json_put_u64(o, "findings", verdict_findings(v));
	json_put_u64(o, "lost", verdict_lost(v));
	json_emit(out, o);
}
