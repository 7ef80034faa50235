// SPDX-License-Identifier: GPL-2.0-only
/*
 * VCPUTLB: TLB and instruction cache of a CPU are private to each vCPU of an
 * MMU.
 *
 * The invalidation may come after s2_vmid_load: the vCPU runs only after that.
 * That it has run shows when it faults or is put.
 */
#include "invariant.h"

static void must_be_clean(const struct step *s, int32_t cpu, int32_t vcpu)
{
	const struct charge c = { .at = { .level = NO_LEVEL } };
	const struct last_ran *ran = vmid_ran(&s->mmu->vmid, cpu);

	if (ran && ran->known && ran->owes && ran->vcpu == vcpu)
		accuse(s, INV_vcputlb, &c,
		       "vCPU %d ran on CPU %d after another one of this MMU, whose TLB entries were not invalidated",
		       vcpu, cpu);
}

static void put(const struct step *s)
{
	must_be_clean(s, s->e->s2_vmid_put.cpu, s->e->s2_vmid_put.vcpu);
}

static void faults(const struct step *s)
{
	if (s->e->s2_fault_begin.kind != S2_FAULT_PREFAULT)
		must_be_clean(s, s->e->cpu, s->e->s2_fault_begin.vcpu);
}

const struct invariant inv_vcputlb = {
	.name = "VCPUTLB",
	.says = "when a CPU goes from one vCPU of an MMU to another, it forgets that VMID's translations before the other one runs",
	.needs = ON(s2_vmid_load) | ON(s2_vmid_put) | ON(s2_flush),
	.hooks =
		(const struct hook[]){
			{ ON_ARRIVAL, EV_s2_vmid_put, put },
			{ ON_ARRIVAL, EV_s2_fault_begin, faults },
			{},
		},
};
