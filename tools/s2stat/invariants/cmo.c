// SPDX-License-Identifier: GPL-2.0-only
/*
 * CMO: cache maintenance over guest memory, where the guest can see or leave
 * what is not in memory: without FEAT_S2FWB, as the leaves' MemAttr tells.
 *
 *	       clean            set             clear            invalidate
 *	memory -----> cleaned ------> mapped ----------> to be --------------+
 *	  ^                                              cleaned             |
 *	  |                              clean                               |
 *	  +------------------------------------------------------------------+
 */
#include "invariant.h"

static void check_data(const struct step *s, const struct span *l,
		       const struct charge *c)
{
	if (pte_memattr(s->e->s2_set.new) == MEMATTR_NORMAL &&
	    s->mmu->fwb != 1 && !(s->e->s2_set.old & PTE_VALID) &&
	    !span_holds(&s->op->cleaned, l->start, l->end))
		accuse(s, INV_cmo, c,
		       "0x%llx is mapped and its data cache lines are not cleaned",
		       (unsigned long long)l->start);
}

/* All of it becomes executable, not only the page that was before (U41). */
static void check_instructions(const struct step *s, const struct span *l,
			       const struct charge *c)
{
	if (pte_executable(s->e->s2_set.new) &&
	    !pte_executable(s->e->s2_set.old) &&
	    !span_holds(&s->op->synced, l->start, l->end))
		accuse(s, INV_cmo, c,
		       "0x%llx becomes executable and the instruction cache is not invalidated",
		       (unsigned long long)l->start);
}

/* A table that is not linked yet maps what a block does. */
static void set(const struct step *s)
{
	const uint64_t new = s->e->s2_set.new;
	const struct charge c = { .at = place_of_entry(s) };
	struct span l;

	if (!s->live || !s->sane || !s->op ||
	    !pte_is_leaf(new, s->table->level))
		return;
	l = mmu_leaf_lines(s->mmu, new, s->size);
	check_data(s, &l, &c);
	check_instructions(s, &l, &c);
}

/*
 * The guest turned its caches on or off: all that it has mapped is cleaned
 * (U12). What others map meanwhile was cleaned for that.
 */
static void check_all(const struct step *s)
{
	const struct span range = { s->op->ipa, s->op->end };
	const struct charge c = { .at = place_of_op(s->op),
				  .cause = &s->op->begun };
	uint64_t bytes;

	if (s->mmu->fwb == 1 || s->op->amid.nr)
		return;
	bytes = mmu_leaf_bytes(s->r, s->mmu, &range, ENT_LEAF | ENT_CACHED);
	if (s->op->cleaned_bytes < bytes)
		accuse(s, INV_cmo, &c,
		       "of 0x%llx bytes that are mapped there only 0x%llx are cleaned",
		       (unsigned long long)bytes,
		       (unsigned long long)s->op->cleaned_bytes);
}

static void ends(const struct step *s)
{
	struct charge c;

	if (s->op && s->op->kind == S2_OP_CMO)
		check_all(s);
	if (!s->op || !s->op->lines.nr)
		return;
	c = (struct charge){ .at = place_of_op(s->op), .cause = &s->op->begun };
	accuse(s, INV_cmo, &c,
	       "0x%llx was unmapped and its data cache lines are not cleaned when the operation ends",
	       (unsigned long long)s->op->lines.span[0].start);
}

const struct invariant inv_cmo = {
	.name = "CMO",
	.says = "without FEAT_S2FWB memory is cleaned before it is mapped cacheable and after it is unmapped (unless the whole MMU goes), and all of it when the guest turns its caches on; the instruction cache is invalidated before a leaf becomes executable; each over all of the leaf",
	.needs = ON_TABLES | ON(s2_cmo),
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_set, set },
			{ BEFORE, EV_s2_op_end, ends },
			{},
		},
};
