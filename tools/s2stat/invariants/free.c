// SPDX-License-Identifier: GPL-2.0-only
/*
 * FREE: no walker can get to a table page that is freed.
 */
#include "invariant.h"

static void taken(const struct step *s)
{
	const uint64_t pa = s->e->s2_table_alloc.table;
	const struct table *t = map_get(&s->r->table, pa);
	struct charge c;

	/* Its owner's events are not complete: it may have been freed. */
	if (!t || t->mmu->order.nr || !mmu_sure(t->mmu))
		return;
	c = (struct charge){ .at = place_of_table(t), .cause = &t->born };
	if (t->mmu == s->mmu)
		accuse(s, INV_free, &c,
		       "table page 0x%llx is taken while it is one",
		       (unsigned long long)pa);
	else
		accuse(s, INV_free, &c,
		       "table page 0x%llx is taken while it is one of mmu %llu",
		       (unsigned long long)pa, (unsigned long long)t->mmu->id);
}

/* Linux frees the tables of a dead MMU where they hang: nobody walks there. */
static bool is_being_destroyed(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;

	if (!s->op || s->op->kind != S2_OP_DESTROY)
		return false;
	for (size_t i = 0; i < v->nr_cpus; i++)
		if (v->cpu[i].loaded && v->cpu[i].mmu == s->mmu->id)
			return false;
	return true;
}

/* Unlinked before the stream began, by an operation that goes on in it. */
static bool is_older(const struct step *s)
{
	return !s->op && s->mmu->old_ops;
}

static void freed(const struct step *s)
{
	const unsigned long long pa = s->e->s2_table_free.table;
	const struct table *t = s->table;
	struct charge c = { .at = { .table = pa, .level = NO_LEVEL } };

	if (!t && is_older(s))
		return;
	if (!t || t == s->mmu->root) {
		accuse(s, INV_free, &c,
		       "0x%llx is freed, which is no table of this MMU", pa);
		return;
	}
	c.at = place_of_table(t);
	if (t->state == TABLE_LINKED && table_reachable(t, s->mmu->root) &&
	    !is_being_destroyed(s)) {
		c.cause = &t->born;
		accuse(s, INV_free, &c,
		       "table page 0x%llx is freed while it is linked", pa);
	}
	if (t->state == TABLE_UNLINKED && !t->flushed) {
		c.cause = &t->gone;
		accuse(s, INV_free, &c,
		       "table page 0x%llx is freed before an invalidation of all of it without level hint",
		       pa);
	}
}

static void named(const struct step *s)
{
	const unsigned long long pa = s->e->s2_set.table;
	const struct charge c = { .at = place_of_entry(s) };

	if (!s->table && !is_older(s))
		accuse(s, INV_free, &c,
		       "an entry changes in 0x%llx, which is no table of this MMU",
		       pa);
}

/*
 * Who was on the way down when a table was unlinked may still set entries in
 * it: it is there until the grace period is over, and no walker comes there.
 */
static bool is_on_the_way(const struct step *s)
{
	return s->r->shared && s->op && s->op->lock == S2_LOCK_SHARED &&
	       s->op->begun.seq < s->table->gone.seq;
}

static void filled(const struct step *s)
{
	struct charge c = { .at = place_of_entry(s) };

	named(s);
	if (!s->table || s->table->state != TABLE_UNLINKED || is_on_the_way(s))
		return;
	c.cause = &s->table->gone;
	accuse(s, INV_free, &c,
	       "an entry is set in table page 0x%llx, which is unlinked",
	       (unsigned long long)s->table->pa);
}

const struct invariant inv_free = {
	.name = "FREE",
	.says = "a table page is freed once, after nothing points to it any more and an invalidation of its whole span without level hint has completed; nothing names it after",
	.needs = ON_TLBS,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_table_alloc, taken },
			{ BEFORE, EV_s2_table_free, freed },
			{ BEFORE, EV_s2_set, filled },
			{ BEFORE, EV_s2_clear, named },
			{},
		},
};
