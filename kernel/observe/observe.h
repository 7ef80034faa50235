/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hooks that Linux's own stage-2 code calls to be observed. None of them
 * changes what the caller does, and only the first of a context can fail.
 *
 * Much of that code does not know whose tables it walks, or why. So whoever
 * enters it says so first (struct s2_watch, on the caller's stack), and the
 * hooks further down find the watch by the current task.
 *
 * hyp/pgtable.c is compiled for EL2, too, where nothing can be told.
 */
#ifndef __KVM_ARM64_S2_OBSERVE_H
#define __KVM_ARM64_S2_OBSERVE_H

#include <linux/types.h>

#include "../s2/abi.h"

struct kvm;
struct kvm_memory_slot;
struct kvm_mmu_memory_cache;
struct kvm_pgtable;
struct kvm_pgtable_visit_ctx;
struct kvm_s2_mmu;
struct kvm_vcpu;
struct kvm_vmid;
struct page;

#if defined(CONFIG_KVM_ARM64_S2_OBSERVE) && !defined(__KVM_NVHE_HYPERVISOR__)

struct s2_ctx;
struct task_struct;

/**
 * struct s2_amid - what the current task is in the middle of
 * @node:	in a list of its kind
 * @task:	the task
 */
struct s2_amid {
	struct hlist_node	node;
	struct task_struct	*task;
};

/**
 * struct s2_watch - an operation on the tables, from begin to end
 * @amid:	how the hooks below find it
 * @mmu:	whose tables
 * @ctx:	what observers know of @mmu; NULL: nothing, so nothing is told
 * @ctx_id:	its id, should mmu_lock be dropped and @ctx be gone
 * @id:		names the operation in events (0 when nobody listens)
 * @base:	while a subtree is built or freed that is not linked: the first
 *		IPA it translates. The walk counts from 0 then
 * @unlinked:	first IPA that the table translates that was unlinked last
 * @entries:	entries changed
 * @restricted:	leaves that became read-only; KVM flushes after the end
 * @resched:	how often mmu_lock was dropped on the way
 * @kind:	what is asked for (enum s2_op_kind)
 * @reason:	who asks (enum s2_reason)
 * @linking:	a table was taken to replace what is at its place
 * @collapsing:	a table was unlinked to be replaced by a block
 */
struct s2_watch {
	struct s2_amid		amid;
	struct kvm_s2_mmu	*mmu;
	struct s2_ctx		*ctx;
	u64			ctx_id;
	u64			id;
	u64			base;
	u64			unlinked;
	u64			entries;
	u64			restricted;
	u64			resched;
	int			kind;
	int			reason;
	bool			linking;
	bool			collapsing;
};

/**
 * struct s2_fault_watch - a guest abort, from begin to end
 * @amid:	how the hooks below find it
 * @vcpu:	who faulted
 * @mmu:	in which tables; NULL: nothing is known of them
 * @ipa:	where
 * @pfn:	the host page, 0 if none was found
 * @size:	bytes of the leaf that is wanted
 * @granule:	bytes of the leaf that denied the access, 0 if none did
 * @host_size:	bytes that the host maps there as one, 0: not looked at
 * @seq:	notifier sequence number from before the page was looked up
 * @page_seq:	and once it had been found
 * @taken:	references taken on host pages
 * @put:	and put
 * @sought:	a host page was looked for
 * @found:	and found
 * @uncached:	its VMA lets the guest choose Normal Non-cacheable
 * @dirty:	it was marked dirty in the slot's log
 */
struct s2_fault_watch {
	struct s2_amid		amid;
	struct kvm_vcpu		*vcpu;
	struct kvm_s2_mmu	*mmu;
	u64			ipa;
	u64			pfn;
	u64			size;
	u64			granule;
	u64			host_size;
	u64			seq;
	u64			page_seq;
	int			taken;
	int			put;
	bool			sought;
	bool			found;
	bool			uncached;
	bool			dirty;
};

/* Contexts */
int s2_observe_init(struct kvm *kvm, struct kvm_s2_mmu *mmu,
		    struct kvm_pgtable *pgt);
void s2_observe_destroyed(struct kvm_s2_mmu *mmu);
void s2_observe_vm_gone(struct kvm *kvm);

/* Operations */
void s2_observe_begin(struct s2_watch *w, struct kvm_s2_mmu *mmu,
		      enum s2_op_kind kind, enum s2_reason reason, u64 ipa,
		      u64 end, enum s2_lock lock, bool may_block);
int s2_observe_end(struct s2_watch *w, int result);
void s2_observe_resched(int dropped);

/* Entries and table pages */
void s2_observe_entry(const struct kvm_pgtable_visit_ctx *at, u64 new,
		      int pending);
void s2_observe_break(const struct kvm_pgtable_visit_ctx *at);
void s2_observe_make(const struct kvm_pgtable_visit_ctx *at, u64 new);
void s2_observe_subtree(const struct kvm_pgtable_visit_ctx *at, bool built);
void s2_observe_table_alloc(const void *table, int level, u64 addr);
void s2_observe_table_free(const void *table, int level, u64 addr);
void s2_observe_grace_wait(struct page *page, int level);
void s2_observe_grace_begin(struct s2_watch *w, struct page *page);
void s2_observe_grace_end(struct s2_watch *w);
void s2_observe_cache(struct kvm_s2_mmu *mmu,
		      struct kvm_mmu_memory_cache *mc, int before, int result);

/* Invalidations and cache maintenance, once they have completed */
void s2_observe_flush_ipa(struct kvm_s2_mmu *mmu, u64 ipa, int level);
void s2_observe_flush_ipa_local(struct kvm_s2_mmu *mmu, u64 ipa, int level);
void s2_observe_flush_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 pages);
void s2_observe_flush_vmid(struct kvm_s2_mmu *mmu, u64 ipa, u64 size);
void s2_observe_flush_cpu_context(struct kvm_s2_mmu *mmu);
void s2_observe_cmo(enum s2_cmo_kind kind, const void *va, size_t size);

