// SPDX-License-Identifier: GPL-2.0-only
/*
 * OWED: what an operation took away, no TLB has when it lets go. The
 * automaton is in model/debt.h.
 */
#include <errno.h>

#include "invariant.h"

static void overdue(const struct step *s, const struct debt *d,
		    const char *when)
{
	const struct charge c = {
		.at = { .ipa = d->ipa,
			.size = d->end - d->ipa,
			.level = d->level },
		.cause = &d->by,
	};

	accuse(s, INV_owed, &c,
	       "a leaf was cleared or restricted and not invalidated when %s",
	       when);
}

static void overdue_table(const struct step *s, const struct table *t,
			  const char *when)
{
	const struct charge c = { .at = place_of_table(t), .cause = &t->gone };

	accuse(s, INV_owed, &c,
	       "a table was unlinked and not invalidated when %s", when);
}

/* The TLB of this CPU held less than the tables now allow (U77). */
static void check_renewed(const struct step *s)
{
	const struct charge c = { .at = place_of_op(s->op),
				  .cause = &s->op->begun };
	int result = s->e->s2_op_end.result;

	if (s->op->kind == S2_OP_MAP && s->op->reason == S2_REASON_PERMISSION &&
	    !s->op->renewed && (!result || result == -EAGAIN))
		accuse(s, INV_owed, &c,
		       "after a permission fault the CPU keeps the translation that denied it");
}

static void ends(const struct step *s)
{
	const struct debts *debts = &s->mmu->debts;
	const struct debt *d;
	const struct table *t;

	if (!s->op)
		return;
	check_renewed(s);
	d = s->e->s2_op_end.deferred ? NULL : debts_of(debts, s->op->id);
	if (d)
		overdue(s, d, "the operation ended");
	t = debts_table_of(debts, s->op->id);
	if (t && !t->flushed)
		overdue_table(s, t, "the operation ended");
}

/*
 * Linux's own write-protection of a large slot lets others in on the way, and
 * KVM flushes once at the end: the log is not read before. That it does is
 * checked when the operation ends.
 */
static bool defers(const struct step *s, const struct op *op)
{
	return s->r->shared && op->kind == S2_OP_WRPROTECT && op->may_block;
}

/* Whoever held mmu_lock for write must have dropped it. */
static void check_others(const struct step *s)
{
	const struct debts *debts = &s->mmu->debts;

	for (size_t i = 0; i < s->mmu->nr_ops; i++) {
		const struct op *op = &s->mmu->op[i];
		const struct debt *d = debts_of(debts, op->id);
		const struct table *t = debts_table_of(debts, op->id);

		if (op->lock != S2_LOCK_WRITE || defers(s, op))
			continue;
		if (d)
			overdue(s, d, "mmu_lock was dropped");
		if (t && !t->flushed)
			overdue_table(s, t, "mmu_lock was dropped");
	}
}

/* A task that left a debt to KVM does something else: KVM did not pay it. */
static void check_deferred(const struct step *s, bool anybody)
{
	const struct debts *debts = &s->mmu->debts;

	for (size_t i = 0; i < debts->nr; i++) {
		const struct debt *d = &debts->debt[i];

		if (d->deferred && (anybody || d->by.pid == s->e->pid)) {
			overdue(s, d, "KVM, to whom that was left, went on");
			return;
		}
	}
}

static void begins(const struct step *s)
{
	const struct debts *debts = &s->mmu->debts;

	if (!debts->nr && !debts->nr_tables)
		return;
	check_others(s);
	switch (s->e->s2_op_begin.kind) {
	case S2_OP_DESTROY:
		check_deferred(s, true);
		break;
	case S2_OP_MAP:
	case S2_OP_MKYOUNG:
		check_deferred(s, false);
		break;
	}
}

static void goes_on(const struct step *s)
{
	if (s->mmu->debts.nr)
		check_deferred(s, false);
}

const struct invariant inv_owed = {
	.name = "OWED",
	.says = "what an operation clears, restricts or unlinks is invalidated before it ends and before mmu_lock is dropped, unless it says that KVM will; then KVM does",
	.needs = ON_TLBS,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_op_end, ends },
			{ BEFORE, EV_s2_op_begin, begins },
			{ BEFORE, EV_s2_fault_begin, goes_on },
			{ BEFORE, EV_s2_memslot, goes_on },
			{},
		},
};
