/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VM's statistics say of its stage-2 tables: how many leaves and table
 * pages there are by level, how often what was invalidated, and why the guest
 * stopped. KVM shows them (KVM_GET_STATS_FD, debugfs); stat_desc.h names them.
 *
 * They are always on, so they must cost nothing worth a mention: an operation
 * gathers on its stack how it changed the numbers of leaves and tables, and
 * adds it to the VM's counters once, with one relaxed atomic for each number
 * that changed. A fault that maps a page costs two: one for the leaf, one for
 * the fault; mmu_lock, which it takes for read, costs as many. Per-CPU
 * counters would spare those, but KVM reads a VM's statistics as plain words.
 *
 * So while an operation is under way the numbers are as it found them.
 */
#ifndef __KVM_ARM64_S2_STAT_H
#define __KVM_ARM64_S2_STAT_H

#include "mmu.h"
#include "pte.h"

#define S2_STAT_IS(stat, nr)						\
	static_assert(sizeof_field(struct kvm_s2_stat, stat) ==		\
		      (nr) * sizeof(atomic64_t))

S2_STAT_IS(leaves, S2_LAST_LEVEL);
S2_STAT_IS(tables, S2_LAST_LEVEL + 1);
S2_STAT_IS(flushes, S2_NR_SCOPES);
S2_STAT_IS(faults, S2_NR_FAULTS);

/* An entry of @level changed from @old to @new. */
static inline void s2_stat_entry(struct s2_op *op, s32 level, u64 old, u64 new)
{
	op->leaves[level] += s2_pte_leaf(new, level) - s2_pte_leaf(old, level);
	op->stat = true;
}

/* @leaves of @level went together. */
static inline void s2_stat_gone(struct s2_op *op, s32 level, u32 leaves)
{
	op->entries += leaves;
	op->leaves[level] -= leaves;
	op->stat = true;
}

/* A table page for entries of @level was taken, or is given back (@nr < 0). */
static inline void s2_stat_table(struct s2_op *op, s32 level, s32 nr)
{
	op->tables[level] += nr;
	op->stat = true;
}

/* The operation has come to a point where others may look. */
static inline void s2_stat_publish(struct s2_op *op)
{
	struct kvm_s2_stat *stat = s2_port_stat(op->mmu);
	s32 level;

	if (!op->stat)
		return;
	op->stat = false;
	for (level = 0; level <= S2_LAST_LEVEL; level++) {
		/* No host has blocks of level 0: see s2_geometry_init(). */
		if (level && op->leaves[level])
			atomic64_add(op->leaves[level],
				     &stat->leaves[level - 1]);
		if (op->tables[level])
			atomic64_add(op->tables[level], &stat->tables[level]);
		op->leaves[level] = 0;
		op->tables[level] = 0;
	}
}

/* The pages of a root came (@nr > 0) or go. */
static inline void s2_stat_root(struct s2_ctx *ctx, s32 nr)
{
	atomic64_add(nr, &s2_port_stat(ctx->pgt.mmu)->tables[ctx->geo.start_level]);
}

static inline void s2_stat_flush(struct s2_ctx *ctx, enum s2_scope scope)
{
	atomic64_inc(&s2_port_stat(ctx->pgt.mmu)->flushes[scope]);
}

static inline void s2_stat_fault(struct kvm_s2_mmu *mmu, enum s2_fault_kind kind)
{
	atomic64_inc(&s2_port_stat(mmu)->faults[kind]);
}

static inline void s2_stat_rollover(struct s2_ctx *ctx)
{
	atomic64_inc(&s2_port_stat(ctx->pgt.mmu)->vmid_rollovers);
}

#endif /* __KVM_ARM64_S2_STAT_H */
