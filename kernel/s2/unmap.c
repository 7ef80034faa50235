// SPDX-License-Identifier: GPL-2.0-only
/*
 * clear: taking mappings out of the tables.
 *
 * A table that the range covers is unlinked whole, with one write and without
 * touching its entries; a table at the edge of the range is gone through, and
 * unlinked if that emptied it. Either way the pages wait, buried, until the
 * debt is paid.
 */
#include "emit.h"
#include "flush.h"
#include "op.h"
#include "table.h"

static void unlink_table(struct s2_op *op, const struct s2_slot *slot, u64 ipa)
{
	u64 base = ipa & ~(s2_level_size(slot->level) - 1);
	u64 *child = s2_table_of(op->ctx, s2_entry_clear(op, slot, base));

	s2_debt_table(op, base, s2_level_size(slot->level),
		      s2_table_count(child) - 1);
	s2_table_bury(op, child, slot->level + 1, base);
}

/* Clears a leaf; or only counts it as cleared, as a fault has it. */
static u64 take_leaf(struct s2_op *op, const struct s2_slot *slot, u64 base)
{
	if (!s2_inject(op->ctx, CLEAR_ONLY_COUNTS))
		return s2_entry_clear(op, slot, base);

	atomic_dec_return(s2_port_count(slot->table));
	return s2_slot_read(slot);
}

/* A block that the range covers only partly goes whole: the rest faults in. */
static void clear_leaf(struct s2_op *op, const struct s2_slot *slot, u64 ipa)
{
	u64 base = ipa & ~(s2_level_size(slot->level) - 1);
	u64 old = take_leaf(op, slot, base);

	s2_debt_leaf(op, base, slot->level);
	s2_cmo_later(op, old, slot->level);
}

/* On to @next; or, as a fault has it, one entry's size further. */
static u64 step_to(struct s2_op *op, s32 level, u64 ipa, u64 next)
{
	if (ipa & (s2_level_size(level) - 1) &&
	    s2_inject(op->ctx, UNMAP_STEPS_UNALIGNED))
		return ipa + s2_level_size(level);

	return next;
}

static void unmap_table(struct s2_op *op, u64 *table, s32 level, u64 ipa,
			u64 end)
{
	u64 next, old, *child;
	struct s2_slot slot;

	for (; ipa < end; ipa = step_to(op, level, ipa, next)) {
		next = s2_next_or_end(level, ipa, end);
		slot = s2_slot(op->ctx, table, level, ipa);
		old = s2_slot_read(&slot);

		if (!s2_pte_counted(old) &&
		    !s2_inject(op->ctx, CLEAR_ABSENT_DROPS_COUNT))
			continue;
		if (!s2_pte_table(old, level)) {
			clear_leaf(op, &slot, ipa);
			continue;
		}

		child = s2_table_of(op->ctx, old);
		if (next - ipa < s2_level_size(level)) {
			unmap_table(op, child, level + 1, ipa, next);
			if (s2_table_count(child) != 1 &&
			    !s2_inject(op->ctx, NONEMPTY_TABLE_UNLINKED))
				continue;
		}
		unlink_table(op, &slot, ipa);
	}
}

static int unmap_piece(struct s2_op *op, u64 ipa, u64 end)
{
	unmap_table(op, op->ctx->root, op->ctx->geo.start_level, ipa, end);
	return 0;
}

/**
 * s2_unmap() - clear a range
 * @op:		the operation; mmu_lock is held for write
 * @ipa:	first IPA
 * @end:	first IPA behind the range; what lies beyond the IPA limit is
 *		not mapped
 *
 * Every leaf that overlaps the range is gone afterwards; the TLBs are told
 * when the operation ends or yields.
 *
 * Return: 0.
 */
int s2_unmap(struct s2_op *op, u64 ipa, u64 end)
{
	if (end >> 32 && s2_inject(op->ctx, UNMAP_END_TRUNCATED))
		end = (u32)end;

	return s2_op_range(op, ipa, end, S2_LAST_LEVEL - 2, unmap_piece);
}

/**
 * s2_unmap_root() - take down the whole tree
 * @op:		the operation; mmu_lock is held for write
 *
 * Only the root's entries are touched. The caller pays under the lock, and
 * frees (s2_table_reap()) after it let go of it.
 */
void s2_unmap_root(struct s2_op *op)
{
	struct s2_ctx *ctx = op->ctx;

	unmap_table(op, ctx->root, ctx->geo.start_level, 0,
		    s2_ipa_limit(&ctx->geo));
}
