// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debts are opened, paid, deferred. See debt.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../kernel/s2/abi.h"
#include "debt.h"

static int room_for(void **array, size_t *room, size_t nr, size_t size)
{
	size_t more = *room ? *room * 2 : 8;
	void *p;

	if (nr < *room)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*room = more;
	return 0;
}

static int append(struct debts *d, const struct debt *new)
{
	if (room_for((void **)&d->debt, &d->room, d->nr, sizeof(*d->debt)))
		return -ENOMEM;
	d->debt[d->nr++] = *new;
	return 0;
}

/**
 * debts_open() - a leaf that may be cached is gone, or allows less
 * @ipa:	first IPA the leaf translates
 * @size:	bytes it translates
 * @by:		the event
 *
 * Return: 0 or -ENOMEM.
 */
int debts_open(struct debts *d, uint64_t ipa, uint64_t size, int level,
	       const struct origin *by)
{
	struct debt *last = d->nr ? &d->debt[d->nr - 1] : NULL;
	const struct debt new = {
		.ipa = ipa,
		.end = ipa + size,
		.size = size,
		.level = level,
		.by = *by,
	};

	if (last && last->end == ipa && last->level == level &&
	    !last->deferred && last->by.op == by->op) {
		last->end = new.end;
		return 0;
	}
	return append(d, &new);
}

/**
 * debts_unlink() - a table is out of reach, but may be cached
 * @t:		t->gone tells by what
 *
 * Return: 0 or -ENOMEM.
 */
int debts_unlink(struct debts *d, struct table *t)
{
	if (room_for((void **)&d->table, &d->room_tables, d->nr_tables,
		     sizeof(struct table *)))
		return -ENOMEM;
	t->state = TABLE_UNLINKED;
	t->was_empty = !t->counted;
	t->covered = t->ipa;
	d->table[d->nr_tables++] = t;
	return 0;
}

/** debts_bury() - an unlinked table is freed, or linked again */
void debts_bury(struct debts *d, struct table *t)
{
	/* The last ones go first. */
	for (size_t i = d->nr_tables; i--;) {
		if (d->table[i] == t) {
			d->table[i] = d->table[--d->nr_tables];
			return;
		}
	}
}

/*
 * One IPA of a leaf is enough to be rid of it, but a hint must not name
 * another level (Arm ARM D8.14.5). Returns whether all of it is paid; what is
 * left on the far side goes to @rest.
 */
static bool pay_leaves(struct debt *d, const struct payment *p,
		       struct debt *rest, bool *useful)
{
	uint64_t from, to;

	rest->ipa = rest->end = 0;
	if (p->all) {
		*useful = true;
		return true;
	}
	if (p->level != S2_LEVEL_ANY && p->level != d->level)
		return false;
	if (p->ipa >= d->end || p->end <= d->ipa ||
	    (p->point && p->ipa < d->ipa))
		return false;

	*useful = true;
	from = p->ipa > d->ipa ? p->ipa & ~(d->size - 1) : d->ipa;
	to = p->end;
	if (p->point)
		to = from + d->size;
	else if (to >= d->end)
		to = d->end;
	else
		to = (to + d->size - 1) & ~(d->size - 1);

	if (from > d->ipa && to < d->end) {
		*rest = *d;
		rest->ipa = to;
		d->end = from;
	} else if (from > d->ipa) {
		d->end = from;
	} else {
		d->ipa = to;
	}
	return d->ipa >= d->end;
}

/*
 * What was in the table may be cached, so all of its span must go; of an empty
 * one only the walk to it is cached, and any IPA removes that. A level hint
 * speaks of leaves and reaches no table.
 */
static bool pay_table(struct table *t, const struct payment *p)
{
	uint64_t end = t->ipa + t->span, before = t->covered;

	if (t->flushed)
		return false;
	if (p->all)
		t->covered = end;
	else if (p->level != S2_LEVEL_ANY || p->ipa >= end || p->end <= t->ipa)
		return false;
	else if (t->was_empty)
		t->covered = end;
	else if (p->ipa <= t->covered && p->end > t->covered)
		t->covered = p->end;

	t->flushed = t->covered >= end;
	return t->covered > before;
}

/**
 * debts_pay() - an invalidation has completed
 *
 * Return: whether anything of what it reached was owed.
 */
bool debts_pay(struct debts *d, const struct payment *p)
{
	struct debt rest;
	bool useful = false;
	size_t n = 0, nr = d->nr;

	for (size_t i = 0; i < d->nr_tables; i++)
		useful |= pay_table(d->table[i], p);
	if (p->all) {
		useful |= nr != 0;
		d->nr = 0;
		return useful;
	}
	for (size_t i = 0; i < nr; i++) {
		bool paid = pay_leaves(&d->debt[i], p, &rest, &useful);

		if (!paid)
			d->debt[n++] = d->debt[i];
		/* At most one debt is cut in two: there is room, or it is forgiven. */
		if (rest.end && !append(d, &rest))
			continue;
	}
	/* What was appended stands behind the gap. */
	for (size_t i = nr; i < d->nr; i++)
		d->debt[n++] = d->debt[i];
	d->nr = n;
	return useful;
}

/** debts_in() - a debt that overlaps a range, or NULL */
const struct debt *debts_in(const struct debts *d, uint64_t ipa, uint64_t end)
{
	for (size_t i = 0; i < d->nr; i++)
		if (d->debt[i].ipa < end && ipa < d->debt[i].end)
			return &d->debt[i];
	return NULL;
}

/** debts_table_in() - an unlinked, unflushed table in a range, or NULL */
const struct table *debts_table_in(const struct debts *d, uint64_t ipa,
				   uint64_t end)
{
	for (size_t i = 0; i < d->nr_tables; i++) {
		const struct table *t = d->table[i];

		if (!t->flushed && t->ipa < end && ipa < t->ipa + t->span)
			return t;
	}
	return NULL;
}

/** debts_of() - a debt of an operation that was not deferred, or NULL */
const struct debt *debts_of(const struct debts *d, uint64_t op)
{
	for (size_t i = 0; i < d->nr; i++)
		if (d->debt[i].by.op == op && !d->debt[i].deferred)
			return &d->debt[i];
	return NULL;
}

/** debts_table_of() - a table that an operation unlinked, or NULL */
const struct table *debts_table_of(const struct debts *d, uint64_t op)
{
	for (size_t i = 0; i < d->nr_tables; i++)
		if (d->table[i]->gone.op == op)
			return d->table[i];
	return NULL;
}

/**
 * debts_end() - an operation has ended
 * @defer:	KVM pays for the leaves; else what is left is forgotten, for
 *		whoever wanted to know has looked
 */
void debts_end(struct debts *d, uint64_t op, bool defer)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nr; i++) {
		if (d->debt[i].by.op == op && !d->debt[i].deferred) {
			if (!defer)
				continue;
			d->debt[i].deferred = true;
		}
		d->debt[n++] = d->debt[i];
	}
	d->nr = n;
}

/** debts_free() - frees the lists, not the tables */
void debts_free(struct debts *d)
{
	free(d->debt);
	free(d->table);
	*d = (struct debts){ 0 };
}
