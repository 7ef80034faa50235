/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel offers, read from its BTF: needs no privilege and
 * loads nothing.
 */
#ifndef S2STAT_SOURCE_PROBE_H
#define S2STAT_SOURCE_PROBE_H

#include <stdbool.h>

#include "failure.h"

/* Tracepoints that the counters need: all of them, or a rate would lie. */
#define PROBE_EVENTS(X)     \
	X(s2_set)           \
	X(s2_clear)         \
	X(s2_table_alloc)   \
	X(s2_table_free)    \
	X(s2_flush)         \
	X(s2_fault_begin)   \
	X(s2_fault_end)     \
	X(s2_vmid_assign)   \
	X(s2_vmid_rollover) \
	X(s2_mmu_free)

enum probe_event {
#define PROBE_ENUM(name) PROBE_##name,
	PROBE_EVENTS(PROBE_ENUM)
#undef PROBE_ENUM
		PROBE_NR_EVENTS
};

/*
 * Functions of Linux's own KVM on which stock_count.bpf.c has programs, by the
 * name of these. Whatever else invalidates a guest's translations, we would
 * miss: see struct probe.
 */
#define PROBE_FUNCTIONS(X)                         \
	X(ipa, __kvm_tlb_flush_vmid_ipa)           \
	X(ipa_local, __kvm_tlb_flush_vmid_ipa_nsh) \
	X(range, __kvm_tlb_flush_vmid_range)       \
	X(vmid, __kvm_tlb_flush_vmid)              \
	X(cpu_context, __kvm_flush_cpu_context)    \
	X(rollover, __kvm_flush_vm_context)        \
	X(fault, kvm_handle_guest_abort)           \
	X(over, kvm_free_stage2_pgd)

enum probe_function {
#define PROBE_ENUM(id, name) PROBE_FN_##id,
	PROBE_FUNCTIONS(PROBE_ENUM)
#undef PROBE_ENUM
		PROBE_NR_FUNCTIONS
};

/**
 * struct probe - what the kernel offers
 * @btf:	it describes its own types
 * @kvm:	it has KVM for arm64 built in
 * @kvm_runs:	... and that found a hypervisor mode to use
 * @protected:	it was booted with kvm-arm.mode=protected (pKVM)
 * @context:	it keeps a struct s2_ctx for each stage-2 MMU
 * @iter_mmu:	bpf_iter target s2_mmu
 * @iter_table:	bpf_iter target s2_table
 * @event:	tracepoints, by enum probe_event
 * @counts:	each context counts its own events, as struct s2r_kept_counts
 * @walkable:	without @context: it is new enough to be read as it is
 * @nested_pointers: see stock_kvm.h
 * @function:	by enum probe_function
 * @stranger:	an invalidating function that is not among them, or ""
 */
struct probe {
	bool btf;
	bool kvm;
	bool kvm_runs;
	bool protected;
	bool context;
	bool iter_mmu;
	bool iter_table;
	bool event[PROBE_NR_EVENTS];
	bool counts;
	bool walkable;
	bool nested_pointers;
	bool function[PROBE_NR_FUNCTIONS];
	char stranger[64];
};

void probe_kernel(struct probe *p);
const char *probe_event_name(enum probe_event e);
const char *probe_function_id(enum probe_function fn);
int probe_verdict(const struct probe *p, struct failure *f);

#endif /* S2STAT_SOURCE_PROBE_H */
