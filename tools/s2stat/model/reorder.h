/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of one MMU, back in the order of their sequence numbers.
 *
 * Two CPUs may take numbers one way round and hand their events over the
 * other: an event that comes early is held until those before it are there.
 * When it has waited long enough they are lost.
 */
#ifndef S2STAT_MODEL_REORDER_H
#define S2STAT_MODEL_REORDER_H

#include "event.h"

/* No event comes earlier than by so many. */
#define REORDER_WINDOW 4096

/**
 * struct reorder - all zero: nothing has come yet
 * @next:	the number that is due; 0: whichever comes first
 * @held:	ring of @size, by number; a free slot has the number 0
 * @nr:		events in it
 * @since:	when the first of them came
 */
struct reorder {
	uint64_t next;
	struct event *held;
	uint32_t size;
	uint32_t nr;
	uint64_t since;
};

/**
 * enum reorder_verdict - what is to be done with an event
 * @REORDER_DUE:	it is the next one
 * @REORDER_HELD:	kept; reorder_take() has it when it is due
 * @REORDER_FAR:	too early to be kept: give up on what is missing
 * @REORDER_OLD:	its turn has been
 * @REORDER_MEMORY: there is no memory to keep it
 */
enum reorder_verdict {
	REORDER_DUE,
	REORDER_HELD,
	REORDER_FAR,
	REORDER_OLD,
	REORDER_MEMORY,
};

enum reorder_verdict reorder_hold(struct reorder *o, const struct event *e);
const struct event *reorder_take(struct reorder *o);
uint64_t reorder_skip(struct reorder *o, uint64_t to);
void reorder_free(struct reorder *o);

/* The common case, that nothing is out of order, costs a comparison. */
static inline enum reorder_verdict reorder_offer(struct reorder *o,
						 const struct event *e)
{
	if (o->next && e->seq != o->next)
		return reorder_hold(o, e);
	o->next = e->seq + 1;
	return REORDER_DUE;
}

#endif /* S2STAT_MODEL_REORDER_H */
