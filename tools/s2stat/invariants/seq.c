// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEQ: no fault maps a page that the host has taken away meanwhile.
 *
 * KVM counts, under mmu_lock, every invalidation by the host when it ends
 * (mmu_invalidate_seq). A fault notes the count before it looks the page up
 * and installs it only if the count is still the same and no invalidation is
 * under way. Every s2_fault_begin tells the count of that moment, every
 * s2_op_begin that under mmu_lock, and s2_fault_end that of the moment when
 * the page had been found: which the fault must have noted before.
 */
#include "invariant.h"

static bool is_fault(const struct op *op)
{
	return op->kind == S2_OP_AROUND ||
	       (op->kind == S2_OP_MAP && (op->reason == S2_REASON_FAULT ||
					  op->reason == S2_REASON_PERMISSION ||
					  op->reason == S2_REASON_PREFAULT));
}

static void amid_unmap(const struct step *s)
{
	const uint64_t ipa = s->e->s2_set.ipa, end = ipa + s->size;
	struct charge c = { .at = place_of_entry(s) };

	for (size_t i = 0; i < s->mmu->nr_ops; i++) {
		const struct op *op = &s->mmu->op[i];

		if (op == s->op || op->kind != S2_OP_UNMAP ||
		    op->reason != S2_REASON_NOTIFIER_UNMAP || ipa >= op->end ||
		    op->ipa >= end)
			continue;
		c.cause = &op->begun;
		accuse(s, INV_seq, &c,
		       "a fault maps what the host is taking away, operation %llu",
		       (unsigned long long)op->id);
	}
}

static void set(const struct step *s)
{
	if (s->mmu->nr_ops > 1 && s->live && s->sane && s->op &&
	    is_fault(s->op) && !(s->e->s2_set.old & PTE_VALID) &&
	    pte_is_leaf(s->e->s2_set.new, s->table->level))
		amid_unmap(s);
}

/* What kernels of today tell proves more. */
static void check_count(const struct step *s, const struct flight *f,
			const struct charge *c)
{
	const unsigned long long seq = s->e->s2_fault_end.notifier_seq,
				 found = s->e->s2_fault_end.page_seq;

	if (!(s->e->s2_fault_end.page & 1 << S2_PAGE_FOUND))
		return;
	if (seq > found)
		accuse(s, INV_seq, c,
		       "the count that was noted is %llu, the page had been found at %llu",
		       seq, found);
	else if (seq != f->mapped)
		accuse(s, INV_seq, c,
		       "the page was looked up at %llu and mapped at %llu",
		       seq, (unsigned long long)f->mapped);
}

/* What lies beside a fault's page was seen under the same mmu_lock as that. */
static void begins(const struct step *s)
{
	const struct flight *f = mmu_flight(s->mmu, s->e->pid);
	const unsigned long long seq = s->e->s2_op_begin.notifier_seq;
	struct charge c;

	if (s->e->s2_op_begin.kind != S2_OP_AROUND || !f || !f->leaf.pte ||
	    seq == f->mapped)
		return;
	c = (struct charge){ .at = place_of_leaf(s->mmu, &f->leaf),
			     .cause = &f->begun };
	accuse(s, INV_seq, &c,
	       "a page was mapped at %llu and what lies beside it at %llu",
	       (unsigned long long)f->mapped, seq);
}

static void fault_ends(const struct step *s)
{
	const struct flight *f = mmu_flight(s->mmu, s->e->pid);
	const unsigned long long seq = s->e->s2_fault_end.notifier_seq;
	struct charge c;

	/* A leaf that was only made young was there before. */
	if (!f || !f->leaf.pte || f->kind == S2_FAULT_ACCESS)
		return;
	c = (struct charge){ .at = place_of_leaf(s->mmu, &f->leaf),
			     .cause = &f->begun };
	if (seq < f->notifier_seq)
		accuse(s, INV_seq, &c,
		       "the page was looked up at %llu, the fault began at %llu",
		       seq, (unsigned long long)f->notifier_seq);
	else if (seq < f->floor)
		accuse(s, INV_seq, &c,
		       "the page was looked up at %llu and mapped at %llu or later",
		       seq, (unsigned long long)f->floor);
	else
		check_count(s, f, &c);
}

const struct invariant inv_seq = {
	.name = "SEQ",
	.says = "a fault maps a page only if the host has invalidated nothing since the page was looked up, and never in a range that it is invalidating",
	.needs = ON_TABLES | ON(s2_fault_begin) | ON(s2_fault_end),
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_op_begin, begins },
			{ BEFORE, EV_s2_set, set },
			{ BEFORE, EV_s2_fault_end, fault_ends },
			{},
		},
};
