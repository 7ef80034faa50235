/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated machine under the core: physical memory for tables, CPUs with
 * TLBs, and the moments at which others may do something.
 */
#ifndef S2_HOST_H
#define S2_HOST_H

#include "abi.h"
#include "geometry.h"
#include "mmu.h"
#include "op.h"

/**
 * struct host - what a test may set and see; zeroed by host_reset()
 * @vmid_bits:	what the CPUs have (host_reset() makes it 16)
 * @vmid_bits_wanted: the administrator's wish, 0 for none
 * @high_pa:	table pages lie above 2^48, as FEAT_LPA2 allows
 * @ha:		the hardware sets access flags
 * @cmo_off:	no checks of cache maintenance order (an MMU with FEAT_S2FWB)
 * @needbreak:	asked by an operation that may yield
 * @on_break:	mmu_lock is free: others may do what they like
 * @meddle:	the guest may access memory now
 * @racer:	another CPU may change this entry now
 * @vmid_racer:	another CPU may load or put a guest now
 * @deaf:	nobody listens to s2_clear (the checker copes)
 * @no_memory:	allocations fail
 * @warnings:	WARN_ON()s tolerated so far; others fail the test
 * @tolerate:	how many more WARN_ON()s are expected
 * @pr_warns:	messages printed
 * @tlbi:	invalidations, by scope
 * @icache:	instruction cache invalidations
 * @dcache:	data cache cleanings
 * @live:	table pages (roots included) that are not free
 */
struct host {
	u32	vmid_bits;
	u32	vmid_bits_wanted;
	bool	high_pa;
	bool	ha;
	bool	cmo_off;
	bool	(*needbreak)(struct kvm_s2_mmu *mmu);
	void	(*on_break)(struct kvm_s2_mmu *mmu);
	void	(*meddle)(void);
	void	(*racer)(u64 *entry);
	void	(*vmid_racer)(void);
	bool	deaf;
	bool	no_memory;
	u32	warnings;
	u32	tolerate;
	u32	pr_warns;
	u64	tlbi[S2_NR_SCOPES];
	u64	icache;
	u64	dcache;
	s32	live;
};

extern struct host host;

/* Called when something is wrong, after the message; does not return. */
extern void (*host_on_fail)(void);
/* Says, for the message, how to get there again. */
extern void (*host_describe)(void);

void host_reset(u32 cpus);

/* What the tests need of an MMU that mmu.c does in the kernel. */
struct host_mmu_type {
	u32	ipa_bits;
	s32	start_level;
	bool	lpa2;
	bool	fwb;
	bool	range;
};

int host_mmu_create(struct kvm_s2_mmu *mmu, const struct host_mmu_type *type);
void host_mmu_destroy(struct kvm_s2_mmu *mmu);

/* Is there a live table page at @pa? */
bool host_table_alive(u64 pa);

/* A hardware table walk: what the guest's accesses see. */
struct hw_leaf {
	u64	pte;
	u64	base;
	u64	pa;
	u64	*entry;
	s32	level;
};

bool hw_walk(struct kvm_s2_mmu *mmu, u64 ipa, struct hw_leaf *leaf);
/* Entry of @level on the way to @ipa, 0 if the way ends above it. */
u64 hw_entry(struct kvm_s2_mmu *mmu, u64 ipa, s32 level);
u64 hw_pa(const struct s2_geometry *geo, u64 pte);

/* TLBs (tlb.c). */
enum hw_access { HW_READ, HW_WRITE, HW_EXEC };
enum hw_result { HW_OK, HW_TRANSLATION, HW_PERMISSION, HW_ACCESS_FLAG };

void tlb_reset(void);
enum hw_result tlb_access(struct kvm_s2_mmu *mmu, u64 ipa,
			  enum hw_access access, u64 *pa);
void tlb_check(struct kvm_s2_mmu *mmu);
void tlb_check_pa(u64 pa, u64 size);
u32 tlb_entries(struct kvm_s2_mmu *mmu);
void tlb_flush_ipa(struct kvm_s2_mmu *mmu, u64 ipa, s32 level, s32 cpu);
void tlb_flush_range(struct kvm_s2_mmu *mmu, u64 start, u64 end);
void tlb_flush_vmid(struct kvm_s2_mmu *mmu, s32 cpu);
void tlb_flush_all(void);

/* Called when the hardware set an access flag; the tests' reference listens. */
extern void (*hw_made_young)(struct kvm_s2_mmu *mmu, u64 ipa);

#endif /* S2_HOST_H */
