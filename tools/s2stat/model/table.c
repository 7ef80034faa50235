// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table pages: their words, and the memory they live in. See table.h.
 */
#include <stdlib.h>
#include <string.h>

#include "descriptor.h"
#include "table.h"

#define MOST_HANDLES (1u << (32 - ENT_SHIFT))

/**
 * word_of() - what is kept of a descriptor, but for a link's child
 *
 * The tag is of everything but the access flag, which the hardware may set
 * whenever it likes.
 */
uint32_t word_of(uint64_t pte, int level)
{
	uint32_t word;

	if (!pte_is_counted(pte))
		return 0;
	if (pte_is_table(pte, level))
		return ENT_COUNTED | ENT_TABLE;
	word = (uint32_t)((pte & ~PTE_AF) * 0x9e3779b97f4a7c15ULL >> 32) &
	       ~ENT_FLAGS;
	word |= ENT_COUNTED;
	if (!(pte & PTE_VALID))
		return word;
	word |= ENT_LEAF;
	if (pte & PTE_WRITE)
		word |= ENT_WRITE;
	if (pte & PTE_AF)
		word |= ENT_YOUNG;
	if (pte_memattr(pte) == MEMATTR_NORMAL)
		word |= ENT_CACHED;
	return word;
}

/* Entry @old of @t becomes @word: what it linked has no parent, if it does not. */
static void unlink_old(const struct table_pool *pool, struct table *t,
		       uint32_t old, uint32_t word)
{
	struct table *child = table_child(pool, t, old);

	if (child && table_child(pool, t, word) != child)
		child->parent = NULL;
}

/**
 * table_put() - one entry changes
 * @index:	below t->nr
 *
 * A child knows its parent only while an entry of the parent links it.
 */
void table_put(const struct table_pool *pool, struct table *t, uint32_t index,
	       uint32_t word)
{
	uint32_t old = t->word[index];

	if (old & ENT_TABLE)
		unlink_old(pool, t, old, word);
	t->counted += !!(word & ENT_COUNTED) - !!(old & ENT_COUNTED);
	t->leaves += !!(word & ENT_LEAF) - !!(old & ENT_LEAF);
	t->writable += !!(word & ENT_WRITE) - !!(old & ENT_WRITE);
	t->young += !!(word & ENT_YOUNG) - !!(old & ENT_YOUNG);
	t->unsure += !!(word & ENT_UNSURE) - !!(old & ENT_UNSURE);
	t->word[index] = word;
}

static size_t table_bytes(uint32_t nr)
{
	return sizeof(struct table) + nr * sizeof(uint32_t);
}

static int grow(void **array, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 64;
	void *p = reallocarray(*array, more, size);

	if (!p)
		return -1;
	*array = p;
	*room = more;
	return 0;
}

/* A number that no table has; 0 if there is none. */
static uint32_t take_handle(struct table_pool *pool)
{
	if (pool->nr_free)
		return pool->free_handle[--pool->nr_free];
	if (!pool->nr)
		pool->nr = 1;
	if (pool->nr >= MOST_HANDLES)
		return 0;
	if (pool->nr >= pool->room &&
	    grow((void **)&pool->table, &pool->room, sizeof(*pool->table)))
		return 0;
	return pool->nr++;
}

/* Room for @nr entries, all zero. Freed tables usually were emptied before. */
static struct table *take_memory(struct table_pool *pool, uint32_t nr)
{
	struct table *t = pool->spare;

	if (!t || pool->spare_nr != nr)
		return calloc(1, table_bytes(nr));
	pool->spare = t->parent;
	if (t->counted || t->unsure)
		memset(t->word, 0, nr * sizeof(uint32_t));
	memset(t, 0, sizeof(*t));
	return t;
}

/**
 * table_new() - a table page has been taken
 * @level:	of its entries
 * @nr:		how many it has
 *
 * Return: the table, NEW and with nothing in it, or NULL: no memory, or there
 * are too many.
 */
struct table *table_new(struct table_pool *pool, uint64_t pa, int level,
			uint64_t ipa, uint32_t nr)
{
	uint32_t handle;
	struct table *t;

	if (pool->most && pool->live >= pool->most)
		return NULL;
	handle = take_handle(pool);
	if (!handle)
		return NULL;
	t = take_memory(pool, nr);
	if (!t) {
		pool->nr -= handle == pool->nr - 1;
		return NULL;
	}
	t->pa = pa;
	t->ipa = ipa;
	t->level = level;
	t->handle = handle;
	t->nr = nr;
	pool->table[handle] = t;
	pool->live++;
	pool->bytes += table_bytes(nr);
	return t;
}

/* Nobody may find this table through a link any more. */
static void forget_link(struct table *t)
{
	struct table *p = t->parent;
	uint32_t i;

	for (i = 0; p && i < p->nr; i++) {
		if ((p->word[i] & ~ENT_UNSURE) == word_link(t)) {
			p->word[i] = ENT_COUNTED | ENT_TABLE;
			return;
		}
	}
}

/* What hung below it hangs on nothing. */
static void orphan_children(struct table_pool *pool, struct table *t)
{
	struct table *child;
	uint32_t i;

	for (i = 0; i < t->nr; i++) {
		child = table_child(pool, t, t->word[i]);
		if (child)
			child->parent = NULL;
	}
}

static void free_spares(struct table_pool *pool)
{
	struct table *t;

	while ((t = pool->spare)) {
		pool->spare = t->parent;
		free(t);
	}
}

/* Most tables are of the last level, and all of those are of one size. */
static void keep_memory(struct table_pool *pool, struct table *t)
{
	if (pool->spare_nr != t->nr && t->level == LEVEL_LAST) {
		free_spares(pool);
		pool->spare_nr = t->nr;
	}
	if (pool->spare_nr != t->nr) {
		free(t);
		return;
	}
	t->parent = pool->spare;
	pool->spare = t;
}

/**
 * table_free() - a table page is no table any more
 * @t:		wherever it is linked, and whatever is in it
 */
void table_free(struct table_pool *pool, struct table *t)
{
	forget_link(t);
	if (t->counted > t->leaves)
		orphan_children(pool, t);
	pool->table[t->handle] = NULL;
	pool->live--;
	pool->bytes -= table_bytes(t->nr);
	/* A number for which there is no room is never used again. */
	if (pool->nr_free < pool->room_free ||
	    !grow((void **)&pool->free_handle, &pool->room_free,
		  sizeof(*pool->free_handle)))
		pool->free_handle[pool->nr_free++] = t->handle;
	keep_memory(pool, t);
}

/** table_pool_free() - all tables, wherever they are */
void table_pool_free(struct table_pool *pool)
{
	uint32_t i;

	for (i = 1; i < pool->nr; i++)
		free(pool->table[i]);
	free_spares(pool);
	free(pool->table);
	free(pool->free_handle);
	*pool = (struct table_pool){ 0 };
}
