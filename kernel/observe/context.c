// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a stage-2 context, as observers see it: mmu->s2 is there from
 * before the first event until after the last one.
 */
#include <asm/kvm_emulate.h>
#include <asm/kvm_nested.h>

#include "watch.h"

/* Every live context, oldest first: for the iterators. */
LIST_HEAD(s2_mmus);
/* Protects the list, and keeps what is on it from being freed. */
DEFINE_MUTEX(s2_mmus_lock);

static atomic64_t last_id;

static void describe(struct s2_geometry *geo)
{
	geo->lpa2 = kvm_lpa2_is_enabled();
	geo->fwb = cpus_have_final_cap(ARM64_HAS_STAGE2_FWB);
	geo->has_cmo = !geo->fwb;
	geo->range = system_supports_tlb_range();
}

/**
 * s2_observe_init() - an MMU has got its root
 * @kvm:	the VM
 * @mmu:	the MMU, not in use yet
 * @pgt:	what will be its tables
 *
 * Return: 0 or -ENOMEM: what cannot be shown must not exist.
 */
int s2_observe_init(struct kvm *kvm, struct kvm_s2_mmu *mmu,
		    struct kvm_pgtable *pgt)
{
	struct s2_observed *obs = kzalloc(sizeof(*obs), GFP_KERNEL_ACCOUNT);
	struct s2_ctx *ctx;

	if (!obs)
		return -ENOMEM;

	ctx = &obs->ctx;
	ctx->root = (u64 *)pgt->pgd;
	ctx->pgt.mmu = mmu;
	ctx->id = atomic64_inc_return(&last_id);
	ctx->vm = current->tgid;
	ctx->nested = kvm_is_nested_s2_mmu(kvm, mmu);
	if (WARN_ON_ONCE(s2_geometry_init(&ctx->geo, pgt->ia_bits,
					  pgt->start_level))) {
		kfree(obs);
		return -EINVAL;
	}
	describe(&ctx->geo);

	mutex_lock(&s2_mmus_lock);
	WRITE_ONCE(mmu->s2, ctx);
	s2_emit(s2_mmu_init, ctx, ctx->geo.ipa_bits, ctx->geo.start_level,
		PAGE_SIZE, s2_port_pa(ctx->root), ctx->geo.root_pages,
		ctx->nested, s2_features(&ctx->geo));
	list_add_tail(&ctx->node, &s2_mmus);
	mutex_unlock(&s2_mmus_lock);
	return 0;
}

/* @left: pages of the root that nobody will free. */
static void forget(struct kvm_s2_mmu *mmu, u32 left)
{
	struct s2_ctx *ctx = mmu->s2;
	u64 alloc, freed;

	/* Of a collapsed block the tables are freed after a grace period. */
	if (atomic_read(&s2_observed(ctx)->grace))
		rcu_barrier();

	mutex_lock(&s2_mmus_lock);
	list_del(&ctx->node);
	mutex_unlock(&s2_mmus_lock);

	alloc = atomic64_read(&ctx->tables_alloc);
	freed = atomic64_read(&ctx->tables_freed);
	s2_emit(s2_mmu_free, ctx, s2_port_pa(ctx->root), alloc, freed,
		alloc - freed + left);
	WRITE_ONCE(mmu->s2, NULL);
	kfree_rcu(s2_observed(ctx), ctx.rcu);
}

/**
 * s2_observe_destroyed() - all tables of an MMU are freed but the root
 * @mmu:	the MMU
 *
 * Before the root is: nobody else can have it yet when this is told.
 *
 * Context: may sleep.
 */
void s2_observe_destroyed(struct kvm_s2_mmu *mmu)
{
	struct s2_watch *w = s2_watch_current();

	if (!mmu->s2)
		return;
	if (w)
		s2_observe_end(w, 0);
	forget(mmu, 0);
}

/**
 * s2_observe_vm_gone() - a VM is destroyed
 * @kvm:	the VM
 *
 * Its tables were freed when its MMU notifier was released. If they were not
 * they never will be.
 */
void s2_observe_vm_gone(struct kvm *kvm)
{
	struct s2_ctx *ctx = kvm->arch.mmu.s2;

	if (ctx)
		forget(&kvm->arch.mmu, ctx->geo.root_pages);
}
