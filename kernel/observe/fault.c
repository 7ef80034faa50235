// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest aborts.
 */
#include <asm/kvm_emulate.h>

#include "watch.h"

static enum s2_fault_kind fault_kind(u64 esr)
{
	if (esr_fsc_is_translation_fault(esr))
		return S2_FAULT_TRANSLATION;
	if (esr_fsc_is_permission_fault(esr))
		return S2_FAULT_PERMISSION;
	if (esr_fsc_is_access_flag_fault(esr))
		return S2_FAULT_ACCESS;
	return S2_FAULT_OTHER;
}

static struct s2_fault_watch *current_fault(void)
{
	struct s2_amid *amid = s2_amid_current(&s2_faults);

	return amid ? container_of(amid, struct s2_fault_watch, amid) : NULL;
}

/**
 * s2_observe_fault_begin() - a guest access failed at stage 2
 * @f:		filled in
 * @vcpu:	whose
 * @ipa:	where
 *
 * Of tables that pKVM keeps at EL2 nothing is known.
 */
void s2_observe_fault_begin(struct s2_fault_watch *f, struct kvm_vcpu *vcpu,
			    u64 ipa)
{
	u64 notifier_seq;

	*f = (struct s2_fault_watch) {
		.vcpu = vcpu,
		.ipa = ipa,
	};
	if (!vcpu->arch.hw_mmu->s2)
		return;

	f->mmu = vcpu->arch.hw_mmu;
	/* Read first: it must not be newer than the event. */
	notifier_seq = s2_port_notifier_seq(f->mmu);
	if (fault_kind(kvm_vcpu_get_esr(vcpu)) == S2_FAULT_PERMISSION)
		f->granule = kvm_vcpu_trap_get_perm_fault_granule(vcpu);
	s2_amid_enter(&s2_faults, &f->amid);
	s2_emit(s2_fault_begin, f->mmu->s2, vcpu->vcpu_id, ipa,
		fault_kind(kvm_vcpu_get_esr(vcpu)), kvm_is_write_fault(vcpu),
		kvm_vcpu_trap_is_exec_fault(vcpu), notifier_seq);
}

/* What the event tells of the host page. */
static s32 page_facts(const struct s2_fault_watch *f)
{
	return (f->host_size ? ilog2(f->host_size) << 8 : 0) |
	       (u32)f->sought << S2_PAGE_SOUGHT |
	       (u32)f->found << S2_PAGE_FOUND |
	       (u32)(f->found && !pfn_is_map_memory(f->pfn)) << S2_PAGE_DEVICE |
	       (u32)f->uncached << S2_PAGE_UNCACHED |
	       (u32)f->dirty << S2_PAGE_DIRTY;
}

/**
 * s2_observe_fault_end() - and was dealt with
 * @f:		as filled in
 * @result:	what kvm_handle_guest_abort() returns
 */
void s2_observe_fault_end(struct s2_fault_watch *f, int result)
{
	if (!f->mmu)
		return;

	s2_amid_leave(&s2_faults, &f->amid);
	s2_emit(s2_fault_end, f->mmu->s2, f->vcpu->vcpu_id, f->ipa, result,
		f->pfn, f->size, f->seq, f->taken, f->put, page_facts(f),
		f->page_seq);
}

/**
 * s2_observe_page() - the host page was looked for
 * @pfn:	the page, or that there is none
 * @page:	the same if a reference was taken
 * @size:	bytes of the leaf that is wanted
 * @seq:	notifier sequence number from before
 * @uncached:	the VMA lets the guest choose Normal Non-cacheable
 */
void s2_observe_page(u64 pfn, const struct page *page, u64 size, u64 seq,
		     bool uncached)
{
	struct s2_fault_watch *f = current_fault();

	if (!f)
		return;

	f->sought = true;
	f->size = size;
	f->host_size = size > PAGE_SIZE ? size : 0;
	f->seq = seq;
	f->uncached = uncached;
	if (is_error_noslot_pfn(pfn))
		return;

	f->found = true;
	f->pfn = pfn;
	f->page_seq = s2_port_notifier_seq(f->mmu);
	f->taken += !!page;
}

/**
 * s2_observe_page_put() - the reference is about to be put
 * @pfn:	the page behind @ipa
 * @page:	the same if there is a reference
 * @ipa:	where the fault was, or where the block begins that it is in
 * @size:	bytes of the leaf; negative: the host's page tables had gone
 * @dirty:	it was marked dirty
 *
 * The event tells the first page of the leaf. Where Linux only relaxes what a
 * block allows it does not look for that, nor at what the host maps there.
 */
void s2_observe_page_put(u64 pfn, const struct page *page, u64 ipa, s64 size,
			 bool dirty)
{
	struct s2_fault_watch *f = current_fault();

	if (!f)
		return;

	f->put += !!page;
	if (size < 0)
		return;

	f->pfn = pfn - ((ipa & (size - 1)) >> PAGE_SHIFT);
	f->size = size;
	if (size > PAGE_SIZE && f->granule <= PAGE_SIZE)
		f->host_size = size;
	f->dirty = dirty;
}
