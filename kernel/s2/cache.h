/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pre-allocated table pages, so that nothing is allocated under mmu_lock.
 * The caches are KVM's own struct kvm_mmu_memory_cache.
 */
#ifndef __KVM_ARM64_S2_CACHE_H
#define __KVM_ARM64_S2_CACHE_H

#include "mmu.h"

u64 *s2_cache_take(struct kvm_mmu_memory_cache *mc);
void s2_cache_untake(struct kvm_mmu_memory_cache *mc, u64 *page);
int s2_cache_refill(struct s2_ctx *ctx, struct kvm_mmu_memory_cache *mc,
		    u32 min);
void s2_cache_drain(struct s2_ctx *ctx, struct kvm_mmu_memory_cache *mc);

/* Pages that mapping one IPA can need: a table for each level below the root. */
static inline u32 s2_cache_pages(const struct s2_ctx *ctx)
{
	return S2_LAST_LEVEL - ctx->geo.start_level;
}

/**
 * s2_cache_fill() - make sure a cache holds enough
 * @ctx:	whose tables it feeds
 * @mc:		the cache
 * @min:	pages it must hold
 *
 * May sleep; not under mmu_lock. Inline: mostly it holds enough.
 *
 * Return: 0, or -ENOMEM; what was allocated by then stays in the cache.
 */
static inline int s2_cache_fill(struct s2_ctx *ctx,
				struct kvm_mmu_memory_cache *mc, u32 min)
{
	return mc->nobjs >= (int)min ? 0 : s2_cache_refill(ctx, mc, min);
}

#endif /* __KVM_ARM64_S2_CACHE_H */
