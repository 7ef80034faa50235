/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults that can be switched on, for one MMU, while the kernel runs: the bugs
 * that stage-2 code has had, put back on purpose, so that whoever watches the
 * events can show that they would be noticed (docs/faults.md).
 *
 * Only with CONFIG_KVM_ARM64_S2_INJECT, which no kernel that is meant to be
 * used has. Without it every point is the constant false.
 */
#ifndef __KVM_ARM64_S2_INJECT_H
#define __KVM_ARM64_S2_INJECT_H

#include "port.h"

/* X(point, name, historical ids: tests/faults/rows.tsv) */
#define S2_INJECTIONS(X)						\
	/* Tables and their counts */					\
	X(FREE_BEFORE_FLUSH, "free_before_flush", "U01,U72,S01")	\
	X(CLEAR_ONLY_COUNTS, "clear_only_counts", "S22")		\
	X(TABLE_LEAKED, "table_leaked", "U02")				\
	X(UPDATE_COUNTS_AGAIN, "update_counts_again", "U49")		\
	X(ROOT_TAIL_NOT_COUNTED, "root_tail_not_counted", "U09,S09")	\
	X(CLEAR_ABSENT_DROPS_COUNT, "clear_absent_drops_count", "S02")	\
	X(COUNT_HELD, "count_held", "S31")				\
	X(ROOT_INDEX_OF_ONE_PAGE, "root_index_of_one_page", "U08")	\
	/* Changing entries */						\
	X(SLOT_NOT_JOINED, "slot_not_joined", "-")			\
	X(REPLACE_WITHOUT_BREAK, "replace_without_break", "S04")	\
	X(REPLACE_UNDER_READ_LOCK, "replace_under_read_lock", "U63")	\
	X(SPLIT_WITHOUT_BREAK, "split_without_break", "S04")		\
	X(PERMISSION_BREAKS, "permission_breaks", "U51,U95")		\
	X(EQUAL_REMAP_BREAKS, "equal_remap_breaks", "S05")		\
	X(UNMAP_STEPS_UNALIGNED, "unmap_steps_unaligned", "U02")	\
	X(NONEMPTY_TABLE_UNLINKED, "nonempty_table_unlinked", "U04")	\
	X(UNMAP_END_TRUNCATED, "unmap_end_truncated", "S15,S20")	\
	X(WRPROTECT_SKIPS_BLOCKS, "wrprotect_skips_blocks", "U31")	\
	X(AGE_STOPS_AT_FIRST, "age_stops_at_first", "U70")		\
	X(AGE_OF_NOTHING, "age_of_nothing", "U39")			\
	X(AGE_SAYS_OLD, "age_says_old", "U92,S29")			\
	/* Invalidations */						\
	X(FLUSH_SKIPPED, "flush_skipped", "S03")			\
	X(FLUSH_UNSHIFTED, "flush_unshifted", "U10")			\
	X(FLUSH_OTHER_VMID, "flush_other_vmid", "U46,U56")		\
	X(FLUSH_BEFORE_VMID, "flush_before_vmid", "S25")		\
	X(FLUSH_WRONG_LEVEL, "flush_wrong_level", "U74")		\
	X(FLUSH_HALF, "flush_half", "U75")				\
	X(FLUSH_STARTS_LATE, "flush_starts_late", "U71")		\
	X(FLUSH_ALWAYS_VMID, "flush_always_vmid", "S06")		\
	X(UNMAP_PAGE_BY_PAGE, "unmap_page_by_page", "S07")		\
	X(NO_LOCAL_FLUSH_ON_RACE, "no_local_flush_on_race", "U77")	\
	X(NO_CPU_CONTEXT_FLUSH, "no_cpu_context_flush", "U55")		\
	/* Caches over guest memory, without FEAT_S2FWB or FEAT_DIC */	\
	X(MAP_WITHOUT_CLEAN, "map_without_clean", "U45,U93,S28")	\
	X(UNMAP_WITHOUT_CLEAN, "unmap_without_clean", "U11")		\
	X(CLEAN_SKIPS_LEAVES, "clean_skips_leaves", "U12")		\
	X(ICACHE_ONE_PAGE, "icache_one_page", "U41")			\
	/* mmu_lock */							\
	X(YIELD_IGNORES_MAY_BLOCK, "yield_ignores_may_block", "U42,U80") \
	X(TEARDOWN_UNLOCKED, "teardown_unlocked", "U18,S11")		\
	/* The life of an MMU and of memslots */			\
	X(ROOT_CUT_SHORT, "root_cut_short", "U06")			\
	X(MM_EXIT_KEEPS_TABLES, "mm_exit_keeps_tables", "U14")		\
	X(FAILED_CREATE_KEEPS_ROOT, "failed_create_keeps_root", "-")	\
	X(SLOT_DELETE_KEEPS_MAPPINGS, "slot_delete_keeps_mappings", "U05,S14") \
	X(SLOT_BEYOND_IPA_SPACE, "slot_beyond_ipa_space", "U07,S19")	\
	X(SLOT_AT_IPA_END_REFUSED, "slot_at_ipa_end_refused", "U52")	\
	X(IOREMAP_OVERWRITES, "ioremap_overwrites", "S17")		\
	/* Faults */							\
	X(PAGE_BESIDE, "page_beside", "U67")				\
	X(BLOCK_OVER_PAGES, "block_over_pages", "U24,U25")		\
	X(BLOCK_WITHOUT_FIT, "block_without_fit", "U30,U32")		\
	X(BLOCK_WHILE_LOGGING, "block_while_logging", "U31")		\
	X(DEVICE_AS_MEMORY, "device_as_memory", "U37,U47")		\
	X(ODD_HUGETLB_REFUSED, "odd_hugetlb_refused", "U48")		\
	X(PTW_COUNTS_AS_WRITE, "ptw_counts_as_write", "U64")		\
	X(SEQ_SAMPLED_LATE, "seq_sampled_late", "U65,S13")		\
	X(FAULT_KEEPS_PAGE, "fault_keeps_page", "U78,U86,U87")		\
	X(CACHE_NOT_FILLED, "cache_not_filled", "U83")			\
	X(DIRTY_NOT_MARKED, "dirty_not_marked", "-")			\
	X(AROUND_WHILE_LOGGING, "around_while_logging", "-")		\
	X(AROUND_BEYOND_SLOT, "around_beyond_slot", "-")		\
	X(AROUND_WRITABLE, "around_writable", "-")			\
	/* VMIDs */							\
	X(VMID_GENERATION_FIRST, "vmid_generation_first", "U26,U27")	\
	X(LOAD_WITHOUT_VMID, "load_without_vmid", "U82")		\
	X(PUT_KEEPS_VMID_ACTIVE, "put_keeps_vmid_active", "U61")	\
	X(RESERVED_VMID_GIVEN_OUT, "reserved_vmid_given_out", "-")	\
	X(ROLLOVER_WITHOUT_FLUSH, "rollover_without_flush", "-")	\
	X(ROLLOVER_FLUSHES_TWICE, "rollover_flushes_twice", "U36")

