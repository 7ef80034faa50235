// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memslots come, change and go; dirty pages are logged.
 */
#include <asm/kvm_emulate.h>
#include <asm/kvm_nested.h>

#include "seam.h"

/* May what this VMA maps be part of the slot? */
static int check_vma(struct kvm *kvm, const struct kvm_memory_slot *slot,
		     const struct vm_area_struct *vma)
{
	/* Guest memory with tags needs host memory with tags. */
	if (kvm_has_mte(kvm) && !(vma->vm_flags & VM_MTE_ALLOWED))
		return -EINVAL;
	/* Writes to device registers cannot be logged. */
	if ((vma->vm_flags & VM_PFNMAP) &&
	    (slot->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return -EINVAL;

	return 0;
}

static bool fits_ipa_space(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	u64 end = s2_slot_end(slot), limit = kvm_phys_size(&kvm->arch.mmu);

	if (end > limit)
		return s2_inject(kvm->arch.mmu.s2, SLOT_BEYOND_IPA_SPACE);

	return end < limit ||
	       !s2_inject(kvm->arch.mmu.s2, SLOT_AT_IPA_END_REFUSED);
}

/* There may be several VMAs behind a slot, and holes between them. */
static int check_vmas(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	unsigned long hva = slot->userspace_addr;
	unsigned long end = hva + (slot->npages << PAGE_SHIFT);
	struct vm_area_struct *vma;
	int ret = 0;

	mmap_read_lock(current->mm);
	vma = find_vma_intersection(current->mm, hva, end);
	while (vma && !ret) {
		ret = check_vma(kvm, slot, vma);
		if (vma->vm_end >= end)
			break;
		vma = find_vma_intersection(current->mm, vma->vm_end, end);
	}
	mmap_read_unlock(current->mm);
	return ret;
}

/**
 * kvm_arch_prepare_memory_region() - may this change of a memslot happen?
 * @kvm:	the VM
 * @old:	the slot as it is, or NULL
 * @new:	the slot as it would be
 * @change:	what happens
 *
 * Context: kvm->slots_lock.
 *
 * Return: 0; -EFAULT for a slot that reaches beyond the IPA space; -EINVAL
 * for memory that the slot's flags, or the VM's, do not go with.
 */
int kvm_arch_prepare_memory_region(struct kvm *kvm,
				   const struct kvm_memory_slot *old,
				   struct kvm_memory_slot *new,
				   enum kvm_mr_change change)
{
	int ret = -EFAULT;

	if (change == KVM_MR_DELETE)
		return 0;
	if (fits_ipa_space(kvm, new))
		ret = check_vmas(kvm, new);

	s2_tell_memslot(kvm, old, new, change, ret);
	return ret;
}

static void start_logging(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	write_lock(&kvm->mmu_lock);
	s2_wp_range(&kvm->arch.mmu, s2_slot_start(slot), s2_slot_end(slot),
		    S2_REASON_DIRTY_LOG);
	kvm_nested_s2_wp(kvm);
	s2_split_range(kvm, s2_slot_start(slot), s2_slot_end(slot));
	write_unlock(&kvm->mmu_lock);
}

static void stop_logging(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	if (s2_inject(kvm->arch.mmu.s2, SLOT_NOT_JOINED))
		return;

	write_lock(&kvm->mmu_lock);
	s2_join_slot(kvm, slot);
	write_unlock(&kvm->mmu_lock);
}

/**
 * kvm_arch_commit_memory_region() - a memslot has changed
 * @kvm:	the VM
 * @old:	as it was, or NULL
 * @new:	as it is, or NULL
 * @change:	what happened
 *
 * When logging begins everything in the slot is write-protected and split;
 * unless all pages count as dirty at first, in which case user space's clearing
 * of them does it bit by bit (kvm_arch_mmu_enable_log_dirty_pt_masked()). When
 * it ends blocks may be blocks again.
 *
 * Context: kvm->slots_lock.
 */
void kvm_arch_commit_memory_region(struct kvm *kvm,
				   struct kvm_memory_slot *old,
				   const struct kvm_memory_slot *new,
				   enum kvm_mr_change change)
{
	bool logged = old && (old->flags & KVM_MEM_LOG_DIRTY_PAGES);
	bool log = new && (new->flags & KVM_MEM_LOG_DIRTY_PAGES);

	if (change == KVM_MR_DELETE)
		s2_tell_memslot(kvm, old, NULL, change, 0);

	if (!log)
		s2_cache_drain(kvm->arch.mmu.s2,
			       &kvm->arch.mmu.split_page_cache);
	else if (change != KVM_MR_DELETE &&
		 !kvm_dirty_log_manual_protect_and_init_set(kvm))
		start_logging(kvm, new);

	if (change == KVM_MR_FLAGS_ONLY && logged && !log)
		stop_logging(kvm, new);
}

/**
 * kvm_arch_mmu_enable_log_dirty_pt_masked() - log writes to some pages again
 * @kvm:	the VM
 * @slot:	the slot
 * @gfn_offset:	page of the slot that bit 0 of @mask stands for
 * @mask:	the pages; at least one
 *
 * KVM calls this for word after word of the bitmap and flushes once, after it
 * dropped mmu_lock: the debt is deferred to that.
 *
 * Context: mmu_lock is held for write.
 */
void kvm_arch_mmu_enable_log_dirty_pt_masked(struct kvm *kvm,
					     struct kvm_memory_slot *slot,
					     gfn_t gfn_offset,
					     unsigned long mask)
{
	u64 base = s2_slot_start(slot) + ((u64)gfn_offset << PAGE_SHIFT);
	u64 start = base + ((u64)__ffs(mask) << PAGE_SHIFT);
	u64 end = base + ((u64)(__fls(mask) + 1) << PAGE_SHIFT);
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	unsigned long from, to;
	struct s2_op op;

	lockdep_assert_held_write(&kvm->mmu_lock);
	if (!mmu->pgt)
		return;

	s2_op_begin(&op, mmu, S2_OP_WRPROTECT, S2_REASON_DIRTY_LOG, start, end,
		    S2_LOCK_WRITE, false);
	for_each_set_bitrange(from, to, &mask, BITS_PER_LONG)
		s2_wrprotect(&op, base + ((u64)from << PAGE_SHIFT),
			     base + ((u64)to << PAGE_SHIFT));
	s2_debt_defer(&op);
	s2_op_end(&op, 0);

	/*
	 * With every page dirty at first, nothing was split when logging
	 * began: it is done here, as pages are cleared.
	 */
	if (kvm_dirty_log_manual_protect_and_init_set(kvm))
		s2_split_range(kvm, start, end);

	kvm_nested_s2_wp(kvm);
}

/**
 * kvm_arch_flush_shadow_memslot() - a memslot is about to go, or to move
 * @kvm:	the VM
 * @slot:	the slot, already marked invalid: no fault uses it any more
 *
 * Without this the host's notifiers would never find the mappings again
 * (S14). KVM does not say which of the two it is; a move shows by the
 * s2_memslot event that follows.
 *
 * Context: kvm->slots_lock; takes mmu_lock.
 */
void kvm_arch_flush_shadow_memslot(struct kvm *kvm,
				   struct kvm_memory_slot *slot)
{
	if (s2_inject(kvm->arch.mmu.s2, SLOT_DELETE_KEEPS_MAPPINGS))
		return;

	write_lock(&kvm->mmu_lock);
	s2_unmap_range(&kvm->arch.mmu, s2_slot_start(slot), s2_slot_end(slot),
		       S2_REASON_MEMSLOT_DELETE, true);
	kvm_nested_s2_unmap(kvm, true);
	write_unlock(&kvm->mmu_lock);
}

/* Unmaps what ordinary memory backs of a slot; device windows stay. */
static void unmap_ram(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	unsigned long hva = slot->userspace_addr;
	unsigned long end = hva + (slot->npages << PAGE_SHIFT);
	struct vm_area_struct *vma;
	unsigned long from, to;
	u64 ipa;

	for (; hva < end; hva = to) {
		vma = find_vma_intersection(current->mm, hva, end);
		if (!vma)
			return;

		from = max(hva, vma->vm_start);
		to = min(end, vma->vm_end);
		if (vma->vm_flags & VM_PFNMAP)
			continue;

		ipa = s2_slot_start(slot) + (from - slot->userspace_addr);
		s2_unmap_range(&kvm->arch.mmu, ipa, ipa + (to - from),
			       S2_REASON_CACHE_TOGGLE, true);
	}
}

/**
 * stage2_unmap_vm() - a vCPU is reset: unmap all of the guest's memory
 * @kvm:	the VM
 *
 * So that what the guest does with its caches off, after the reset, comes by
 * here and finds its memory cleaned.
 *
 * Context: may sleep; takes the mmap lock and mmu_lock.
 */
void stage2_unmap_vm(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	int idx, bkt;

	idx = srcu_read_lock(&kvm->srcu);
	mmap_read_lock(current->mm);
	write_lock(&kvm->mmu_lock);

	kvm_for_each_memslot(slot, bkt, kvm_memslots(kvm))
		unmap_ram(kvm, slot);
	kvm_nested_s2_unmap(kvm, true);

	write_unlock(&kvm->mmu_lock);
	mmap_read_unlock(current->mm);
	srcu_read_unlock(&kvm->srcu, idx);
}

/* We keep nothing of our own in a memslot. */
void kvm_arch_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
}

void kvm_arch_memslots_updated(struct kvm *kvm, u64 gen)
{
}
