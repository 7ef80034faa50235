// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is asked at which event, and what becomes of an accusation.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "invariant.h"

const struct invariant *const invariants[NR_INVARIANTS] = {
#define INV_ENTRY(name) [INV_##name] = &inv_##name,
	INVARIANTS(INV_ENTRY)
#undef INV_ENTRY
};

/** invariant_find() - by its key, in any case, or NULL */
const struct invariant *invariant_find(const char *name)
{
	for (int i = 0; i < NR_INVARIANTS; i++)
		if (!strcasecmp(invariants[i]->name, name))
			return invariants[i];
	return NULL;
}

/** bench_judges() - asked for, and the stream has what it takes */
bool bench_judges(const struct bench *b, enum invariant_id id)
{
	return (b->asked >> id & 1) && !(invariants[id]->needs & ~b->events);
}

static size_t hooks_at(const struct bench *b, enum asked asked,
		       unsigned int point, judge_fn *out)
{
	size_t n = 0;

	for (int i = 0; i < NR_INVARIANTS; i++) {
		const struct hook *h = invariants[i]->hooks;

		if (!bench_judges(b, i))
			continue;
		for (; h->judge; h++)
			if (h->asked == asked && h->point == point)
				out[n++] = h->judge;
	}
	return n;
}

static size_t all_hooks(void)
{
	size_t n = 0;

	for (int i = 0; i < NR_INVARIANTS; i++)
		for (const struct hook *h = invariants[i]->hooks; h->judge; h++)
			n++;
	return n;
}

/**
 * bench_init() - an empty bench
 * @asked:	invariants to be judged, by id
 * @events:	kinds of events that the stream will have, by type
 *
 * Return: 0 or -ENOMEM.
 */
int bench_init(struct bench *b, uint32_t asked, uint32_t events)
{
	judge_fn *list;

	*b = (struct bench){ .asked = asked, .events = events };
	/* Each list ends with a NULL. */
	list = b->lists =
		calloc(all_hooks() + NR_ASKED * NR_POINTS, sizeof(judge_fn));
	if (!list)
		return -ENOMEM;
	for (int a = 0; a < NR_ASKED; a++) {
		for (unsigned int p = 0; p < NR_POINTS; p++) {
			b->replay.judges[a][p] = list;
			list += hooks_at(b, a, p, list) + 1;
		}
	}
	b->replay.arg = b;
	return 0;
}

/** bench_free() - frees the bench and the model */
void bench_free(struct bench *b)
{
	replay_free(&b->replay);
	free(b->lists);
	b->lists = NULL;
}

/** bench_findings() - of all invariants */
uint64_t bench_findings(const struct bench *b)
{
	uint64_t sum = 0;

	for (int i = 0; i < NR_INVARIANTS; i++)
		sum += b->count[i];
	return sum;
}

/* The range of IPAs that an event is about; false: about none. */
static bool event_range(const struct event *e, const struct mmu *mmu,
			struct span *out)
{
	switch (e->type) {
	case EV_s2_set:
	case EV_s2_clear:
		out->start = e->s2_set.ipa;
		out->end = out->start + 1;
		if (mmu_level_valid(mmu, e->s2_set.level))
			out->end = out->start +
				   mmu_level_size(mmu, e->s2_set.level);
		return true;
	case EV_s2_flush:
		out->start = e->s2_flush.ipa;
		out->end = out->start + e->s2_flush.size;
		return e->s2_flush.scope < S2_SCOPE_VMID;
	case EV_s2_fault_begin:
		out->start = e->s2_fault_begin.ipa;
		out->end = out->start + 1;
		return true;
	case EV_s2_fault_end:
		out->start = e->s2_fault_end.ipa;
		out->end = out->start + 1;
		return true;
	}
	return false;
}

static uint64_t event_table(const struct event *e)
{
	switch (e->type) {
	case EV_s2_set:
	case EV_s2_clear:
		return e->s2_set.table;
	case EV_s2_table_alloc:
		return e->s2_table_alloc.table;
	case EV_s2_table_free:
		return e->s2_table_free.table;
	}
	return 0;
}

static bool is_vmid_event(const struct event *e)
{
	return e->type >= EV_s2_vmid_assign && e->type <= EV_s2_vmid_put;
}

/* Did @e lead to what @f says? */
static bool led_to(const struct finding *f, const struct mmu *mmu,
		   const struct event *e)
{
	uint64_t op = event_op(&f->event);
	struct span range;

	if (e->seq == f->event.seq || (f->cause.seq && e->seq == f->cause.seq))
		return true;
	if (e->type == EV_s2_op_begin)
		return (op && e->s2_op_begin.op == op) ||
		       (f->cause.op && e->s2_op_begin.op == f->cause.op);
	if (is_vmid_event(&f->event))
		return is_vmid_event(e);
	if (f->at.table && event_table(e) == f->at.table)
		return true;
	if (e->type == EV_s2_flush && op && e->s2_flush.op == op)
		return true;
	return f->at.size && event_range(e, mmu, &range) &&
	       range.start < f->at.ipa + f->at.size && f->at.ipa < range.end;
}

/* The latest of them; but the first and the cause always. */
static void fill_trail(struct finding *f, const struct mmu *mmu)
{
	struct event *found[FINDING_TRAIL];
	const struct event *e;
	size_t n = 0;

	for (uint32_t back = 0; (e = trail_at(&mmu->trail, back)); back++) {
		bool root = e->seq && e->seq == f->cause.seq;

		if (!led_to(f, mmu, e))
			continue;
		if (n < FINDING_TRAIL)
			n++;
		else if (!root)
			continue;
		found[n - 1] = (struct event *)e;
	}
	f->nr_trail = n;
	for (size_t i = 0; i < n; i++)
		f->trail[i] = *found[n - 1 - i];
}

/**
 * accuse() - an invariant does not hold
 * @s:		when
 * @c:		where, and what it began with
 * @fmt:	how
 *
 * Where events of the MMU are missing, what an invariant takes from earlier
 * events proves nothing: that is counted, not called a finding.
 */
void accuse(const struct step *s, enum invariant_id id, const struct charge *c,
	    const char *fmt, ...)
{
	struct bench *b = s->r->arg;
	struct finding f = {
		.inv = invariants[id],
		.name = invariants[id]->name,
		.mmu = s->mmu->id,
		.vm = s->mmu->vm,
		.at = c->at,
		.event = *s->e,
	};
	va_list ap;

	if (s->mmu->exact && s->e->seq <= s->mmu->exact_from)
		return;
	if (!invariants[id]->local && !mmu_sure(s->mmu)) {
		b->unjudged[id]++;
		return;
	}
	b->count[id]++;
	if (!b->found)
		return;
	if (c->cause)
		f.cause = *c->cause;
	va_start(ap, fmt);
	vsnprintf(f.what, sizeof(f.what), fmt, ap);
	va_end(ap);
	fill_trail(&f, s->mmu);
	b->found(&f, b->arg);
}
