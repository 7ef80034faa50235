// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that come early wait here. See reorder.h.
 */
#include <stdlib.h>

#include "reorder.h"

#define FIRST_SIZE 64

static struct event *slot(struct reorder *o, uint64_t seq)
{
	return &o->held[seq & (o->size - 1)];
}

/* Makes the ring large enough for numbers up to @seq. */
static int grow(struct reorder *o, uint64_t seq)
{
	struct reorder new = *o;
	uint32_t i;

	if (!new.size)
		new.size = FIRST_SIZE;
	while (new.size <= seq - o->next)
		new.size *= 2;
	if (new.size == o->size)
		return 0;
	new.held = calloc(new.size, sizeof(*new.held));
	if (!new.held)
		return -1;
	for (i = 0; i < o->size; i++)
		if (o->held[i].seq)
			*slot(&new, o->held[i].seq) = o->held[i];
	free(o->held);
	*o = new;
	return 0;
}

/** reorder_hold() - an event that is not the next one; see reorder_offer() */
enum reorder_verdict reorder_hold(struct reorder *o, const struct event *e)
{
	if (e->seq < o->next)
		return REORDER_OLD;
	if (e->seq - o->next >= REORDER_WINDOW)
		return REORDER_FAR;
	if (grow(o, e->seq))
		return REORDER_MEMORY;
	if (slot(o, e->seq)->seq)
		return REORDER_OLD;
	if (!o->nr++)
		o->since = e->time;
	*slot(o, e->seq) = *e;
	return REORDER_HELD;
}

/**
 * reorder_take() - an event that was held and is due now
 *
 * Return: the event, valid until the next call for this order, or NULL.
 */
const struct event *reorder_take(struct reorder *o)
{
	struct event *e;

	if (!o->nr)
		return NULL;
	e = slot(o, o->next);
	if (e->seq != o->next)
		return NULL;
	o->next++;
	o->nr--;
	o->since = e->time;
	e->seq = 0;
	return e;
}

/**
 * reorder_skip() - what is missing will not come any more
 * @to:		the number to go on with, if none is held
 *
 * Return: how many are missing. What was held may be due now.
 */
uint64_t reorder_skip(struct reorder *o, uint64_t to)
{
	uint64_t from = o->next;

	if (!o->nr)
		o->next = to;
	while (o->nr && slot(o, o->next)->seq != o->next)
		o->next++;
	return o->next - from;
}

/** reorder_free() - frees the memory; what was held is gone */
void reorder_free(struct reorder *o)
{
	free(o->held);
	o->held = NULL;
	o->size = 0;
	o->nr = 0;
}
