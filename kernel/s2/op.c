// SPDX-License-Identifier: GPL-2.0-only
/*
 * Begin, yield and end of an operation.
 */
#include "count.h"
#include "emit.h"
#include "flush.h"
#include "op.h"
#include "stat.h"

/*
 * Told by functions of their own, and last: so that those who begin and end
 * operations nobody listens to keep nothing for it.
 */
static noinline void begin_told(struct s2_op *op, u64 ipa, u64 end)
{
	struct s2_ctx *ctx = op->ctx;

	op->id = atomic64_inc_return(&ctx->ops);
	s2_emit(s2_op_begin, ctx, op->id, op->kind, op->reason, ipa, end,
		op->lock, op->may_block, s2_port_notifier_seq(op->mmu));
}

static noinline int end_told(struct s2_op *op, int result)
{
	s2_emit(s2_op_end, op->ctx, op->id, op->kind, op->reason, result,
		op->entries, op->resched, op->deferred);
	return result;
}

/**
 * s2_op_begin() - start an operation
 * @op:		filled in
 * @mmu:	whose tables; mmu->pgt is not NULL and @lock is held, so the
 *		context stays until the lock is dropped
 * @kind:	what is asked for
 * @reason:	who asks
 * @ipa:	first IPA it is about
 * @end:	first IPA behind that
 * @lock:	how mmu_lock is held
 * @may_block:	the lock may be dropped on the way and we may sleep
 */
void s2_op_begin(struct s2_op *op, struct kvm_s2_mmu *mmu,
		 enum s2_op_kind kind, enum s2_reason reason, u64 ipa, u64 end,
		 enum s2_lock lock, bool may_block)
{
	op->mmu = mmu;
	op->ctx = mmu->s2;
	op->id = 0;
	op->kind = kind;
	op->reason = reason;
	op->lock = lock;
	op->may_block = may_block;
	op->debt = (struct s2_debt) { };
	INIT_LIST_HEAD(&op->dead);
	op->entries = 0;
	op->sets = 0;
	op->clears = 0;
	memset(op->leaves, 0, sizeof(op->leaves));
	memset(op->tables, 0, sizeof(op->tables));
	op->stat = false;
	op->resched = 0;
	op->deferred = 0;
	op->nr_cmo = 0;

	if (s2_listening(s2_op_begin))
		begin_told(op, ipa, end);
}

/**
 * s2_op_end() - settle what is owed and end the operation
 * @op:		the operation
 * @result:	how it went
 *
 * Return: @result.
 */
int s2_op_end(struct s2_op *op, int result)
{
	/* The MMU went away while we had let go of the lock: nothing is owed. */
	if (!op->ctx)
		return result;

	if (s2_debt_open(op))
		s2_debt_settle(op);
	s2_count_publish(op);
	s2_stat_publish(op);
	return s2_listening(s2_op_end) ? end_told(op, result) : result;
}

static bool may_yield(struct s2_op *op)
{
	if (!op->may_block)
		return s2_inject(op->ctx, YIELD_IGNORES_MAY_BLOCK);

	return s2_port_needbreak(op->mmu);
}

/**
 * s2_op_yield() - let others in, if somebody waits and we may
 * @op:		an operation that holds mmu_lock for write
 *
 * Pays and frees first: whoever gets the lock next must find nothing half
 * done (OWED). Then the tables may be gone, or others may be in their place,
 * so this looks again (U20, U21). The caller starts over from the root.
 *
 * Return: false if the tables are gone: the operation has nothing left to do,
 * and new ones are none of its business.
 */
bool s2_op_yield(struct s2_op *op)
{
	u64 id;

	if (!may_yield(op))
		return true;

	if (s2_debt_open(op))
		s2_debt_settle(op);
	s2_count_publish(op);
	s2_stat_publish(op);
	op->resched++;
	id = op->ctx->id;
	s2_port_break(op->mmu);
	if (!op->mmu->pgt || op->mmu->s2->id != id)
		op->ctx = NULL;
	return op->ctx;
}

/**
 * s2_op_range() - do something to a range, piece by piece
 * @op:		an operation that holds mmu_lock for write
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 * @level:	pieces are as large as one entry of this level, and aligned
 * @fn:		what is to be done
 *
 * Return: 0, or the first error of @fn. A MMU that went away is no error:
 * nothing of it is left to be changed.
 */
int s2_op_range(struct s2_op *op, u64 ipa, u64 end, s32 level, s2_range_fn fn)
{
	u64 limit = s2_ipa_limit(&op->ctx->geo), next;
	int ret = 0;

	if (end > limit)
		end = limit;

	for (; ipa < end && !ret; ipa = next) {
		next = s2_next_or_end(level, ipa, end);
		ret = fn(op, ipa, next);
		if (next < end && !s2_op_yield(op))
			return ret;
	}
	return ret;
}
