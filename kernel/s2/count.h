/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A context's events, counted where they happen (struct s2_counts), so that to
 * look at rates costs the guest next to nothing: a BPF program on each event
 * that only counts it made a guest that does nothing but fault a third slower.
 *
 * Off, this costs what an event costs: a static branch (that of the tracepoint
 * s2_counts). On, an operation gathers on its stack how many entries it set and
 * cleared and says so once, with one relaxed atomic each; all else is one for
 * each event. So while an operation is under way its entries are not counted
 * yet, and one that was under way when somebody began to listen is counted as
 * far as it went on from there.
 */
#ifndef __KVM_ARM64_S2_COUNT_H
#define __KVM_ARM64_S2_COUNT_H

#include "emit.h"

static inline void s2_count_set(struct s2_op *op)
{
	if (s2_counting())
		op->sets++;
}

static inline void s2_count_clear(struct s2_op *op)
{
	if (s2_counting())
		op->clears++;
}

/* @nr entries went together, and no event told of each. */
static inline void s2_count_gone(struct s2_op *op, u32 nr)
{
	if (s2_counting())
		op->clears += nr;
}

/* The operation has come to a point where others may look. */
static inline void s2_count_publish(struct s2_op *op)
{
	struct s2_counts *counts = &op->ctx->counts;

	if (!s2_counting())
		return;
	if (op->sets)
		atomic64_add(op->sets, &counts->sets);
	if (op->clears)
		atomic64_add(op->clears, &counts->clears);
	op->sets = 0;
	op->clears = 0;
}

/* An invalidation of @size bytes, where @scope has bounds. */
static inline void s2_count_flush(struct s2_ctx *ctx, enum s2_reason reason,
				  enum s2_scope scope, u64 size)
{
	struct s2_counts *counts = &ctx->counts;

	if (!s2_counting())
		return;
	atomic64_inc(&counts->flushes[reason][scope]);
	if (scope == S2_SCOPE_IPA || scope == S2_SCOPE_IPA_LOCAL ||
	    scope == S2_SCOPE_RANGE)
		atomic64_add(size >> PAGE_SHIFT,
			     &counts->flush_pages[reason][scope]);
}

static inline void s2_count_fault_begin(struct s2_ctx *ctx,
					enum s2_fault_kind kind)
{
	if (s2_counting())
		atomic64_inc(&ctx->counts.faults[kind]);
}

static inline enum s2_fault_end s2_fault_end_of(int result)
{
	if (result > 0)
		return S2_FAULT_HANDLED;
	if (!result)
		return S2_FAULT_USER;
	return result == -EAGAIN || result == -ESTALE ? S2_FAULT_AGAIN :
							S2_FAULT_FAILED;
}

/*
 * Only while s2_counting(). @level: of the leaf that was wanted,
 * S2_LAST_LEVEL + 1 if none was.
 */
static inline void s2_count_fault_end(struct s2_ctx *ctx, int result, s32 level)
{
	enum s2_fault_end end = s2_fault_end_of(result);

	atomic64_inc(&ctx->counts.faults_ended[end][level]);
}

static inline void s2_count_vmid_assign(struct s2_ctx *ctx)
{
	if (s2_counting())
		atomic64_inc(&ctx->counts.vmid_assigns);
}

static inline void s2_count_rollover(struct s2_ctx *ctx)
{
	if (s2_counting())
		atomic64_inc(&ctx->counts.rollovers);
}

#endif /* __KVM_ARM64_S2_COUNT_H */