#define S2_INJECTION_POINT(point, name, ids) S2_INJECT_##point,
enum s2_injection_point {
	S2_INJECTIONS(S2_INJECTION_POINT)
	S2_NR_INJECTIONS
};

#undef S2_INJECTION_POINT

#ifdef CONFIG_KVM_ARM64_S2_INJECT

struct s2_ctx;

bool s2_inject_now(struct s2_ctx *ctx, enum s2_injection_point point);
void s2_inject_new_mmu(struct s2_ctx *ctx);
/* Whose VMID an invalidation for @ctx names. */
struct kvm_s2_mmu *s2_inject_flush_mmu(struct s2_ctx *ctx);
/* Nobody knows its tables any more, but nobody frees them either. */
void s2_inject_forget(struct kvm_s2_mmu *mmu);
/* Long enough for another CPU to come by. */
void s2_inject_delay(u32 ms);

/* True if the fault is to happen here and now. NULL: never. */
#define s2_inject(ctx, point)	s2_inject_now(ctx, S2_INJECT_##point)

#else

#define s2_inject(ctx, point)		((void)(ctx), false)
#define s2_inject_new_mmu(ctx)		((void)(ctx))
#define s2_inject_flush_mmu(ctx)	((ctx)->pgt.mmu)
#define s2_inject_forget(mmu)		((void)(mmu))
#define s2_inject_delay(ms)		((void)(ms))

#endif /* CONFIG_KVM_ARM64_S2_INJECT */
#endif /* __KVM_ARM64_S2_INJECT_H */
