/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drives the core with operations taken from random numbers or from a
 * fuzzer's bytes, beside the reference, and compares.
 */
#ifndef S2_DRIVE_H
#define S2_DRIVE_H

#include "host.h"
#include "ref.h"

#define DUMMIES		12

/* Where decisions come from. */
struct source {
	u64		state;
	const u8	*bytes;
	size_t		left;
	bool		fuzz;
};

/**
 * struct world - one MMU, its reference, and what goes on around it
 * @mmu:	the MMU under test
 * @type:	its shape and features
 * @ref:	what it should map
 * @src:	decisions
 * @mc:		the vCPU's table cache
 * @loaded:	CPUs on which it is loaded
 * @dummies:	other MMUs, which only take VMIDs
 * @gone:	it was destroyed under a running operation
 * @depth:	1 while mmu_lock is free in the middle of an operation
 * @outer:	range of that operation, widened to the largest block
 * @fixed:	range as it was asked for
 * @outer_unmaps: and it unmaps
 * @may_break:	how often it may still yield
 * @amid:	what was mapped inside that range meanwhile
 * @young:	leaves whose access flag the hardware set meanwhile
 * @near:	where the present operation works
 * @ops:	operations so far
 * @ret:	operations by result: 0, -EAGAIN, -EBUSY, -ENOMEM, others
 * @accesses:	guest accesses that went through
 * @breaks:	how often mmu_lock was let go in an operation
 * @lost:	how often the MMU was gone after that
 */
struct world {
	struct kvm_s2_mmu		mmu;
	struct host_mmu_type		type;
	struct ref			ref;
	struct source			src;
	struct kvm_mmu_memory_cache	mc;
	bool				loaded[HOST_CPUS];
	struct kvm_s2_mmu		dummies[DUMMIES];
	bool				gone;
	u32				depth;
	struct { u64 start, end; }	outer, fixed;
	bool				outer_unmaps;
	u32				may_break;
	struct unit			amid[64];
	u32				nr_amid;
	struct { u64 ipa, size; }	young[256];
	u32				nr_young;
	u64				near;
	u64				ops;
	u64				ret[5];
	u64				accesses;
	u64				breaks;
	u64				lost;
};

void world_init(struct world *w, const struct host_mmu_type *type, bool ha);
void world_fini(struct world *w);
void world_step(struct world *w);
void world_check(struct world *w);
bool source_empty(const struct source *src);

#endif /* S2_DRIVE_H */
