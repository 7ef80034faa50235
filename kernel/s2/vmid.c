// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMIDs: who translates under which number, and when numbers may be reused.
 *
 * An MMU's VMID is one 64-bit word: a number in the low bits, above it the
 * generation in which the number was given out. Number and generation can so
 * never be seen apart (U26, U27). Numbers are handed out consecutively, to
 * MMUs in the order they run. When none is left a new generation begins: all
 * TLBs are invalidated, and every number is free again, except those that
 * CPUs are using at that very moment. These are reserved: their MMUs keep
 * their numbers in the new generation.
 *
 * Rules (VMIDX, VMIDG):
 *  - number 0 is the host's and is never given out;
 *  - no CPU enters a guest whose generation is not the current one, unless
 *    the number is reserved for it;
 *  - a number passes from one MMU to another only across a rollover.
 *
 * Each CPU says in 'active' which VMID it uses. A CPU that goes on with the
 * VMID of the current generation does so with one compare-and-exchange on its
 * own word, without the lock. Against that stands the rollover, which turns
 * the generation first and collects the 'active' words after: either it finds
 * our VMID there and reserves it, or our exchange finds the 0 it left behind
 * and we come to the lock.
 */
#include "count.h"
#include "emit.h"
#include "flush.h"
#include "stat.h"
#include "vmid.h"

/* In 'active': no vCPU is loaded here. Reserves nothing: its number is 0. */
#define VMID_IDLE	BIT_ULL(63)

unsigned int __ro_after_init kvm_arm_vmid_bits;

/**
 * struct vmid_space - the allocator
 * @lock:	everything below but reads of @generation
 * @generation:	the current one, shifted to where it stands in a VMID
 * @used:	numbers that are taken in it
 * @next:	where the search for a free number goes on
 * @in_use:	how many bits of @used are set, number 0 not counted
 * @reserved:	how many of them came over from the generation before
 */
static struct vmid_space {
	raw_spinlock_t	lock;
	atomic64_t	generation;
	unsigned long	*used;
	u32		next;
	u32		in_use;
	u32		reserved;
} vmids = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(vmids.lock),
};

/* What this CPU uses. 0: a rollover came by, take the lock. */
static DEFINE_PER_CPU(atomic64_t, active);
/* What this CPU used when the generation turned. Under vmids.lock. */
static DEFINE_PER_CPU(u64, reserved);
/* Whose VMID this CPU uses, for the put event. */
static DEFINE_PER_CPU(struct kvm_s2_mmu *, loaded);

static u32 vmid_count(void)
{
	return 1U << kvm_arm_vmid_bits;
}

static u32 vmid_number(u64 id)
{
	return id & (vmid_count() - 1);
}

static u64 vmid_generation(u64 id)
{
	return id >> kvm_arm_vmid_bits;
}

static bool vmid_current(u64 id)
{
	return vmid_generation(id) ==
	       vmid_generation(atomic64_read(&vmids.generation));
}

static void use_number(u32 number)
{
	if (number && !__test_and_set_bit(number, vmids.used))
		vmids.in_use++;
}

/*
 * Turns the generation. Called with the lock held, so no number is given out
 * before the invalidation has completed.
 */
static void rollover(struct s2_ctx *ctx)
{
	u64 old = atomic64_read(&vmids.generation), id;
	u32 was_in_use = vmids.in_use;
	int cpu;

	/* First: whoever reads the old generation now finds 0 in 'active'. */
	atomic64_set(&vmids.generation, old + vmid_count());
	smp_mb(); /* the generation before the 'active' words */

	bitmap_zero(vmids.used, vmid_count());
	__set_bit(0, vmids.used);
	vmids.in_use = 0;

	for_each_possible_cpu(cpu) {
		id = atomic64_xchg(per_cpu_ptr(&active, cpu), 0);
		/*
		 * 0: this CPU has not come by since the rollover before. It
		 * still runs with what was reserved for it then.
		 */
		if (!id)
			id = per_cpu(reserved, cpu);
		per_cpu(reserved, cpu) = id;
		if (!s2_inject(ctx, RESERVED_VMID_GIVEN_OUT))
			use_number(vmid_number(id));
	}

	vmids.reserved = vmids.in_use;
	vmids.next = 1;
	s2_stat_rollover(ctx);
	s2_count_rollover(ctx);
	s2_emit(s2_vmid_rollover, ctx, vmid_generation(old) + 1,
		vmid_generation(old), was_in_use, vmids.reserved,
		s2_port_cpu());
	if (!s2_inject(ctx, ROLLOVER_WITHOUT_FLUSH))
		s2_flush_all(ctx);
	if (s2_inject(ctx, ROLLOVER_FLUSHES_TWICE))
		s2_flush_all(ctx);
}

/* If @id is reserved on some CPUs, they take it into the generation @new. */
static bool renew_reserved(u64 id, u64 new)
{
	bool found = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		if (per_cpu(reserved, cpu) == id) {
			per_cpu(reserved, cpu) = new;
			found = true;
		}
	}
	return found;
}

