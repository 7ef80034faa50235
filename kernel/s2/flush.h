/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush debt: what an operation owes the TLBs, gathered while it changes
 * entries and paid, by the narrowest invalidation that suffices, before it
 * returns, before it lets go of mmu_lock and before anything it unlinked is
 * touched or freed (OWED, FREE, OVER).
 */
#ifndef __KVM_ARM64_S2_FLUSH_H
#define __KVM_ARM64_S2_FLUSH_H

#include "mmu.h"

/*
 * Up to so many pages are invalidated one by one where the CPU has no range
 * operation. Each of them also costs an invalidation of all stage-1 entries
 * of the VMID (we do not know the VA), so one by one soon loses against the
 * whole VMID.
 */
#define S2_FLUSH_MAX_PAGES	4

static inline bool s2_debt_empty(const struct s2_debt *debt)
{
	return debt->start == debt->end;
}

/* Is anything to be invalidated, cleaned or freed? */
static inline bool s2_debt_open(const struct s2_op *op)
{
	return !s2_debt_empty(&op->debt) || op->nr_cmo ||
	       !list_empty(&op->dead);
}

void s2_debt_add(struct s2_debt *debt, u64 start, u64 end, u64 leaves,
		 s32 level);

/**
 * s2_debt_leaf() - a valid leaf was cleared, restricted or write-protected
 * @op:		the operation
 * @ipa:	first IPA the leaf translates
 * @level:	its level
 */
static inline void s2_debt_leaf(struct s2_op *op, u64 ipa, s32 level)
{
	struct s2_debt *debt = &op->debt;

	/* Mostly it is the next one in a row. */
	if (debt->end == ipa && debt->level == level && !s2_debt_empty(debt)) {
		debt->end += s2_level_size(level);
		debt->leaves++;
		return;
	}
	s2_debt_add(debt, ipa, ipa + s2_level_size(level), 1, level);
}

void s2_debt_table(struct s2_op *op, u64 ipa, u64 size, u64 leaves);
void s2_debt_pay(struct s2_op *op);
void s2_debt_settle(struct s2_op *op);
void s2_debt_settle_as(struct s2_op *op, enum s2_reason reason);
void s2_debt_defer(struct s2_op *op);

void s2_flush_vmid(struct s2_ctx *ctx, u64 op, enum s2_reason reason);
void s2_flush_local(struct s2_op *op, u64 ipa, s32 level);
void s2_flush_range(struct s2_ctx *ctx, u64 op, u64 start, u64 end,
		    s32 level, enum s2_reason reason);
void s2_flush_cpu_context(struct s2_ctx *ctx);
void s2_flush_all(struct s2_ctx *ctx);

bool s2_cmo_owed(const struct s2_op *op);
void s2_cmo_before(struct s2_op *op, u64 old, u64 new, s32 level);
void s2_cmo_after(struct s2_op *op, u64 old, s32 level);
void s2_cmo_table(struct s2_op *op, const u64 *table);
void s2_cmo_clean(struct s2_op *op, u64 pte, s32 level);
void s2_cmo_later(struct s2_op *op, u64 old, s32 level);

#endif /* __KVM_ARM64_S2_FLUSH_H */
