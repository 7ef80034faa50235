// SPDX-License-Identifier: GPL-2.0-only
/*
 * CACHE: table caches hold what a fault takes from them, and nothing comes
 * into one or goes out of it untold.
 */
#include <errno.h>

#include "invariant.h"

static void cached(const struct step *s)
{
	const int32_t before = s->e->s2_cache.before;
	const int32_t after = s->e->s2_cache.after;
	const unsigned long long id = s->e->s2_cache.cache;
	uintptr_t left = (uintptr_t)map_get(&s->r->cache, id);
	const struct charge c = { .at = { .level = NO_LEVEL } };

	if (before < 0 || after < 0)
		accuse(s, INV_cache, &c, "cache 0x%llx holds %d pages, then %d",
		       id, before, after);
	if (after < before && after)
		accuse(s, INV_cache, &c,
		       "cache 0x%llx is drained of %d pages and keeps %d", id,
		       before, after);
	if (left && before > (int64_t)left - 1)
		accuse(s, INV_cache, &c,
		       "cache 0x%llx holds %d pages, it was left with %lld", id,
		       before, (long long)left - 1);
}

/* One for each level below the root, and no more. */
static void op_ends(const struct step *s)
{
	const struct op *op = s->op;
	struct charge c;

	if (!op || op->kind != S2_OP_MAP || !s->mmu->root)
		return;
	c = (struct charge){ .at = place_of_op(op), .cause = &op->begun };
	if (op->taken > LEVEL_LAST - s->mmu->start_level)
		accuse(s, INV_cache, &c,
		       "an operation on one leaf takes %lld table pages, there are %d levels",
		       (long long)op->taken, LEVEL_LAST - s->mmu->start_level);
	/* A fault fills its cache before, so that this cannot be. */
	if (s->e->s2_op_end.result == -ENOMEM && mmu_flight(s->mmu, op->pid))
		accuse(s, INV_cache, &c,
		       "the fault's table cache was too small");
}

const struct invariant inv_cache = {
	.name = "CACHE",
	.says = "a fault's table cache holds enough for its leaf, which takes one page for each level at most, and a cache's size changes only as told",
	.needs = ON(s2_cache) | ON(s2_op_begin) | ON(s2_op_end) |
		 ON(s2_table_alloc) | ON(s2_table_free),
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_cache, cached },
			{ BEFORE, EV_s2_op_end, op_ends },
			{},
		},
};
