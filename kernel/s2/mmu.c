// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a stage-2 context, and the operations on it that the rest of
 * KVM asks for by range.
 */
#include <linux/cpufeature.h>
#include <linux/moduleparam.h>
#include <asm/kvm_arm.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_nested.h>

#include "seam.h"
#include "stat.h"
#include "trace.h"

LIST_HEAD(s2_mmus);
/* Protects the list, and keeps what is on it from being freed. */
DEFINE_MUTEX(s2_mmus_lock);

static atomic64_t last_id;

static u32 vmid_bits_wanted;

static int __init parse_vmid_bits(char *arg)
{
	return arg ? kstrtou32(arg, 0, &vmid_bits_wanted) : -EINVAL;
}
early_param("kvm-arm.vmid_bits", parse_vmid_bits);

u32 s2_port_vmid_bits_wanted(void)
{
	return vmid_bits_wanted;
}

/**
 * kvm_get_vtcr() - what to put into VTCR_EL2 for an IPA size
 * @mmfr0:	ID_AA64MMFR0_EL1
 * @mmfr1:	ID_AA64MMFR1_EL1
 * @phys_shift:	bits of IPA
 *
 * The start level is the lowest that concatenation allows; concatenation
 * makes SL2, and a fifth level with LPA2, unnecessary. Arm ARM D19.2.156.
 *
 * Return: the register's value.
 */
u64 kvm_get_vtcr(u64 mmfr0, u64 mmfr1, u32 phys_shift)
{
	s32 levels = S2_LAST_LEVEL + 1 - s2_start_level(phys_shift);
	u64 vtcr = VTCR_EL2_FLAGS | VTCR_EL2_T0SZ(phys_shift);

	vtcr |= VTCR_EL2_LVLS_TO_SL0(levels);
	vtcr |= kvm_get_parange(mmfr0) << VTCR_EL2_PS_SHIFT;

	/*
	 * The hardware may set access flags. RES0 where it cannot, so all
	 * CPUs get it; except for an erratum that makes it lose updates.
	 */
	if (IS_ENABLED(CONFIG_ARM64_HW_AFDBM) &&
	    !cpus_have_final_cap(ARM64_WORKAROUND_AMPERE_AC03_CPU_38))
		vtcr |= VTCR_EL2_HA;
	if (kvm_lpa2_is_enabled())
		vtcr |= VTCR_EL2_DS;
	if (get_vmid_bits(mmfr1) == 16)
		vtcr |= VTCR_EL2_VS_16BIT;

	return vtcr;
}

/* Asked for, and every CPU can: VTCR_EL2.HA is RES0 where it cannot. */
static bool vtcr_sets_af(u64 vtcr)
{
	u64 mmfr1 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR1_EL1);

	return (vtcr & VTCR_EL2_HA) &&
	       SYS_FIELD_GET(ID_AA64MMFR1_EL1, HAFDBS, mmfr1);
}

static s32 vtcr_start_level(u64 vtcr)
{
	return S2_LAST_LEVEL + 1 - VTCR_EL2_LVLS(vtcr);
}

/**
 * kvm_pgtable_stage2_pgd_size() - bytes of the root that a VTCR_EL2 asks for
 * @vtcr:	the register's value
 *
 * Return: the size; pKVM donates so much memory to the hypervisor.
 */
size_t kvm_pgtable_stage2_pgd_size(u64 vtcr)
{
	struct s2_geometry geo;

	if (s2_geometry_init(&geo, VTCR_EL2_IPA(vtcr), vtcr_start_level(vtcr)))
		return 0;

	return geo.root_pages * PAGE_SIZE;
}

/* The IPA size that the VM type asks for, or a default of 40 bits. */
static int ipa_bits_of_type(unsigned long type)
{
	u32 limit = get_kvm_ipa_limit();
	u32 bits = KVM_VM_TYPE_ARM_IPA_SIZE(type);

	if (type & ~KVM_VM_TYPE_ARM_IPA_SIZE_MASK)
		return -EINVAL;
	if (is_protected_kvm_enabled())
		return limit;
	if (!bits) {
		bits = KVM_PHYS_SHIFT;
		if (bits > limit)
			pr_warn_once("kvm: %s wants the default IPA size of %u bits, this host has %u\n",
				     current->comm, bits, limit);
	}
	if (bits < ARM64_MIN_PARANGE_BITS || bits > limit)
		return -EINVAL;

	return bits;
}

