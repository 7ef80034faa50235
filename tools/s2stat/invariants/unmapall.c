// SPDX-License-Identifier: GPL-2.0-only
/*
 * UNMAPALL: a range operation does all of its range, and nothing else.
 *
 * While it lets others in (may_block), these may put something back where it
 * has been: that is not held against it.
 */
#include "invariant.h"

static void leftover(const struct step *s, const struct leaf *leaf,
		     uint64_t table, const char *what)
{
	struct charge c = { .at = place_of_leaf(s->mmu, leaf) };

	c.at.table = table;
	if (s->op)
		c.cause = &s->op->begun;
	accuse(s, INV_unmapall, &c, "0x%llx %s", (unsigned long long)leaf->ipa,
	       what);
}

/* Looks in the operation's range for leaves with all of these flags. */
static void none_is_left(const struct step *s, uint32_t kind, const char *what)
{
	const struct span range = { s->op->ipa, s->op->end };
	struct leaf leaf;
	uint64_t table;

	if (mmu_find_leaf(s->r, s->mmu, &range, kind, &s->op->amid, &leaf,
			  &table))
		leftover(s, &leaf, table, what);
}

static void ends(const struct step *s)
{
	if (!s->op)
		return;
	switch (s->op->kind) {
	case S2_OP_UNMAP:
		none_is_left(s, ENT_LEAF,
			     "is still mapped when its unmap ends");
		break;
	case S2_OP_AGE:
		none_is_left(s, ENT_YOUNG, "is still young when its age ends");
		break;
	}
}

/* Nobody asks for nothing: a range was computed wrong (U39). */
static void begins(const struct step *s)
{
	const struct charge c = { .at = { .ipa = s->e->s2_op_begin.ipa,
					  .size = 1,
					  .level = NO_LEVEL } };

	if (s->e->s2_op_begin.ipa >= s->e->s2_op_begin.end)
		accuse(s, INV_unmapall, &c,
		       "an operation is about no IPA at all, 0x%llx to 0x%llx",
		       (unsigned long long)s->e->s2_op_begin.ipa,
		       (unsigned long long)s->e->s2_op_begin.end);
}

static void slot_goes(const struct step *s)
{
	const unsigned int shift = s->mmu->page_shift;
	const uint64_t start = s->e->s2_memslot.old_base_gfn << shift;
	const struct span range = { start, start + (s->e->s2_memslot.npages
						    << shift) };
	struct leaf leaf;
	uint64_t table;

	if (s->e->s2_memslot.change != S2_MEMSLOT_DELETE &&
	    s->e->s2_memslot.change != S2_MEMSLOT_MOVE)
		return;
	if (mmu_find_leaf(s->r, s->mmu, &range, ENT_LEAF, NULL, &leaf, &table))
		leftover(s, &leaf, table,
			 "is still mapped when its memslot is gone");
}

static void changes(const struct step *s)
{
	const uint64_t ipa = s->e->s2_set.ipa;
	struct charge c = { .at = place_of_entry(s) };

	if (!s->op || !s->live || !s->sane ||
	    (ipa < s->op->end && s->op->ipa < ipa + s->size))
		return;
	c.cause = &s->op->begun;
	accuse(s, INV_unmapall, &c,
	       "an entry changes outside of the operation's range, 0x%llx to 0x%llx",
	       (unsigned long long)s->op->ipa, (unsigned long long)s->op->end);
}

/* What hangs below a table goes with it (U04). */
static void unlinked(const struct step *s)
{
	const struct table *child = NULL;
	struct charge c = { .at = place_of_entry(s) };

	changes(s);
	if (!s->op || s->op->kind != S2_OP_UNMAP || !s->live || !s->sane ||
	    (s->op->ipa <= s->e->s2_clear.ipa &&
	     s->e->s2_clear.ipa + s->size <= s->op->end))
		return;
	child = table_child(&s->r->pool, s->table, s->told);
	if (!child || !child->counted)
		return;
	c.cause = &s->op->begun;
	accuse(s, INV_unmapall, &c,
	       "a table of more than the operation's range is unlinked with %u entries in it",
	       child->counted);
}

const struct invariant inv_unmapall = {
	.name = "UNMAPALL",
	.says = "when an unmap ends, or a memslot is gone, no leaf is left in its range, when an age ends none is young, and no operation is about an empty range or changes what lies outside of its own",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_op_begin, begins },
			{ BEFORE, EV_s2_op_end, ends },
			{ BEFORE, EV_s2_memslot, slot_goes },
			{ BEFORE, EV_s2_set, changes },
			{ BEFORE, EV_s2_clear, unlinked },
			{},
		},
};
