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

#include "emit.h"
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

/* Where a descent begins (s2_descend()). */
static inline struct s2_slot s2_root_slot(const struct s2_ctx *ctx)
{
	return (struct s2_slot) {
		.table = ctx->root,
		.level = ctx->geo.start_level,
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

/**
 * s2_descend() - go down to the entry for an IPA
 * @ctx:	whose tables
 * @slot:	a table and its level; becomes the lowest entry for @ipa that
 *		exists, or that of level @want
 * @ipa:	the IPA, within the IPA space
 * @want:	how far down
 *
 * Return: the entry.
 */
static __always_inline u64 s2_descend(struct s2_ctx *ctx, struct s2_slot *slot,
				      u64 ipa, s32 want)
{
	u32 shift = s2_level_shift(slot->level);
	u64 pte;

	slot->index = s2_slot(ctx, slot->table, slot->level, ipa).index;
	for (;;) {
		pte = s2_slot_read(slot);
		if (slot->level >= want || !s2_pte_table(pte, slot->level))
			return pte;

		slot->table = s2_table_of(ctx, pte);
		slot->level++;
		shift -= S2_TABLE_SHIFT;
		slot->index = (ipa >> shift) & (S2_TABLE_ENTRIES - 1);
	}
}

/* 1 + counted entries. For a concatenated root, over all its pages (S09). */
static inline s32 s2_table_count(const u64 *table)
{
	return atomic_read(s2_port_count(table));
}

bool s2_entry_set(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		  u64 old, u64 new);
u64 s2_entry_clear(struct s2_op *op, const struct s2_slot *slot, u64 ipa);

/* The slot by value: whose address is taken does not live in registers. */
bool s2_entry_told(struct s2_op *op, struct s2_slot slot, u64 ipa, u64 old,
		   u64 new, s32 refs);

/**
 * s2_entry_change() - change what a leaf allows or says, and nothing else
 * @op:		the operation
 * @slot:	the entry
 * @ipa:	first IPA it translates
 * @old:	what the caller saw in it, a valid leaf
 * @new:	what is to be there: the same mapping (s2_pte_same_mapping())
 *
 * As s2_entry_set(), where neither the table's count nor the VM's statistics
 * change. Inline, because there are as many of these as there are pages.
 *
 * Return: false if the entry was no longer @old; nothing happened then.
 */
static __always_inline bool s2_entry_change(struct s2_op *op,
					    const struct s2_slot *slot,
					    u64 ipa, u64 old, u64 new)
{
	if (cmpxchg(&slot->table[slot->index], old, new) != old)
		return false;

	if (s2_inject(op->ctx, UPDATE_COUNTS_AGAIN))
		atomic_inc_return(s2_port_count(slot->table));
	op->entries++;
	if (s2_counting() || s2_listening(s2_set))
		return s2_entry_told(op, *slot, ipa, old, new,
				     s2_table_count(slot->table));
	return true;
}

u64 *s2_table_take(struct s2_op *op, struct kvm_mmu_memory_cache *mc,
		   s32 level, u64 ipa);
void s2_table_untake(struct s2_op *op, struct kvm_mmu_memory_cache *mc,
		     u64 *table, s32 level, u64 ipa);
void s2_table_bury(struct s2_op *op, u64 *table, s32 level, u64 ipa);
void s2_table_reap(struct s2_op *op);

#endif /* __KVM_ARM64_S2_TABLE_H */