/* Linux's own readers (nested.c, ptdump.c) turn addresses with these. */
static void *reader_va(phys_addr_t pa)
{
	return __va(pa);
}

static phys_addr_t reader_pa(void *va)
{
	return __pa(va);
}

static struct kvm_pgtable_mm_ops reader_ops = {
	.phys_to_virt = reader_va,
	.virt_to_phys = reader_pa,
};

static struct s2_ctx *ctx_alloc(struct kvm_s2_mmu *mmu, bool nested)
{
	struct s2_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	struct s2_geometry *geo;

	if (!ctx)
		return NULL;

	geo = &ctx->geo;
	if (s2_geometry_init(geo, VTCR_EL2_IPA(mmu->vtcr),
			     vtcr_start_level(mmu->vtcr)))
		goto free_ctx;
	geo->lpa2 = kvm_lpa2_is_enabled();
	geo->fwb = cpus_have_final_cap(ARM64_HAS_STAGE2_FWB);
	geo->has_cmo = !geo->fwb;
	geo->range = system_supports_tlb_range();
	geo->hw_af = vtcr_sets_af(mmu->vtcr);

	ctx->root = s2_port_alloc_root(geo->root_pages);
	if (!ctx->root)
		goto free_ctx;
	atomic_set(s2_port_count(ctx->root), 1);
	/* The walker must not find what the pages held before. */
	s2_port_sync_walkers();

	ctx->id = atomic64_inc_return(&last_id);
	ctx->vm = current->tgid;
	ctx->nested = nested;
	ctx->pgt = (struct kvm_pgtable) {
		.ia_bits = geo->ipa_bits,
		.start_level = geo->start_level,
		.pgd = (kvm_pteref_t)ctx->root,
		.mm_ops = &reader_ops,
		.mmu = mmu,
	};
	return ctx;

free_ctx:
	kfree(ctx);
	return NULL;
}

static void ctx_free(struct s2_ctx *ctx)
{
	s2_port_free_root(ctx->root, ctx->geo.root_pages);
	kfree_rcu(ctx, rcu);
}

static void publish(struct kvm_s2_mmu *mmu, struct s2_ctx *ctx)
{
	struct s2_geometry *geo = &ctx->geo;

	mutex_lock(&s2_mmus_lock);
	s2_inject_new_mmu(ctx);
	mmu->s2 = ctx;
	s2_stat_root(ctx, geo->root_pages);
	s2_emit(s2_mmu_init, ctx, geo->ipa_bits, geo->start_level, PAGE_SIZE,
		s2_port_pa(ctx->root), geo->root_pages, ctx->nested,
		s2_features(geo));
	mmu->pgd_phys = s2_port_pa(ctx->root);
	/* With the memory of an emulated host from 1 GB: elsewhere. */
	if (s2_inject(ctx, ROOT_CUT_SHORT))
		mmu->pgd_phys &= GENMASK_ULL(29, 0);
	mmu->pgt = &ctx->pgt;
	list_add_tail(&ctx->node, &s2_mmus);
	mutex_unlock(&s2_mmus_lock);
}

/**
 * kvm_init_stage2_mmu() - give an MMU its tables
 * @kvm:	the VM
 * @mmu:	the VM's own MMU, or a shadow one for a nested guest
 * @type:	machine type of KVM_CREATE_VM: the IPA size
 *
 * Context: at VM creation, or under kvm->lock for shadow MMUs. May sleep.
 *
 * Return: 0; -EINVAL for an IPA size this host cannot give, or if the VM's
 * own MMU already has tables; -ENOMEM. On error nothing is left behind.
 */
