// SPDX-License-Identifier: GPL-2.0-only
/*
 * WALK: a walk goes forward, and only where the tables lead.
 */
#include "invariant.h"

static void taken(const struct step *s)
{
	const struct mmu *mmu = s->mmu;
	const int32_t level = s->e->s2_table_alloc.level;
	const uint64_t ipa = s->e->s2_table_alloc.ipa;
	const struct charge c = {
		.at = { .ipa = ipa,
			.size = 1,
			.level = level,
			.table = s->e->s2_table_alloc.table }
	};

	if (!mmu->root)
		return;
	if (!mmu_level_valid(mmu, level) || level == mmu->start_level)
		accuse(s, INV_walk, &c,
		       "a table of level %d is taken, the root has level %d",
		       level, mmu->start_level);
	else if (ipa >= mmu->limit)
		accuse(s, INV_walk, &c,
		       "a table is taken for 0x%llx, beyond the IPA space",
		       (unsigned long long)ipa);
	else if (ipa & (mmu_level_size(mmu, level - 1) - 1))
		accuse(s, INV_walk, &c,
		       "a table is taken for 0x%llx, where none begins",
		       (unsigned long long)ipa);
}

static void freed(const struct step *s)
{
	const struct table *t = s->table;
	struct charge c;

	if (!t || (t->level == s->e->s2_table_free.level &&
		   t->ipa == s->e->s2_table_free.ipa))
		return;
	c = (struct charge){ .at = place_of_table(t) };
	accuse(s, INV_walk, &c,
	       "table page 0x%llx of level %d for 0x%llx is freed as one of level %d for 0x%llx",
	       (unsigned long long)t->pa, t->level, (unsigned long long)t->ipa,
	       s->e->s2_table_free.level,
	       (unsigned long long)s->e->s2_table_free.ipa);
}

/*
 * Range operations go up; a table is left behind its last entry. The write
 * protection of a bitmap's pages, during which KVM may not drop mmu_lock, is a
 * walk for each run of bits.
 */
static bool goes_up(const struct op *op)
{
	return op->kind == S2_OP_UNMAP || op->kind == S2_OP_AGE ||
	       op->kind == S2_OP_DESTROY ||
	       (op->kind == S2_OP_WRPROTECT && op->may_block);
}

static void entry(const struct step *s)
{
	const struct charge c = { .at = place_of_entry(s) };
	const struct table *t = s->table;

	if (!t)
		return;
	if (!s->sane) {
		accuse(s, INV_walk, &c,
		       "entry %d of level %d for 0x%llx, in a table of %u entries of level %d from 0x%llx",
		       s->e->s2_set.index, s->e->s2_set.level,
		       (unsigned long long)s->e->s2_set.ipa, t->nr, t->level,
		       (unsigned long long)t->ipa);
		return;
	}
	if (s->live && s->op && goes_up(s->op) &&
	    s->e->s2_set.ipa + s->size < s->op->reached)
		accuse(s, INV_walk, &c, "the walk was at 0x%llx already",
		       (unsigned long long)s->op->reached);
}

static void linked(const struct step *s)
{
	const struct table *child = s->child;
	struct charge c = { .at = place_of_entry(s) };
	const char *fault = NULL;

	entry(s);
	if (!s->table || !s->sane ||
	    !pte_is_table(s->e->s2_set.new, s->table->level) ||
	    (s->told & ENT_TABLE))
		return;
	if (!child)
		fault = "is no table of this MMU";
	else if (child->level != s->table->level + 1)
		fault = "is a table of another level";
	else if (child->ipa != s->e->s2_set.ipa)
		fault = "is a table for another place";
	else if (child->state == TABLE_LINKED)
		fault = "is linked already";
	if (fault)
		accuse(s, INV_walk, &c, "an entry links 0x%llx, which %s",
		       (unsigned long long)mmu_link_pa(s->mmu,
						       s->e->s2_set.new),
		       fault);
}

const struct invariant inv_walk = {
	.name = "WALK",
	.says = "every entry lies in its table and every table in the IPA space, each link leads to a table of the next level for the same place, and a walk over a range never goes back",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_table_alloc, taken },
			{ BEFORE, EV_s2_table_free, freed },
			{ BEFORE, EV_s2_set, linked },
			{ BEFORE, EV_s2_clear, entry },
			{},
		},
};
