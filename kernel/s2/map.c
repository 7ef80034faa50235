// SPDX-License-Identifier: GPL-2.0-only
/*
 * set: putting a leaf into the tables.
 *
 * What may happen to an entry, and under which lock:
 *
 *	absent -> leaf or table		read	no flush: absent is not cached
 *	leaf -> same leaf, more allowed	read	no flush here (see fault.c)
 *	leaf -> other leaf		write	clear, flush, set
 *	table -> block			write	clear, flush, free, set
 *	block -> table			write	clear, flush, set (split.c)
 *
 * So whoever holds mmu_lock for read may rely on valid entries staying valid
 * and on the table pages it walks: neither a marker for "being changed" nor
 * RCU is needed. s2_map() returns -EBUSY when it needs the lock for write.
 */
#include "cache.h"
#include "emit.h"
#include "flush.h"
#include "op.h"
#include "split.h"
#include "table.h"

/* Links a new, empty table where there is nothing. */
static int link_table(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		      struct kvm_mmu_memory_cache *mc)
{
	u64 base = ipa & ~(s2_level_size(slot->level) - 1);
	u64 *table = s2_table_take(op, mc, slot->level + 1, base);
	u64 new;

	if (!table)
		return -ENOMEM;

	new = s2_pte_make_table(&op->ctx->geo, s2_port_pa(table));
	if (!s2_entry_set(op, slot, base, 0, new))
		/* Somebody else was faster; the caller looks again. */
		s2_table_untake(op, mc, table, slot->level + 1, base);
	return 0;
}

/*
 * A block is where we want to go further down.
 *
 * If it already maps what the caller wants there is nothing to do, but to
 * make it young if that was wanted. Otherwise it gives way to a table that maps the same, in
 * which the caller goes on.
 */
static int meet_block(struct s2_op *op, const struct s2_slot *slot, u64 old,
		      u64 ipa, u64 new, s32 level,
		      struct kvm_mmu_memory_cache *mc)
{
	u64 base = ipa & ~(s2_level_size(slot->level) - 1);
	u64 part = old;
	s32 l;

	for (l = slot->level; l < level; l++)
		part = s2_pte_split(&op->ctx->geo, part, l,
				    s2_index(&op->ctx->geo, l + 1, ipa));

	part |= S2_PTE_AF;
	if (s2_pte_same_mapping(part, new) && s2_pte_relax(part, new) == part) {
		if (new & ~old & S2_PTE_AF)
			s2_entry_change(op, slot, base, old, old | S2_PTE_AF);
		return -EAGAIN;
	}
	if (op->lock != S2_LOCK_WRITE)
		return -EBUSY;

	return s2_split_block(op, slot, old, base, mc);
}

/* Records what the TLBs and caches are owed for an entry that was taken away. */
static void owe_entry(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		      u64 old)
{
	u64 *child;

	if (!s2_pte_table(old, slot->level)) {
		s2_debt_leaf(op, ipa, slot->level);
		s2_cmo_later(op, old, slot->level);
		return;
	}

	child = s2_table_of(op->ctx, old);
	s2_debt_table(op, ipa, s2_level_size(slot->level),
		      s2_table_count(child) - 1);
	s2_table_bury(op, child, slot->level + 1, ipa);
}

/* Breaks what is in the way and pays for it. Alone in the tables. */
static void break_entry(struct s2_op *op, const struct s2_slot *slot, u64 ipa)
{
	u64 old = s2_entry_clear(op, slot, ipa);

	owe_entry(op, slot, ipa, old);
	if (s2_pte_table(old, slot->level))
		s2_debt_settle_as(op, S2_REASON_COLLAPSE);
	else
		s2_debt_settle(op);
}

/* What a fault that was switched on wants broken before it is made again. */
static bool breaks_in_vain(struct s2_op *op, u64 old, u64 new)
{
	if (s2_pte_relax(old, new) == old)
		return s2_inject(op->ctx, EQUAL_REMAP_BREAKS);

	return s2_inject(op->ctx, PERMISSION_BREAKS);
}

/* What is not allowed: @new in the place of @old, and the debt paid after. */
static int replace_entry(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
			 u64 old, u64 new)
{
	if (!s2_entry_set(op, slot, ipa, old, new))
		return -EBUSY;

	owe_entry(op, slot, ipa, old);
	s2_debt_settle(op);
	return 0;
}

/*
 * The leaf maps the same: it is only to allow more, or to be young. Returns 1
 * if somebody was faster.
 */
static int relax_leaf(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		      u64 old, u64 new)
{
	u64 want = s2_pte_relax(old, new);

	if (want == old)
		return -EAGAIN;

	s2_cmo_before(op, old, want, slot->level);
	return !s2_entry_change(op, slot, ipa, old, want);
}

/* Puts the leaf @new into its slot, whatever is there now. */
static int set_leaf(struct s2_op *op, const struct s2_slot *slot, u64 ipa,
		    u64 new)
{
	u64 old;
	int ret;

	for (;;) {
		old = s2_slot_read(slot);

		if (s2_pte_leaf(old, slot->level) &&
		    s2_pte_same_mapping(old, new) &&
		    !breaks_in_vain(op, old, new)) {
			ret = relax_leaf(op, slot, ipa, old, new);
			if (ret <= 0)
				return ret;
		} else if (s2_pte_valid(old)) {
			if (op->lock != S2_LOCK_WRITE &&
			    !s2_inject(op->ctx, REPLACE_UNDER_READ_LOCK))
				return -EBUSY;
			if (s2_inject(op->ctx, REPLACE_WITHOUT_BREAK))
				return replace_entry(op, slot, ipa, old, new);
			break_entry(op, slot, ipa);
		} else {
			s2_cmo_before(op, old, new, slot->level);
			if (s2_entry_set(op, slot, ipa, old, new))
				return 0;
		}
	}
}

