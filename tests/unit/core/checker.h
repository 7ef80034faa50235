/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A checker of the event stream: builds the state of each MMU from events
 * alone and complains when an invariant is broken (REFS, FREE, OWED, BBM,
 * OVER, WALK, LEAK, UNMAPALL, CMO, FLUSHID, VMIDX).
 */
#ifndef S2_CHECKER_H
#define S2_CHECKER_H

#include "port_host.h"
#include "abi.h"
#include "mmu.h"

void checker_reset(void);

/* What no event says: guest memory needs cleaning, how descriptors look. */
void checker_expect(struct kvm_s2_mmu *mmu, bool cmo, bool lpa2);

/* The MMU is no more; another one, without a VMID yet, is in its place. */
void checker_forget(struct kvm_s2_mmu *mmu);

/* mmu_lock is about to be dropped in the middle of an operation. */
void checker_yield(struct kvm_s2_mmu *mmu);

/* An invalidation was issued; its event has to follow. */
void checker_tlbi(struct kvm_s2_mmu *mmu, enum s2_scope scope, u64 ipa,
		  u64 size);

/* What the events say of a table page. False: it is none (or the root). */
bool checker_table(struct kvm_s2_mmu *mmu, u64 pa, s32 *level, u64 *ipa);

/* Table pages of an MMU that were taken and not freed, without the root. */
u32 checker_tables(struct kvm_s2_mmu *mmu);

/* The context has counted its events so far as they were told. */
void checker_counts(struct kvm_s2_mmu *mmu);

/* The last operation that ended, as its event tells. */
struct checker_op {
	u64	id;
	s32	kind;
	s32	reason;
	u64	ipa;
	u64	end;
	s32	lock;
	s32	result;
	u64	entries;
	u64	resched;
	u64	deferred;
	u64	sets;
	u64	clears;
	u64	live_clears;
	u64	flushes;
	u64	frees;
	s32	last_scope;
	s32	last_level;
	u64	last_raw;
};

extern struct checker_op checker_last_op;

/* Events seen since checker_reset(). */
extern u64 checker_events;

#endif /* S2_CHECKER_H */
