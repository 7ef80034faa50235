// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMIDs are given out, loaded and put; generations turn.
 *
 * Linux's allocator keeps a map of the numbers that are taken. Whatever it
 * holds as number 0 is nobody's.
 */
#include <linux/bitmap.h>

#include "watch.h"

/**
 * struct vmid_space - the allocator, as s2stat reads it
 * @generation:	the current one, shifted to where it stands in a VMID
 * @in_use:	numbers taken in it
 * @reserved:	of these, kept over from the generation before
 *
 * Changes under the allocator's lock.
 */
static struct vmid_space {
	atomic64_t	generation;
	u32		in_use;
	u32		reserved;
} vmids;

/* Whose VMID this CPU uses, for the put event. */
static DEFINE_PER_CPU(struct kvm_s2_mmu *, loaded);

static u64 number(u64 id)
{
	return id & (BIT_ULL(kvm_arm_vmid_bits) - 1);
}

static u64 generation(u64 id)
{
	return id >> kvm_arm_vmid_bits;
}

static struct kvm_s2_mmu *mmu_of(struct kvm_vmid *vmid)
{
	return container_of(vmid, struct kvm_s2_mmu, vmid);
}

static u32 taken(const unsigned long *map)
{
	return bitmap_weight(map, BIT(kvm_arm_vmid_bits)) - test_bit(0, map);
}

/**
 * s2_observe_vmid_assign() - an MMU has got a VMID
 * @vmid:	the MMU's
 * @id:		number and generation
 * @old:	and those it had
 * @now:	the current generation, shifted
 * @map:	the numbers that are taken
 */
void s2_observe_vmid_assign(struct kvm_vmid *vmid, u64 id, u64 old, u64 now,
			    const unsigned long *map)
{
	atomic64_set(&vmids.generation, now);
	vmids.in_use = taken(map);
	s2_emit(s2_vmid_assign, mmu_of(vmid)->s2, number(id), generation(id),
		number(old), generation(old), vmids.in_use, vmids.reserved,
		s2_port_cpu());
}

/**
 * s2_observe_vmid_rollover() - a generation has begun, the TLBs have not been
 *	invalidated yet
 * @vmid:	the MMU's whose need of a number turned it
 * @now:	the current generation, shifted
 * @map:	the numbers that are reserved
 */
void s2_observe_vmid_rollover(struct kvm_vmid *vmid, u64 now,
			      const unsigned long *map)
{
	u32 was_in_use = vmids.in_use;

	atomic64_set(&vmids.generation, now);
	vmids.reserved = taken(map);
	vmids.in_use = vmids.reserved;
	s2_emit(s2_vmid_rollover, mmu_of(vmid)->s2, generation(now),
		generation(now) - 1, was_in_use, vmids.reserved,
		s2_port_cpu());
}

/**
 * s2_observe_vmid_load() - this CPU is about to run under a VMID
 * @vmid:	the MMU's
 * @id:		number and generation, active on this CPU by now
 */
void s2_observe_vmid_load(struct kvm_vmid *vmid, u64 id)
{
	struct kvm_s2_mmu *mmu = mmu_of(vmid);

	this_cpu_write(loaded, mmu);
	s2_emit(s2_vmid_load, mmu->s2, number(id), generation(id),
		s2_port_cpu(), s2_port_vcpu(), mmu->pgd_phys);
}

/** s2_observe_vmid_put() - and no longer does; the VMID is still active */
void s2_observe_vmid_put(void)
{
	struct kvm_s2_mmu *mmu = this_cpu_read(loaded);
	u64 id;

	this_cpu_write(loaded, NULL);
	if (!mmu || !mmu->s2)
		return;

	id = atomic64_read(&mmu->vmid.id);
	s2_emit(s2_vmid_put, mmu->s2, number(id), generation(id),
		s2_port_cpu(), s2_port_vcpu(), mmu->pgd_phys);
}
