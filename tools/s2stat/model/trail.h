/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last events of one MMU, to tell what led to a finding.
 */
#ifndef S2STAT_MODEL_TRAIL_H
#define S2STAT_MODEL_TRAIL_H

#include "event.h"

/**
 * struct trail - all zero: none yet
 * @ring:	@size of them, a power of two
 * @nr:		events ever added
 */
struct trail {
	struct event *ring;
	uint64_t nr;
	uint32_t size;
};

int trail_grow(struct trail *t, uint32_t size);
void trail_free(struct trail *t);

static inline void trail_add(struct trail *t, const struct event *e)
{
	if (t->ring)
		t->ring[t->nr++ & (t->size - 1)] = *e;
}

/* The event @back places before the last one, or NULL if it is forgotten. */
static inline const struct event *trail_at(const struct trail *t, uint32_t back)
{
	if (back >= t->size || back >= t->nr)
		return NULL;
	return &t->ring[(t->nr - 1 - back) & (t->size - 1)];
}

#endif /* S2STAT_MODEL_TRAIL_H */
