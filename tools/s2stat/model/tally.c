// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts events against sequence numbers. See tally.h.
 */
#include "tally.h"

#include <stdlib.h>

/** tally_find() - what is known of an MMU; NULL: nothing, or nothing is amiss */
struct tally_mmu *tally_find(const struct tally *t, uint64_t mmu)
{
	if (t->last && t->last->id == mmu)
		return t->last;
	return map_get(&t->mmu, mmu);
}

/* The first event of an MMU tells where its numbers begin. */
static struct tally_mmu *meet(struct tally *t, const struct event *e)
{
	struct tally_mmu *m = calloc(1, sizeof(*m));

	if (!m || map_set(&t->mmu, e->mmu, m)) {
		free(m);
		return NULL;
	}
	m->id = e->mmu;
	m->vm = e->vm;
	t->mmus++;
	if (e->type == EV_snap_mmu) {
		m->base = e->seq;
		m->top = e->seq;
	} else if (e->type != EV_s2_mmu_init) {
		m->base = e->seq ? e->seq - 1 : 0;
		m->top = m->base;
		m->late = true;
	}
	return m;
}

static void forget(struct tally *t, struct tally_mmu *m)
{
	map_del(&t->mmu, m->id);
	if (t->last == m)
		t->last = NULL;
	free(m);
}

/* A number below the first one of a late MMU moves its beginning. */
static void count(struct tally_mmu *m, const struct event *e)
{
	if (e->seq > m->top)
		m->top = e->seq;
	if (e->seq <= m->base && m->late)
		m->base = e->seq - 1;
	if (e->seq > m->base)
		m->events++;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void count_loss(struct tally *t, const struct event *e)
{
	t->told = add(t->told, e->lost.count);
	t->unknown |= !e->lost.count;
}

/**
 * tally_event() - one more event
 *
 * Return: 0 or -1 without memory.
 */
int tally_event(struct tally *t, const struct event *e)
{
	struct tally_mmu *m;

	t->by_type[e->type]++;
	if (e->type == EV_lost) {
		count_loss(t, e);
		return 0;
	}
	t->events += event_is_s2(e);
	if (!e->mmu)
		return 0;
	m = tally_find(t, e->mmu);
	if (!m)
		m = meet(t, e);
	if (!m)
		return -1;
	t->last = m;
	if (event_is_s2(e) && e->seq)
		count(m, e);
	else if (e->type == EV_stream_end && e->seq > m->top)
		m->top = e->seq;
	if (e->type == EV_s2_mmu_free)
		m->freed = true;
	/* Ids are never used again: millions of VMs may come and go. */
	if (m->freed && !tally_missing(m))
		forget(t, m);
	return 0;
}

/** tally_missing() - numbers of the MMU that no event had */
uint64_t tally_missing(const struct tally_mmu *m)
{
	uint64_t due = m->top - m->base;

	return m->events < due ? due - m->events : 0;
}

/** tally_lost() - events that are missing: at least so many */
uint64_t tally_lost(const struct tally *t)
{
	uint64_t sum = 0;
	size_t i;

	map_for_each(i, &t->mmu)
		sum = add(sum, tally_missing(t->mmu.slot[i].value));
	return sum > t->told ? sum : t->told;
}

/** tally_whole() - is nothing missing, as far as the stream tells? */
bool tally_whole(const struct tally *t)
{
	return !t->unknown && !tally_lost(t);
}

void tally_free(struct tally *t)
{
	size_t i;

	map_for_each(i, &t->mmu) free(t->mmu.slot[i].value);
	map_free(&t->mmu);
	*t = (struct tally){};
}
