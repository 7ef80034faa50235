/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage-2 context: what we keep of one struct kvm_s2_mmu, and one
 * operation on it.
 *
 * mmu->s2 points here from kvm_init_stage2_mmu() until the s2_mmu_free event,
 * so that an event can always say whose it is. mmu->pgt points at s2->pgt
 * only while the tables may be used: it becomes NULL, under mmu_lock held for
 * write, before the first table page of a dying MMU is taken down.
 */
#ifndef __KVM_ARM64_S2_MMU_H
#define __KVM_ARM64_S2_MMU_H

#include "port.h"
#include "abi.h"
#include "geometry.h"
#include "inject.h"

/**
 * struct s2_debt - what an operation still owes the TLBs
 * @start:	lowest IPA of an entry changed since the last payment
 * @end:	first IPA behind the highest such entry
 * @leaves:	leaf entries (or fully covered subtrees) that were cleared,
 *		restricted or write-protected
 * @level:	level of those leaves if they share one, else S2_LEVEL_ANY
 * @tables:	a table entry was cleared: walk caches may hold it, so neither
 *		a level hint nor a leaf-only invalidation will do
 *
 * Empty when @start == @end. Lives on the stack of the operation.
 */
struct s2_debt {
	u64		start;
	u64		end;
	u64		leaves;
	s32		level;
	bool		tables;
};

/* What came of a fault, in the order of s2_counts.faults_ended. */
enum s2_fault_end {
	S2_FAULT_HANDLED,	/* on with the guest, or mapped ahead */
	S2_FAULT_USER,		/* user space's turn */
	S2_FAULT_AGAIN,		/* lost a race, or the host changed meanwhile */
	S2_FAULT_FAILED,
	S2_NR_FAULT_ENDS,
};

/**
 * struct s2_counts - a context's events, counted while somebody listens
 * @sets:	s2_set
 * @clears:	s2_clear
 * @faults:	s2_fault_begin, by kind
 * @faults_ended: s2_fault_end, by what came of it and by the level of the leaf
 *		that was wanted; the last for those that came to want none
 * @vmid_assigns: s2_vmid_assign
 * @rollovers:	s2_vmid_rollover
 * @flushes:	s2_flush, by reason and scope
 * @flush_pages: pages these covered, where the scope is bounded
 *
 * Kept by count.h while anybody listens to s2_counts: see events.h. s2stat reads
 * it as it is, as struct s2r_kept of bpf/records.h.
 */
struct s2_counts {
	atomic64_t	sets;
	atomic64_t	clears;
	atomic64_t	faults[S2_NR_FAULTS];
	atomic64_t	faults_ended[S2_NR_FAULT_ENDS][S2_LAST_LEVEL + 2];
	atomic64_t	vmid_assigns;
	atomic64_t	rollovers;
	atomic64_t	flushes[S2_NR_REASONS][S2_NR_SCOPES];
	atomic64_t	flush_pages[S2_NR_REASONS][S2_NR_SCOPES];
};

/**
 * struct s2_ctx - one stage-2 translation context
 * @pgt:	what Linux's own readers (nested, ptdump) see through mmu->pgt;
 *		pgt.mmu is the struct kvm_s2_mmu this belongs to, which nested.c
 *		moves in early 6.12.y
 * @id:		unique for the life of the host, never reused
 * @vm:		thread-group id of the process that created the VM
 * @nested:	a shadow stage-2, not the VM's canonical one
 * @geo:	shape of the tables
 * @seq:	last event sequence number given out
 * @ops:	last operation id given out
 * @tables_alloc: table pages below the root that were ever linked
 * @tables_freed: of these, given back
 * @counts:	its events, while somebody wants them counted
 * @root:	first entry of the (concatenated) root
 * @node:	in the list of all contexts, under s2_mmus_lock
 * @rcu:	who flushes without mmu_lock may still hold the context
 * @inject:	how often each fault is still to happen; negative: always
 * @decoy:	for a flush that is to name another VMID
 */
struct s2_ctx {
	struct kvm_pgtable	pgt;
	u64			id;
	s32			vm;
	bool			nested;
	struct s2_geometry	geo;
	atomic64_t		seq;
	atomic64_t		ops;
	atomic64_t		tables_alloc;
	atomic64_t		tables_freed;
#ifndef CONFIG_KVM_ARM64_S2_OBSERVE
	struct s2_counts	counts;
#endif
	u64			*root;
	struct list_head	node;
	struct rcu_head		rcu;
#ifdef CONFIG_KVM_ARM64_S2_INJECT
	atomic_t		inject[S2_NR_INJECTIONS];
	struct kvm_s2_mmu	decoy;
#endif
};

/**
 * struct s2_op - one entry into the core, from begin to end
 * @mmu:	whose tables; outlives the operation
 * @ctx:	the context, looked up under the lock (again after the lock was
 *		dropped); NULL once the MMU turned out to be gone
 * @id:		names the operation in events (0 when nobody listens)
 * @kind:	what was asked for
 * @reason:	who asked
 * @lock:	how mmu_lock is held. S2_LOCK_READ: others may change the tables
 *		under us, so entries change by cmpxchg and none goes from valid
 *		to invalid. S2_LOCK_WRITE: we are alone. S2_LOCK_NONE: the
 *		tables are already unreachable
 * @may_block:	the caller may sleep, so the lock may be dropped on the way
 * @debt:	owed to the TLBs, paid before @dead is touched or freed
 * @dead:	table pages unlinked but not yet freed
 * @entries:	entries touched
 * @sets:	entries set, and the context's counts do not say so yet
 * @clears:	likewise entries cleared
 * @leaves:	how the number of leaves has changed, by level, and the VM's
 *		statistics do not say so yet
 * @tables:	likewise the number of table pages, by level of their entries
 * @stat:	one of these may not be zero
 * @resched:	how often the lock was dropped
 * @deferred:	leaves whose debt KVM pays itself after dropping mmu_lock
 * @cmo:	pages whose cache lines are to go once the debt is paid
 * @nr_cmo:	how many of @cmo are filled
 */
struct s2_op {
	struct kvm_s2_mmu	*mmu;
	struct s2_ctx		*ctx;
	u64			id;
	enum s2_op_kind		kind;
	enum s2_reason		reason;
	enum s2_lock		lock;
	bool			may_block;
	struct s2_debt		debt;
	struct list_head	dead;
	u64			entries;
	u64			sets;
	u64			clears;
	s64			leaves[S2_LAST_LEVEL + 1];
	s64			tables[S2_LAST_LEVEL + 1];
	bool			stat;
	u64			resched;
	u64			deferred;
	struct {
		u64		pa;
		u64		size;
	}			cmo[16];
	u32			nr_cmo;
};

/**
 * struct s2_table_pos - one table page, as the s2_table iterator shows it
 * @ipa:	first IPA the page translates
 * @pa:		its physical address
 * @entries:	its entries (kernel virtual address)
 * @level:	level of its entries
 * @count:	its own reference count: 1 + counted entries
 * @nr:		number of entries in it
 */
struct s2_table_pos {
	u64	ipa;
	u64	pa;
	u64	*entries;
	s32	level;
	s32	count;
	u32	nr;
};

static inline u64 s2_mmu_id(const struct kvm_s2_mmu *mmu)
{
	return mmu->s2 ? mmu->s2->id : 0;
}

static inline s32 s2_mmu_vm(const struct kvm_s2_mmu *mmu)
{
	return mmu->s2 ? mmu->s2->vm : 0;
}

#endif /* __KVM_ARM64_S2_MMU_H */
