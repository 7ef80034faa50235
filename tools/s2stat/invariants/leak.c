// SPDX-License-Identifier: GPL-2.0-only
/*
 * LEAK: what is taken is given back.
 */
#include "invariant.h"

/* Of a dead MMU's tables, so many are named. */
#define NAMED 8

static const struct charge nowhere = { .at = { .level = NO_LEVEL } };

/* Every table page that is left, one by one. */
static void name_tables(const struct step *s)
{
	const struct table_pool *pool = &s->r->pool;
	int named = 0;

	for (uint32_t i = 1; i < pool->nr && named < NAMED; i++) {
		const struct table *t = pool->table[i];
		struct charge c;

		if (!t || t->mmu != s->mmu || t == s->mmu->root)
			continue;
		c = (struct charge){ .at = place_of_table(t),
				     .cause = t->gone.seq ? &t->gone :
							    &t->born };
		accuse(s, INV_leak, &c,
		       "table page 0x%llx was %s and is never freed",
		       (unsigned long long)t->pa,
		       t->gone.seq ? "unlinked" : "taken");
		named++;
	}
}

static void freed(const struct step *s)
{
	const struct event *e = s->e;
	const struct mmu *mmu = s->mmu;

	if (mmu->tables)
		name_tables(s);
	else if (e->s2_mmu_free.tables_live)
		accuse(s, INV_leak, &nowhere, "%lld table pages are left",
		       (long long)e->s2_mmu_free.tables_live);
	if (e->s2_mmu_free.tables_alloc != mmu->taken ||
	    e->s2_mmu_free.tables_freed != mmu->freed)
		accuse(s, INV_leak, &nowhere,
		       "the MMU counts %llu table pages taken and %llu freed, its events %llu and %llu",
		       (unsigned long long)e->s2_mmu_free.tables_alloc,
		       (unsigned long long)e->s2_mmu_free.tables_freed,
		       (unsigned long long)mmu->taken,
		       (unsigned long long)mmu->freed);
}

/* Unlinked tables are somebody's work; when that is done they are gone. */
static void op_ends(const struct step *s)
{
	const struct table *t =
		debts_table_of(&s->mmu->debts, s->e->s2_op_end.op);
	struct charge c;

	if (!t || s->r->shared)
		return;
	c = (struct charge){ .at = place_of_table(t), .cause = &t->gone };
	accuse(s, INV_leak, &c,
	       "table page 0x%llx was unlinked and not freed when the operation ended",
	       (unsigned long long)t->pa);
}

static void ends(const struct step *s)
{
	const struct bench *b = s->r->arg;

	if (b->complete && !s->mmu->late)
		accuse(s, INV_leak, &nowhere, "the MMU is never freed");
}

const struct invariant inv_leak = {
	.name = "LEAK",
	.says = "when an MMU is freed so is every table page that was taken for it, and outside of operations no table page is unlinked and not freed",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_mmu_free, freed },
			{ BEFORE, EV_s2_op_end, op_ends },
			{ AFTER, POINT_END, ends },
			{},
		},
};
