// SPDX-License-Identifier: GPL-2.0-only
/*
 * PROGRESS: a fault changes something, or the guest faults for ever.
 */
#include <errno.h>

#include "invariant.h"

/*
 * While the host invalidates, faults come to nothing and are taken again: that
 * can be some, but not so many.
 */
#define MOST_FAULTS 1000
#define MOST_FLIPS 16

/* The host has something there: whoever faults must ask for it (U48). */
static void gives_up(const struct step *s)
{
	const int32_t page = s->e->s2_fault_end.page;
	const struct charge c = { .at = { .ipa = s->e->s2_fault_end.ipa,
					  .size = 1,
					  .level = NO_LEVEL } };

	if (s->e->s2_fault_end.result == -EFAULT && S2_PAGE_HOST_SHIFT(page) &&
	    !(page & 1 << S2_PAGE_SOUGHT))
		accuse(s, INV_progress, &c,
		       "the fault fails and the host's page, of 2^%u bytes, was not looked for",
		       S2_PAGE_HOST_SHIFT(page));
}

static void fault_ends(const struct step *s)
{
	const int32_t vcpu = s->e->s2_fault_end.vcpu;
	const struct stall *stall;
	struct charge c;

	if (vcpu < 0 || (size_t)vcpu >= s->mmu->nr_stalls)
		return;
	stall = &s->mmu->stall[vcpu];
	if (!stall->faults || stall->faults % MOST_FAULTS)
		return;
	c = (struct charge){
		.at = { .ipa = stall->ipa, .size = 1, .level = NO_LEVEL },
		.cause = &stall->first
	};
	accuse(s, INV_progress, &c,
	       "vCPU %d faulted here %llu times and nothing has changed", vcpu,
	       (unsigned long long)stall->faults);
}

static void set(const struct step *s)
{
	const struct flip *f;
	const struct charge c = { .at = place_of_entry(s) };

	if (!s->sane)
		return;
	f = &s->mmu->flip[(s->table->handle ^ s->index) & (NR_FLIPS - 1)];
	if (f->handle == s->table->handle && f->index == s->index &&
	    f->times == MOST_FLIPS)
		accuse(s, INV_progress, &c,
		       "faults have changed an entry to and fro %d times",
		       MOST_FLIPS);
}

const struct invariant inv_progress = {
	.name = "PROGRESS",
	.says = "a vCPU does not fault at one place again and again without a change, faults do not change an entry to and fro, and none fails without looking for the host's page",
	.needs = ON_TABLES | ON(s2_fault_begin) | ON(s2_fault_end),
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_fault_end, gives_up },
			{ AFTER, EV_s2_fault_end, fault_ends },
			{ AFTER, EV_s2_set, set },
			{},
		},
};
