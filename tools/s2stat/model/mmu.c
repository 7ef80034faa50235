// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an MMU in the model, and how to find what is in one.
 */
#include <errno.h>
#include <stdlib.h>

#include "pte.h"
#include "replay.h"

#define TRAIL_FIRST 64

/**
 * mmu_new() - an MMU is heard of for the first time
 *
 * Return: the MMU, of which nothing is known, or NULL: no memory.
 */
struct mmu *mmu_new(struct replay *r, uint64_t id, int32_t vm)
{
	struct mmu *mmu = calloc(1, sizeof(*mmu));

	if (!mmu)
		return NULL;
	mmu->id = id;
	mmu->vm = vm;
	mmu->fwb = -1;
	mmu->lpa2 = -1;
	mmu->window = 1;
	if (trail_grow(&mmu->trail, TRAIL_FIRST) || map_set(&r->mmu, id, mmu)) {
		trail_free(&mmu->trail);
		free(mmu);
		return NULL;
	}
	return mmu;
}

static bool shape_is_possible(uint64_t granule, int32_t ipa_bits,
			      int32_t start_level)
{
	if (granule != 1 << 12 && granule != 1 << 14 && granule != 1 << 16)
		return false;
	return ipa_bits >= 32 && ipa_bits <= 52 && start_level >= LEVEL_MIN &&
	       start_level <= LEVEL_LAST;
}

/**
 * mmu_shape() - page size, size of the IPA space, level of the root
 *
 * Return: 0, or -EINVAL if there can be no such MMU.
 */
int mmu_shape(struct mmu *mmu, uint64_t granule, int32_t ipa_bits,
	      int32_t start_level)
{
	int level, bits;

	if (!shape_is_possible(granule, ipa_bits, start_level))
		return -EINVAL;
	mmu->page_shift = __builtin_ctzll(granule);
	for (level = LEVEL_MIN; level <= LEVEL_LAST; level++) {
		bits = mmu->page_shift +
		       (LEVEL_LAST - level) * (mmu->page_shift - 3);
		mmu->shift[level - LEVEL_MIN] = bits < 63 ? bits : 63;
	}
	bits = mmu->shift[start_level - LEVEL_MIN];
	/* Up to 16 tables side by side make a root (Arm ARM D8.2.2). */
	if (ipa_bits < bits || ipa_bits - bits > mmu->page_shift - 3 + 4)
		return -EINVAL;
	mmu->ipa_bits = ipa_bits;
	mmu->limit = 1ULL << ipa_bits;
	mmu->start_level = start_level;
	return 0;
}

static void drop_swaps(struct mmu *mmu, const struct table *t)
{
	for (size_t i = mmu->nr_swaps; i--;)
		if (mmu->swap[i].table == t)
			mmu->swap[i] = mmu->swap[--mmu->nr_swaps];
}

/** mmu_drop_table() - a table is gone, from the lists of what is under way, too */
void mmu_drop_table(struct replay *r, struct table *t)
{
	struct mmu *mmu = t->mmu;

	if (t->state == TABLE_UNLINKED)
		debts_bury(&mmu->debts, t);
	drop_swaps(mmu, t);
	if (mmu->last == t)
		mmu->last = NULL;
	if (t == mmu->root)
		mmu->root = NULL;
	else
		mmu->tables--;
	map_del(&r->table, t->pa);
	table_free(&r->pool, t);
}

/**
 * mmu_root() - the MMU's root, once its shape is known
 *
 * A table that was known there is gone: that it was freed may have been lost.
 *
 * Return: 0; -ENOMEM; -E2BIG.
 */
int mmu_root(struct replay *r, struct mmu *mmu, uint64_t pa)
{
	uint32_t nr = mmu->limit >> mmu->shift[mmu->start_level - LEVEL_MIN];
	struct table *t = map_get(&r->table, pa);

	if (t)
		mmu_drop_table(r, t);
	t = table_new(&r->pool, pa, mmu->start_level, 0, nr);
	if (!t)
		return r->pool.live >= r->pool.most ? -E2BIG : -ENOMEM;
	t->mmu = mmu;
	t->span = mmu->limit;
	t->state = TABLE_LINKED;
	mmu->root = t;
	return map_set(&r->table, pa, t);
}

