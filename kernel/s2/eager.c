// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages while a memslot is logged, blocks again when it is no more.
 *
 * Splitting. A write to a block under dirty logging has to split it first, in
 * the guest's way and with the lock held for write. Doing that when logging
 * begins spares the guest so many long faults. It is on unless user space
 * turns it off (KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE), and must surprise nobody
 * with what it takes:
 *  - one table page for each block there is, and for nothing else: 0.2 % of
 *    the memory that blocks map, charged to the VM's memory cgroup;
 *  - set aside for one chunk at a time, by default a single block;
 *  - never at the cost of others: an allocation that reclaim does not satisfy
 *    easily ends it, and the guest's writes split what is left, as before;
 *  - and given back when logging ends.
 *
 * Joining. Without it a migration that was called off would leave the guest
 * with pages, and the host with their tables, for good. So where the host still
 * maps a whole block, ours is unmapped, and comes back as one with the next
 * access.
 */
#include "seam.h"
#include "walk.h"

static u64 split_pages(u64 chunk)
{
	/* A table for each of the smallest blocks, and for each next larger. */
	return DIV_ROUND_UP(chunk, s2_level_size(S2_LAST_LEVEL - 1)) +
	       DIV_ROUND_UP(chunk, s2_level_size(S2_LAST_LEVEL - 2));
}

/* Makes sure that a chunk can be split, which may mean to drop the lock. */
static int fill_split_cache(struct kvm *kvm)
{
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	struct kvm_mmu_memory_cache *mc = &mmu->split_page_cache;
	u64 pages = split_pages(mmu->split_page_chunk_size);
	int ret;

	if (mc->nobjs >= pages && !s2_port_needbreak(mmu))
		return 0;

	write_unlock(&kvm->mmu_lock);
	cond_resched();
	ret = __kvm_mmu_topup_memory_cache(mc, pages, pages);
	write_lock(&kvm->mmu_lock);
	return ret;
}

/* First IPA at or behind @ipa that a block translates; @end if there is none. */
static u64 find_block(struct s2_ctx *ctx, u64 ipa, u64 end)
{
	struct s2_cursor cur;

	s2_for_each_entry(&cur, ctx, ipa, end) {
		if (cur.slot.level == S2_LAST_LEVEL)
			s2_cursor_skip_table(&cur);
		else if (s2_pte_leaf(cur.pte, cur.slot.level))
			return cur.ipa;
	}
	return end;
}

static int split_chunk(struct kvm_s2_mmu *mmu, u64 ipa, u64 end)
{
	struct s2_op op;

	s2_op_begin(&op, mmu, S2_OP_SPLIT, S2_REASON_SPLIT, ipa, end,
		    S2_LOCK_WRITE, false);
	return s2_op_end(&op, s2_split(&op, ipa, end, &mmu->split_page_cache));
}

/**
 * s2_split_range() - split the blocks of a range of the VM, memory permitting
 * @kvm:	the VM
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 *
 * In chunks of the size that user space chose, or not at all if it chose 0.
 *
 * Context: mmu_lock is held for write, and dropped on the way;
 * kvm->slots_lock.
 */
void s2_split_range(struct kvm *kvm, u64 ipa, u64 end)
{
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	u64 chunk = mmu->split_page_chunk_size, stop, next;

	lockdep_assert_held_write(&kvm->mmu_lock);

	while (chunk && ipa < end) {
		/* Looking for blocks must not take for ever either. */
		stop = s2_next_or_end(S2_LAST_LEVEL - 2, ipa, end);
		cond_resched_rwlock_write(&kvm->mmu_lock);
		if (!mmu->pgt)
			return;

		ipa = find_block(mmu->s2, ipa, stop);
		if (ipa == stop)
			continue;

		next = min(ALIGN_DOWN(ipa, chunk) + chunk, end);
		if (fill_split_cache(kvm) || !mmu->pgt ||
		    split_chunk(mmu, ipa, next))
			return;
		ipa = next;
	}
}

/* Is there a table where one leaf of the host's could be mapped instead? */
static bool can_join(struct kvm *kvm, const struct kvm_memory_slot *slot,
		     u64 ipa)
{
	unsigned long hva = slot->userspace_addr + (ipa - s2_slot_start(slot));
	struct s2_cursor cur;

	if (!s2_cursor_start(&cur, kvm->arch.mmu.s2, ipa, ipa + 1) ||
	    cur.slot.level < S2_LAST_LEVEL)
		return false;

	return s2_host_leaf_size(kvm->mm, hva) >= PMD_SIZE;
}

/**
 * s2_join_slot() - let what was split while a slot was logged be blocks again
 * @kvm:	the VM
 * @slot:	the slot, no longer logged
 *
 * What the host says of its own leaves may change at any moment. It decides
 * only what is unmapped; the fault that maps it again looks for itself.
 *
 * Context: mmu_lock is held for write, and dropped on the way;
 * kvm->slots_lock.
 */
void s2_join_slot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	u64 ipa = ALIGN(s2_slot_start(slot), PMD_SIZE), from = ipa;
	u64 end = ALIGN_DOWN(s2_slot_end(slot), PMD_SIZE);

	lockdep_assert_held_write(&kvm->mmu_lock);
	/* Otherwise nothing in it was or will be a block. */
	if ((s2_slot_start(slot) ^ slot->userspace_addr) & (PMD_SIZE - 1))
		return;

	for (; ipa < end; ipa += PMD_SIZE) {
		if (!(ipa & (s2_level_size(S2_LAST_LEVEL - 2) - 1)))
			cond_resched_rwlock_write(&kvm->mmu_lock);
		if (!mmu->pgt)
			return;
		if (can_join(kvm, slot, ipa))
			continue;

		if (from < ipa)
			s2_unmap_range(mmu, from, ipa, S2_REASON_COLLAPSE, true);
		from = ipa + PMD_SIZE;
	}
	if (from < end)
		s2_unmap_range(mmu, from, end, S2_REASON_COLLAPSE, true);
}
