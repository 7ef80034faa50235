// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMIDG: generations of VMIDs.
 *
 *	            number left                 none left
 *	assign <------------------ generation n ---------> rollover to n + 1
 *	                               ^                        |
 *	                               +------------------------+
 *	                                 all contexts invalidated
 */
#include "invariant.h"

/* A CPU that used a VMID so lately may have been about to put it. */
#define LATELY_NS 1000000000ULL

static const struct charge nowhere = { .at = { .level = NO_LEVEL } };

static void assigned(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;
	const unsigned long long vmid = s->e->s2_vmid_assign.vmid;
	const unsigned long long gen = s->e->s2_vmid_assign.generation;

	if (vmid >= VMID_NUMBERS)
		accuse(s, INV_vmidg, &nowhere, "there is no VMID %llu", vmid);
	if (!v->generation)
		return;
	if (!v->flushed)
		accuse(s, INV_vmidg, &nowhere,
		       "VMID %llu is given out before everything of the last generation is invalidated",
		       vmid);
	if (gen != v->generation)
		accuse(s, INV_vmidg, &nowhere,
		       "VMID %llu is given out in generation %llu, %llu is current",
		       vmid, gen, (unsigned long long)v->generation);
	else if (vmid < VMID_NUMBERS && v->owner && v->owner[vmid] &&
		 v->owner[vmid] != s->e->mmu)
		accuse(s, INV_vmidg, &nowhere,
		       "VMID %llu was given to mmu %llu in the same generation",
		       vmid, (unsigned long long)v->owner[vmid]);
}

/*
 * CPUs that run a guest, or may have a moment ago. The one that turns the
 * generation is about to.
 */
static int64_t users(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;
	const int32_t turner = s->e->s2_vmid_rollover.cpu;
	int64_t n = 0;

	for (size_t i = 0; i < v->nr_cpus; i++)
		n += v->cpu[i].loaded ||
		     (v->cpu[i].event && (int64_t)i != turner &&
		      v->cpu[i].time + LATELY_NS > s->e->time);
	return n;
}

static void turned(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;
	const unsigned long long gen = s->e->s2_vmid_rollover.generation;
	const unsigned long long old = s->e->s2_vmid_rollover.old_generation;
	int32_t reserved = s->e->s2_vmid_rollover.reserved;

	if (gen != old + 1 || (v->generation && old != v->generation))
		accuse(s, INV_vmidg, &nowhere,
		       "generation %llu follows %llu, %llu is current", gen,
		       old, (unsigned long long)v->generation);
	/* Who is older than the stream may be running since before it began. */
	if (!s->r->late && reserved > users(s))
		accuse(s, INV_vmidg, &nowhere,
		       "%d VMIDs are reserved, %lld CPUs can be using one",
		       reserved, (long long)users(s));
}

const struct invariant inv_vmidg = {
	.name = "VMIDG",
	.says = "generations follow one another, everything is invalidated before the first VMID of a new one is given out, no number is given out twice in one, and no more are reserved than CPUs use",
	.needs = ON(s2_vmid_assign) | ON(s2_vmid_rollover) | ON(s2_vmid_load) |
		 ON(s2_vmid_put) | ON(s2_flush),
	.hooks =
		(const struct hook[]){
			{ ON_ARRIVAL, EV_s2_vmid_assign, assigned },
			{ ON_ARRIVAL, EV_s2_vmid_rollover, turned },
			{},
		},
};
