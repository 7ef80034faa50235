/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMIDs: which numbers are given out, and which CPU uses which. They belong to
 * the host and not to one MMU, so this follows the events in the order in
 * which they arrive, the only one that holds across MMUs.
 */
#ifndef S2STAT_MODEL_VMID_H
#define S2STAT_MODEL_VMID_H

#include "event.h"
#include "map.h"

/* CPU numbers from here on are nonsense. */
#define VMID_CPUS 8192
/* Numbers have at most 16 bits. */
#define VMID_NUMBERS 65536

/**
 * struct cpu_vmid - what one CPU is about
 * @loaded:	a vCPU is loaded, under @vmid of @mmu
 * @event:	number of its last VMID event in the stream, 0: none
 * @time:	and when that was
 */
struct cpu_vmid {
	bool loaded;
	uint64_t mmu;
	uint64_t vmid;
	uint64_t generation;
	uint64_t event;
	uint64_t time;
};

/**
 * struct vmids - the allocator and its users
 * @generation:	the current one; 0: not known yet
 * @flushed:	all contexts were invalidated since it began
 * @alls:	how often
 * @rolled:	number of the rollover in the stream
 * @events:	VMID events so far
 * @given:	numbers given out in this generation, that we know of
 * @whole:	the generation's begin was seen: @given are all but the reserved
 * @owner:	number to the id of the MMU that it was given in this generation
 * @nr_cpus:	CPUs heard of: numbers below this
 */
struct vmids {
	uint64_t generation;
	bool flushed;
	bool whole;
	uint64_t alls;
	uint64_t rolled;
	uint64_t events;
	uint64_t given;
	uint64_t *owner;
	struct cpu_vmid *cpu;
	size_t nr_cpus;
};

/**
 * struct last_ran - the vCPU of an MMU that ran on a CPU last
 * @vcpu:	its id
 * @known:	there was one
 * @clean:	the CPU has forgotten this VMID since that one was put
 * @owes:	another one is loaded, and the CPU has not
 */
struct last_ran {
	int32_t vcpu;
	bool known;
	bool clean;
	bool owes;
};

/**
 * struct mmu_vmid - what one MMU has
 * @vmid:	number and generation last given to it, and those before
 * @assigned:	sequence number of the event that said so
 * @odd_vmid:	number and generation that was loaded and is neither: it may be
 *		what is given next. 0: there was none
 * @ran:	by CPU
 */
struct mmu_vmid {
	uint64_t vmid;
	uint64_t generation;
	uint64_t old_vmid;
	uint64_t old_generation;
	uint64_t assigned;
	uint64_t odd_vmid;
	uint64_t odd_generation;
	struct last_ran *ran;
	size_t nr_ran;
};

struct cpu_vmid *vmids_cpu(struct vmids *v, int32_t cpu);
struct last_ran *vmid_ran(struct mmu_vmid *m, int32_t cpu);
int vmids_event(struct vmids *v, struct mmu_vmid *m, const struct event *e);
void vmids_doubt(struct vmids *v, uint64_t mmu);
void vmids_free(struct vmids *v);

#endif /* S2STAT_MODEL_VMID_H */
