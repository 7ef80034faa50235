// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the stream itself tells: what was there when it began, what is missing
 * from it, and where it ends.
 */
#include <errno.h>

#include "replay.h"

static int learn_vmid(struct mmu *mmu, const struct event *e)
{
	mmu->vmid.vmid = e->snap_mmu.vmid;
	mmu->vmid.generation = e->snap_mmu.generation;
	mmu->has_vmid = mmu->vmid.generation;
	return 0;
}

static int snap_mmu(struct replay *r, const struct event *e)
{
	struct mmu *mmu = map_get(&r->mmu, e->mmu);

	/* Its own events tell all of it. */
	if (mmu)
		return 0;
	mmu = mmu_new(r, e->mmu, e->vm);
	if (!mmu)
		return -ENOMEM;
	r->late = true;
	mmu->late = true;
	mmu->old_ops = true;
	mmu->met = e->time;
	mmu->nested = e->snap_mmu.nested;
	mmu->fwb = !!e->snap_mmu.fwb;
	mmu->lpa2 = !!e->snap_mmu.lpa2;
	mmu->taken = e->snap_mmu.tables_alloc;
	mmu->freed = e->snap_mmu.tables_freed;
	mmu->order.next = e->seq + 1;
	learn_vmid(mmu, e);
	if (mmu_shape(mmu, e->snap_mmu.granule, e->snap_mmu.ipa_bits,
		      e->snap_mmu.start_level))
		return 0;
	return mmu_root(r, mmu, e->snap_mmu.root_pa);
}

/* The MMU whose snapshot is under way, or NULL: it needs none. */
static struct mmu *snapped(const struct replay *r, const struct event *e)
{
	struct mmu *mmu = map_get(&r->mmu, e->mmu);

	return mmu && mmu->late && !mmu->exact && mmu->root ? mmu : NULL;
}

/* A table page below @parent that is not known yet. */
static struct table *snap_child(struct replay *r, struct table *parent,
				uint64_t pa, uint64_t ipa)
{
	struct mmu *mmu = parent->mmu;
	struct table *t = map_get(&r->table, pa);

	if (t)
		return t->state == TABLE_LINKED ? NULL : t;
	t = table_new(&r->pool, pa, parent->level + 1, ipa,
		      1u << (mmu->page_shift - 3));
	if (!t) {
		r->err = r->pool.most && r->pool.live >= r->pool.most ? -E2BIG :
									-ENOMEM;
		return NULL;
	}
	t->mmu = mmu;
	t->span = mmu_level_size(mmu, parent->level);
	t->state = TABLE_LINKED;
	t->parent = parent;
	mmu->tables++;
	r->err = map_set(&r->table, pa, t);
	return t;
}

/* A parent comes before its children, and its entries with it. */
static int snap_entry(struct replay *r, const struct event *e)
{
	const struct mmu *mmu = snapped(r, e);
	struct table *t = map_get(&r->table, e->snap_entry.table),
		     *child = NULL;
	uint64_t pte = e->snap_entry.pte;
	int32_t index = e->snap_entry.index;

	if (!mmu || !t || t->mmu != mmu || index < 0 ||
	    (uint32_t)index >= t->nr)
		return 0;
	if (pte_is_table(pte, t->level))
		child = snap_child(r, t, mmu_link_pa(mmu, pte),
				   t->ipa + (uint64_t)index *
						    mmu_level_size(mmu,
								   t->level));
	table_put(&r->pool, t, index,
		  child ? word_link(child) : word_of(pte, t->level));
	return r->err;
}

static int snap_slot(struct replay *r, const struct event *e)
{
	struct mmu *mmu = snapped(r, e);
	struct slot new = {
		.hva = e->snap_slot.hva,
		.flags = e->snap_slot.flags,
		.id = e->snap_slot.slot,
	};

	if (!mmu)
		return 0;
	new.start = e->snap_slot.base_gfn << mmu->page_shift;
	new.end = new.start + (e->snap_slot.npages << mmu->page_shift);
	return slots_put(&mmu->slots, &new);
}

static int snap_end(struct replay *r, const struct event *e)
{
	struct mmu *mmu = snapped(r, e);

	if (!mmu)
		return 0;
	mmu->exact = true;
	mmu->exact_from = e->seq;
	return 0;
}

static int snap_vmids(struct replay *r, const struct event *e)
{
	if (!r->vmids.generation) {
		r->vmids.generation = e->snap_vmids.generation;
		r->vmids.flushed = true;
	}
	return 0;
}

/* Whose events they were shows by their numbers, sooner or later. */
static int lost(struct replay *r, const struct event *e)
{
	r->told_lost += e->lost.count;
	vmids_doubt(&r->vmids, e->mmu);
	return 0;
}

/* All that the MMU gave a number must have come by now. */
static int stream_end(struct replay *r, const struct event *e)
{
	struct mmu *mmu = map_get(&r->mmu, e->mmu);
	struct event end = *e;
	int err = 0;

	end.seq = e->seq + 1;
	while (!err && mmu && mmu->order.next && mmu->order.next <= e->seq)
		err = replay_give_up(r, mmu, &end);
	return err;
}

/**
 * replay_stream_event() - an event that is no tracepoint's
 *
 * Return: as replay_event().
 */
int replay_stream_event(struct replay *r, const struct event *e)
{
	switch (e->type) {
	case EV_snap_mmu:
		return snap_mmu(r, e);
	case EV_snap_entry:
		return snap_entry(r, e);
	case EV_snap_slot:
		return snap_slot(r, e);
	case EV_snap_end:
		return snap_end(r, e);
	case EV_snap_vmids:
		return snap_vmids(r, e);
	case EV_lost:
		return lost(r, e);
	case EV_stream_end:
		return stream_end(r, e);
	}
	return 0;
}
