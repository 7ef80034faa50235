/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the events and the iterators of arch/arm64/kvm/s2 need of their
 * surroundings where the tables are Linux's own: see s2/port.h.
 */
#ifndef __KVM_ARM64_S2_PORT_OBSERVE_H
#define __KVM_ARM64_S2_PORT_OBSERVE_H

#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pgtable.h>
#include <asm/tlbflush.h>

/*
 * An entry that is being replaced: bit 10 in 6.12, in newer Linux one of several
 * types of invalid entries. The only thing here in which they differ.
 */
#ifdef KVM_INVALID_PTE_LOCKED
#define S2_PORT_LOCK_MARK	KVM_INVALID_PTE_LOCKED
#else
#define S2_PORT_LOCK_MARK	FIELD_PREP(KVM_INVALID_PTE_TYPE_MASK, \
					   KVM_INVALID_PTE_TYPE_LOCKED)
#endif

static inline void *s2_port_va(u64 pa)
{
	return __va(pa);
}

static inline u64 s2_port_pa(const void *va)
{
	return __pa(va);
}

/* Linux counts the entries of a table page in the page's own count. */
static inline atomic_t *s2_port_count(const void *table)
{
	return &virt_to_page(table)->_refcount;
}

/* Each page of a concatenated root has a count of its own. */
static inline s32 s2_port_table_count(const void *table, u32 pages)
{
	s32 count = 1;
	u32 i;

	for (i = 0; i < pages; i++)
		count += atomic_read(s2_port_count(table + i * PAGE_SIZE)) - 1;
	return count;
}

/* The TTL field that an invalidation by IPA carries for @level, in place. */
static inline u64 s2_port_ttl(s32 level)
{
	if (level < 0 || level > 3 ||
	    !cpus_have_final_cap(ARM64_HAS_ARMv8_4_TTL))
		return 0;

	return FIELD_PREP(TLBI_TTL_MASK, (get_trans_granule() << 2) | level);
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

/* Current CPU, for events only. */
static inline s32 s2_port_cpu(void)
{
	return raw_smp_processor_id();
}

/* Id of the vCPU being loaded or put on this CPU, for events only. */
static inline s32 s2_port_vcpu(void)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();

	return vcpu ? vcpu->vcpu_id : -1;
}

#endif /* __KVM_ARM64_S2_PORT_OBSERVE_H */
