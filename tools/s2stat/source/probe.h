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

/**
 * struct probe - what the kernel offers
 * @btf:	it describes its own types
 * @context:	it keeps a struct s2_ctx for each stage-2 MMU
 * @iter_mmu:	bpf_iter target s2_mmu
 * @iter_table:	bpf_iter target s2_table
 * @event:	tracepoints, by enum probe_event
 */
struct probe {
	bool btf;
	bool context;
	bool iter_mmu;
	bool iter_table;
	bool event[PROBE_NR_EVENTS];
};

void probe_kernel(struct probe *p);
const char *probe_event_name(enum probe_event e);
int probe_verdict(const struct probe *p, struct failure *f);

#endif /* S2STAT_SOURCE_PROBE_H */