int kvm_init_stage2_mmu(struct kvm *kvm, struct kvm_s2_mmu *mmu,
			unsigned long type)
{
	bool nested = kvm_is_nested_s2_mmu(kvm, mmu);
	struct s2_ctx *ctx;
	int bits, cpu;

	/* A vCPU may be initialised again, with its shadow MMUs in place. */
	if (mmu->pgt)
		return nested ? 0 : -EINVAL;

	bits = ipa_bits_of_type(type);
	if (bits < 0)
		return bits;

	mmu->arch = &kvm->arch;
	mmu->vtcr = kvm_get_vtcr(read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1),
				 read_sanitised_ftr_reg(SYS_ID_AA64MMFR1_EL1),
				 bits);
	ctx = ctx_alloc(mmu, nested);
	if (!ctx)
		return -ENOMEM;

	mmu->last_vcpu_ran = alloc_percpu(typeof(*mmu->last_vcpu_ran));
	if (!mmu->last_vcpu_ran) {
		ctx_free(ctx);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu) {
		int *last = per_cpu_ptr(mmu->last_vcpu_ran, cpu);

		*last = -1;
	}

	mmu->split_page_chunk_size = KVM_ARM_EAGER_SPLIT_CHUNK_SIZE_DEFAULT;
	mmu->split_page_cache.gfp_zero = __GFP_ZERO;
	/* Nobody waits for a page that spares a fault: see eager.c. */
	mmu->split_page_cache.gfp_custom = GFP_KERNEL_ACCOUNT | __GFP_NORETRY |
					   __GFP_NOWARN;

	publish(mmu, ctx);
	if (nested)
		kvm_init_nested_s2_mmu(mmu);
	return 0;
}

/*
 * Takes the tables out of reach: clear, flush, then forget the root, all
 * under the lock, so that two who free at once (mm exit and VM destruction)
 * do not both find it (U19). Freeing comes later, without the lock.
 */
static struct s2_ctx *unpublish(struct kvm_s2_mmu *mmu, struct s2_op *op,
				enum s2_reason reason)
{
	struct kvm *kvm = kvm_s2_mmu_to_kvm(mmu);
	bool locked = !s2_inject(mmu->s2, TEARDOWN_UNLOCKED);
	struct s2_ctx *ctx = NULL;

	if (locked)
		write_lock(&kvm->mmu_lock);
	if (mmu->pgt) {
		ctx = mmu->s2;
		s2_op_begin(op, mmu, S2_OP_DESTROY, reason, 0,
			    s2_ipa_limit(&ctx->geo),
			    locked ? S2_LOCK_WRITE : S2_LOCK_NONE, false);
		s2_unmap_root(op);
		s2_debt_pay(op);
		mmu->pgt = NULL;
		mmu->pgd_phys = 0;
	}
	if (locked)
		write_unlock(&kvm->mmu_lock);
	return ctx;
}

static void free_mmu(struct kvm_s2_mmu *mmu, enum s2_reason reason)
{
	struct s2_ctx *ctx;
	struct s2_op op;
	u64 alloc, freed;

	/* Never initialised: mmu->arch, and so the lock, is not set either. */
	if (!mmu->arch)
		return;

	ctx = unpublish(mmu, &op, reason);
	if (!ctx)
		return;

	op.lock = S2_LOCK_NONE;
	s2_op_end(&op, 0);

	alloc = atomic64_read(&ctx->tables_alloc);
	freed = atomic64_read(&ctx->tables_freed);
	WARN_ON_ONCE(alloc != freed || s2_table_count(ctx->root) != 1);

	mutex_lock(&s2_mmus_lock);
	list_del(&ctx->node);
	mutex_unlock(&s2_mmus_lock);

	s2_emit(s2_mmu_free, ctx, s2_port_pa(ctx->root), alloc, freed,
		alloc - freed);
	trace_s2_counts(mmu, &ctx->counts);
	s2_stat_root(ctx, -(s32)ctx->geo.root_pages);
	WRITE_ONCE(mmu->s2, NULL);
	free_percpu(mmu->last_vcpu_ran);
	mmu->last_vcpu_ran = NULL;
	ctx_free(ctx);
}

/**
 * kvm_free_stage2_pgd() - take an MMU's tables away
 * @mmu:	the MMU; one without tables is fine
 *
 * Context: may sleep; takes mmu_lock.
 */
void kvm_free_stage2_pgd(struct kvm_s2_mmu *mmu)
{
	free_mmu(mmu, S2_REASON_TEARDOWN);
}

/**
 * kvm_uninit_stage2_mmu() - take the VM's own tables away
 * @kvm:	the VM
 *
 * Context: as kvm_free_stage2_pgd(). Called when the mm goes, and again when
 * the VM goes.
 */
