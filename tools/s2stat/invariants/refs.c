// SPDX-License-Identifier: GPL-2.0-only
/*
 * REFS: the reference count of a table page is 1 + its counted entries.
 *
 * Operations side by side are numbered either way, and each event tells the
 * count as it found it: so it is compared when nothing is under way.
 */
#include "invariant.h"

static void wrong_count(const struct step *s, const struct table *t)
{
	const struct charge c = { .at = place_of_table(t) };

	accuse(s, INV_refs, &c,
	       "table page 0x%llx counts %d and holds %u entries",
	       (unsigned long long)t->pa, t->told, t->counted);
}

static void quiet(const struct step *s)
{
	const struct mmu *mmu = s->mmu;

	for (size_t i = 0; i < mmu->nr_touched; i++) {
		const struct table *t = s->r->pool.table[mmu->touched[i]];
		int64_t want;

		/* Freed, and perhaps somebody else's. */
		if (!t || t->mmu != mmu || t->window != mmu->window)
			continue;
		want = 1 + (int64_t)t->counted;
		if (mmu->crowd < 2 ? want != t->told :
				     want < t->told_min || want > t->told_max)
			wrong_count(s, t);
	}
}

static void freed(const struct step *s)
{
	const struct charge c = { .at = { .ipa = s->e->s2_table_free.ipa,
					  .size = 1,
					  .table = s->e->s2_table_free.table,
					  .level =
						  s->e->s2_table_free.level } };

	if (s->e->s2_table_free.count != 1)
		accuse(s, INV_refs, &c,
		       "table page 0x%llx is freed with a count of %d",
		       (unsigned long long)s->e->s2_table_free.table,
		       s->e->s2_table_free.count);
}

static void cleared(const struct step *s)
{
	const struct charge c = { .at = place_of_entry(s) };

	if (!s->e->s2_clear.old)
		accuse(s, INV_refs, &c, "an entry is cleared that was zero");
	if (s->e->s2_clear.new)
		accuse(s, INV_refs, &c, "an entry is cleared and not zero");
}

static void set(const struct step *s)
{
	const struct charge c = { .at = place_of_entry(s) };

	if (!s->e->s2_set.new)
		accuse(s, INV_refs, &c, "an entry is set to zero");
}

const struct invariant inv_refs = {
	.name = "REFS",
	.says = "whenever no operation is under way, the count of each table page is 1 + its counted entries, and it is 1 when the page is freed",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ AFTER, POINT_QUIET, quiet },
			{ BEFORE, EV_s2_table_free, freed },
			{ BEFORE, EV_s2_clear, cleared },
			{ BEFORE, EV_s2_set, set },
			{},
		},
};
