// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table pages and the entries in them. See table.h for the rules.
 */
#include "cache.h"
#include "count.h"
#include "emit.h"
#include "flush.h"
#include "stat.h"
#include "switch.h"
#include "table.h"

/* Does an entry that was @old take a count when it becomes something else? */
static bool takes_count(struct s2_op *op, const struct s2_slot *slot, u64 old)
{
	if (s2_pte_counted(old))
		return s2_inject(op->ctx, UPDATE_COUNTS_AGAIN);

	return slot->index < S2_TABLE_ENTRIES ||
	       !s2_inject(op->ctx, ROOT_TAIL_NOT_COUNTED);
}

/*
 * An entry was set, and somebody wants to know. Returns true, so that it can be
 * the last thing its callers do: then they keep nothing for it.
 */
bool s2_entry_told(struct s2_op *op, struct s2_slot slot, u64 ipa, u64 old,
		   u64 new, s32 refs)
{
	s2_count_set(op);
	s2_emit(s2_set, op->ctx, op->id, ipa, slot.level,
		s2_port_pa(slot.table), slot.index, old, new, refs);
	return true;
}

/**
 * s2_entry_set() - make an entry non-zero, or change it
 * @op:		the operation
 * @slot:	the entry
 * @ipa:	first IPA it translates
 * @old:	what the caller saw in it
 * @new:	what is to be there, not zero
 *
 * With mmu_lock held for read others may be changing the same entry, and even
 * with it held for write the hardware may set the access flag of a valid leaf
 * (VTCR_EL2.HA), so the entry changes by compare-and-exchange. A successful
 * one is a full barrier: a table page that @new links was zeroed or filled
 * before the walkers can reach it (S27).
 *
 * Going from one valid leaf to another one is the caller's to justify (BBM).
 *
 * Return: false if the entry was no longer @old; nothing happened then.
 */
bool s2_entry_set(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		  u64 old, u64 new)
{
	atomic_t *count = s2_port_count(slot->table);
	s32 refs;

	if (cmpxchg(&slot->table[slot->index], old, new) != old)
		return false;

	if (takes_count(op, slot, old))
		refs = atomic_inc_return(count);
	else
		refs = s2_listening(s2_set) ? atomic_read(count) : 0;

	op->entries++;
	s2_stat_entry(op, slot->level, old, new);
	if (s2_counting() || s2_listening(s2_set))
		return s2_entry_told(op, *slot, ipa, old, new, refs);
	return true;
}

/**
 * s2_entry_clear() - make an entry zero
 * @op:		the operation, with mmu_lock held for write, or on tables that
 *		nobody else can reach any more
 * @slot:	the entry
 * @ipa:	first IPA it translates
 *
 * The caller records what this costs the TLBs (s2_debt_leaf(),
 * s2_debt_table()). An exchange, not a store: the hardware may have set the
 * access flag since the caller looked, and the event tells what really was
 * there. Clearing an entry that is already zero drops no count (S02).
 *
 * Return: the entry as it was.
 */
u64 s2_entry_clear(struct s2_op *op, const struct s2_slot *slot, u64 ipa)
{
	u64 old = xchg(&slot->table[slot->index], 0);
	s32 refs;

	if (!s2_pte_counted(old) && !s2_inject(op->ctx, CLEAR_ABSENT_DROPS_COUNT))
		return old;

	refs = atomic_dec_return(s2_port_count(slot->table));
	op->entries++;
	s2_stat_entry(op, slot->level, old, 0);
	s2_count_clear(op);
	s2_emit(s2_clear, op->ctx, op->id, ipa, slot->level,
		s2_port_pa(slot->table), slot->index, old, 0, refs);
	return old;
}

/**
 * s2_table_take() - a zeroed page from the cache, to become a table
 * @op:		the operation
 * @mc:		where from; NULL if the caller brought none
 * @level:	level of the entries the table will hold
 * @ipa:	first IPA it will translate
 *
 * The event is emitted before the page is linked: whoever meets the page in
 * the tree and puts an entry into it must not be heard first.
 *
 * Return: the table, with a count of 1, or NULL if the cache is empty. Never
 * allocates: mmu_lock is held.
 */
u64 *s2_table_take(struct s2_op *op, struct kvm_mmu_memory_cache *mc,
		   s32 level, u64 ipa)
{
	u64 *table = s2_cache_take(mc);

	if (!table)
		return NULL;

	atomic_set(s2_port_count(table), s2_inject(op->ctx, COUNT_HELD) ? 2 : 1);
	s2_port_table_taken(table);
	atomic64_inc(&op->ctx->tables_alloc);
	s2_stat_table(op, level, 1);
	s2_emit(s2_table_alloc, op->ctx, op->id, s2_port_pa(table), level, ipa);
	return table;
}