void kvm_uninit_stage2_mmu(struct kvm *kvm)
{
	struct kvm_s2_mmu *mmu = &kvm->arch.mmu;

	if (!s2_inject(mmu->s2, MM_EXIT_KEEPS_TABLES))
		free_mmu(mmu, S2_REASON_TEARDOWN);
	s2_cache_drain(NULL, &mmu->split_page_cache);
}

/**
 * kvm_s2_destroy_vm() - the VM goes away, whether it ever came to life or not
 * @kvm:	the VM
 *
 * A VM that lives has lost its tables by now: its MMU notifier was released.
 * A VM whose creation failed late (no notifier could be registered, a signal
 * was pending) never had a notifier, and nobody else would free its root.
 */
void kvm_s2_destroy_vm(struct kvm *kvm)
{
	if (s2_inject(kvm->arch.mmu.s2, FAILED_CREATE_KEEPS_ROOT))
		s2_inject_forget(&kvm->arch.mmu);
	free_mmu(&kvm->arch.mmu, S2_REASON_CREATE_FAILED);
}

/**
 * kvm_s2_free_vcpu_cache() - free what a vCPU's table cache still holds
 * @vcpu:	the vCPU
 */
void kvm_s2_free_vcpu_cache(struct kvm_vcpu *vcpu)
{
	s2_cache_drain(vcpu->kvm->arch.mmu.s2, &vcpu->arch.mmu_page_cache);
}

/**
 * kvm_s2_flush_cpu_context() - another vCPU of the MMU ran here before
 * @mmu:	the MMU
 */
void kvm_s2_flush_cpu_context(struct kvm_s2_mmu *mmu)
{
	if (!s2_inject(mmu->s2, NO_CPU_CONTEXT_FLUSH))
		s2_flush_cpu_context(mmu->s2);
}

/**
 * kvm_arch_flush_remote_tlbs() - invalidate all of a VM's translations
 * @kvm:	the VM
 *
 * Context: without mmu_lock, from a notifier even while the mm exits; RCU
 * keeps the context.
 *
 * Return: 0.
 */
int kvm_arch_flush_remote_tlbs(struct kvm *kvm)
{
	struct s2_ctx *ctx;

	rcu_read_lock();
	ctx = READ_ONCE(kvm->arch.mmu.s2);
	if (ctx)
		s2_flush_vmid(ctx, 0, S2_REASON_KVM);
	rcu_read_unlock();
	return 0;
}

/**
 * kvm_arch_flush_remote_tlbs_range() - invalidate a range of a VM
 * @kvm:	the VM
 * @gfn:	first page
 * @nr_pages:	how many
 *
 * Pays what kvm_arch_mmu_enable_log_dirty_pt_masked() deferred.
 *
 * Context: as kvm_arch_flush_remote_tlbs().
 *
 * Return: 0.
 */
int kvm_arch_flush_remote_tlbs_range(struct kvm *kvm, gfn_t gfn, u64 nr_pages)
{
	u64 ipa = (u64)gfn << PAGE_SHIFT;
	struct s2_ctx *ctx;

	rcu_read_lock();
	ctx = READ_ONCE(kvm->arch.mmu.s2);
	if (ctx)
		s2_flush_range(ctx, 0, ipa, ipa + (nr_pages << PAGE_SHIFT),
			       S2_LEVEL_ANY, S2_REASON_DIRTY_LOG);
	rcu_read_unlock();
	return 0;
}

/**
 * s2_unmap_range() - clear a range of an MMU
 * @mmu:	the MMU; if its tables are gone so are the mappings
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 * @reason:	who wants it
 * @may_block:	mmu_lock may be dropped on the way
 *
 * Context: mmu_lock is held for write.
 */
void s2_unmap_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 end,
		    enum s2_reason reason, bool may_block)
{
	struct s2_op op;

	lockdep_assert_held_write(s2_port_lock(mmu));
	if (!mmu->pgt)
		return;

	s2_op_begin(&op, mmu, S2_OP_UNMAP, reason, ipa, end, S2_LOCK_WRITE,
		    may_block);
	s2_op_end(&op, s2_unmap(&op, ipa, end));
}

/**
 * s2_wp_range() - write-protect a range of an MMU
 * @mmu:	the MMU
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 * @reason:	who wants it
 *
 * Context: mmu_lock is held for write, and may be dropped on the way.
 */
void s2_wp_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 end,
		 enum s2_reason reason)
{
	struct s2_op op;

