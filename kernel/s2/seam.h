/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side of the seam: what the files above the core share.
 */
#ifndef __KVM_ARM64_S2_SEAM_H
#define __KVM_ARM64_S2_SEAM_H

#include "cache.h"
#include "emit.h"
#include "flush.h"
#include "op.h"
#include "table.h"

/* Every live context, oldest first. */
extern struct list_head s2_mmus;
extern struct mutex s2_mmus_lock;

static inline u64 s2_slot_start(const struct kvm_memory_slot *slot)
{
	return (u64)slot->base_gfn << PAGE_SHIFT;
}

static inline u64 s2_slot_end(const struct kvm_memory_slot *slot)
{
	return ((u64)slot->base_gfn + slot->npages) << PAGE_SHIFT;
}

/* Pages of this slot are logged when the guest writes to them. */
static inline bool s2_slot_logs(const struct kvm_memory_slot *slot)
{
	return slot->dirty_bitmap && !(slot->flags & KVM_MEM_READONLY);
}

void s2_unmap_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 end,
		    enum s2_reason reason, bool may_block);
void s2_split_range(struct kvm *kvm, u64 ipa, u64 end);
void s2_join_slot(struct kvm *kvm, const struct kvm_memory_slot *slot);
u64 s2_host_leaf_size(struct mm_struct *mm, unsigned long hva);
void s2_wp_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 end,
		 enum s2_reason reason);
void s2_tell_memslot(struct kvm *kvm, const struct kvm_memory_slot *old,
		     const struct kvm_memory_slot *new, int change, int result);

#endif /* __KVM_ARM64_S2_SEAM_H */
