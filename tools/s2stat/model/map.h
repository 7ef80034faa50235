/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash map from 64-bit keys to pointers: open addressing, linear probing,
 * deletion by moving back what follows, so that there are no tombstones.
 *
 * The multiplier is random per process: keys come from recordings that
 * anybody may have written.
 */
#ifndef S2STAT_MODEL_MAP_H
#define S2STAT_MODEL_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key;
	void *value;
};

/**
 * struct map - all zero is an empty one
 * @slot:	2^@bits of them; a NULL value marks a free one
 * @used:	slots in use
 */
struct map {
	struct map_slot *slot;
	size_t used;
	unsigned int bits;
};

extern uint64_t map_multiplier;

int map_set(struct map *map, uint64_t key, void *value);
void map_del(struct map *map, uint64_t key);
void map_free(struct map *map);

static inline size_t map_home(const struct map *map, uint64_t key)
{
	return key * map_multiplier >> (64 - map->bits);
}

static inline size_t map_size(const struct map *map)
{
	return map->slot ? (size_t)1 << map->bits : 0;
}

/* The value of @key, or NULL. */
static inline void *map_get(const struct map *map, uint64_t key)
{
	size_t mask, i;

	if (!map->used)
		return NULL;
	mask = map_size(map) - 1;
	for (i = map_home(map, key); map->slot[i].value; i = (i + 1) & mask)
		if (map->slot[i].key == key)
			return map->slot[i].value;
	return NULL;
}

/* Every value once, in no order; the map must not change meanwhile. */
#define map_for_each(i, map)                      \
	for ((i) = 0; (i) < map_size(map); (i)++) \
		if ((map)->slot[i].value)

#endif /* S2STAT_MODEL_MAP_H */