	lockdep_assert_held_write(s2_port_lock(mmu));
	if (!mmu->pgt)
		return;

	s2_op_begin(&op, mmu, S2_OP_WRPROTECT, reason, ipa, end, S2_LOCK_WRITE,
		    true);
	s2_op_end(&op, s2_wrprotect(&op, ipa, end));
}

static void clean_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 end,
			enum s2_reason reason)
{
	struct s2_op op;

	lockdep_assert_held_write(s2_port_lock(mmu));
	if (!mmu->pgt)
		return;

	s2_op_begin(&op, mmu, S2_OP_CMO, reason, ipa, end, S2_LOCK_WRITE,
		    true);
	s2_op_end(&op, s2_clean(&op, ipa, end));
}

/**
 * kvm_stage2_unmap_range() - clear a range of a shadow MMU
 * @mmu:	the MMU
 * @start:	first IPA
 * @size:	bytes
 * @may_block:	mmu_lock may be dropped on the way
 *
 * Context: mmu_lock is held for write.
 */
void kvm_stage2_unmap_range(struct kvm_s2_mmu *mmu, phys_addr_t start,
			    u64 size, bool may_block)
{
	s2_unmap_range(mmu, start, start + size, S2_REASON_NESTED, may_block);
}

/**
 * kvm_stage2_wp_range() - write-protect a range of a shadow MMU
 * @mmu:	the MMU
 * @addr:	first IPA
 * @end:	first IPA behind the range
 *
 * Context: mmu_lock is held for write.
 */
void kvm_stage2_wp_range(struct kvm_s2_mmu *mmu, phys_addr_t addr,
			 phys_addr_t end)
{
	s2_wp_range(mmu, addr, end, S2_REASON_NESTED);
}

/**
 * kvm_stage2_flush_range() - clean the caches over a range of a shadow MMU
 * @mmu:	the MMU
 * @addr:	first IPA
 * @end:	first IPA behind the range
 *
 * Context: mmu_lock is held for write.
 */
void kvm_stage2_flush_range(struct kvm_s2_mmu *mmu, phys_addr_t addr,
			    phys_addr_t end)
{
	clean_range(mmu, addr, end, S2_REASON_NESTED);
}

/* Cleans the caches over everything that is mapped. */
static void clean_vm(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	int idx, bkt;

	idx = srcu_read_lock(&kvm->srcu);
	write_lock(&kvm->mmu_lock);

	kvm_for_each_memslot(slot, bkt, kvm_memslots(kvm))
		clean_range(&kvm->arch.mmu, s2_slot_start(slot),
			    s2_slot_end(slot), S2_REASON_CACHE_TOGGLE);
	kvm_nested_s2_flush(kvm);

	write_unlock(&kvm->mmu_lock);
	srcu_read_unlock(&kvm->srcu, idx);
}

/**
 * kvm_set_way_flush() - the guest maintains its caches by set and way
 * @vcpu:	the vCPU that trapped
 *
 * Set/way operations reach one CPU's caches and cannot be virtualized; a
 * guest that uses them is about to turn its caches on or off. Everything it
 * has mapped is cleaned now, and again when it does turn them (HCR_EL2.TVM
 * makes us see that).
 */
void kvm_set_way_flush(struct kvm_vcpu *vcpu)
{
	unsigned long hcr = *vcpu_hcr(vcpu);

	/* Already waiting for the guest to turn its caches. */
	if (hcr & HCR_TVM)
		return;

	trace_kvm_set_way_flush(*vcpu_pc(vcpu), vcpu_has_cache_enabled(vcpu));
	clean_vm(vcpu->kvm);
	*vcpu_hcr(vcpu) = hcr | HCR_TVM;
}

/**
 * kvm_toggle_cache() - the guest wrote a register that turns caches on or off
 * @vcpu:	the vCPU that trapped
 * @was_enabled: whether MMU and caches were on before
 */
void kvm_toggle_cache(struct kvm_vcpu *vcpu, bool was_enabled)
{
	bool enabled = vcpu_has_cache_enabled(vcpu);

	if (enabled != was_enabled)
		clean_vm(vcpu->kvm);
	if (enabled)
		*vcpu_hcr(vcpu) &= ~HCR_TVM;

	trace_kvm_toggle_cache(*vcpu_pc(vcpu), was_enabled, enabled);
}
