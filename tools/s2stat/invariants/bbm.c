// SPDX-License-Identifier: GPL-2.0-only
/*
 * BBM: break-before-make.
 *
 *	            permissions, access flag, software bits
 *	                     +------+
 *	       set           |      v    clear
 *	absent -----------> valid ---------> owed (see OWED)
 *	  ^                                   |
 *	  +-----------------------------------+
 *	           covering invalidation
 */
#include "invariant.h"

static void replaced(const struct step *s)
{
	const uint64_t old = s->e->s2_set.old, new = s->e->s2_set.new;
	const int level = s->table->level;
	const struct charge c = { .at = place_of_entry(s) };

	if (!((old ^ new) & ~PTE_IN_PLACE))
		return;
	/* FEAT_BBM level 2 lets a table take a block's place. */
	if (s->mmu->bbm2 && pte_is_table(old, level) != pte_is_table(new, level))
		return;
	accuse(s, INV_bbm, &c, "a valid entry, 0x%llx, becomes another, 0x%llx",
	       (unsigned long long)old, (unsigned long long)new);
}

static void made(const struct step *s)
{
	const uint64_t ipa = s->e->s2_set.ipa, end = ipa + s->size;
	const struct debt *d = debts_in(&s->mmu->debts, ipa, end);
	const struct table *t = debts_table_in(&s->mmu->debts, ipa, end);
	struct charge c = { .at = place_of_entry(s) };

	if (!d && !t)
		return;
	c.cause = d ? &d->by : &t->gone;
	accuse(s, INV_bbm, &c,
	       "an entry becomes valid before what was there is invalidated");
}

static void set(const struct step *s)
{
	if (!s->live || !s->sane || !(s->e->s2_set.new &PTE_VALID))
		return;
	if (s->e->s2_set.old & PTE_VALID)
		replaced(s);
	else if (s->mmu->debts.nr || s->mmu->debts.nr_tables)
		made(s);
}

const struct invariant inv_bbm = {
	.name = "BBM",
	.says = "a valid entry changes only its permissions, access flag and software bits in place; anything else becomes valid after the old entry is clear and its invalidation has completed",
	.needs = ON_TLBS,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_set, set },
			{},
		},
};
