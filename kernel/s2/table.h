/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table pages: taken from a cache, linked, counted, unlinked, freed.
 *
 * The rules this file keeps (REFS, FREE):
 *  - count == 1 + counted entries whenever the lock is released. Every change
 *    of a count is paired with exactly one entry transition, in one function;
 *  - a page is freed only when its count is 1, nothing links to it, and the
 *    debt its unlinking opened has been paid.
 */
#ifndef __KVM_ARM64_S2_TABLE_H
#define __KVM_ARM64_S2_TABLE_H

#include "mmu.h"
#include "pte.h"

/**
 * struct s2_slot - where one entry lives
 * @table:	first entry of its table (of the first page, for the root)
 * @level:	level of the entry
 * @index:	index of the entry in the table
 */
struct s2_slot {
	u64	*table;
	s32	level;
	u32	index;
};

static inline struct s2_slot s2_slot(struct s2_ctx *ctx, u64 *table,
				     s32 level, u64 ipa)
{
	u32 index = s2_index(&ctx->geo, level, ipa);

	if (index >= S2_TABLE_ENTRIES && s2_inject(ctx, ROOT_INDEX_OF_ONE_PAGE))
		index &= S2_TABLE_ENTRIES - 1;

	return (struct s2_slot) {
		.table = table,
		.level = level,
		.index = index,
	};
}

static inline u64 s2_slot_read(const struct s2_slot *slot)
{
	return READ_ONCE(slot->table[slot->index]);
}

/* The table that the table descriptor @pte points to. */
static inline u64 *s2_table_of(const struct s2_ctx *ctx, u64 pte)
{
	return s2_port_va(s2_pte_pa(&ctx->geo, pte));
}

/* 1 + counted entries. For a concatenated root, over all its pages (S09). */
static inline s32 s2_table_count(const u64 *table)
{
	return atomic_read(s2_port_count(table));
}

bool s2_entry_set(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		  u64 old, u64 new);
u64 s2_entry_clear(struct s2_op *op, const struct s2_slot *slot, u64 ipa);

u64 *s2_table_take(struct s2_op *op, struct kvm_mmu_memory_cache *mc,
		   s32 level, u64 ipa);
void s2_table_untake(struct s2_op *op, struct kvm_mmu_memory_cache *mc,
		     u64 *table, s32 level, u64 ipa);
void s2_table_bury(struct s2_op *op, u64 *table, s32 level, u64 ipa);
void s2_table_reap(struct s2_op *op);

#endif /* __KVM_ARM64_S2_TABLE_H */
