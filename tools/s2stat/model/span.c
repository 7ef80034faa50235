// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of address ranges. See span.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "span.h"

/**
 * spans_add() - one range more
 *
 * Return: 0 or -ENOMEM.
 */
int spans_add(struct spans *s, uint64_t start, uint64_t end)
{
	size_t room = s->room ? s->room * 2 : 4;
	struct span *p;

	/* Ranges usually come side by side. */
	if (s->nr && s->span[s->nr - 1].end == start) {
		s->span[s->nr - 1].end = end;
		return 0;
	}
	if (s->nr == s->room) {
		p = reallocarray(s->span, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->span = p;
		s->room = room;
	}
	s->span[s->nr++] = (struct span){ start, end };
	return 0;
}

/**
 * spans_cut() - takes a range away from all of them
 *
 * Return: 0 or -ENOMEM: then the far side of one of them is gone, too.
 */
int spans_cut(struct spans *s, uint64_t start, uint64_t end)
{
	size_t nr = s->nr, n = 0, i;
	int err = 0;

	for (i = 0; i < nr; i++) {
		struct span p = s->span[i];

		if (p.end <= start || end <= p.start) {
			s->span[n++] = p;
			continue;
		}
		if (p.start < start && end < p.end && !err) {
			/* Not beside what is last, or they would be one. */
			err = spans_add(s, end, p.end);
			p.end = start;
		} else if (p.start < start) {
			p.end = start;
		} else {
			p.start = end;
		}
		if (p.start < p.end)
			s->span[n++] = p;
	}
	for (; i < s->nr; i++)
		s->span[n++] = s->span[i];
	s->nr = n;
	return err;
}

/** spans_meet() - does any of them overlap the range? */
bool spans_meet(const struct spans *s, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->span[i].start < end && start < s->span[i].end)
			return true;
	return false;
}

/** spans_free() - frees the list */
void spans_free(struct spans *s)
{
	free(s->span);
	*s = (struct spans){ 0 };
}
