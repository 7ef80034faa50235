// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the last events of an MMU. See trail.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "trail.h"

/**
 * trail_grow() - remember at least @size events
 * @size:	a power of two
 *
 * Return: 0 or -ENOMEM.
 */
int trail_grow(struct trail *t, uint32_t size)
{
	struct event *ring;
	uint64_t from;

	if (size <= t->size)
		return 0;
	ring = malloc(size * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	from = t->nr > t->size ? t->nr - t->size : 0;
	for (uint64_t n = from; n < t->nr; n++)
		ring[n & (size - 1)] = t->ring[n & (t->size - 1)];
	free(t->ring);
	t->ring = ring;
	t->size = size;
	return 0;
}

/** trail_free() - forgets all of them */
void trail_free(struct trail *t)
{
	free(t->ring);
	*t = (struct trail){ 0 };
}
