// SPDX-License-Identifier: GPL-2.0-only
/*
 * DIRTY: what the guest writes in a slot that logs is seen, page by page, and
 * noted.
 *
 * The slot's event comes before the change and its write-protection after it;
 * in between faults may still map as before. So it counts from the begin of
 * the first write-protection.
 */
#include "invariant.h"

/* A block; or a page that no fault asked for, so that none is marked dirty. */
static const char *what_is_set(const struct step *s)
{
	if (s->table->level != LEVEL_LAST)
		return "block";
	return s->op && s->op->kind == S2_OP_AROUND ? "page beside a fault's" :
						      NULL;
}

static void set(const struct step *s)
{
	const uint64_t ipa = s->e->s2_set.ipa, end = ipa + s->size;
	const struct slots *slots = &s->mmu->slots;
	const struct charge c = { .at = place_of_entry(s) };
	const char *what;

	if (!slots->log || !s->live || !s->sane ||
	    !pte_is_leaf(s->e->s2_set.new, s->table->level) ||
	    !(s->e->s2_set.new & ~s->e->s2_set.old &PTE_WRITE))
		return;
	what = what_is_set(s);
	for (size_t i = 0; what && i < slots->nr; i++)
		if (slots->slot[i].logged && slots->slot[i].start < end &&
		    ipa < slots->slot[i].end)
			accuse(s, INV_dirty, &c,
			       "a %s becomes writable in memslot %d, whose writes are logged",
			       what, slots->slot[i].id);
}

/*
 * All of the range, unless it is a bitmap's: then its bits are not told, and
 * KVM, which has them, may not drop mmu_lock.
 */
static bool is_whole(const struct step *s)
{
	return s->op->may_block ||
	       s->op->end - s->op->ipa == 1ULL << s->mmu->page_shift;
}

static void ends(const struct step *s)
{
	struct span range;
	struct leaf leaf;
	struct charge c;
	uint64_t table;

	if (!s->op || s->op->kind != S2_OP_WRPROTECT || !is_whole(s))
		return;
	range = (struct span){ s->op->ipa, s->op->end };
	if (!mmu_find_leaf(s->r, s->mmu, &range, ENT_LEAF | ENT_WRITE,
			   &s->op->amid, &leaf, &table))
		return;
	c = (struct charge){ .at = place_of_leaf(s->mmu, &leaf),
			     .cause = &s->op->begun };
	c.at.table = table;
	accuse(s, INV_dirty, &c,
	       "0x%llx is still writable when its write-protection ends",
	       (unsigned long long)leaf.ipa);
}

/* What becomes writable will be written: it is dirty from now on. */
static void fault_ends(const struct step *s)
{
	const struct flight *f = mmu_flight(s->mmu, s->e->pid);
	const int32_t page = s->e->s2_fault_end.page;
	const struct slot *slot;
	struct charge c;

	if (!f || !f->writes || s->mmu->nested ||
	    s->e->s2_fault_end.result != 1 ||
	    !(page & 1 << S2_PAGE_FOUND) || (page & 1 << S2_PAGE_DIRTY))
		return;
	slot = slots_at(&s->mmu->slots, f->leaf.ipa);
	if (!slot || !(slot->flags & SLOT_LOG))
		return;
	c = (struct charge){ .at = place_of_leaf(s->mmu, &f->leaf),
			     .cause = &f->begun };
	accuse(s, INV_dirty, &c,
	       "0x%llx becomes writable and is not marked dirty in memslot %d, whose writes are logged",
	       (unsigned long long)f->leaf.ipa, slot->id);
}

const struct invariant inv_dirty = {
	.name = "DIRTY",
	.says = "in a slot whose writes are logged no block becomes writable, a page that does is marked dirty, and when a range has been write-protected no leaf in it is",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_set, set },
			{ BEFORE, EV_s2_op_end, ends },
			{ BEFORE, EV_s2_fault_end, fault_ends },
			{},
		},
};
