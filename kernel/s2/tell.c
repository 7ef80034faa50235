// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told in the same way whoever manages the tables: we, or Linux's own
 * code when it is observed (kernel/observe).
 */
#include "seam.h"

static const enum s2_memslot_change memslot_change[] = {
	[KVM_MR_CREATE]		= S2_MEMSLOT_CREATE,
	[KVM_MR_DELETE]		= S2_MEMSLOT_DELETE,
	[KVM_MR_MOVE]		= S2_MEMSLOT_MOVE,
	[KVM_MR_FLAGS_ONLY]	= S2_MEMSLOT_FLAGS,
};

/**
 * s2_tell_memslot() - a memslot changes
 * @kvm:	the VM
 * @old:	the slot as it was; NULL at a creation
 * @new:	the slot as it will be; NULL at a deletion
 * @change:	what happens (enum kvm_mr_change)
 * @result:	not 0: why it may not
 */
void s2_tell_memslot(struct kvm *kvm, const struct kvm_memory_slot *old,
		     const struct kvm_memory_slot *new, int change, int result)
{
	const struct kvm_memory_slot *slot = new ? new : old;
	struct s2_ctx *ctx = kvm->arch.mmu.s2;

	if (!ctx || !slot)
		return;

	s2_emit(s2_memslot, ctx,
		result ? S2_MEMSLOT_REFUSED : memslot_change[change], slot->id,
		slot->base_gfn, slot->npages, slot->userspace_addr,
		slot->flags, old ? old->base_gfn : 0, old ? old->flags : 0,
		result);
}
