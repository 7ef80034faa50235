// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's memory management tells KVM, by ranges of guest pages.
 *
 * Each entry looks the root up under mmu_lock: the VM may be on its way out
 * (ROOT, S12). KVM has already turned host addresses into guest pages,
 * through every memslot that covers them.
 */
#include <asm/kvm_emulate.h>
#include <asm/kvm_nested.h>

#include "seam.h"

static u64 range_start(const struct kvm_gfn_range *range)
{
	return (u64)range->start << PAGE_SHIFT;
}

static u64 range_end(const struct kvm_gfn_range *range)
{
	return (u64)range->end << PAGE_SHIFT;
}

/**
 * kvm_unmap_gfn_range() - host pages go: guest pages must
 * @kvm:	the VM
 * @range:	which, and whether we may sleep (the OOM reaper may not)
 *
 * Context: mmu_lock is held for write; between the notifier's begin and end,
 * so no fault installs what we clear.
 *
 * Return: false: we have flushed ourselves.
 */
bool kvm_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	u64 ipa = range_start(range);

	if (!kvm->arch.mmu.pgt)
		return false;

	if (s2_inject(kvm->arch.mmu.s2, UNMAP_PAGE_BY_PAGE)) {
		for (; ipa < range_end(range); ipa += PAGE_SIZE)
			s2_unmap_range(&kvm->arch.mmu, ipa, ipa + PAGE_SIZE,
				       S2_REASON_NOTIFIER_UNMAP, false);
		return false;
	}

	s2_unmap_range(&kvm->arch.mmu, ipa, range_end(range),
		       S2_REASON_NOTIFIER_UNMAP, range->may_block);
	kvm_nested_s2_unmap(kvm, range->may_block);
	return false;
}

static bool age(struct kvm *kvm, struct kvm_gfn_range *range,
		enum s2_op_kind kind)
{
	struct s2_op op __uninitialized; /* s2_op_begin() */
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	u64 start = range_start(range), end = range_end(range);
	bool young;

	if (!mmu->pgt)
		return false;
	if (s2_inject(mmu->s2, AGE_OF_NOTHING))
		end = start;

	s2_op_begin(&op, mmu, kind, S2_REASON_NOTIFIER_AGE, start, end,
		    S2_LOCK_WRITE, false);
	young = s2_age(&op, start, end, kind == S2_OP_AGE);
	if (s2_inject(mmu->s2, AGE_SAYS_OLD))
		young = false;
	return s2_op_end(&op, young);
}

/**
 * kvm_age_gfn() - was it accessed? And forget
 * @kvm:	the VM
 * @range:	which pages
 *
 * Context: mmu_lock is held for write.
 *
 * Return: whether any page was; KVM flushes then, where that matters.
 */
bool kvm_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	return age(kvm, range, S2_OP_AGE);
}

/**
 * kvm_test_age_gfn() - was it accessed?
 * @kvm:	the VM
 * @range:	which pages
 *
 * Context: mmu_lock is held for write.
 *
 * Return: whether any page was.
 */
bool kvm_test_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	return age(kvm, range, S2_OP_TEST_AGE);
}
