// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMIDX: nobody shares a VMID.
 *
 * s2_vmid_load comes after the VMID is active on the CPU and s2_vmid_put
 * before it is given up, so two that overlap by their events really did.
 */
#include "invariant.h"

static const struct charge nowhere = { .at = { .level = NO_LEVEL } };

/* Does another MMU run under this number? */
static void check_shared(const struct step *s, int32_t but, uint64_t vmid)
{
	const struct vmids *v = &s->r->vmids;

	for (size_t i = 0; i < v->nr_cpus; i++) {
		const struct cpu_vmid *cpu = &v->cpu[i];

		if (!cpu->loaded || (int32_t)i == but || cpu->vmid != vmid ||
		    cpu->mmu == s->e->mmu)
			continue;
		accuse(s, INV_vmidx, &nowhere,
		       "CPU %zu runs mmu %llu under VMID %llu", i,
		       (unsigned long long)cpu->mmu, (unsigned long long)vmid);
	}
}

static void assigned(const struct step *s)
{
	const uint64_t vmid = s->e->s2_vmid_assign.vmid;

	if (!vmid)
		accuse(s, INV_vmidx, &nowhere,
		       "VMID 0, the host's, is given out");
	check_shared(s, -1, vmid);
}

/* Its vCPUs on other CPUs must run under the same number. */
static void check_own(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;

	for (size_t i = 0; i < v->nr_cpus; i++) {
		const struct cpu_vmid *cpu = &v->cpu[i];

		if (cpu->loaded && cpu->mmu == s->e->mmu &&
		    (int32_t)i != s->e->s2_vmid_load.cpu &&
		    cpu->vmid != s->e->s2_vmid_load.vmid)
			accuse(s, INV_vmidx, &nowhere,
			       "CPU %zu runs the same MMU under VMID %llu, this one under %llu",
			       i, (unsigned long long)cpu->vmid,
			       (unsigned long long)s->e->s2_vmid_load.vmid);
	}
}

/*
 * A load under way when the generation turns may be told late: but not by a
 * CPU that has loaded or put since.
 */
static void check_generation(const struct step *s)
{
	struct vmids *v = &s->r->vmids;
	const uint64_t gen = s->e->s2_vmid_load.generation;
	const struct cpu_vmid *cpu = vmids_cpu(v, s->e->s2_vmid_load.cpu);

	if (!v->generation || !cpu || gen == v->generation)
		return;
	if (gen > v->generation || cpu->event > v->rolled)
		accuse(s, INV_vmidx, &nowhere,
		       "generation %llu is loaded, %llu is current",
		       (unsigned long long)gen,
		       (unsigned long long)v->generation);
}

static void loaded(const struct step *s)
{
	if (!s->e->s2_vmid_load.vmid)
		accuse(s, INV_vmidx, &nowhere, "VMID 0, the host's, is loaded");
	check_generation(s);
	check_shared(s, s->e->s2_vmid_load.cpu, s->e->s2_vmid_load.vmid);
	check_own(s);
}

/*
 * A pair that was loaded and not given yet is given next: the load is told by
 * another CPU. Or it was put together of two (U26, U27).
 */
static void check_odd(const struct step *s, uint64_t vmid, uint64_t gen)
{
	const struct mmu_vmid *v = &s->mmu->vmid;

	if (v->odd_generation &&
	    (v->odd_vmid != vmid || v->odd_generation != gen))
		accuse(s, INV_vmidx, &nowhere,
		       "VMID %llu of generation %llu was loaded, and never given to this MMU",
		       (unsigned long long)v->odd_vmid,
		       (unsigned long long)v->odd_generation);
}

static void given(const struct step *s)
{
	check_odd(s, s->e->s2_vmid_assign.vmid,
		  s->e->s2_vmid_assign.generation);
}

static void freed(const struct step *s)
{
	check_odd(s, 0, 0);
}

static void put(const struct step *s)
{
	const struct cpu_vmid *cpu =
		vmids_cpu(&s->r->vmids, s->e->s2_vmid_put.cpu);

	if (cpu && cpu->loaded && cpu->mmu != s->e->mmu)
		accuse(s, INV_vmidx, &nowhere, "CPU %d ran mmu %llu",
		       s->e->s2_vmid_put.cpu, (unsigned long long)cpu->mmu);
}

const struct invariant inv_vmidx = {
	.name = "VMIDX",
	.says = "no two MMUs run under one VMID, all vCPUs of one run under the same, and nobody runs under VMID 0, one of another generation, or one that was not given",
	.needs = ON(s2_vmid_assign) | ON(s2_vmid_rollover) | ON(s2_vmid_load) |
		 ON(s2_vmid_put),
	.hooks =
		(const struct hook[]){
			{ ON_ARRIVAL, EV_s2_vmid_assign, assigned },
			{ ON_ARRIVAL, EV_s2_vmid_load, loaded },
			{ ON_ARRIVAL, EV_s2_vmid_put, put },
			{ BEFORE, EV_s2_vmid_assign, given },
			{ BEFORE, EV_s2_mmu_free, freed },
			{},
		},
};
