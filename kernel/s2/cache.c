// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling, using and draining table caches.
 */
#include "cache.h"
#include "emit.h"

/**
 * s2_cache_take() - one zeroed page out of a cache
 * @mc:		the cache, or NULL
 *
 * KVM's own helper falls back to an atomic allocation with a warning when the
 * cache is empty; we would rather fail and let the caller fill it.
 *
 * Return: the page, or NULL.
 */
u64 *s2_cache_take(struct kvm_mmu_memory_cache *mc)
{
	if (!mc || !mc->nobjs)
		return NULL;

	return kvm_mmu_memory_cache_alloc(mc);
}

/**
 * s2_cache_untake() - put back the page last taken, still zeroed
 * @mc:		where it came from; it has room, for nobody else fills it
 * @page:	the page
 */
void s2_cache_untake(struct kvm_mmu_memory_cache *mc, u64 *page)
{
	s2_port_table_untaken(page);
	mc->objects[mc->nobjs++] = page;
}

/* s2_cache_fill() has something to do. */
int s2_cache_refill(struct s2_ctx *ctx, struct kvm_mmu_memory_cache *mc,
		    u32 min)
{
	int before = mc->nobjs, ret;

	ret = kvm_mmu_topup_memory_cache(mc, min);
	s2_emit(s2_cache, ctx, (u64)(unsigned long)mc, before, mc->nobjs, ret);
	return ret;
}

/**
 * s2_cache_drain() - free what a cache holds
 * @ctx:	whose tables it fed
 * @mc:		the cache
 */
void s2_cache_drain(struct s2_ctx *ctx, struct kvm_mmu_memory_cache *mc)
{
	int before = mc->nobjs;

	kvm_mmu_free_memory_cache(mc);
	if (before && ctx)
		s2_emit(s2_cache, ctx, (u64)(unsigned long)mc, before,
			mc->nobjs, 0);
}
