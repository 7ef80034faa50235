// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathers findings, and says what they and their absence mean. See verdict.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "verdict.h"

static void found(const struct finding *f, void *arg)
{
	struct verdict *v = arg;

	for (int id = 0; id < NR_INVARIANTS; id++)
		if (invariants[id] == f->inv && v->nr_kept[id] < VERDICT_KEPT)
			v->kept[id][v->nr_kept[id]++] = *f;
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
	*v = (struct verdict){ 0 };
	if (bench_init(&v->bench, asked, events))
		return -1;
	v->bench.found = found;
	v->bench.arg = v;
	return 0;
}

/**
 * verdict_events() - the next events of the stream
 *
 * Return: 0; -ENOMEM; -E2BIG: more than a host can have.
 */
int verdict_events(struct verdict *v, const struct event *e, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		v->mmus += e[i].type == EV_s2_mmu_init ||
			   e[i].type == EV_snap_mmu;
	return replay_batch(&v->bench.replay, e, nr);
}

/** verdict_end() - the stream is over. Return: as verdict_events() */
int verdict_end(struct verdict *v)
{
	const struct replay *r = &v->bench.replay;
	size_t i;

	/* Those that are gone have been counted when they went unproven. */
	map_for_each(i, &r->mmu)
	{
		const struct mmu *mmu = r->mmu.slot[i].value;

		v->unproven += mmu->late && !mmu->exact;
	}
	return replay_end(&v->bench.replay);
}

/** verdict_free() - frees what the model knows */
void verdict_free(struct verdict *v)
{
	bench_free(&v->bench);
}

/** verdict_lost() - events that are missing, by whoever knows of more */
uint64_t verdict_lost(const struct verdict *v)
{
	const struct replay *r = &v->bench.replay;

	return r->lost > r->told_lost ? r->lost : r->told_lost;
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

/** verdict_state() - of one invariant */
enum verdict_state verdict_state(const struct verdict *v, enum invariant_id id)
{
	if (!(v->bench.asked >> id & 1))
		return VERDICT_OFF;
	if (v->bench.count[id])
		return VERDICT_BROKEN;
	if (!bench_judges(&v->bench, id))
		return VERDICT_LACKS;
	return is_incomplete(v) ? VERDICT_UNKNOWN : VERDICT_HOLDS;
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
	};

	return names[state];
}

/** verdict_bad() - something is broken */
bool verdict_bad(const struct verdict *v)
{
	return bench_findings(&v->bench);
}

/** verdict_inconclusive() - nothing is proved: never a pass */
bool verdict_inconclusive(const struct verdict *v)
{
	for (int id = 0; id < NR_INVARIANTS; id++)
		if (verdict_state(v, id) == VERDICT_LACKS)
			return true;
	return is_incomplete(v) || !v->bench.replay.events;
}

/** verdict_vm() - what a VM is called, or NULL */
const char *verdict_vm(const struct verdict *v, int32_t vm)
{
	return v->vm_name ? v->vm_name(vm, v->arg) : NULL;
}

static void lacking(const struct verdict *v, enum invariant_id id, char *text,
		    size_t size)
{
	uint32_t lacks = invariants[id]->needs & ~v->bench.events;
	int n = snprintf(text, size, "the stream has no");

	for (int t = 0; t < EV_NR_S2 && n > 0 && (size_t)n < size; t++)
		if (lacks >> t & 1)
			n += snprintf(text + n, size - n, " %s",
				      event_descs[t].name);
}

/**
 * verdict_why() - why an invariant could not be judged, or how it is broken
 * @text:	empty if it holds
 */
void verdict_why(const struct verdict *v, enum invariant_id id, char *text,
		 size_t size)
{
	text[0] = 0;
	switch (verdict_state(v, id)) {
	case VERDICT_LACKS:
		lacking(v, id, text, size);
		break;
	case VERDICT_UNKNOWN:
		if (v->bench.unjudged[id])
			snprintf(
				text, size,
				"%" PRIu64
				" suspicions prove nothing: events are missing",
				v->bench.unjudged[id]);
		else
			snprintf(text, size, "events are missing");
		break;
	case VERDICT_BROKEN:
		snprintf(text, size, "%s", v->kept[id][0].what);
		break;
	default:
		break;
	}
}
