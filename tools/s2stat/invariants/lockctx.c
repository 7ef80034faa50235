// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOCKCTX: entries change under mmu_lock, held as the change requires.
 *
 *	read	absent -> anything; a leaf allows more, becomes young
 *	shared	anything: by compare-and-exchange, freed after a grace period
 *		(what Linux's own parallel faults do; ours never)
 *	write	anything
 */
#include "invariant.h"

/* What an event says of the lock may be any number, a negative one, too. */
static const char *held(unsigned int lock)
{
	static const char *const how[] = {
		[S2_LOCK_NONE] = "not held",
		[S2_LOCK_READ] = "held for read",
		[S2_LOCK_WRITE] = "held for write",
		[S2_LOCK_SHARED] = "held for read, shared",
	};

	return lock < S2_NR_LOCKS ? how[lock] : "held";
}

/* Who holds it for write lets nobody in; who holds it for read, no writer. */
static void begins(const struct step *s)
{
	const int32_t lock = s->e->s2_op_begin.lock;
	struct charge c = { .at = { .ipa = s->e->s2_op_begin.ipa,
				    .size = s->e->s2_op_begin.end -
					    s->e->s2_op_begin.ipa,
				    .level = NO_LEVEL } };

	if (lock == S2_LOCK_NONE)
		accuse(s, INV_lockctx, &c,
		       "an operation begins without mmu_lock");
	for (size_t i = 0; i < s->mmu->nr_ops; i++) {
		const struct op *op = &s->mmu->op[i];
		bool alone = op->lock == S2_LOCK_WRITE && !op->may_block;
		bool met = lock == S2_LOCK_WRITE &&
			   (op->lock == S2_LOCK_READ ||
			    op->lock == S2_LOCK_SHARED);

		if (!alone && !met)
			continue;
		c.cause = &op->begun;
		accuse(s, INV_lockctx, &c,
		       "an operation begins while %llu is under way, with mmu_lock %s",
		       (unsigned long long)op->id, held(op->lock));
	}
}

static bool takes_away(uint64_t old, uint64_t new)
{
	if (!(old & PTE_VALID))
		return false;
	return !(new &PTE_VALID) || ((old ^ new) & ~PTE_IN_PLACE) ||
	       pte_restricts(old, new);
}

static void changes(const struct step *s)
{
	struct charge c = { .at = place_of_entry(s) };

	if (!s->live)
		return;
	if (!s->op) {
		if (!s->mmu->old_ops)
			accuse(s, INV_lockctx, &c,
			       "an entry changes outside of any operation");
		return;
	}
	c.cause = &s->op->begun;
	if (s->op->lock == S2_LOCK_NONE ||
	    (s->op->lock == S2_LOCK_READ &&
	     takes_away(s->e->s2_set.old, s->e->s2_set.new)))
		accuse(s, INV_lockctx, &c,
		       "an entry goes from 0x%llx to 0x%llx with mmu_lock %s",
		       (unsigned long long)s->e->s2_set.old,
		       (unsigned long long)s->e->s2_set.new, held(s->op->lock));
}

/* Others may be walking there. A page that never was linked may go back. */
static void freed(const struct step *s)
{
	struct charge c;

	if (!s->op || !s->table || s->op->lock != S2_LOCK_READ ||
	    s->table->state == TABLE_NEW)
		return;
	c = (struct charge){ .at = place_of_table(s->table),
			     .cause = &s->op->begun };
	accuse(s, INV_lockctx, &c,
	       "table page 0x%llx is freed with mmu_lock held for read",
	       (unsigned long long)s->table->pa);
}

static void ends(const struct step *s)
{
	struct charge c;

	if (!s->op || s->op->may_block || !s->e->s2_op_end.resched)
		return;
	c = (struct charge){ .at = place_of_op(s->op), .cause = &s->op->begun };
	accuse(s, INV_lockctx, &c,
	       "mmu_lock was dropped where it must not be, %llu times",
	       (unsigned long long)s->e->s2_op_end.resched);
}

/* Filling a cache may sleep. */
static void filled(const struct step *s)
{
	struct charge c;

	if (s->e->s2_cache.after <= s->e->s2_cache.before || !s->e->pid)
		return;
	for (size_t i = 0; i < s->mmu->nr_ops; i++) {
		const struct op *op = &s->mmu->op[i];

		if (op->pid != s->e->pid || op->may_block)
			continue;
		c = (struct charge){ .at = place_of_op(op),
				     .cause = &op->begun };
		accuse(s, INV_lockctx, &c,
		       "a table cache is filled with mmu_lock %s",
		       held(op->lock));
	}
}

const struct invariant inv_lockctx = {
	.name = "LOCKCTX",
	.says = "entries change in operations that hold mmu_lock, for write where something is taken away; it is dropped only where that is allowed, and nobody sleeps with it",
	.needs = ON_TABLES,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_op_begin, begins },
			{ BEFORE, EV_s2_op_end, ends },
			{ BEFORE, EV_s2_set, changes },
			{ BEFORE, EV_s2_clear, changes },
			{ BEFORE, EV_s2_table_free, freed },
			{ BEFORE, EV_s2_cache, filled },
			{},
		},
};