static inline int check_map(const struct s2_geometry *geo, u64 ipa, u64 pa,
			    s32 level, u64 prot)
{
	u64 offset;

	if (level < geo->min_block_level || level < geo->start_level ||
	    level > S2_LAST_LEVEL)
		return -EINVAL;

	offset = s2_level_size(level) - 1;
	if ((ipa | pa) & offset || ipa >= s2_ipa_limit(geo))
		return -EINVAL;
	if (pa & ~s2_pte_pa(geo, s2_pte_from_pa(geo, ~0ULL)))
		return -EINVAL;
	if ((prot & S2_PROT_DEVICE) && (prot & (S2_PROT_NC | S2_PROT_X)))
		return -EINVAL;
	if ((prot & S2_PROT_NC) && (prot & S2_PROT_X))
		return -EINVAL;

	return 0;
}

/**
 * s2_map() - map one page or block
 * @op:		the operation; mmu_lock is held for read or for write
 * @ipa:	where, aligned to the size of an entry of @level
 * @pa:		what, aligned likewise
 * @level:	level of the leaf: how large
 * @prot:	S2_PROT_*, and software bits in place
 * @mc:		where table pages come from; may be NULL if none is needed
 *
 * Permissions of a leaf that already maps @pa only ever grow here.
 *
 * Return: 0 if the leaf was installed or changed; -EAGAIN if the tables
 * already said at least as much (a block may have been made young); -EBUSY if
 * it takes mmu_lock held for write; -ENOMEM if @mc ran out; -EINVAL for a
 * mapping the tables cannot express.
 */
int s2_map(struct s2_op *op, u64 ipa, u64 pa, s32 level, u64 prot,
	   struct kvm_mmu_memory_cache *mc)
{
	struct s2_ctx *ctx = op->ctx;
	struct s2_slot slot = s2_root_slot(ctx);
	u64 old, new;
	int ret;

	ret = check_map(&ctx->geo, ipa, pa, level, prot);
	if (ret)
		return ret;

	new = s2_pte_make_leaf(&ctx->geo, pa, level, prot);
	for (;;) {
		old = s2_descend(ctx, &slot, ipa, level);
		if (slot.level == level)
			break;

		if (s2_pte_valid(old))
			ret = meet_block(op, &slot, old, ipa, new, level, mc);
		else
			ret = link_table(op, &slot, ipa, mc);
		if (ret)
			goto out;
	}

	ret = set_leaf(op, &slot, ipa, new);
out:
	/* What we wrote is there for the walker when the guest tries again. */
	s2_port_sync_walkers();
	return ret;
}

/**
 * s2_map_absent() - map pages in a row, where nothing is
 * @op:		the operation; mmu_lock is held for read or for write
 * @ipa:	where the first one goes
 * @pages:	what is to be mapped
 * @nr:		how many; all in one table of pages
 *
 * Takes no table page and owes nothing: where there is no table of pages
 * nothing happens, what is mapped already stays as it is. And who was faster
 * was right.
 */
void s2_map_absent(struct s2_op *op, u64 ipa, const struct s2_host_page *pages,
		   u32 nr)
{
	struct s2_ctx *ctx = op->ctx;
	struct s2_slot slot = s2_root_slot(ctx);
	u64 new;
	u32 i;

	s2_descend(ctx, &slot, ipa, S2_LAST_LEVEL);
	if (slot.level < S2_LAST_LEVEL ||
	    WARN_ON_ONCE(slot.index + nr > S2_TABLE_ENTRIES))
		return;

	for (i = 0; i < nr; i++, slot.index++, ipa += PAGE_SIZE) {
		if (!pages[i].prot || s2_slot_read(&slot))
			continue;

		new = s2_pte_make_leaf(&ctx->geo, pages[i].pa, S2_LAST_LEVEL,
				       pages[i].prot);
		s2_cmo_before(op, 0, new, S2_LAST_LEVEL);
		s2_entry_set(op, &slot, ipa, 0, new);
	}
	s2_port_sync_walkers();
}

/**
 * s2_set_spte() - a host page was replaced: follow it
 * @op:		the operation; mmu_lock is held for write
 * @ipa:	the page
 * @pa:		its new memory
 * @prot:	as for s2_map()
 *
 * Replaces an existing page and nothing else: where the guest never faulted,
 * or the page went already, there is nothing to follow (S08, U69). A block is
 * left alone too: the host splits its own before it replaces a part, and has
 * us unmap ours then. Without a cache, it can be called from a notifier.
 *
 * Return: 1 if a page was replaced, 0 if there was none, -EINVAL.
 */
int s2_set_spte(struct s2_op *op, u64 ipa, u64 pa, u64 prot)
{
	struct s2_ctx *ctx = op->ctx;
	struct s2_slot slot = s2_root_slot(ctx);
	u64 old, new;
	int ret;

	ret = check_map(&ctx->geo, ipa, pa, S2_LAST_LEVEL, prot);
	if (ret)
		return ret;

	old = s2_descend(ctx, &slot, ipa, S2_LAST_LEVEL);
	if (slot.level < S2_LAST_LEVEL)
		return 0;
	if (!s2_pte_valid(old))
		return 0;

	new = s2_pte_make_leaf(&ctx->geo, pa, S2_LAST_LEVEL, prot);
	if (new == (old | S2_PTE_AF))
		return 0;

	break_entry(op, &slot, ipa);
	s2_cmo_before(op, 0, new, S2_LAST_LEVEL);
	if (!s2_entry_set(op, &slot, ipa, 0, new))
		return -EBUSY;
	s2_port_sync_walkers();
	return 1;
}
