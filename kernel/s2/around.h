/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault-around: what the host has mapped beside a page that the guest stopped
 * for.
 */
#ifndef __KVM_ARM64_S2_AROUND_H
#define __KVM_ARM64_S2_AROUND_H

#include "mmu.h"
#include "switch.h"

/**
 * struct s2_around - a fault that has just been resolved by one page
 * @kvm:	the VM
 * @mmu:	its canonical tables
 * @slot:	the memslot; its writes are not logged
 * @ipa:	the page
 * @hva:	the host address behind it
 * @vma_start:	first address of the VMA around @hva, from before the notifier
 *		sequence number was noted
 * @vma_end:	first address behind it
 * @folio:	bytes of the folio that the host has there
 */
struct s2_around {
	struct kvm			*kvm;
	struct kvm_s2_mmu		*mmu;
	const struct kvm_memory_slot	*slot;
	u64				ipa;
	unsigned long			hva;
	unsigned long			vma_start;
	unsigned long			vma_end;
	unsigned long			folio;
};

/* May anything be mapped around a fault in these tables? */
static inline bool s2_around_wanted(struct kvm *kvm,
				    const struct kvm_s2_mmu *mmu)
{
	return s2_switches.fault_around > PAGE_SIZE && mmu->s2->geo.hw_af &&
	       !mmu->s2->nested && !kvm_has_mte(kvm);
}

void s2_map_around_fault(const struct s2_around *a);

#endif /* __KVM_ARM64_S2_AROUND_H */
