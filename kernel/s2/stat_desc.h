/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of a VM's stage-2 statistics: to be included in the middle of KVM's
 * table of descriptors. They are an ABI, like the tracepoints, and made from
 * the same words. Each word of the data has one: QEMU takes the data to be as
 * large as they are together.
 */
#define S2_STAT(member, type, what)					\
{									\
	STATS_DESC_COMMON(type, KVM_STATS_UNIT_NONE,			\
			  KVM_STATS_BASE_POW10, 0, 1, 0),		\
	.offset = offsetof(struct kvm_vm_stat, s2.member),		\
	.name = what,							\
}

#define S2_GAUGE(member, what)		S2_STAT(member, KVM_STATS_TYPE_INSTANT, what)
#define S2_COUNTER(member, what)	S2_STAT(member, KVM_STATS_TYPE_CUMULATIVE, what)
#define S2_STAT_FLUSH(scope, name)	S2_COUNTER(flushes[scope], "flush_" name),
#define S2_STAT_FAULT(kind, name)	S2_COUNTER(faults[kind], "fault_" name),

/* A leaf is as large as its level and the host's page size make it. */
#if defined(CONFIG_ARM64_4K_PAGES)
	S2_GAUGE(leaves[0], "pages_1g"),
	S2_GAUGE(leaves[1], "pages_2m"),
	S2_GAUGE(leaves[2], "pages_4k"),
#elif defined(CONFIG_ARM64_16K_PAGES)
	S2_GAUGE(leaves[0], "pages_64g"),
	S2_GAUGE(leaves[1], "pages_32m"),
	S2_GAUGE(leaves[2], "pages_16k"),
#else
	S2_GAUGE(leaves[0], "pages_4t"),
	S2_GAUGE(leaves[1], "pages_512m"),
	S2_GAUGE(leaves[2], "pages_64k"),
#endif
	S2_GAUGE(tables[0], "tables_level_0"),
	S2_GAUGE(tables[1], "tables_level_1"),
	S2_GAUGE(tables[2], "tables_level_2"),
	S2_GAUGE(tables[3], "tables_level_3"),
	S2_SCOPES(S2_STAT_FLUSH)
	S2_FAULTS(S2_STAT_FAULT)
	S2_COUNTER(vmid_rollovers, "vmid_rollovers"),

#undef S2_STAT_FAULT
#undef S2_STAT_FLUSH
#undef S2_COUNTER
#undef S2_GAUGE
#undef S2_STAT