/* Faults and memslots */
void s2_observe_fault_begin(struct s2_fault_watch *f, struct kvm_vcpu *vcpu,
			    u64 ipa);
void s2_observe_fault_end(struct s2_fault_watch *f, int result);
void s2_observe_page(u64 pfn, const struct page *page, u64 size, u64 seq,
		     bool uncached);
void s2_observe_page_put(u64 pfn, const struct page *page, u64 ipa, s64 size,
			 bool dirty);
void s2_tell_memslot(struct kvm *kvm, const struct kvm_memory_slot *old,
		     const struct kvm_memory_slot *new, int change, int result);

/* VMIDs */
void s2_observe_vmid_assign(struct kvm_vmid *vmid, u64 id, u64 old,
			    u64 generation, const unsigned long *map);
void s2_observe_vmid_rollover(struct kvm_vmid *vmid, u64 generation,
			      const unsigned long *map);
void s2_observe_vmid_flush_all(struct kvm_vmid *vmid);
void s2_observe_vmid_load(struct kvm_vmid *vmid, u64 id);
void s2_observe_vmid_put(void);

#else

struct s2_watch { };
struct s2_fault_watch { };

static inline int s2_observe_end(struct s2_watch *w, int result)
{
	return result;
}

static inline int s2_observe_init(struct kvm *kvm, struct kvm_s2_mmu *mmu,
				  struct kvm_pgtable *pgt)
{
	return 0;
}

#define s2_observe_nothing(...)			do { } while (0)
#define s2_observe_destroyed			s2_observe_nothing
#define s2_observe_vm_gone			s2_observe_nothing
#define s2_observe_begin			s2_observe_nothing
#define s2_observe_resched(dropped)		((void)(dropped))
#define s2_observe_entry			s2_observe_nothing
#define s2_observe_break			s2_observe_nothing
#define s2_observe_make				s2_observe_nothing
#define s2_observe_subtree			s2_observe_nothing
#define s2_observe_table_alloc			s2_observe_nothing
#define s2_observe_table_free			s2_observe_nothing
#define s2_observe_grace_wait			s2_observe_nothing
#define s2_observe_grace_begin			s2_observe_nothing
#define s2_observe_grace_end			s2_observe_nothing
#define s2_observe_cache(mmu, mc, before, res)	((void)(before))
#define s2_observe_flush_ipa			s2_observe_nothing
#define s2_observe_flush_ipa_local		s2_observe_nothing
#define s2_observe_flush_range			s2_observe_nothing
#define s2_observe_flush_vmid			s2_observe_nothing
#define s2_observe_flush_cpu_context		s2_observe_nothing
#define s2_observe_cmo				s2_observe_nothing
#define s2_observe_fault_begin			s2_observe_nothing
#define s2_observe_fault_end			s2_observe_nothing
#define s2_observe_page				s2_observe_nothing
#define s2_observe_page_put			s2_observe_nothing
#define s2_tell_memslot				s2_observe_nothing
#define s2_observe_vmid_assign			s2_observe_nothing
#define s2_observe_vmid_rollover		s2_observe_nothing
#define s2_observe_vmid_flush_all		s2_observe_nothing
#define s2_observe_vmid_load			s2_observe_nothing
#define s2_observe_vmid_put			s2_observe_nothing

#endif

#endif /* __KVM_ARM64_S2_OBSERVE_H */
