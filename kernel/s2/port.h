/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core needs from its surroundings: the only header that differs
 * between the kernel and the host build (tests/unit/core/port_host.h), where the
 * core runs under sanitizers and a fuzzer. Where Linux's own stage-2 code is
 * observed (kernel/observe/port_observe.h) there are only events and iterators.
 */
#ifndef __KVM_ARM64_S2_PORT_H
#define __KVM_ARM64_S2_PORT_H

#ifndef __KERNEL__
#include "port_host.h"
#elif defined(CONFIG_KVM_ARM64_S2_OBSERVE)
#include "port_observe.h"
#else

#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <asm/barrier.h>
#include <asm/cacheflush.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pgtable.h>
#include <asm/tlbflush.h>

static inline void *s2_port_va(u64 pa)
{
	return __va(pa);
}

static inline u64 s2_port_pa(const void *va)
{
	return __pa(va);
}

/*
 * The reference count of a table page. Our own word in the page's descriptor,
 * not page_count(): the host takes speculative references on any page, and
 * one of those would hide that a table is empty (S31).
 */
static inline atomic_t *s2_port_count(const void *table)
{
	return &page_ptdesc(virt_to_page(table))->pt_frag_refcount;
}

/* The same for a reader; the @pages of a concatenated root have one count. */
static inline s32 s2_port_table_count(const void *table, u32 pages)
{
	return atomic_read(s2_port_count(table));
}

/* Links an unlinked table page into the list of those waiting to be freed. */
static inline struct list_head *s2_port_link(const void *table)
{
	return &page_ptdesc(virt_to_page(table))->pt_list;
}

static inline void *s2_port_of_link(struct list_head *link)
{
	struct ptdesc *ptdesc = container_of(link, struct ptdesc, pt_list);

	return page_to_virt(ptdesc_page(ptdesc));
}

/* A word of our own beside a table page, while it waits to be freed. */
static inline void s2_port_set_note(const void *table, u64 note)
{
	set_page_private(virt_to_page(table), note);
}

static inline u64 s2_port_note(const void *table)
{
	return page_private(virt_to_page(table));
}

