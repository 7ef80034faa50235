/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way to go through a range (WALK); to a single entry: s2_descend().
 *
 * A cursor visits, in order, the lowest entry that exists for each IPA of a
 * range: leaves, and absent entries at whatever level they are. After the
 * first step its IPA is aligned to the entry it looks at; it strictly rises
 * and stays below the end; every index is bounded by its table. It calls
 * nobody: the caller loops.
 *
 *	s2_for_each_entry(&cur, ctx, ipa, end)
 *		if (s2_pte_leaf(cur.pte, cur.slot.level))
 *			...
 *
 * The root is read when the cursor starts. Who drops mmu_lock starts over at
 * cur.ipa with a cursor of its own (rule 7 of the core).
 */
#ifndef __KVM_ARM64_S2_WALK_H
#define __KVM_ARM64_S2_WALK_H

#include "table.h"

/**
 * struct s2_cursor - a place in the tables
 * @ctx:	whose tables
 * @ipa:	where we are: the start, then aligned to the entry's span
 * @end:	first IPA not to be visited
 * @slot:	the entry we look at
 * @pte:	its value when we read it
 * @tables:	the tables on the path from the root, by level
 */
struct s2_cursor {
	struct s2_ctx	*ctx;
	u64		ipa;
	u64		end;
	struct s2_slot	slot;
	u64		pte;
	u64		*tables[S2_LAST_LEVEL + 1];
};

/* First IPA that the entry under the cursor translates. */
static inline u64 s2_cursor_base(const struct s2_cursor *cur)
{
	return cur->ipa & ~(s2_level_size(cur->slot.level) - 1);
}

/* From the entry at @level, go down until there is no table to go into. */
static inline void s2_cursor_down(struct s2_cursor *cur, s32 level)
{
	for (;;) {
		cur->slot = s2_slot(cur->ctx, cur->tables[level], level,
				    cur->ipa);
		cur->pte = s2_slot_read(&cur->slot);
		if (!s2_pte_table(cur->pte, level))
			return;

		level++;
		cur->tables[level] = s2_table_of(cur->ctx, cur->pte);
	}
}

/**
 * s2_cursor_start() - look at the entry for the first IPA of a range
 * @cur:	the cursor
 * @ctx:	whose tables
 * @ipa:	first IPA
 * @end:	first IPA behind the range, at most the IPA limit
 *
 * Return: false if the range is empty or begins beyond the IPA space.
 */
static inline bool s2_cursor_start(struct s2_cursor *cur, struct s2_ctx *ctx,
				   u64 ipa, u64 end)
{
	u64 limit = s2_ipa_limit(&ctx->geo);

	cur->ctx = ctx;
	cur->ipa = ipa;
	cur->end = end < limit ? end : limit;
	if (ipa >= cur->end)
		return false;

	cur->tables[ctx->geo.start_level] = ctx->root;
	s2_cursor_down(cur, ctx->geo.start_level);
	return true;
}

/* On to @next, which is behind the entry under the cursor. */
static inline void s2_cursor_go(struct s2_cursor *cur, u64 next)
{
	s32 level = cur->slot.level;

	cur->ipa = next;
	/* Behind the last entry of a table: on with the parent's next one. */
	while (level > cur->ctx->geo.start_level &&
	       !s2_index(&cur->ctx->geo, level, next))
		level--;
	s2_cursor_down(cur, level);
}

/**
 * s2_cursor_next() - go on to the next entry
 * @cur:	the cursor
 *
 * Inline in any case: most steps are to the next page of the same table, of
 * which there are as many as there are pages.
 *
 * Return: false at the end of the range.
 */
static __always_inline bool s2_cursor_next(struct s2_cursor *cur)
{
	s32 level = cur->slot.level;
	u64 next = s2_next(level, cur->ipa);

	if (next >= cur->end)
		return false;

	if (level == S2_LAST_LEVEL && s2_index(&cur->ctx->geo, level, next)) {
		cur->ipa = next;
		cur->slot.index++;
		cur->pte = s2_slot_read(&cur->slot);
	} else {
		s2_cursor_go(cur, next);
	}
	return true;
}

/* Nothing more of the table under the cursor: the next step leaves it. */
static inline void s2_cursor_skip_table(struct s2_cursor *cur)
{
	u64 last = cur->ipa | (s2_table_span(cur->slot.level) - 1);

	cur->ipa = last & ~(s2_level_size(cur->slot.level) - 1);
}

/* Look at the entry under the cursor again, after somebody changed it. */
static inline void s2_cursor_reread(struct s2_cursor *cur)
{
	cur->pte = s2_slot_read(&cur->slot);
}

#define s2_for_each_entry(cur, ctx, ipa, end)				\
	for (bool __more = s2_cursor_start(cur, ctx, ipa, end); __more;	\
	     __more = s2_cursor_next(cur))

#endif /* __KVM_ARM64_S2_WALK_H */
