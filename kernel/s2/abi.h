/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers the s2 tracepoints speak in.
 *
 * These enumerations are part of the tracepoint ABI (docs/tracepoints.md):
 * values are only ever added at the end. They carry no dependency, so that
 * the kernel, the BPF programs and host tools can all include this one file.
 */
#ifndef __KVM_ARM64_S2_ABI_H
#define __KVM_ARM64_S2_ABI_H

/*
 * Each list is an X-macro: X(symbol, name). The name is what a trace prints,
 * what s2stat shows and what its JSON carries. One concept, one name.
 */

/* What an entry into the core was asked to do (s2_op_begin.kind). */
#define S2_OP_KINDS(X)				\
	X(S2_OP_MAP,		"map")		\
	X(S2_OP_UNMAP,		"unmap")	\
	X(S2_OP_WRPROTECT,	"wrprotect")	\
	X(S2_OP_MKYOUNG,	"mkyoung")	\
	X(S2_OP_AGE,		"age")		\
	X(S2_OP_TEST_AGE,	"test_age")	\
	X(S2_OP_SET_SPTE,	"set_spte")	\
	X(S2_OP_SPLIT,		"split")	\
	X(S2_OP_CMO,		"cmo")		\
	X(S2_OP_DESTROY,	"destroy")	\
	X(S2_OP_AROUND,		"around")

/* Who caused it (s2_op_begin.reason, s2_flush.reason). */
#define S2_REASONS(X)						\
	X(S2_REASON_FAULT,		"fault")		\
	X(S2_REASON_PERMISSION,		"permission")		\
	X(S2_REASON_ACCESS_FLAG,	"access_flag")		\
	X(S2_REASON_NOTIFIER_UNMAP,	"notifier_unmap")	\
	X(S2_REASON_NOTIFIER_AGE,	"notifier_age")		\
	X(S2_REASON_SET_SPTE,		"set_spte")		\
	X(S2_REASON_MEMSLOT_DELETE,	"memslot_delete")	\
	X(S2_REASON_MEMSLOT_MOVE,	"memslot_move")		\
	X(S2_REASON_DIRTY_LOG,		"dirty_log")		\
	X(S2_REASON_SPLIT,		"split")		\
	X(S2_REASON_COLLAPSE,		"collapse")		\
	X(S2_REASON_IOREMAP,		"ioremap")		\
	X(S2_REASON_CACHE_TOGGLE,	"cache_toggle")		\
	X(S2_REASON_TEARDOWN,		"teardown")		\
	X(S2_REASON_VCPU_MIGRATE,	"vcpu_migrate")		\
	X(S2_REASON_ROLLOVER,		"rollover")		\
	X(S2_REASON_CREATE_FAILED,	"create_failed")	\
	X(S2_REASON_KVM,		"kvm")			\
	X(S2_REASON_NESTED,		"nested")		\
	X(S2_REASON_PREFAULT,		"prefault")

/*
 * How far an invalidation reaches (s2_flush.scope) and, in the comment, the
 * instruction that pays for it at stage 2 (Arm ARM C5.5).
 */
#define S2_SCOPES(X)						\
	X(S2_SCOPE_IPA,		"ipa")		/* IPAS2E1IS */	\
	X(S2_SCOPE_IPA_LOCAL,	"ipa_local")	/* IPAS2E1 */	\
	X(S2_SCOPE_RANGE,	"range")	/* RIPAS2E1IS */ \
	X(S2_SCOPE_VMID,	"vmid")		/* VMALLS12E1IS */ \
	X(S2_SCOPE_CPU_CONTEXT,	"cpu_context")	/* VMALLE1, IC IALLU */ \
	X(S2_SCOPE_ALL,		"all")		/* ALLE1IS */

/*
 * How mmu_lock is held (s2_op_begin.lock). Shared: for read, by an operation
 * that may take away what others have put there, as Linux's own faults do.
 */
