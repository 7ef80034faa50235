/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of a VM's stage-2 statistics, for KVM's table of descriptors. They
 * are an ABI, like the tracepoints, and made from the same words.
 */
#ifndef __KVM_ARM64_S2_STAT_DESC_H
#define __KVM_ARM64_S2_STAT_DESC_H

#include "abi.h"

#define S2_STAT(member, kind, what)					\
{									\
	STATS_DESC_COMMON(kind, KVM_STATS_UNIT_NONE,			\
			  KVM_STATS_BASE_POW10, 0, 1, 0),		\
	.offset = offsetof(struct kvm_vm_stat, s2.member),		\
	.name = what,							\
}
#define S2_GAUGE(member, what)		S2_STAT(member, KVM_STATS_TYPE_INSTANT, what)
#define S2_COUNTER(member, what)	S2_STAT(member, KVM_STATS_TYPE_CUMULATIVE, what)

/* A leaf is as large as its level and the host's page size make it. */
#if defined(CONFIG_ARM64_4K_PAGES)
#define S2_STAT_PAGES							\
	S2_GAUGE(leaves[3], "pages_4k"),				\
	S2_GAUGE(leaves[2], "pages_2m"),				\
	S2_GAUGE(leaves[1], "pages_1g")
#elif defined(CONFIG_ARM64_16K_PAGES)
#define S2_STAT_PAGES							\
	S2_GAUGE(leaves[3], "pages_16k"),				\
	S2_GAUGE(leaves[2], "pages_32m")
#else
#define S2_STAT_PAGES							\
	S2_GAUGE(leaves[3], "pages_64k"),				\
	S2_GAUGE(leaves[2], "pages_512m")
#endif

#define S2_STAT_FLUSH(scope, name)	S2_COUNTER(flushes[scope], "flush_" name),
#define S2_STAT_FAULT(kind, name)	S2_COUNTER(faults[kind], "fault_" name),

#define S2_VM_STATS							\
	S2_STAT_PAGES,							\
	S2_GAUGE(tables[0], "tables_level_0"),				\
	S2_GAUGE(tables[1], "tables_level_1"),				\
	S2_GAUGE(tables[2], "tables_level_2"),				\
	S2_GAUGE(tables[3], "tables_level_3"),				\
	S2_SCOPES(S2_STAT_FLUSH)					\
	S2_FAULTS(S2_STAT_FAULT)					\
	S2_COUNTER(vmid_rollovers, "vmid_rollovers")

#endif /* __KVM_ARM64_S2_STAT_DESC_H */
