/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table pages as events tell of them, in less memory than they have
 * themselves: of a descriptor, eight bytes, a word of four is kept.
 *
 * A word knows what kind of entry it is, whether the guest may write and
 * whether it is young; of the rest a tag, to tell whether the next event finds
 * the entry as the last one left it. A link keeps the number of its child.
 */
#ifndef S2STAT_MODEL_TABLE_H
#define S2STAT_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENT_COUNTED (1u << 0) /* not zero, not the lock marker */
#define ENT_LEAF (1u << 1)
#define ENT_TABLE (1u << 2)
#define ENT_WRITE (1u << 3) /* of a leaf: S2AP[1] */
#define ENT_YOUNG (1u << 4) /* of a leaf: the access flag */
#define ENT_UNSURE (1u << 5) /* told by events that ran side by side */
#define ENT_CACHED (1u << 6) /* of a leaf: Normal memory without FEAT_S2FWB */
#define ENT_FLAGS ((1u << 7) - 1)
#define ENT_SHIFT 7
#define ENT_VALID (ENT_LEAF | ENT_TABLE)

/**
 * struct origin - who did something, and when
 * @seq:	of the event; 0: not known
 * @op:		operation, 0 if outside of any
 * @pid:	current task
 */
struct origin {
	uint64_t time;
	uint64_t seq;
	uint64_t op;
	int32_t pid;
	int32_t cpu;
};

/**
 * enum table_state - where a table page is in its life
 * @TABLE_NEW:	taken, not linked yet
 * @TABLE_LINKED: a table or the root points to it
 * @TABLE_UNLINKED: nothing does any more; to be flushed, then freed
 */
enum table_state {
	TABLE_NEW,
	TABLE_LINKED,
	TABLE_UNLINKED,
};

struct mmu;

/**
 * struct table - a table page; a concatenated root is one
 * @pa:		its physical address
 * @ipa:	first IPA it translates
 * @span:	bytes it translates
 * @mmu:	whose it is
 * @parent:	who points to it, or NULL
 * @handle:	its number in the pool
 * @nr:		entries
 * @counted:	of these, counted
 * @leaves:	valid leaves
 * @writable:	leaves that may be written
 * @young:	leaves with the access flag
 * @unsure:	entries whose last event is not certain to be the last
 * @told:	the page's count as the last event told it; 0: none did
 * @told_min:	least and most told in @window
 * @told_max:
 * @window:	the time between two moments of quiet, by number
 * @covered:	unlinked: up to this IPA an un-hinted invalidation has reached
 * @flushed:	unlinked: nothing of it is cached any more
 * @was_empty:	unlinked: no entry was counted at that moment
 * @born:	taken by
 * @gone:	unlinked by
 */
struct table {
	uint64_t pa;
	uint64_t ipa;
	uint64_t span;
	struct mmu *mmu;
	struct table *parent;
	uint32_t handle;
	uint32_t nr;
	uint32_t counted;
	uint32_t leaves;
	uint32_t writable;
	uint32_t young;
	uint32_t unsure;
	int32_t told;
	int32_t told_min;
	int32_t told_max;
	uint32_t window;
	int8_t level;
	uint8_t state;
	bool flushed;
	bool was_empty;
	uint64_t covered;
	struct origin born;
	struct origin gone;
	uint32_t word[];
};

/**
 * struct table_pool - the table pages of all MMUs, by number
 * @table:	by handle; handle 0 is nobody's
 * @free_handle: numbers that can be given again
 * @spare:	freed tables of @spare_nr entries, kept for the next ones
 * @live:	tables
 * @bytes:	memory in use
 * @most:	no more tables than this, whatever a recording says; 0: no limit
 */
struct table_pool {
	struct table **table;
	uint32_t nr;
	uint32_t room;
	uint32_t *free_handle;
	uint32_t nr_free;
	uint32_t room_free;
	struct table *spare;
	uint32_t spare_nr;
	uint64_t live;
	uint64_t bytes;
	uint32_t most;
};

struct table *table_new(struct table_pool *pool, uint64_t pa, int level,
			uint64_t ipa, uint32_t nr);
void table_free(struct table_pool *pool, struct table *t);
void table_pool_free(struct table_pool *pool);
void table_put(const struct table_pool *pool, struct table *t, uint32_t index,
	       uint32_t word);
uint32_t word_of(uint64_t pte, int level);

/* The table that word @w of @t links, or NULL if we do not know it. */
static inline struct table *table_child(const struct table_pool *pool,
					const struct table *t, uint32_t w)
{
	uint32_t handle = w >> ENT_SHIFT;
	struct table *child;

	if (!(w & ENT_TABLE) || !handle || handle >= pool->nr)
		return NULL;
	child = pool->table[handle];
	return child && child->parent == t ? child : NULL;
}

static inline uint32_t word_link(const struct table *child)
{
	return ENT_COUNTED | ENT_TABLE | child->handle << ENT_SHIFT;
}

/* The root, whatever hangs below it, and nothing else. */
static inline bool table_reachable(const struct table *t,
				   const struct table *root)
{
	while (t->parent)
		t = t->parent;
	return t == root;
}

#endif /* S2STAT_MODEL_TABLE_H */
