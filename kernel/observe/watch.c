// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations begin, yield and end; and who is in the middle of what.
 */
#include <linux/hash.h>

#include "watch.h"

#define AMIDS_BITS	6

/* By the address of the task. A task finds only what it entered itself. */
struct s2_amids {
	struct {
		/* Protects the links, not what they link. */
		spinlock_t		lock;
		struct hlist_head	head;
	} bucket[1 << AMIDS_BITS];
};

struct s2_amids s2_faults = {
	.bucket[0 ... (1 << AMIDS_BITS) - 1].lock =
		__SPIN_LOCK_UNLOCKED(s2_faults.lock),
};

static struct s2_amids s2_watches = {
	.bucket[0 ... (1 << AMIDS_BITS) - 1].lock =
		__SPIN_LOCK_UNLOCKED(s2_watches.lock),
};

/* RCU callbacks interrupt tasks, which may be in the middle of something. */
static DEFINE_PER_CPU(struct s2_watch *, in_callback);

/**
 * s2_amid_enter() - from now on the current task is in the middle of this
 * @amids:	of which kind
 * @amid:	on the task's stack
 */
void s2_amid_enter(struct s2_amids *amids, struct s2_amid *amid)
{
	u32 i = hash_ptr(current, AMIDS_BITS);

	amid->task = current;
	spin_lock(&amids->bucket[i].lock);
	hlist_add_head(&amid->node, &amids->bucket[i].head);
	spin_unlock(&amids->bucket[i].lock);
}

/**
 * s2_amid_leave() - and now no more
 * @amids:	of which kind
 * @amid:	what was entered
 */
void s2_amid_leave(struct s2_amids *amids, struct s2_amid *amid)
{
	u32 i = hash_ptr(current, AMIDS_BITS);

	spin_lock(&amids->bucket[i].lock);
	hlist_del(&amid->node);
	spin_unlock(&amids->bucket[i].lock);
}

/**
 * s2_amid_current() - what the current task is in the middle of
 * @amids:	of which kind
 *
 * Return: what it entered last, or NULL.
 */
struct s2_amid *s2_amid_current(struct s2_amids *amids)
{
	u32 i = hash_ptr(current, AMIDS_BITS);
	struct s2_amid *amid;

	spin_lock(&amids->bucket[i].lock);
	hlist_for_each_entry(amid, &amids->bucket[i].head, node) {
		if (amid->task == current)
			break;
	}
	spin_unlock(&amids->bucket[i].lock);
	return amid;
}

/**
 * s2_watch_current() - the operation that this code belongs to
 *
 * Return: the operation, or NULL: it is none, or nobody can know of it.
 */
struct s2_watch *s2_watch_current(void)
{
	struct s2_amid *amid;
	struct s2_watch *w;

	if (in_softirq())
		return this_cpu_read(in_callback);

	amid = s2_amid_current(&s2_watches);
	w = amid ? container_of(amid, struct s2_watch, amid) : NULL;
	return w && w->ctx ? w : NULL;
}

/* Sets what an RCU callback on this CPU does; NULL when it is done. */
void s2_watch_in_softirq(struct s2_watch *w)
{
	this_cpu_write(in_callback, w);
}

/**
 * s2_observe_begin() - an operation begins
 * @w:		filled in
 * @mmu:	whose tables
 * @kind:	what is asked for
 * @reason:	who asks
 * @ipa:	first IPA it is about
 * @end:	first IPA behind that
 * @lock:	how mmu_lock is held
 * @may_block:	mmu_lock may be dropped on the way
 *
 * Context: mmu_lock is held.
 */
void s2_observe_begin(struct s2_watch *w, struct kvm_s2_mmu *mmu,
		      enum s2_op_kind kind, enum s2_reason reason, u64 ipa,
		      u64 end, enum s2_lock lock, bool may_block)
{
	struct s2_ctx *ctx = mmu->s2;

	*w = (struct s2_watch) {
		.mmu = mmu,
		.ctx = ctx,
		.kind = kind,
		.reason = reason,
	};
	if (!ctx)
		return;

	/* nested.c of early 6.12.y moves its MMUs. */
	ctx->pgt.mmu = mmu;
	w->ctx_id = ctx->id;
	if (s2_listening(s2_op_begin))
		w->id = atomic64_inc_return(&ctx->ops);
	s2_amid_enter(&s2_watches, &w->amid);
	s2_emit(s2_op_begin, ctx, w->id, kind, reason, ipa, end, lock,
		may_block, s2_port_notifier_seq(mmu));
}

/* While mmu_lock was dropped the tables may have gone, and others come. */
static bool still_there(const struct s2_watch *w)
{
	return !w->resched ||
	       (w->mmu->pgt && w->mmu->s2 && w->mmu->s2->id == w->ctx_id);
}

/**
 * s2_observe_end() - an operation ends
 * @w:		the operation
 * @result:	how it went
 *
 * Return: @result.
 */
int s2_observe_end(struct s2_watch *w, int result)
{
	u64 deferred = w->kind == S2_OP_WRPROTECT ? w->restricted : 0;

	if (!w->ctx)
		return result;

	s2_amid_leave(&s2_watches, &w->amid);
	if (still_there(w))
		s2_emit(s2_op_end, w->ctx, w->id, w->kind, w->reason, result,
			w->entries, w->resched, deferred);
	w->ctx = NULL;
	return result;
}

/**
 * s2_observe_resched() - mmu_lock may have been dropped for a moment
 * @dropped:	not 0: it was
 */
void s2_observe_resched(int dropped)
{
	struct s2_watch *w = dropped ? s2_watch_current() : NULL;

	if (w)
		w->resched++;
}
