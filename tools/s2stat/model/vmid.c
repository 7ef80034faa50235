// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the VMID events. See vmid.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmid.h"

/** vmids_cpu() - the CPU of this number, or NULL if there can be none */
struct cpu_vmid *vmids_cpu(struct vmids *v, int32_t cpu)
{
	size_t nr = v->nr_cpus ? v->nr_cpus : 8;
	struct cpu_vmid *p;

	if (cpu < 0 || cpu >= VMID_CPUS)
		return NULL;
	if ((size_t)cpu < v->nr_cpus)
		return &v->cpu[cpu];
	while (nr <= (size_t)cpu)
		nr *= 2;
	p = reallocarray(v->cpu, nr, sizeof(*p));
	if (!p)
		return NULL;
	memset(p + v->nr_cpus, 0, (nr - v->nr_cpus) * sizeof(*p));
	v->cpu = p;
	v->nr_cpus = nr;
	return &v->cpu[cpu];
}

/** vmid_ran() - what an MMU did on this CPU, or NULL if that cannot be */
struct last_ran *vmid_ran(struct mmu_vmid *m, int32_t cpu)
{
	size_t nr = m->nr_ran ? m->nr_ran : 4;
	struct last_ran *p;

	if (cpu < 0 || cpu >= VMID_CPUS)
		return NULL;
	if ((size_t)cpu < m->nr_ran)
		return &m->ran[cpu];
	while (nr <= (size_t)cpu)
		nr *= 2;
	p = reallocarray(m->ran, nr, sizeof(*p));
	if (!p)
		return NULL;
	memset(p + m->nr_ran, 0, (nr - m->nr_ran) * sizeof(*p));
	m->ran = p;
	m->nr_ran = nr;
	return &m->ran[cpu];
}

static void turn(struct vmids *v, uint64_t generation)
{
	v->generation = generation;
	v->rolled = v->events;
	v->flushed = false;
	v->whole = true;
	v->alls = 0;
	v->given = 0;
	if (v->owner)
		memset(v->owner, 0, VMID_NUMBERS * sizeof(*v->owner));
}

static int give(struct vmids *v, const struct event *e)
{
	uint64_t number = e->s2_vmid_assign.vmid;

	/* The first that we hear of: whatever it says is right. */
	if (!v->generation) {
		v->generation = e->s2_vmid_assign.generation;
		v->flushed = true;
	}
	if (!v->owner)
		v->owner = calloc(VMID_NUMBERS, sizeof(*v->owner));
	if (!v->owner)
		return -ENOMEM;
	if (number < VMID_NUMBERS) {
		v->given += !v->owner[number];
		v->owner[number] = e->mmu;
	}
	return 0;
}

static void load(struct vmids *v, struct mmu_vmid *m, const struct event *e)
{
	struct cpu_vmid *cpu = vmids_cpu(v, e->s2_vmid_load.cpu);
	struct last_ran *ran = vmid_ran(m, e->s2_vmid_load.cpu);

	if (!v->generation) {
		v->generation = e->s2_vmid_load.generation;
		v->flushed = true;
	}
	if (cpu) {
		cpu->loaded = true;
		cpu->mmu = e->mmu;
		cpu->vmid = e->s2_vmid_load.vmid;
		cpu->generation = e->s2_vmid_load.generation;
	}
	if (ran) {
		ran->owes = ran->known && !ran->clean &&
			    ran->vcpu != e->s2_vmid_load.vcpu;
		ran->known = true;
		ran->clean = false;
		ran->vcpu = e->s2_vmid_load.vcpu;
	}
}

static void put(struct vmids *v, struct mmu_vmid *m, const struct event *e)
{
	struct cpu_vmid *cpu = vmids_cpu(v, e->s2_vmid_put.cpu);
	struct last_ran *ran = vmid_ran(m, e->s2_vmid_put.cpu);

	if (cpu)
		cpu->loaded = false;
	if (ran)
		ran->owes = false;
}

static void flush(struct vmids *v, struct mmu_vmid *m, const struct event *e)
{
	const struct cpu_vmid *cpu;
	struct last_ran *ran;

	if (e->s2_flush.scope == S2_SCOPE_ALL) {
		v->flushed = true;
		v->alls++;
	}
	if (e->s2_flush.scope != S2_SCOPE_CPU_CONTEXT)
		return;
	ran = vmid_ran(m, e->s2_flush.cpu);
	cpu = vmids_cpu(v, e->s2_flush.cpu);
	if (ran && cpu) {
		ran->owes = false;
		ran->clean = !cpu->loaded || cpu->mmu != e->mmu;
	}
}

/* What is put after this has no MMU to tell it. */
static void mmu_gone(struct vmids *v, uint64_t mmu)
{
	for (size_t i = 0; i < v->nr_cpus; i++)
		if (v->cpu[i].mmu == mmu)
			v->cpu[i].loaded = false;
}

static int32_t cpu_of(const struct event *e)
{
	switch (e->type) {
	case EV_s2_vmid_assign:
		return e->s2_vmid_assign.cpu;
	case EV_s2_vmid_rollover:
		return e->s2_vmid_rollover.cpu;
	case EV_s2_vmid_load:
		return e->s2_vmid_load.cpu;
	case EV_s2_vmid_put:
		return e->s2_vmid_put.cpu;
	default:
		return -1;
	}
}

/**
 * vmids_event() - an event has arrived
 * @m:		of its MMU
 *
 * Return: 0 or -ENOMEM.
 */
int vmids_event(struct vmids *v, struct mmu_vmid *m, const struct event *e)
{
	struct cpu_vmid *cpu;
	int err = 0;

	switch (e->type) {
	case EV_s2_flush:
		flush(v, m, e);
		return 0;
	case EV_s2_mmu_free:
		mmu_gone(v, e->mmu);
		return 0;
	case EV_s2_vmid_assign:
		err = give(v, e);
		break;
	case EV_s2_vmid_rollover:
		turn(v, e->s2_vmid_rollover.generation);
		break;
	case EV_s2_vmid_load:
		load(v, m, e);
		break;
	case EV_s2_vmid_put:
		put(v, m, e);
		break;
	default:
		return 0;
	}
	cpu = vmids_cpu(v, cpu_of(e));
	if (cpu) {
		cpu->event = ++v->events;
		cpu->time = e->time;
	}
	return err;
}

/**
 * vmids_doubt() - events were lost, any of these among them
 * @mmu:	of this MMU; 0: of any
 *
 * Which generation it is, whose numbers are and what that MMU runs on has to
 * be learned anew.
 */
void vmids_doubt(struct vmids *v, uint64_t mmu)
{
	v->generation = 0;
	v->whole = false;
	if (v->owner)
		memset(v->owner, 0, VMID_NUMBERS * sizeof(*v->owner));
	for (size_t i = 0; i < v->nr_cpus; i++)
		if (!mmu || v->cpu[i].mmu == mmu)
			v->cpu[i].loaded = false;
}

/** vmids_free() - frees the memory */
void vmids_free(struct vmids *v)
{
	free(v->owner);
	free(v->cpu);
	*v = (struct vmids){ 0 };
}
