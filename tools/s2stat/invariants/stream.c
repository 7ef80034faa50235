// SPDX-License-Identifier: GPL-2.0-only
/*
 * STREAM: the events tell one story. Without a gap in their numbers, an entry
 * that is not as the event before left it was changed by something that tells
 * nobody.
 */
#include "invariant.h"

static void entry(const struct step *s)
{
	const struct charge c = { .at = place_of_entry(s) };

	if (s->table && s->sane && !s->fits)
		accuse(s, INV_stream, &c,
		       "the entry is found to be 0x%llx, which no event has told",
		       (unsigned long long)s->e->s2_set.old);
}

/* An event that should have come before another one never came. */
static void quiet(const struct step *s)
{
	for (size_t i = 0; i < s->mmu->nr_swaps; i++) {
		const struct swap *swap = &s->mmu->swap[i];
		const struct charge c = { .at = place_of_table(swap->table) };

		accuse(s, INV_stream, &c,
		       "entry %u of table page 0x%llx was found as no event has told",
		       swap->index, (unsigned long long)swap->table->pa);
	}
}

static void op_begins(const struct step *s)
{
	const struct charge c = { .at = { .level = NO_LEVEL } };

	if (s->op)
		accuse(s, INV_stream, &c, "operation %llu begins twice",
		       (unsigned long long)s->op->id);
}

static void op_ends(const struct step *s)
{
	const struct event *e = s->e;
	struct charge c = { .at = { .level = NO_LEVEL } };

	if (!s->op) {
		if (e->s2_op_end.op && !s->mmu->old_ops)
			accuse(s, INV_stream, &c,
			       "operation %llu ends and never began",
			       (unsigned long long)e->s2_op_end.op);
		return;
	}
	c = (struct charge){ .at = place_of_op(s->op), .cause = &s->op->begun };
	if (e->s2_op_end.kind != s->op->kind)
		accuse(s, INV_stream, &c,
		       "the operation began as one of another kind");
	if (e->s2_op_end.entries != s->op->changes)
		accuse(s, INV_stream, &c,
		       "the operation changed %llu entries and told of %llu",
		       (unsigned long long)e->s2_op_end.entries,
		       (unsigned long long)s->op->changes);
}

const struct invariant inv_stream = {
	.name = "STREAM",
	.says = "every event finds what the events before it left, and operations tell of every entry that they change",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_op_begin, op_begins },
			{ BEFORE, EV_s2_op_end, op_ends },
			{ AFTER, EV_s2_set, entry },
			{ AFTER, EV_s2_clear, entry },
			{ AFTER, POINT_QUIET, quiet },
			{},
		},
};