static void table_gone(struct s2_op *op, u64 *table, s32 level, u64 ipa)
{
	s32 count = s2_table_count(table);

	/* A wrong count is a bug of ours, not a reason to leak the page. */
	WARN_ON_ONCE(count != 1);
	s2_emit(s2_table_free, op->ctx, op->id, s2_port_pa(table), level, ipa,
		count, op->lock == S2_LOCK_NONE);
	atomic64_inc(&op->ctx->tables_freed);
	s2_stat_table(op, level, -1);
}

/**
 * s2_table_untake() - give back a table that never got linked
 * @op:		the operation
 * @mc:		where it came from
 * @table:	zeroed, count 1
 * @level:	as it was taken
 * @ipa:	as it was taken
 */
void s2_table_untake(struct s2_op *op, struct kvm_mmu_memory_cache *mc,
		     u64 *table, s32 level, u64 ipa)
{
	table_gone(op, table, level, ipa);
	s2_cache_untake(mc, table);
}

/**
 * s2_table_bury() - an unlinked table waits for the debt to be paid
 * @op:		the operation that unlinked it and owes the TLBs for it
 * @table:	the table; what is below it stays linked to it
 * @level:	level of its entries
 * @ipa:	first IPA it translated
 */
void s2_table_bury(struct s2_op *op, u64 *table, s32 level, u64 ipa)
{
	if (s2_inject(op->ctx, TABLE_LEAKED))
		return;

	/* The IPA is page-aligned, so the level fits below it. */
	s2_port_set_note(table, ipa | level);
	list_add_tail(s2_port_link(table), &op->dead);
}

/* A mistake in the counts is only seen where each entry is looked at. */
#if defined(CONFIG_DEBUG_VM) || defined(CONFIG_KVM_ARM64_S2_INJECT)
#define READ_ALL	true
#else
#define READ_ALL	false
#endif

/*
 * A table of leaves, of which nobody wants to hear one by one, is freed with
 * its entries in it. What it held its count says: we leave nothing but leaves
 * in a table of the last level (s2_pte_counted()). They are looked at only if
 * what they map is to be cleaned.
 */
static bool reap_unread(struct s2_op *op, u64 *table, s32 level)
{
	s32 leaves = s2_table_count(table) - 1;

	if (level != S2_LAST_LEVEL || s2_listening(s2_clear) || READ_ALL ||
	    !s2_switches.reap_unread)
		return false;

	if (s2_cmo_owed(op))
		s2_cmo_table(op, table);
	atomic_set(s2_port_count(table), 1);
	s2_stat_gone(op, level, leaves);
	s2_count_gone(op, leaves);
	return true;
}

/*
 * Empties and frees a table and what is below it. No walker can get here any
 * more, neither the hardware's nor ours, so entries may go in any order.
 */
static void reap_table(struct s2_op *op, u64 *table, s32 level, u64 ipa)
{
	struct s2_ctx *ctx = op->ctx;
	struct s2_slot slot = { .table = table, .level = level };
	u64 old;

	if (reap_unread(op, table, level))
		slot.index = S2_TABLE_ENTRIES;

	for (; slot.index < S2_TABLE_ENTRIES; slot.index++) {
		if (!s2_slot_read(&slot))
			continue;

		old = s2_entry_clear(op, &slot, ipa +
				     slot.index * s2_level_size(level));
		if (s2_pte_table(old, level))
			reap_table(op, s2_table_of(ctx, old), level + 1,
				   ipa + slot.index * s2_level_size(level));
		else
			s2_cmo_after(op, old, level);
	}

	table_gone(op, table, level, ipa);
	s2_port_free_table(table);
}

/**
 * s2_table_reap() - free what has been buried
 * @op:		the operation; its debt is paid
 *
 * For guests whose memory needs cache maintenance (no FEAT_S2FWB) the lines of
 * what the tables mapped are cleaned here: after the invalidation, or the
 * guest could dirty them again through a stale translation.
 */
void s2_table_reap(struct s2_op *op)
{
	struct list_head *link;
	u64 *table, note;

	while (!list_empty(&op->dead)) {
		link = op->dead.next;
		list_del(link);
		table = s2_port_of_link(link);
		note = s2_port_note(table);
		s2_port_set_note(table, 0);
		reap_table(op, table, note & ~PAGE_MASK, note & PAGE_MASK);
	}
}
