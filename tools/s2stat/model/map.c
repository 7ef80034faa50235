// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of the hash map that changes it. See map.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "map.h"

#define FIRST_BITS 3

/* An odd number; this one stays if the kernel has none for us. */
uint64_t map_multiplier = 0x9e3779b97f4a7c15ULL;

__attribute__((constructor)) static void draw_multiplier(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) == sizeof(r))
		map_multiplier = r | 1;
}

static void place(struct map *map, uint64_t key, void *value)
{
	size_t mask = map_size(map) - 1;
	size_t i = map_home(map, key);

	while (map->slot[i].value)
		i = (i + 1) & mask;
	map->slot[i] = (struct map_slot){ key, value };
}

/* At most three quarters full: a search ends soon, and always. */
static int make_room(struct map *map)
{
	struct map old = *map;
	size_t i;

	if (map->slot && map->used < map_size(map) / 4 * 3)
		return 0;
	map->bits = map->slot ? map->bits + 1 : FIRST_BITS;
	map->slot = calloc((size_t)1 << map->bits, sizeof(*map->slot));
	if (!map->slot) {
		*map = old;
		return -ENOMEM;
	}
	map_for_each(i, &old) place(map, old.slot[i].key, old.slot[i].value);
	free(old.slot);
	return 0;
}

/**
 * map_set() - gives a key a value, or another one
 * @value:	not NULL
 *
 * Return: 0 or -ENOMEM, with the map as it was.
 */
int map_set(struct map *map, uint64_t key, void *value)
{
	size_t mask, i;

	if (make_room(map))
		return -ENOMEM;
	mask = map_size(map) - 1;
	for (i = map_home(map, key); map->slot[i].value; i = (i + 1) & mask) {
		if (map->slot[i].key == key) {
			map->slot[i].value = value;
			return 0;
		}
	}
	map->slot[i] = (struct map_slot){ key, value };
	map->used++;
	return 0;
}

/* Slot @hole is free now: what could not have been there moves up. */
static void close_hole(struct map *map, size_t hole)
{
	size_t mask = map_size(map) - 1;
	size_t i, home;

	for (i = (hole + 1) & mask; map->slot[i].value; i = (i + 1) & mask) {
		home = map_home(map, map->slot[i].key);
		/* It may not move to before its home. */
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slot[hole] = map->slot[i];
		map->slot[i].value = NULL;
		hole = i;
	}
}

/** map_del() - forgets a key; one that is not there is fine */
void map_del(struct map *map, uint64_t key)
{
	size_t mask, i;

	if (!map->used)
		return;
	mask = map_size(map) - 1;
	for (i = map_home(map, key); map->slot[i].value; i = (i + 1) & mask) {
		if (map->slot[i].key != key)
			continue;
		map->slot[i].value = NULL;
		map->used--;
		close_hole(map, i);
		return;
	}
}

/** map_free() - frees the map, not what its values point to */
void map_free(struct map *map)
{
	free(map->slot);
	*map = (struct map){ 0 };
}