static void free_ops(struct mmu *mmu)
{
	for (size_t i = 0; i < mmu->room_ops; i++) {
		spans_free(&mmu->op[i].lines);
		spans_free(&mmu->op[i].amid);
	}
	free(mmu->op);
	mmu->op = NULL;
	mmu->nr_ops = mmu->room_ops = 0;
}

static void drop_table(struct replay *r, struct table *t)
{
	if (map_get(&r->table, t->pa) == t)
		map_del(&r->table, t->pa);
	table_free(&r->pool, t);
}

/* A dead MMU should have none left. */
static void drop_tables(struct replay *r, struct mmu *mmu)
{
	for (uint32_t i = 1; mmu->tables && i < r->pool.nr; i++) {
		struct table *t = r->pool.table[i];

		if (t && t->mmu == mmu && t != mmu->root) {
			drop_table(r, t);
			mmu->tables--;
		}
	}
	if (mmu->root)
		drop_table(r, mmu->root);
	mmu->root = mmu->last = NULL;
}

/**
 * mmu_forget() - events were lost: what was under way may be over
 *
 * The tables stay as far as they are known.
 */
void mmu_forget(struct replay *r, struct mmu *mmu)
{
	mmu->lost = true;
	mmu->old_ops = true;
	mmu->met = r->now;
	mmu->has_vmid = true;
	mmu->first_op = 0;
	mmu->nr_swaps = 0;
	mmu->nr_touched = 0;
	mmu->window++;
	for (size_t i = 0; i < mmu->nr_flights; i++)
		mmu->flight[i].used = false;
	free_ops(mmu);
	debts_free(&mmu->debts);
	vmids_doubt(&r->vmids, mmu->id);
}

/** mmu_free() - an MMU is gone, with all that is known of it */
void mmu_free(struct replay *r, struct mmu *mmu)
{
	drop_tables(r, mmu);
	free_ops(mmu);
	debts_free(&mmu->debts);
	slots_free(&mmu->slots);
	reorder_free(&mmu->order);
	trail_free(&mmu->trail);
	free(mmu->touched);
	free(mmu->swap);
	free(mmu->flight);
	free(mmu->stall);
	free(mmu->vmid.ran);
	map_del(&r->mmu, mmu->id);
	if (r->last == mmu)
		r->last = NULL;
	free(mmu);
}

/** mmu_op() - the operation of this id that is under way, or NULL */
struct op *mmu_op(const struct mmu *mmu, uint64_t id)
{
	if (!id)
		return NULL;
	for (size_t i = mmu->nr_ops; i--;)
		if (mmu->op[i].id == id)
			return &mmu->op[i];
	return NULL;
}

/** mmu_flight() - the fault that a task is resolving, or NULL */
struct flight *mmu_flight(const struct mmu *mmu, int32_t pid)
{
	for (size_t i = 0; i < mmu->nr_flights; i++)
		if (mmu->flight[i].used && mmu->flight[i].pid == pid)
			return &mmu->flight[i];
	return NULL;
}

/**
 * mmu_link_pa() - where a table descriptor points
 *
 * The bits that only FEAT_LPA and FEAT_LPA2 use are zero without them, so it
 * need not be known whether they are there (Arm ARM D8.3.1).
 */
uint64_t mmu_link_pa(const struct mmu *mmu, uint64_t pte)
{
	return pte_address(pte, mmu->page_shift, true);
}

/** mmu_leaf_pa() - what a leaf maps, as far as it can be told */
uint64_t mmu_leaf_pa(const struct mmu *mmu, uint64_t pte)
{
	return pte_address(pte, mmu->page_shift, mmu->lpa2 == 1);
}

/**
 * mmu_leaf_lines() - what a leaf maps, to be compared with a s2_cmo's address
 *
 * Bits 51:48 are left out of both, for it takes FEAT_LPA2 to know where a
 * descriptor has them.
 */
struct span mmu_leaf_lines(const struct mmu *mmu, uint64_t pte, uint64_t size)
{
	uint64_t pa = pte_address(pte, mmu->page_shift, false) & PA_48;

	return (struct span){ pa, pa + size };
}
