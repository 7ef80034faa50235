// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations and cache maintenance have completed.
 *
 * Told by the host after the call: at EL2 (VHE) that is right behind the
 * instruction, at EL1 (nVHE) the hypercall has returned.
 */
#include "watch.h"

static u64 vmid_number(u64 id)
{
	return id & (BIT_ULL(kvm_arm_vmid_bits) - 1);
}

static enum s2_reason reason_of(const struct s2_watch *w)
{
	if (w->collapsing)
		return S2_REASON_COLLAPSE;
	if (w->linking)
		return S2_REASON_SPLIT;
	return w->reason;
}

static void flushed(struct kvm_s2_mmu *mmu, enum s2_scope scope, u64 raw,
		    int level, u64 ipa, u64 size, enum s2_reason reason)
{
	struct s2_watch *w = s2_watch_current();
	u64 id = atomic64_read(&mmu->vmid.id), op = 0;
	struct s2_ctx *ctx;

	if (w && w->mmu == mmu) {
		op = w->id;
		reason = reason_of(w);
	}
	/* Without mmu_lock, the MMU may be on its way out. */
	rcu_read_lock();
	ctx = READ_ONCE(mmu->s2);
	if (ctx)
		s2_emit(s2_flush, ctx, op, scope, raw, level, ipa, size,
			vmid_number(id), id >> kvm_arm_vmid_bits, reason,
			s2_port_cpu());
	rcu_read_unlock();
}

static void flushed_ipa(struct kvm_s2_mmu *mmu, enum s2_scope scope, u64 ipa,
			int level)
{
	bool hint = level >= 0 && level <= S2_LAST_LEVEL;

	ipa = ALIGN_DOWN(ipa, PAGE_SIZE);
	flushed(mmu, scope, (ipa >> 12) | s2_port_ttl(level),
		hint ? level : S2_LEVEL_ANY, ipa,
		hint ? s2_level_size(level) : PAGE_SIZE, S2_REASON_KVM);
}

void s2_observe_flush_ipa(struct kvm_s2_mmu *mmu, u64 ipa, int level)
{
	flushed_ipa(mmu, S2_SCOPE_IPA, ipa, level);
}

void s2_observe_flush_ipa_local(struct kvm_s2_mmu *mmu, u64 ipa, int level)
{
	flushed_ipa(mmu, S2_SCOPE_IPA_LOCAL, ipa, level);
}

void s2_observe_flush_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 pages)
{
	flushed(mmu, S2_SCOPE_RANGE, ipa >> PAGE_SHIFT, S2_LEVEL_ANY,
		ALIGN_DOWN(ipa, PAGE_SIZE), pages << PAGE_SHIFT,
		S2_REASON_DIRTY_LOG);
}

/* @size 0: not for a range, but for all there is. */
void s2_observe_flush_vmid(struct kvm_s2_mmu *mmu, u64 ipa, u64 size)
{
	flushed(mmu, S2_SCOPE_VMID, 0, S2_LEVEL_ANY, ipa,
		size ?: kvm_phys_size(mmu),
		size ? S2_REASON_DIRTY_LOG : S2_REASON_KVM);
}

void s2_observe_flush_cpu_context(struct kvm_s2_mmu *mmu)
{
	flushed(mmu, S2_SCOPE_CPU_CONTEXT, 0, S2_LEVEL_ANY, 0,
		kvm_phys_size(mmu), S2_REASON_VCPU_MIGRATE);
}

/* Every context of every VM; @vmid: whose need of a VMID turned the generation. */
void s2_observe_vmid_flush_all(struct kvm_vmid *vmid)
{
	flushed(container_of(vmid, struct kvm_s2_mmu, vmid), S2_SCOPE_ALL, 0,
		S2_LEVEL_ANY, 0, 0, S2_REASON_ROLLOVER);
}

/**
 * s2_observe_cmo() - cache maintenance over guest memory
 * @kind:	which
 * @va:		where
 * @size:	bytes
 */
void s2_observe_cmo(enum s2_cmo_kind kind, const void *va, size_t size)
{
	struct s2_watch *w = s2_watch_current();

	if (w)
		s2_emit(s2_cmo, w->ctx, w->id, kind, s2_port_pa(va), size);
}