/* A zeroed root of @pages pages, charged to the VM's memory cgroup (S30). */
static inline void *s2_port_alloc_root(u32 pages)
{
	void *root = alloc_pages_exact(pages * PAGE_SIZE,
				       GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (root)
		kvm_account_pgtable_pages(root, pages);
	return root;
}

static inline void s2_port_free_root(void *root, u32 pages)
{
	kvm_account_pgtable_pages(root, -(int)pages);
	free_pages_exact(root, pages * PAGE_SIZE);
}

/* Takes a page that KVM's cache allocated: it becomes a table page. */
static inline void s2_port_table_taken(void *table)
{
	kvm_account_pgtable_pages(table, 1);
}

/* And back into the cache. */
static inline void s2_port_table_untaken(void *table)
{
	kvm_account_pgtable_pages(table, -1);
}

static inline void s2_port_free_table(void *table)
{
	kvm_account_pgtable_pages(table, -1);
	free_page((unsigned long)table);
}

/* Cache maintenance on guest memory, by physical address. */
static inline void s2_port_dcache_clean_inval(u64 pa, u64 size)
{
	__clean_dcache_guest_page(__va(pa), size);
}

static inline void s2_port_icache_inval(u64 pa, u64 size)
{
	__invalidate_icache_guest_page(__va(pa), size);
}

/* Makes earlier descriptor writes visible to the table walkers of all CPUs. */
static inline void s2_port_sync_walkers(void)
{
	dsb(ishst);
}

/*
 * The invalidations. Each orders earlier descriptor writes before itself
 * (DSB ISHST, or NSHST for the local one) and has completed on return; the
 * code runs at EL2 (hyp/vhe/tlb.c, hyp/nvhe/tlb.c).
 */
static inline void s2_port_tlbi_ipa(struct kvm_s2_mmu *mmu, u64 ipa, s32 level)
{
	kvm_call_hyp(__kvm_tlb_flush_vmid_ipa, mmu, ipa, level);
}

static inline void s2_port_tlbi_ipa_local(struct kvm_s2_mmu *mmu, u64 ipa,
					  s32 level)
{
	kvm_call_hyp(__kvm_tlb_flush_vmid_ipa_nsh, mmu, ipa, level);
}

static inline void s2_port_tlbi_range(struct kvm_s2_mmu *mmu, u64 ipa,
				      u64 pages)
{
	kvm_call_hyp(__kvm_tlb_flush_vmid_range, mmu, ipa, pages);
}

static inline void s2_port_tlbi_vmid(struct kvm_s2_mmu *mmu)
{
	kvm_call_hyp(__kvm_tlb_flush_vmid, mmu);
}

static inline void s2_port_tlbi_cpu_context(struct kvm_s2_mmu *mmu)
{
	kvm_call_hyp(__kvm_flush_cpu_context, mmu);
}

static inline void s2_port_tlbi_all(void)
{
	kvm_call_hyp(__kvm_flush_vm_context);
}

/* Level hint that says nothing, as the TLBI helpers above take it. */
#define S2_PORT_TTL_UNKNOWN	TLBI_TTL_UNKNOWN
/* Most pages that one range invalidation can name. */
#define S2_PORT_RANGE_PAGES	MAX_TLBI_RANGE_PAGES

/* The TTL field that an invalidation by IPA carries for @level, in place. */
static inline u64 s2_port_ttl(s32 level)
{
	if (level < 0 || level > 3 ||
	    !cpus_have_final_cap(ARM64_HAS_ARMv8_4_TTL))
		return 0;

	return FIELD_PREP(TLBI_TTL_MASK, (get_trans_granule() << 2) | level);
}

/* The VMID an MMU has, with its generation above it; 0 if it never had one. */
static inline u64 s2_port_vmid(struct kvm_s2_mmu *mmu)
{
	return atomic64_read(&mmu->vmid.id);
}

/* What KVM tells user space of the VM. Belongs to the VM, not to the MMU. */
static inline struct kvm_s2_stat *s2_port_stat(struct kvm_s2_mmu *mmu)
{
	return &kvm_s2_mmu_to_kvm(mmu)->stat.s2;
}

static inline u32 s2_port_vmid_bits(void)
{
	return kvm_arm_vmid_bits;
}

/* Bits the administrator wants a VMID to have (kvm-arm.vmid_bits); 0: all. */
u32 s2_port_vmid_bits_wanted(void);

/* Id of the vCPU being loaded or put on this CPU, for events only. */
static inline s32 s2_port_vcpu(void)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();

	return vcpu ? vcpu->vcpu_id : -1;
}

static inline rwlock_t *s2_port_lock(struct kvm_s2_mmu *mmu)
{
	return &kvm_s2_mmu_to_kvm(mmu)->mmu_lock;
}

/* How many invalidations by the host have ended. Settled under mmu_lock. */
static inline u64 s2_port_notifier_seq(struct kvm_s2_mmu *mmu)
{
	return READ_ONCE(kvm_s2_mmu_to_kvm(mmu)->mmu_invalidate_seq);
}

/* Somebody waits for mmu_lock or for this CPU. */
static inline bool s2_port_needbreak(struct kvm_s2_mmu *mmu)
{
	return need_resched() || rwlock_needbreak(s2_port_lock(mmu));
}

/* Lets go of mmu_lock (held for write) for a moment. May sleep. */
static inline void s2_port_break(struct kvm_s2_mmu *mmu)
{
	cond_resched_rwlock_write(s2_port_lock(mmu));
}

/* Current CPU, for events only. */
static inline s32 s2_port_cpu(void)
{
	return raw_smp_processor_id();
}

#endif /* __KERNEL__ */
#endif /* __KVM_ARM64_S2_PORT_H */
