// SPDX-License-Identifier: GPL-2.0-only
/*
 * INSLOT: what the guest sees at an IPA is what its memslot has there.
 *
 *	host	|     a a a a|b b b b b|		IPA and host address
 *	guest	|  a a a a b|b b b b   |		must be congruent, or a
 *							block shows what is beside
 */
#include <errno.h>

#include "invariant.h"

static bool is_mapped_by_slot(const struct step *s)
{
	/* A shadow MMU's IPAs are the guest hypervisor's. */
	if (s->mmu->nested || !s->op)
		return false;
	return s->op->kind == S2_OP_AROUND ||
	       (s->op->kind == S2_OP_MAP &&
		s->op->reason != S2_REASON_IOREMAP);
}

static void check_slot(const struct step *s)
{
	const uint64_t ipa = s->e->s2_set.ipa, end = ipa + s->size;
	const struct slot *slot = slots_at(&s->mmu->slots, ipa);
	const struct charge c = { .at = place_of_entry(s) };

	if (!slot || end > slot->end)
		accuse(s, INV_inslot, &c,
		       slot ? "a leaf reaches beyond its memslot" :
			      "a leaf is mapped where there is no memslot");
	else if ((ipa ^ (slot->hva + (ipa - slot->start))) & (s->size - 1))
		accuse(s, INV_inslot, &c,
		       "a block is mapped where IPA and host address are not congruent (memslot %d at 0x%llx, host 0x%llx)",
		       slot->id, (unsigned long long)slot->start,
		       (unsigned long long)slot->hva);
}

static void set(const struct step *s)
{
	const uint64_t old = s->e->s2_set.old, new = s->e->s2_set.new;

	if (s->live && s->sane && pte_is_leaf(new, s->table->level) &&
	    !(old & PTE_VALID) && is_mapped_by_slot(s))
		check_slot(s);
}

/* Behind a block the host has no less, or the guest gets what lies beside. */
static void check_host(const struct step *s, const struct flight *f,
		       const struct charge *c)
{
	const int32_t page = s->e->s2_fault_end.page;
	const unsigned int shift = S2_PAGE_HOST_SHIFT(page);

	/* A block that was there and allows more: the notifiers watch it. */
	if (f->made && (page & 1 << S2_PAGE_FOUND) && f->leaf.level != LEVEL_LAST &&
	    1ULL << shift < c->at.size)
		accuse(s, INV_inslot, c,
		       shift ? "a block is mapped where the host maps 2^%u bytes" :
			       "a block is mapped and what the host maps was not looked at (2^%u)",
		       shift);
}

/* The leaf that a fault set maps the page that it found. */
static void fault_ends(const struct step *s)
{
	const struct flight *f = mmu_flight(s->mmu, s->e->pid);
	const uint64_t size = s->e->s2_fault_end.size;
	uint64_t pa, ipa, got;
	struct charge c;

	if (!f || !f->leaf.pte || s->e->s2_fault_end.result != 1 ||
	    !s->e->s2_fault_end.pfn || !size || size & (size - 1))
		return;
	pa = s->e->s2_fault_end.pfn << s->mmu->page_shift;
	ipa = s->e->s2_fault_end.ipa & ~(size - 1);
	got = mmu_leaf_pa(s->mmu, f->leaf.pte) + (ipa - f->leaf.ipa);
	c = (struct charge){ .at = place_of_leaf(s->mmu, &f->leaf),
			     .cause = &f->begun };
	check_host(s, f, &c);
	if (got == pa || (s->mmu->lpa2 != 1 && !((got ^ pa) & PA_48)))
		return;
	accuse(s, INV_inslot, &c,
	       "the fault found the page 0x%llx, at 0x%llx the leaf maps 0x%llx",
	       (unsigned long long)pa, (unsigned long long)ipa,
	       (unsigned long long)got);
}

/* A device window takes a free place, or none (S17). */
static void cleared(const struct step *s)
{
	const struct charge c = { .at = place_of_entry(s) };
	const unsigned int attr = pte_memattr(s->e->s2_clear.old);

	if (s->op && s->op->reason == S2_REASON_IOREMAP && s->sane &&
	    pte_is_leaf(s->e->s2_clear.old, s->table->level) &&
	    attr != MEMATTR_DEVICE)
		accuse(s, INV_inslot, &c,
		       "memory gives way to a device window");
}

/* The IPA space is what a slot may lie in: all of it, and nothing else. */
static void changes(const struct step *s)
{
	const struct event *e = s->e;
	const uint64_t start = e->s2_memslot.base_gfn << s->mmu->page_shift,
		       end = start +
			     (e->s2_memslot.npages << s->mmu->page_shift);
	const struct charge c = { .at = { .ipa = start,
					  .size = end - start,
					  .level = NO_LEVEL } };

	if (!s->mmu->root)
		return;
	switch (e->s2_memslot.change) {
	case S2_MEMSLOT_CREATE:
	case S2_MEMSLOT_MOVE:
		if (end > s->mmu->limit)
			accuse(s, INV_inslot, &c,
			       "memslot %d reaches beyond the IPA space",
			       e->s2_memslot.slot);
		break;
	case S2_MEMSLOT_REFUSED:
		if (e->s2_memslot.result == -EFAULT && end <= s->mmu->limit)
			accuse(s, INV_inslot, &c,
			       "memslot %d is refused, and lies within the IPA space",
			       e->s2_memslot.slot);
		break;
	}
}

const struct invariant inv_inslot = {
	.name = "INSLOT",
	.says = "every leaf that a fault maps lies whole in one memslot, congruent with its host address, and maps the page that the fault found",
	.needs = ON_TABLES | ON(s2_memslot) | ON(s2_fault_begin) |
		 ON(s2_fault_end),
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_set, set },
			{ BEFORE, EV_s2_clear, cleared },
			{ BEFORE, EV_s2_fault_end, fault_ends },
			{ BEFORE, EV_s2_memslot, changes },
			{},
		},
};
