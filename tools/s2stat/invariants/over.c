// SPDX-License-Identifier: GPL-2.0-only
/*
 * OVER: no more is written and no more invalidated than it takes.
 */
#include "invariant.h"

/* So many invalidations by IPA are better than one of the whole VMID. */
#define FEW 4

static struct charge at_flush(const struct step *s)
{
	return (struct charge){ .at = { .ipa = s->e->s2_flush.ipa,
					.size = s->e->s2_flush.size,
					.level = NO_LEVEL } };
}

/* Nothing was owed. Of several by IPA in a row, some may hit a hole. */
static void paid(const struct step *s)
{
	const struct charge c = at_flush(s);
	int32_t scope = s->e->s2_flush.scope;

	if (!s->op || s->useful || s->op->excused ||
	    scope == S2_SCOPE_IPA_LOCAL || scope >= S2_SCOPE_CPU_CONTEXT)
		return;
	if (scope != S2_SCOPE_IPA || s->op->flushes == 1)
		accuse(s, INV_over, &c,
		       "nothing of what is invalidated was owed");
}

/* The whole VMID, for a few leaves of one level that lie together. */
static void pays(const struct step *s)
{
	const struct debts *debts = &s->mmu->debts;
	const struct charge c = at_flush(s);
	uint64_t from = UINT64_MAX, to = 0, size = 0;

	if (!s->op || s->e->s2_flush.scope != S2_SCOPE_VMID ||
	    debts_table_of(debts, s->op->id))
		return;
	for (size_t i = 0; i < debts->nr; i++) {
		const struct debt *d = &debts->debt[i];

		if (d->by.op != s->op->id)
			continue;
		if (size && d->size != size)
			return;
		size = d->size;
		from = d->ipa < from ? d->ipa : from;
		to = d->end > to ? d->end : to;
	}
	if (size && to - from <= FEW * size)
		accuse(s, INV_over, &c,
		       "all of the VMID is invalidated for 0x%llx bytes at 0x%llx",
		       (unsigned long long)(to - from),
		       (unsigned long long)from);
}

/* Broken and made again, to change what may change in place (U51, U95). */
static void check_broken(const struct step *s)
{
	const struct leaf *broken = &s->op->broken;
	struct charge c = { .at = place_of_entry(s) };

	if (s->op->kind == S2_OP_MAP && broken->pte &&
	    broken->ipa == s->e->s2_set.ipa &&
	    broken->level == s->e->s2_set.level &&
	    !((broken->pte ^ s->e->s2_set.new) & ~PTE_IN_PLACE))
		accuse(s, INV_over, &c,
		       "an entry is broken to change what may change in place");
}

static void set(const struct step *s)
{
	struct charge c = { .at = place_of_entry(s) };

	if (s->e->s2_set.old == s->e->s2_set.new)
		accuse(s, INV_over, &c, "an entry is written over with itself");
	if (s->op && !(s->e->s2_set.old & PTE_VALID))
		check_broken(s);
}

/*
 * What the host takes away at once is unmapped at once, memslot by memslot:
 * its count of invalidations rises only when it is through (S07).
 */
static void begins(const struct step *s)
{
	const struct event *e = s->e;
	const struct piece *last = &s->mmu->piece;
	const struct slot *slot = slots_at(&s->mmu->slots, last->end);
	const struct charge c = {
		.at = { .ipa = e->s2_op_begin.ipa,
			.size = e->s2_op_begin.end - e->s2_op_begin.ipa,
			.level = NO_LEVEL },
		.cause = &last->begun,
	};

	if (e->s2_op_begin.reason == S2_REASON_NOTIFIER_UNMAP && last->told &&
	    last->pid == e->pid && last->end == e->s2_op_begin.ipa &&
	    last->notifier_seq == e->s2_op_begin.notifier_seq &&
	    slot && slot == slots_at(&s->mmu->slots, last->end - 1))
		accuse(s, INV_over, &c,
		       "what the host takes away at once is unmapped piece by piece");
}

static void arrives(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;
	const struct charge c = { .at = { .level = NO_LEVEL } };

	if (s->e->s2_flush.scope == S2_SCOPE_ALL && v->whole && v->alls)
		accuse(s, INV_over, &c,
		       "all contexts are invalidated again in generation %llu",
		       (unsigned long long)v->generation);
}

const struct invariant inv_over = {
	.name = "OVER",
	.says = "every invalidation in an operation pays for something, by no wider a scope than that takes, and no entry is written over with itself or broken without need",
	.needs = ON_TLBS,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_flush, pays },
			{ AFTER, EV_s2_flush, paid },
			{ BEFORE, EV_s2_set, set },
			{ BEFORE, EV_s2_op_begin, begins },
			{ ON_ARRIVAL, EV_s2_flush, arrives },
			{},
		},
};