#define S2_LOCKS(X)				\
	X(S2_LOCK_NONE,		"none")		\
	X(S2_LOCK_READ,		"read")		\
	X(S2_LOCK_WRITE,	"write")	\
	X(S2_LOCK_SHARED,	"shared")

/*
 * Why a page is asked for (s2_fault_begin.kind): what stopped the guest at
 * stage 2, or nothing did and user space asks ahead.
 */
#define S2_FAULTS(X)				\
	X(S2_FAULT_TRANSLATION,	"translation")	\
	X(S2_FAULT_PERMISSION,	"permission")	\
	X(S2_FAULT_ACCESS,	"access_flag")	\
	X(S2_FAULT_OTHER,	"other")	\
	X(S2_FAULT_PREFAULT,	"prefault")

/* What happened to a memslot (s2_memslot.change). */
#define S2_MEMSLOTS(X)				\
	X(S2_MEMSLOT_CREATE,	"create")	\
	X(S2_MEMSLOT_DELETE,	"delete")	\
	X(S2_MEMSLOT_MOVE,	"move")		\
	X(S2_MEMSLOT_FLAGS,	"flags")	\
	X(S2_MEMSLOT_REFUSED,	"refused")

/* Which cache maintenance was done (s2_cmo.kind). */
#define S2_CMOS(X)				\
	X(S2_CMO_DCACHE,	"dcache")	\
	X(S2_CMO_ICACHE,	"icache")

/*
 * What the CPUs offer and the MMU makes use of: bits of s2_mmu_init.features,
 * by number. "told" is always set: 0 comes from a kernel that tells nothing.
 */
#define S2_FEATURES(X)					\
	X(S2_FEATURE_TOLD,	"told")			\
	X(S2_FEATURE_FWB,	"fwb")	/* FEAT_S2FWB */	\
	X(S2_FEATURE_LPA2,	"lpa2")	/* FEAT_LPA2 */	\
	X(S2_FEATURE_BBM2,	"bbm2")	/* FEAT_BBM, level 2 */

/*
 * What a fault knows of the host page: bits of s2_fault_end.page, by number.
 * In bits 13:8 is log2 of the bytes that the host maps there as one, see
 * S2_PAGE_HOST_SHIFT(); 0: that was not looked at.
 */
#define S2_PAGES(X)					\
	X(S2_PAGE_SOUGHT,	"sought")		\
	X(S2_PAGE_FOUND,	"found")		\
	X(S2_PAGE_DEVICE,	"device")		\
	X(S2_PAGE_UNCACHED,	"uncached")		\
	X(S2_PAGE_DIRTY,	"dirty")

#define S2_PAGE_HOST_SHIFT(page)	((page) >> 8 & 63)

#define S2_ENUM_MEMBER(sym, name)	sym,
enum s2_op_kind { S2_OP_KINDS(S2_ENUM_MEMBER) S2_NR_OP_KINDS };
enum s2_reason { S2_REASONS(S2_ENUM_MEMBER) S2_NR_REASONS };
enum s2_scope { S2_SCOPES(S2_ENUM_MEMBER) S2_NR_SCOPES };
enum s2_lock { S2_LOCKS(S2_ENUM_MEMBER) S2_NR_LOCKS };
enum s2_fault_kind { S2_FAULTS(S2_ENUM_MEMBER) S2_NR_FAULTS };
enum s2_memslot_change { S2_MEMSLOTS(S2_ENUM_MEMBER) S2_NR_MEMSLOTS };
enum s2_cmo_kind { S2_CMOS(S2_ENUM_MEMBER) S2_NR_CMOS };
enum s2_feature { S2_FEATURES(S2_ENUM_MEMBER) S2_NR_FEATURES };
enum s2_page { S2_PAGES(S2_ENUM_MEMBER) S2_NR_PAGES };
#undef S2_ENUM_MEMBER

/* s2_flush.level when the invalidation gives the TLB no level hint. */
#define S2_LEVEL_ANY	127

#endif /* __KVM_ARM64_S2_ABI_H */
