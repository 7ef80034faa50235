// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing what leaves allow and say, without moving anything: write
 * protection, the access flag, and cache maintenance over what is mapped.
 */
#include "emit.h"
#include "flush.h"
#include "op.h"
#include "walk.h"

/* Changes the leaf under the cursor; tries again if the hardware was faster. */
static __always_inline void change_leaf(struct s2_op *op, struct s2_cursor *cur,
					u64 clear)
{
	while (cur->pte & clear) {
		if (s2_entry_change(op, &cur->slot, s2_cursor_base(cur),
				    cur->pte, cur->pte & ~clear))
			return;
		s2_cursor_reread(cur);
	}
}

static int wrprotect_piece(struct s2_op *op, u64 ipa, u64 end)
{
	struct s2_cursor cur;

	s2_for_each_entry(&cur, op->ctx, ipa, end) {
		if (!s2_pte_leaf(cur.pte, cur.slot.level) ||
		    !(cur.pte & S2_PTE_WRITE))
			continue;
		if (cur.slot.level < S2_LAST_LEVEL &&
		    s2_inject(op->ctx, WRPROTECT_SKIPS_BLOCKS))
			continue;

		change_leaf(op, &cur, S2_PTE_WRITE);
		s2_debt_leaf(op, s2_cursor_base(&cur), cur.slot.level);
	}
	return 0;
}

/**
 * s2_wrprotect() - take write permission from every leaf of a range
 * @op:		the operation; mmu_lock is held for write
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 *
 * A block that overlaps the range is protected whole.
 *
 * Return: 0.
 */
int s2_wrprotect(struct s2_op *op, u64 ipa, u64 end)
{
	return s2_op_range(op, ipa, end, S2_LAST_LEVEL - 1, wrprotect_piece);
}

/**
 * s2_mkyoung() - set the access flag of the leaf for an IPA
 * @op:		the operation; mmu_lock is held, for read is enough
 * @ipa:	the IPA that faulted
 *
 * No flush: a leaf without access flag is not cached (Arm ARM D8.13.1).
 *
 * Return: the leaf as it is now, 0 if there is none.
 */
u64 s2_mkyoung(struct s2_op *op, u64 ipa)
{
	struct s2_cursor cur;
	u64 new;

	if (!s2_cursor_start(&cur, op->ctx, ipa, ipa + 1))
		return 0;

	for (;;) {
		if (!s2_pte_leaf(cur.pte, cur.slot.level))
			return 0;

		new = cur.pte | S2_PTE_AF;
		if (new == cur.pte ||
		    s2_entry_change(op, &cur.slot, s2_cursor_base(&cur),
				    cur.pte, new))
			break;
		s2_cursor_reread(&cur);
	}

	s2_port_sync_walkers();
	return new;
}

/**
 * s2_age() - was anything of a range accessed?
 * @op:		the operation; mmu_lock is held for write
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 * @clear:	and take the access flags away
 *
 * Opens no debt: a translation that stays cached merely is not noticed when
 * it is used again. Where the host wants to notice, it has KVM flush after
 * us (kvm_mmu_notifier_clear_flush_young()).
 *
 * Return: whether any leaf that overlaps the range was young.
 */
bool s2_age(struct s2_op *op, u64 ipa, u64 end, bool clear)
{
	struct s2_cursor cur;
	bool young = false;

	s2_for_each_entry(&cur, op->ctx, ipa, end) {
		if (!s2_pte_leaf(cur.pte, cur.slot.level) ||
		    !(cur.pte & S2_PTE_AF))
			continue;

		young = true;
		if (!clear)
			break;
		change_leaf(op, &cur, S2_PTE_AF);
		if (s2_inject(op->ctx, AGE_STOPS_AT_FIRST))
			break;
	}
	return young;
}

static int clean_piece(struct s2_op *op, u64 ipa, u64 end)
{
	struct s2_cursor cur;

	s2_for_each_entry(&cur, op->ctx, ipa, end) {
		if (s2_pte_leaf(cur.pte, cur.slot.level) &&
		    !s2_inject(op->ctx, CLEAN_SKIPS_LEAVES))
			s2_cmo_clean(op, cur.pte, cur.slot.level);
	}
	return 0;
}

/**
 * s2_clean() - clean and invalidate the lines of everything mapped in a range
 * @op:		the operation; mmu_lock is held for write
 * @ipa:	first IPA
 * @end:	first IPA behind the range
 *
 * Return: 0.
 */
int s2_clean(struct s2_op *op, u64 ipa, u64 end)
{
	if (!op->ctx->geo.has_cmo)
		return 0;

	return s2_op_range(op, ipa, end, S2_LAST_LEVEL - 1, clean_piece);
}