/* A VMID of the current generation for who has @old. Lock held. */
static u64 allocate(struct s2_ctx *ctx, u64 old)
{
	u64 generation = atomic64_read(&vmids.generation);
	u32 number = vmid_number(old);

	/* On several CPUs at once, all of them must keep the one number. */
	if (number && renew_reserved(old, generation | number))
		return generation | number;

	number = find_next_zero_bit(vmids.used, vmid_count(), vmids.next);
	if (number >= vmid_count()) {
		rollover(ctx);
		generation = atomic64_read(&vmids.generation);
		/* There are more numbers than CPUs: see the init below. */
		number = find_next_zero_bit(vmids.used, vmid_count(), 1);
	}

	use_number(number);
	vmids.next = number + 1;
	return generation | number;
}

static u64 update_slow(struct s2_ctx *ctx, struct kvm_vmid *vmid)
{
	unsigned long flags;
	u64 old, id;

	raw_spin_lock_irqsave(&vmids.lock, flags);
	old = atomic64_read(&vmid->id);
	id = old;
	if (!vmid_current(old)) {
		id = allocate(ctx, old);
		if (s2_inject(ctx, VMID_GENERATION_FIRST)) {
			atomic64_set(&vmid->id, id - vmid_number(id) +
				     vmid_number(old));
			s2_inject_delay(60);
		}
		atomic64_set(&vmid->id, id);
		/*
		 * Pairs with never_ran() in flush.c: who clears an entry and
		 * sees no VMID yet need not invalidate, for we walk the
		 * tables only after this.
		 */
		smp_mb();
		s2_count_vmid_assign(ctx);
		s2_emit(s2_vmid_assign, ctx, vmid_number(id),
			vmid_generation(id), vmid_number(old),
			vmid_generation(old), vmids.in_use, vmids.reserved,
			s2_port_cpu());
	}
	atomic64_set(this_cpu_ptr(&active), id);
	raw_spin_unlock_irqrestore(&vmids.lock, flags);
	return id;
}

/**
 * kvm_arm_vmid_update() - make sure an MMU may run on this CPU
 * @vmid:	the VMID of the MMU about to be loaded
 *
 * Context: from vCPU load, preemption disabled, before VTTBR_EL2 is written
 * (U82).
 */
void kvm_arm_vmid_update(struct kvm_vmid *vmid)
{
	struct kvm_s2_mmu *mmu = container_of(vmid, struct kvm_s2_mmu, vmid);
	atomic64_t *mine = this_cpu_ptr(&active);
	u64 id = atomic64_read(&vmid->id);
	u64 seen = atomic64_read(mine);

	/*
	 * Relaxed is enough: this is ordered against the rollover's exchange
	 * of the same word, and what we read before it decides only whether
	 * we dare.
	 */
	if ((!seen || !vmid_current(id) ||
	     !atomic64_cmpxchg_relaxed(mine, seen, id)) &&
	    !s2_inject(mmu->s2, LOAD_WITHOUT_VMID))
		id = update_slow(mmu->s2, vmid);

	*this_cpu_ptr(&loaded) = mmu;
	s2_emit(s2_vmid_load, mmu->s2, vmid_number(id), vmid_generation(id),
		s2_port_cpu(), s2_port_vcpu(), mmu->pgd_phys);
}

/**
 * kvm_arm_vmid_clear_active() - this CPU runs no guest for now
 *
 * So a rollover need not reserve its VMID (U61).
 *
 * Context: from vCPU put, preemption disabled.
 */
void kvm_arm_vmid_clear_active(void)
{
	struct kvm_s2_mmu *mmu = *this_cpu_ptr(&loaded);
	u64 id;

	if (mmu && mmu->s2) {
		id = s2_port_vmid(mmu);
		s2_emit(s2_vmid_put, mmu->s2, vmid_number(id),
			vmid_generation(id), s2_port_cpu(), s2_port_vcpu(),
			mmu->pgd_phys);
	}

	*this_cpu_ptr(&loaded) = NULL;
	if (!mmu || !s2_inject(mmu->s2, PUT_KEEPS_VMID_ACTIVE))
		atomic64_set(this_cpu_ptr(&active), VMID_IDLE);
}

/**
 * kvm_arm_vmid_alloc_init() - set the allocator up
 *
 * The number of VMID bits is the hardware's, or fewer if kvm-arm.vmid_bits
 * asks for it. In any case there must be more numbers than CPUs, or a
 * rollover could find every number reserved.
 *
 * Return: 0 or -ENOMEM.
 */
int __init kvm_arm_vmid_alloc_init(void)
{
	u32 bits = kvm_get_vmid_bits();
	u32 want = s2_port_vmid_bits_wanted();

	if (want) {
		if (want >= S2_VMID_MIN_BITS && want <= bits &&
		    BIT(want) - 1 > num_possible_cpus())
			bits = want;
		else
			pr_warn("kvm: %u VMID bits are not possible here, using %u\n",
				want, bits);
	}

	kvm_arm_vmid_bits = bits;
	WARN_ON(vmid_count() - 1 <= num_possible_cpus());
	atomic64_set(&vmids.generation, vmid_count());
	vmids.used = bitmap_zalloc(vmid_count(), GFP_KERNEL);
	if (!vmids.used)
		return -ENOMEM;

	__set_bit(0, vmids.used);
	vmids.next = 1;
	vmids.in_use = 0;
	vmids.reserved = 0;
	return 0;
}

/**
 * kvm_arm_vmid_alloc_free() - KVM could not be initialised after all
 */
void __init kvm_arm_vmid_alloc_free(void)
{
	bitmap_free(vmids.used);
	vmids.used = NULL;
}
