// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memslots come, change and go. See slot.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slot.h"

/* As many as KVM gives a VM (KVM_MEM_SLOTS_NUM), and the internal ones. */
#define MOST 32768

/* Where a slot that begins at @ipa is, or would be: behind those before it. */
static size_t place(const struct slots *s, uint64_t ipa)
{
	size_t from = 0, to = s->nr;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->slot[mid].start <= ipa)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static void note_log(struct slots *s)
{
	s->log = false;
	for (size_t i = 0; i < s->nr; i++)
		s->log |= s->slot[i].logged;
}

/** slots_remove() - a slot is gone; one that is not there is fine */
void slots_remove(struct slots *s, int32_t id)
{
	for (size_t i = 0; i < s->nr; i++) {
		if (s->slot[i].id != id)
			continue;
		memmove(&s->slot[i], &s->slot[i + 1],
			(--s->nr - i) * sizeof(*s->slot));
		break;
	}
	s->last = 0;
	note_log(s);
}

/**
 * slots_put() - a slot is there, instead of the one of this id
 *
 * Return: 0; -ENOMEM; -E2BIG if no VM can have so many.
 */
int slots_put(struct slots *s, const struct slot *new)
{
	size_t room = s->room ? s->room * 2 : 4, i;
	struct slot *p;

	slots_remove(s, new->id);
	if (s->nr == MOST)
		return -E2BIG;
	if (s->nr == s->room) {
		p = reallocarray(s->slot, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->slot = p;
		s->room = room;
	}
	i = place(s, new->start);
	memmove(&s->slot[i + 1], &s->slot[i], (s->nr++ - i) * sizeof(*s->slot));
	s->slot[i] = *new;
	note_log(s);
	return 0;
}

/** slots_at() - the slot that holds @ipa, or NULL */
const struct slot *slots_at(struct slots *s, uint64_t ipa)
{
	size_t i = s->last;

	if (i >= s->nr || ipa < s->slot[i].start || ipa >= s->slot[i].end) {
		i = place(s, ipa);
		if (!i-- || ipa >= s->slot[i].end)
			return NULL;
		s->last = i;
	}
	return &s->slot[i];
}

/** slots_begin_log() - what logs in this range has now begun to */
void slots_begin_log(struct slots *s, uint64_t ipa, uint64_t end)
{
	for (size_t i = 0; i < s->nr; i++)
		if ((s->slot[i].flags & SLOT_LOG) && s->slot[i].start < end &&
		    ipa < s->slot[i].end)
			s->slot[i].logged = s->log = true;
}

/** slots_free() - frees the list */
void slots_free(struct slots *s)
{
	free(s->slot);
	*s = (struct slots){ 0 };
}
