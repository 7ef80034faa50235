// SPDX-License-Identifier: GPL-2.0-only
/*
 * ATTR: a leaf says what it was asked to say.
 */
#include "invariant.h"

static void check_type(const struct step *s, const struct charge *c)
{
	const uint64_t new = s->e->s2_set.new;
	const unsigned int attr = pte_memattr(new);

	if (attr == MEMATTR_DEVICE && pte_executable(new))
		accuse(s, INV_attr, c, "device memory becomes executable");
	if (attr == MEMATTR_DEVICE && s->table->level != LEVEL_LAST && s->op &&
	    mmu_flight(s->mmu, s->op->pid))
		accuse(s, INV_attr, c, "a fault maps device memory by a block");
	if (attr == MEMATTR_NC && pte_executable(new))
		accuse(s, INV_attr, c,
		       "non-cacheable memory becomes executable");
	if ((attr == MEMATTR_NORMAL && s->mmu->fwb == 1) ||
	    (attr == MEMATTR_FWB_NORMAL && !s->mmu->fwb))
		accuse(s, INV_attr, c,
		       "MemAttr 0x%x is not of this MMU, which is %s FEAT_S2FWB",
		       attr, s->mmu->fwb ? "with" : "without");
}

static void set(const struct step *s)
{
	const uint64_t new = s->e->s2_set.new;
	const struct charge c = { .at = place_of_entry(s) };
	const struct slot *slot;

	if (!s->sane || !pte_is_leaf(new, s->table->level))
		return;
	check_type(s, &c);
	if (!(new &PTE_WRITE) || s->mmu->nested || !s->op ||
	    s->op->reason == S2_REASON_IOREMAP)
		return;
	slot = slots_at(&s->mmu->slots, s->e->s2_set.ipa);
	if (slot && (slot->flags & SLOT_READONLY))
		accuse(s, INV_attr, &c,
		       "a leaf is writable in memslot %d, which is read-only",
		       slot->id);
}

/* A device is mapped as one, or as the VMA allows it; memory as memory. */
static void check_page(const struct step *s, const struct flight *f,
		       const struct charge *c)
{
	const int32_t page = s->e->s2_fault_end.page;
	const unsigned int attr = pte_memattr(f->leaf.pte);
	bool as_device = attr == MEMATTR_DEVICE ||
			 (attr == MEMATTR_NC &&
			  (page & 1 << S2_PAGE_UNCACHED));

	if (!(page & 1 << S2_PAGE_FOUND))
		return;
	if (page & 1 << S2_PAGE_DEVICE) {
		if (!as_device)
			accuse(s, INV_attr, c,
			       "a device is mapped as memory, MemAttr 0x%x",
			       attr);
		if (f->leaf.level != LEVEL_LAST)
			accuse(s, INV_attr, c,
			       "a fault maps a device by a block");
	} else if (attr == MEMATTR_DEVICE || attr == MEMATTR_NC) {
		accuse(s, INV_attr, c,
		       "memory is mapped as a device, MemAttr 0x%x", attr);
	}
}

/* The guest wanted to do this, and is told to go on. */
static void fault_ends(const struct step *s)
{
	const struct flight *f = mmu_flight(s->mmu, s->e->pid);
	const char *lacks = NULL;
	struct charge c;

	if (!f || !f->leaf.pte || s->e->s2_fault_end.result != 1 ||
	    f->kind == S2_FAULT_ACCESS)
		return;
	c = (struct charge){ .at = place_of_leaf(s->mmu, &f->leaf),
			     .cause = &f->begun };
	check_page(s, f, &c);
	if (f->write && !(f->leaf.pte & PTE_WRITE))
		lacks = "a write, and the leaf that was set cannot be written";
	else if (f->exec && !pte_executable(f->leaf.pte))
		lacks = "an instruction, and the leaf that was set cannot be executed";
	if (lacks)
		accuse(s, INV_attr, &c, "the fault was for %s", lacks);
}

/* Young is what the tables say; the hardware may know of more. */
static void age_ends(const struct step *s)
{
	struct span range;
	struct leaf leaf;
	struct charge c;
	uint64_t table;

	if (!s->op || s->e->s2_op_end.result ||
	    (s->op->kind != S2_OP_TEST_AGE &&
	     (s->op->kind != S2_OP_AGE || !s->op->changes)))
		return;
	c = (struct charge){ .at = place_of_op(s->op), .cause = &s->op->begun };
	range = (struct span){ s->op->ipa, s->op->end };
	if (s->op->kind == S2_OP_AGE ||
	    mmu_find_leaf(s->r, s->mmu, &range, ENT_LEAF | ENT_YOUNG,
			  &s->op->amid, &leaf, &table))
		accuse(s, INV_attr, &c,
		       "nothing is said to be young in a range where something is");
}

const struct invariant inv_attr = {
	.name = "ATTR",
	.says = "a leaf's attributes go with what it maps, with its memslot and with the fault it was set for, and an age tells whether anything was young",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_set, set },
			{ BEFORE, EV_s2_fault_end, fault_ends },
			{ BEFORE, EV_s2_op_end, age_ends },
			{},
		},
};
