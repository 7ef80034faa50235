// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks for leaves in a range of an MMU's tables.
 */
#include "replay.h"

/**
 * struct search - what is looked for
 * @kind:	all of these ENT_* flags
 * @but:	not in one of these ranges
 */
struct search {
	const struct table_pool *pool;
	const struct mmu *mmu;
	struct span range;
	uint32_t kind;
	const struct spans *but;
	struct leaf *found;
	uint64_t *table;
};

/* A table with nothing of the kind in it, and nothing below, is passed over. */
static bool is_barren(const struct search *q, const struct table *t)
{
	uint32_t leaves = t->leaves;

	if (q->kind & ENT_WRITE)
		leaves = t->writable;
	if (q->kind & ENT_YOUNG)
		leaves = t->young;
	return !leaves && t->counted == t->leaves;
}

static bool look_at(const struct search *q, const struct table *t, uint32_t i,
		    uint64_t ipa)
{
	uint64_t end = ipa + mmu_level_size(q->mmu, t->level);

	if ((t->word[i] & q->kind) != q->kind ||
	    (q->but && spans_meet(q->but, ipa, end)))
		return false;
	*q->found = (struct leaf){ .ipa = ipa, .level = t->level };
	*q->table = t->pa;
	return true;
}

static bool search(const struct search *q, const struct table *t)
{
	unsigned int shift = q->mmu->shift[t->level - LEVEL_MIN];
	uint64_t from = q->range.start > t->ipa ? q->range.start : t->ipa;
	uint64_t to = q->range.end < t->ipa + t->span ? q->range.end :
							t->ipa + t->span;
	uint64_t ipa = from >> shift << shift;

	if (is_barren(q, t))
		return false;
	for (; ipa < to; ipa += 1ULL << shift) {
		uint32_t i = (ipa - t->ipa) >> shift;
		const struct table *child;

		if (look_at(q, t, i, ipa))
			return true;
		child = table_child(q->pool, t, t->word[i]);
		if (child && search(q, child))
			return true;
	}
	return false;
}

static uint64_t sum_of(const struct search *q, const struct table *t)
{
	const uint64_t size = mmu_level_size(q->mmu, t->level);
	uint64_t sum = 0;

	if (is_barren(q, t))
		return 0;
	for (uint32_t i = 0; i < t->nr; i++) {
		const uint64_t ipa = t->ipa + i * size;
		const struct table *child;

		if (ipa + size <= q->range.start || ipa >= q->range.end)
			continue;
		if ((t->word[i] & q->kind) == q->kind)
			sum += size;
		child = table_child(q->pool, t, t->word[i]);
		if (child)
			sum += sum_of(q, child);
	}
	return sum;
}

/**
 * mmu_leaf_bytes() - how much do the leaves translate that overlap a range?
 * @kind:	flags that their words must have
 */
uint64_t mmu_leaf_bytes(const struct replay *r, const struct mmu *mmu,
			const struct span *range, uint32_t kind)
{
	const struct search q = {
		.pool = &r->pool,
		.mmu = mmu,
		.range = *range,
		.kind = kind,
	};

	return mmu->root ? sum_of(&q, mmu->root) : 0;
}

/**
 * mmu_find_leaf() - is there a leaf that overlaps a range?
 * @kind:	flags that its word must have: ENT_LEAF, ENT_WRITE, ENT_YOUNG
 * @but:	ranges where there may be, or NULL
 * @found:	the first one, with its place
 * @table:	address of the table page it is in
 */
bool mmu_find_leaf(const struct replay *r, const struct mmu *mmu,
		   const struct span *range, uint32_t kind,
		   const struct spans *but, struct leaf *found, uint64_t *table)
{
	const struct search q = {
		.pool = &r->pool,
		.mmu = mmu,
		.range = *range,
		.kind = kind,
		.but = but,
		.found = found,
		.table = table,
	};

	return mmu->root && search(&q, mmu->root);
}
