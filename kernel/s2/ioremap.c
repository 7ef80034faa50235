// SPDX-License-Identifier: GPL-2.0-only
/*
 * A window onto a device in the guest's IPA space: the GIC's virtual CPU
 * interface.
 */
#include "seam.h"
#include "walk.h"

/* Returns 0 if nothing is mapped, 1 if all of it is as wanted, or -EEXIST. */
static int compare_window(struct s2_ctx *ctx, u64 start, u64 end, u64 pa,
			  u64 prot)
{
	u32 absent = 0, present = 0;
	struct s2_cursor cur;
	u64 want;

	s2_for_each_entry(&cur, ctx, start, end) {
		if (!s2_pte_valid(cur.pte)) {
			absent++;
			continue;
		}
		want = s2_pte_make_leaf(&ctx->geo, pa + (cur.ipa - start),
					S2_LAST_LEVEL, prot);
		if (cur.slot.level != S2_LAST_LEVEL || cur.pte != want)
			return -EEXIST;
		present++;
	}
	return absent && present ? -EEXIST : !!present;
}

static int look_at_window(struct kvm *kvm, u64 start, u64 end, u64 pa,
			  u64 prot)
{
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	int ret = -EINVAL;

	read_lock(&kvm->mmu_lock);
	if (mmu->pgt)
		ret = compare_window(mmu->s2, start, end, pa, prot);
	read_unlock(&kvm->mmu_lock);
	return ret;
}

static int map_page(struct kvm *kvm, u64 ipa, u64 pa, u64 prot,
		    struct kvm_mmu_memory_cache *mc)
{
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;
	struct s2_op op;
	int ret;

	/* Held for read, nothing that is mapped can be replaced (S17). */
	read_lock(&kvm->mmu_lock);
	if (!mmu->pgt) {
		read_unlock(&kvm->mmu_lock);
		return -EINVAL;
	}

	s2_op_begin(&op, mmu, S2_OP_MAP, S2_REASON_IOREMAP, ipa,
		    ipa + PAGE_SIZE, S2_LOCK_READ, false);
	ret = s2_map(&op, ipa, pa, S2_LAST_LEVEL, prot, mc);
	/* It was not there when we looked. */
	if (ret == -EAGAIN || ret == -EBUSY)
		ret = -EEXIST;
	s2_op_end(&op, ret);
	read_unlock(&kvm->mmu_lock);
	return ret;
}

static void unmap_window(struct kvm *kvm, u64 ipa, u64 end)
{
	write_lock(&kvm->mmu_lock);
	s2_unmap_range(&kvm->arch.mmu, ipa, end, S2_REASON_IOREMAP, false);
	write_unlock(&kvm->mmu_lock);
}

/**
 * kvm_phys_addr_ioremap() - map a device's registers for the guest
 * @kvm:	the VM
 * @guest_ipa:	where; rounded down to a page
 * @pa:		the registers
 * @size:	bytes
 * @writable:	the guest may write to them
 *
 * Page by page, Device-nGnRE, never executable. The very same window again is
 * fine. If a page cannot be mapped those before it are unmapped again (S16);
 * nothing that was mapped before is touched.
 *
 * Context: may sleep; takes mmu_lock.
 *
 * Return: 0; -ENOMEM; -EINVAL for a window beyond the IPA space; -EEXIST if
 * something else is mapped there; -EPERM with protected KVM, whose hypervisor
 * owns the tables.
 */
int kvm_phys_addr_ioremap(struct kvm *kvm, phys_addr_t guest_ipa,
			  phys_addr_t pa, unsigned long size, bool writable)
{
	struct kvm_mmu_memory_cache mc = { .gfp_zero = __GFP_ZERO };
	u64 prot = S2_PROT_DEVICE | S2_PROT_R | (writable ? S2_PROT_W : 0);
	u64 start = ALIGN_DOWN((u64)guest_ipa, PAGE_SIZE);
	u64 end = (u64)guest_ipa + size, ipa;
	struct s2_ctx *ctx = kvm->arch.mmu.s2;
	int ret;

	if (is_protected_kvm_enabled())
		return -EPERM;
	if (!ctx || end < start || end > s2_ipa_limit(&ctx->geo))
		return -EINVAL;

	pa = ALIGN_DOWN(pa, PAGE_SIZE);
	ret = look_at_window(kvm, start, end, pa, prot);
	if (ret == -EEXIST && s2_inject(ctx, IOREMAP_OVERWRITES)) {
		unmap_window(kvm, start, end);
		ret = 0;
	}
	if (ret)
		return ret > 0 ? 0 : ret;

	for (ipa = start; ipa < end; ipa += PAGE_SIZE, pa += PAGE_SIZE) {
		ret = s2_cache_fill(ctx, &mc, s2_cache_pages(ctx));
		if (!ret)
			ret = map_page(kvm, ipa, pa, prot, &mc);
		if (ret)
			break;
	}

	if (ret && ipa > start)
		unmap_window(kvm, start, ipa);
	s2_cache_drain(ctx, &mc);
	return ret;
}
