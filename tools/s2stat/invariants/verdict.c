// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathers findings, and says what they and their absence mean. See verdict.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "verdict.h"

/* A waiver excuses a finding, as long as it is valid. */
static bool is_waived(struct verdict *v, const struct finding *f)
{
	return v->rules &&
	       rules_waiver(v->rules, f->name, f->vm, v->today) == WAIVER_VALID;
}

/** verdict_found() - an invariant does not hold */
void verdict_found(struct verdict *v, const struct finding *f)
{
	int id;

	for (id = 0; invariants[id] != f->inv; id++)
		;
	if (is_waived(v, f)) {
		v->waived[id]++;
		return;
	}
	v->count[id]++;
	if (v->nr_kept[id] < VERDICT_KEPT)
		v->kept[id][v->nr_kept[id]++] = *f;
}

static void found(const struct finding *f, void *arg)
{
	verdict_found(arg, f);
}

static void rule_found(const struct rules_finding *rf, void *arg)
{
	struct verdict *v = arg;
	struct verdict_rule *r = &v->rule[rf->rule];
	struct finding f = {
		.name = rules_name(v->rules, rf->rule),
		.mmu = rf->mmu,
		.vm = rf->vm,
		.at = { .level = NO_LEVEL },
		.event = *rf->event,
	};

	if (is_waived(v, &f)) {
		r->waived++;
		return;
	}
	snprintf(f.what, sizeof(f.what), "%s", rf->what);
	r->count++;
	if (r->nr_kept < VERDICT_KEPT)
		r->kept[r->nr_kept++] = f;
}

static const char *ask_name(int32_t vm, void *arg)
{
	return verdict_vm(arg, vm);
}

/**
 * verdict_init() - nothing is proved yet
 * @asked:	invariants to be judged, by id
 * @events:	kinds of events that the stream has, by type
 *
 * Return: 0 or -ENOMEM.
 */
int verdict_init(struct verdict *v, uint32_t asked, uint32_t events)
{
	*v = (struct verdict){ .offered = (1u << NR_INVARIANTS) - 1 };
	if (bench_init(&v->bench, asked, events))
		return -ENOMEM;
	v->bench.found = found;
	v->bench.arg = v;
	return 0;
}

/**
 * verdict_rules() - rules are to be judged as well
 * @today:	as 20261231: waivers that end before have expired
 *
 * Return: 0 or -ENOMEM.
 */
int verdict_rules(struct verdict *v, struct rules *rules, uint32_t today)
{
	const struct rules_host host = {
		.found = rule_found,
		.vm_name = ask_name,
		.arg = v,
	};

	v->rule = calloc(rules_nr(rules) + 1, sizeof(*v->rule));
	if (!v->rule)
		return -ENOMEM;
	v->rules = rules;
	v->today = today;
	rules_host(rules, &host);
	return 0;
}

/**
 * verdict_events() - the next events of the stream
 *
 * Return: 0; -ENOMEM; -E2BIG: more than a host can have.
 */
int verdict_events(struct verdict *v, const struct event *e, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		v->mmus += e[i].type == EV_s2_mmu_init ||
			   e[i].type == EV_snap_mmu;
		if (v->rules && rules_event(v->rules, &e[i]))
			return v->bench.replay.err = -ENOMEM;
	}
	return replay_batch(&v->bench.replay, e, nr);
}

/* Something is missing that may have shown a fault. */
static bool is_incomplete(const struct verdict *v)
{
	uint64_t unjudged = 0;

	for (int id = 0; id < NR_INVARIANTS; id++)
		unjudged += v->bench.unjudged[id];
	return verdict_lost(v) || v->cut || v->unproven || unjudged ||
	       v->bench.replay.stale || v->bench.replay.err;
}

/* What the missing events would have unsaid is no finding. */
static void doubt_rules(struct verdict *v)
{
	for (size_t i = 0; v->rules && i < rules_nr(v->rules); i++) {
		struct verdict_rule *r = &v->rule[i];

		if (rules_certain(v->rules, i))
			continue;
		r->unjudged += r->count;
		r->count = 0;
		r->nr_kept = 0;
	}
}

/** verdict_end() - the stream is over. Return: as verdict_events() */
int verdict_end(struct verdict *v)
{
	struct replay *r = &v->bench.replay;
	size_t i;

	map_for_each(i, &r->mmu)
	{
		const struct mmu *mmu = r->mmu.slot[i].value;

		v->unproven += mmu->late && !mmu->exact;
	}
	if (v->rules && rules_end(v->rules, r->now))
		return r->err = -ENOMEM;
	if (replay_end(r))
		return r->err;
	if (is_incomplete(v))
		doubt_rules(v);
	return 0;
}

/** verdict_free() - frees what the model knows; the rules are not ours */
void verdict_free(struct verdict *v)
{
	bench_free(&v->bench);
	free(v->rule);
	v->rule = NULL;
	v->rules = NULL;
}

/** verdict_lost() - events that are missing, by whoever knows of more */
uint64_t verdict_lost(const struct verdict *v)
{
	const struct replay *r = &v->bench.replay;

	return r->lost > r->told_lost ? r->lost : r->told_lost;
}

/** verdict_findings() - of all invariants and rules, waived ones not counted */
uint64_t verdict_findings(const struct verdict *v)
{
	uint64_t sum = 0;

	for (int id = 0; id < NR_INVARIANTS; id++)
		sum += v->count[id];
	for (size_t i = 0; v->rules && i < rules_nr(v->rules); i++)
		sum += v->rule[i].count;
	return sum;
}

