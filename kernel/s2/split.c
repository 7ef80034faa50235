// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turning blocks into tables that map the same, one level further down.
 *
 * The table is filled before it is linked, so the guest sees either the block
 * or all of it; in between (break-before-make) it faults and waits for
 * mmu_lock, which we hold.
 */
#include "emit.h"
#include "flush.h"
#include "op.h"
#include "split.h"
#include "walk.h"

static void fill_table(struct s2_op *op, u64 *table, u64 block, s32 level,
		       u64 ipa)
{
	struct s2_slot slot = { .table = table, .level = level + 1 };

	for (; slot.index < S2_TABLE_ENTRIES; slot.index++)
		s2_entry_set(op, &slot, ipa + slot.index *
			     s2_level_size(level + 1), 0,
			     s2_pte_split(&op->ctx->geo, block, level,
					  slot.index));
}

/**
 * s2_split_block() - replace one block
 * @op:		the operation; mmu_lock is held for write
 * @slot:	the block's entry, above the last level
 * @old:	the block
 * @ipa:	first IPA it translates
 * @mc:		where the table comes from
 *
 * Access flag, permissions and software bits go to every part. Pays for the
 * break before it makes.
 *
 * Return: 0, or -ENOMEM if @mc is empty: nothing was changed.
 */
int s2_split_block(struct s2_op *op, const struct s2_slot *slot, u64 old,
		   u64 ipa, struct kvm_mmu_memory_cache *mc)
{
	u64 *table = s2_table_take(op, mc, slot->level + 1, ipa), link;

	if (!table)
		return -ENOMEM;

	fill_table(op, table, old, slot->level, ipa);
	link = s2_pte_make_table(&op->ctx->geo, s2_port_pa(table));
	if (s2_inject(op->ctx, SPLIT_WITHOUT_BREAK))
		return s2_entry_set(op, slot, ipa, old, link) ? 0 : -EBUSY;

	s2_entry_clear(op, slot, ipa);
	s2_debt_leaf(op, ipa, slot->level);
	s2_debt_settle_as(op, S2_REASON_SPLIT);

	/* We are alone and the entry is absent: this cannot fail. */
	WARN_ON_ONCE(!s2_entry_set(op, slot, ipa, 0, link));
	return 0;
}

/**
 * s2_split() - split every block of a range down to pages
 * @op:		the operation; mmu_lock is held for write
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 * @mc:		where table pages come from
 *
 * Return: 0, or -ENOMEM if @mc ran out; what was split stays split, and the
 * caller may go on after it filled the cache.
 */
int s2_split(struct s2_op *op, u64 ipa, u64 end,
	     struct kvm_mmu_memory_cache *mc)
{
	struct s2_cursor cur;
	int ret;

	s2_for_each_entry(&cur, op->ctx, ipa, end) {
		while (cur.slot.level < S2_LAST_LEVEL &&
		       s2_pte_leaf(cur.pte, cur.slot.level)) {
			ret = s2_split_block(op, &cur.slot, cur.pte,
					     s2_cursor_base(&cur), mc);
			if (ret)
				return ret;
			/* Now a table is there: go into it. */
			s2_cursor_down(&cur, cur.slot.level);
		}
		/* Pages it is, all of it. */
		if (cur.slot.level == S2_LAST_LEVEL)
			s2_cursor_skip_table(&cur);
	}

	s2_port_sync_walkers();
	return 0;
}