static enum verdict_state state_of(const struct verdict *v, uint64_t count,
				   uint32_t needs)
{
	if (count)
		return VERDICT_BROKEN;
	if (needs & ~v->bench.events)
		return VERDICT_LACKS;
	return is_incomplete(v) ? VERDICT_UNKNOWN : VERDICT_HOLDS;
}

/** verdict_state() - of one invariant */
enum verdict_state verdict_state(const struct verdict *v, enum invariant_id id)
{
	if (!(v->bench.asked >> id & 1))
		return VERDICT_OFF;
	if (!(v->offered >> id & 1))
		return VERDICT_NOT_OFFERED;
	/* What is offered without events needs none. */
	if (v->looks)
		return state_of(v, v->count[id], 0);
	return state_of(v, v->count[id], invariants[id]->needs);
}

/** verdict_state_name() - in JSON and for people */
const char *verdict_state_name(enum verdict_state state)
{
	static const char *const names[] = {
		[VERDICT_HOLDS] = "holds",
		[VERDICT_BROKEN] = "broken",
		[VERDICT_UNKNOWN] = "inconclusive",
		[VERDICT_LACKS] = "lacks_events",
		[VERDICT_OFF] = "off",
		[VERDICT_NOT_OFFERED] = "not_offered",
	};

	return names[state];
}

/* A waiver that has expired is no pass, whether it was needed or not. */
static bool has_expired(const struct verdict *v)
{
	for (size_t i = 0; v->rules && i < rules_nr_waivers(v->rules); i++)
		if (rules_get_waiver(v->rules, i).until < v->today)
			return true;
	return false;
}

/** verdict_bad() - something is broken */
bool verdict_bad(const struct verdict *v)
{
	return verdict_findings(v) || has_expired(v);
}

/** verdict_inconclusive() - nothing is proved: never a pass */
bool verdict_inconclusive(const struct verdict *v)
{
	for (size_t i = 0; i < verdict_cases(v); i++)
		if (verdict_case(v, i).state == VERDICT_LACKS)
			return true;
	return is_incomplete(v) || (!v->bench.replay.events && !v->looks);
}

/** verdict_word() - the whole verdict in a word */
const char *verdict_word(const struct verdict *v)
{
	if (verdict_bad(v))
		return "broken";
	return verdict_inconclusive(v) ? "inconclusive" : "holds";
}

/** verdict_vm() - what a VM is called, or NULL */
const char *verdict_vm(const struct verdict *v, int32_t vm)
{
	return v->vm_name ? v->vm_name(vm, v->arg) : NULL;
}

static void lacking(const struct verdict *v, uint32_t needs, char *text,
		    size_t size)
{
	uint32_t lacks = needs & ~v->bench.events;
	int n = snprintf(text, size, "the stream has no");

	for (int t = 0; t < EV_NR_S2 && n > 0 && (size_t)n < size; t++)
		if (lacks >> t & 1)
			n += snprintf(text + n, size - n, " %s",
				      event_descs[t].name);
}

/* Why it could not be judged, or how it is broken. */
static void explain(const struct verdict *v, struct verdict_case *c,
		    uint32_t needs)
{
	switch (c->state) {
	case VERDICT_LACKS:
		if (needs & ~v->bench.events)
			lacking(v, needs, c->why, sizeof(c->why));
		else
			snprintf(c->why, sizeof(c->why),
				 "counters do not tell that");
		break;
	case VERDICT_NOT_OFFERED:
		snprintf(c->why, sizeof(c->why),
			 "this kernel has no s2 tracepoints");
		break;
	case VERDICT_UNKNOWN:
		if (c->unjudged)
			snprintf(
				c->why, sizeof(c->why),
				"%" PRIu64
				" suspicions prove nothing: events are missing",
				c->unjudged);
		else
			snprintf(c->why, sizeof(c->why), "events are missing");
		break;
	case VERDICT_BROKEN:
		snprintf(c->why, sizeof(c->why), "%s", c->kept[0].what);
		break;
	default:
		break;
	}
}

static struct verdict_case case_of_rule(const struct verdict *v, size_t rule)
{
	const struct verdict_rule *r = &v->rule[rule];
	const uint32_t needs = rules_needs(v->rules, rule);
	const bool blind = v->looks && !rules_countable(v->rules, rule);
	struct verdict_case c = {
		.name = rules_name(v->rules, rule),
		.says = rules_says(v->rules, rule),
		.state = blind ? VERDICT_LACKS : state_of(v, r->count, needs),
		.count = r->count,
		.waived = r->waived,
		.unjudged = r->unjudged,
		.kept = r->kept,
		.nr_kept = r->nr_kept,
	};

	explain(v, &c, needs);
	return c;
}

/** verdict_cases() - invariants and rules together */
size_t verdict_cases(const struct verdict *v)
{
	return NR_INVARIANTS + (v->rules ? rules_nr(v->rules) : 0);
}

/** verdict_case() - one of them; the invariants come first, by id */
struct verdict_case verdict_case(const struct verdict *v, size_t i)
{
	struct verdict_case c;

	if (i >= NR_INVARIANTS)
		return case_of_rule(v, i - NR_INVARIANTS);
	c = (struct verdict_case){
		.name = invariants[i]->name,
		.says = invariants[i]->says,
		.state = verdict_state(v, i),
		.count = v->count[i],
		.waived = v->waived[i],
		.unjudged = v->bench.unjudged[i],
		.kept = v->kept[i],
		.nr_kept = v->nr_kept[i],
	};
	explain(v, &c, invariants[i]->needs);
	return c;
}

/** verdict_why() - of an invariant, as in struct verdict_case */
void verdict_why(const struct verdict *v, enum invariant_id id, char *text,
		 size_t size)
{
	snprintf(text, size, "%s", verdict_case(v, id).why);
}
