// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core's promises, one by one: what the 2012 patch set out to do (its
 * points 1 to 5 and 8) and the defects it had (S01 ...) that show at this
 * level. The checker and the TLBs watch every operation besides.
 */
#include "cache.h"
#include "checker.h"
#include "flush.h"
#include "switch.h"
#include "table.h"
#include "unit.h"
#include "walk.h"

#define GB		(1ULL << 30)
#define MB2		(2ULL << 20)
#define PAGE(n)		((u64)(n) * PAGE_SIZE)
#define RW		(S2_PROT_R | S2_PROT_W)

static struct kvm_s2_mmu mmu;
static struct kvm_mmu_memory_cache mc;
static struct host_mmu_type type;

static void start(u32 bits, s32 level, bool fwb, bool range)
{
	type = (struct host_mmu_type) {
		.ipa_bits = bits,
		.start_level = level,
		.fwb = fwb,
		.range = range,
	};
	host_reset(2);
	memset(&mmu, 0, sizeof(mmu));
	memset(&mc, 0, sizeof(mc));
	host_on_fail = unit_on_fail;
	assert_int_equal(host_mmu_create(&mmu, &type), 0);
	kvm_arm_vmid_update(&mmu.vmid);
	kvm_mmu_topup_memory_cache(&mc, 600);
}

static int setup(void **state)
{
	(void)state;
	start(40, 1, true, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (mmu.s2)
		host_mmu_destroy(&mmu);
	kvm_mmu_free_memory_cache(&mc);
	assert_int_equal(host.live, 0);
	return 0;
}

static void begin(struct s2_op *op, enum s2_op_kind kind, u64 ipa, u64 end,
		  enum s2_lock lock)
{
	s2_op_begin(op, &mmu, kind, S2_REASON_FAULT, ipa, end, lock, false);
}

static int map_with(u64 ipa, u64 pa, s32 level, u64 prot, enum s2_lock lock)
{
	struct s2_op op;

	begin(&op, S2_OP_MAP, ipa, ipa + s2_level_size(level), lock);
	return s2_op_end(&op, s2_map(&op, ipa, pa, level, prot, &mc));
}

static int map(u64 ipa, u64 pa, s32 level)
{
	return map_with(ipa, pa, level, RW, S2_LOCK_WRITE);
}

static void unmap(u64 ipa, u64 end)
{
	struct s2_op op;

	begin(&op, S2_OP_UNMAP, ipa, end, S2_LOCK_WRITE);
	s2_op_end(&op, s2_unmap(&op, ipa, end));
	tlb_check(&mmu);
}

static void wrprotect(u64 ipa, u64 end)
{
	struct s2_op op;

	begin(&op, S2_OP_WRPROTECT, ipa, end, S2_LOCK_WRITE);
	s2_op_end(&op, s2_wrprotect(&op, ipa, end));
	tlb_check(&mmu);
}

static int set_spte(u64 ipa, u64 pa)
{
	struct s2_op op;

	begin(&op, S2_OP_SET_SPTE, ipa, ipa + PAGE_SIZE, S2_LOCK_WRITE);
	return s2_op_end(&op, s2_set_spte(&op, ipa, pa, RW));
}

static int split(u64 ipa, u64 end)
{
	struct s2_op op;

	begin(&op, S2_OP_SPLIT, ipa, end, S2_LOCK_WRITE);
	return s2_op_end(&op, s2_split(&op, ipa, end, &mc));
}

static bool mapped(u64 ipa)
{
	struct hw_leaf leaf;

	return hw_walk(&mmu, ipa, &leaf);
}

static u64 pa_of(u64 ipa)
{
	struct hw_leaf leaf;

	assert_true(hw_walk(&mmu, ipa, &leaf));
	return leaf.pa + (ipa - leaf.base);
}

static s32 level_of(u64 ipa)
{
	struct hw_leaf leaf;

	hw_walk(&mmu, ipa, &leaf);
	return leaf.level;
}

/* Both CPUs look, so that both have something to forget. */
static enum hw_result look(u64 ipa, enum hw_access access)
{
	enum hw_result result = HW_OK;
	u64 pa;

	for (host_cpu = 0; host_cpu < 2; host_cpu++)
		result = tlb_access(&mmu, ipa, access, &pa);
	host_cpu = 0;
	return result;
}

static u64 all_flushes(void)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < S2_NR_SCOPES; i++)
		n += host.tlbi[i];
	return n;
}

static s32 root_count(void)
{
	return s2_table_count(mmu.s2->root);
}

/* Points 1 and 2: the root, and what the shape of it may be. */

static void root_of_40_bits_is_concatenated(void **state)
{
	(void)state;
	assert_int_equal(mmu.s2->geo.root_pages, 2);
	assert_int_equal(s2_entries(&mmu.s2->geo, 1), 1024);
	assert_int_equal(s2_start_level(40), 1);
	assert_int_equal(s2_start_level(32), 2);
	assert_int_equal(s2_start_level(34), 2);
	assert_int_equal(s2_start_level(35), 1);
	assert_int_equal(s2_start_level(43), 1);
	assert_int_equal(s2_start_level(44), 0);
	assert_int_equal(s2_start_level(52), 0);
}

static void plain_root_of_32_bits_is_one_page(void **state)
{
	struct s2_geometry geo;

	(void)state;
	assert_int_equal(s2_geometry_init(&geo, 32, 1), 0);
	assert_int_equal(geo.root_pages, 1);
	assert_int_equal(s2_entries(&geo, 1), 4);
	assert_int_equal(s2_geometry_init(&geo, 32, 2), 0);
	assert_int_equal(geo.root_pages, 4);
}

static void impossible_shapes_are_einval(void **state)
{
	static const struct { u32 bits; s32 level; } bad[] = {
		{ 31, 1 }, { 53, 0 }, { 40, 2 }, { 40, 3 }, { 48, 1 },
		{ 32, 0 }, { 39, 0 }, { 40, -1 }, { 35, 2 }, { 44, 1 },
		{ 0, 0 }, { 64, 0 },
	};
	struct s2_geometry geo;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(s2_geometry_init(&geo, bad[i].bits,
						  bad[i].level), -EINVAL);
}

static void no_memory_for_the_root_is_an_error(void **state)
{
	struct kvm_s2_mmu other = { };

	(void)state;
	host.no_memory = true;
	assert_int_equal(host_mmu_create(&other, &type), -ENOMEM);
}

static void destroy_frees_the_whole_tree(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 64; i++)
		assert_int_equal(map(i * 9 * GB + PAGE(i), PAGE(i), 3), 0);
	assert_int_equal(map(8 * GB, 8 * GB, 1), 0);
	assert_int_equal(map(1000 * GB + MB2, MB2, 2), 0);
	look(9 * GB + PAGE(1), HW_READ);
	host_mmu_destroy(&mmu);
	assert_int_equal(host.live, mc.nobjs);
	assert_int_equal(tlb_entries(&mmu), 0);
}

/* Ends the MMU; returns how many of 64 leaves under one table were told of. */
static u64 destroy_64_leaves(void)
{
	u64 before;
	u32 i;

	for (i = 0; i < 64; i++)
		assert_int_equal(map(GB + PAGE(i), PAGE(i), 3), 0);
	look(GB, HW_READ);
	before = checker_events;
	host_mmu_destroy(&mmu);
	/* And of the tables above: one entry each. */
	assert_int_equal(checker_last_op.entries, 64 + 2);
	assert_int_equal(checker_last_op.frees, 2);
	assert_int_equal(host.live, mc.nobjs);
	return checker_events - before;
}

static void leaves_go_unread_when_nobody_listens(void **state)
{
	u64 heard, unheard, off;

	(void)state;
	heard = destroy_64_leaves();

	teardown(state);
	setup(state);
	host.deaf = true;
	unheard = destroy_64_leaves();
	/* Unless a judge listens to all of this. */
	assert_int_equal(heard - unheard, host_listening("s2_clear") ? 0 : 64);

	teardown(state);
	setup(state);
	s2_switches.reap_unread = false;
	off = destroy_64_leaves();
	assert_int_equal(off, heard);
}

static void unheard_unmap_counts_what_went(void **state)
{
	u32 i;

	(void)state;
	host.deaf = true;
	for (i = 0; i < 512; i++)
		assert_int_equal(map(GB + PAGE(i), PAGE(i), 3), 0);
	unmap(GB, GB + MB2);
	/* And the entries above: the tables have become empty. */
	assert_int_equal(checker_last_op.entries, 512 + 2);
	assert_int_equal(checker_last_op.frees, 2);
	assert_int_equal(atomic64_read(&mmu.stat.leaves[S2_LAST_LEVEL - 1]), 0);
	assert_int_equal(host.dcache, 0);
}

/* What is not cleaned may not be passed over: only with FEAT_S2FWB. */
static void unheard_unmap_cleans(void **state)
{
	(void)state;
	teardown(state);
	start(40, 1, false, false);
	host.deaf = true;
	assert_int_equal(map(GB, 0, 3), 0);
	assert_int_equal(map(GB + PAGE(1), PAGE(9), 3), 0);
	assert_int_equal(host.dcache, 2);
	unmap(GB, GB + MB2);
	assert_int_equal(host.dcache, 4);
}

static void the_end_cleans_only_if_asked(void **state)
{
	(void)state;
	teardown(state);
	start(40, 1, false, false);
	assert_int_equal(map(GB, 0, 3), 0);
	assert_int_equal(map(2 * GB, GB, 1), 0);
	assert_int_equal(host.dcache, 2);
	host_mmu_destroy(&mmu);
	assert_int_equal(host.dcache, 2);

	teardown(state);
	start(40, 1, false, false);
	s2_switches.clean_at_end = true;
	assert_int_equal(map(GB, 0, 3), 0);
	assert_int_equal(map(2 * GB, GB, 1), 0);
	host_mmu_destroy(&mmu);
	assert_int_equal(host.dcache, 4);
}

static void absent_pages_are_filled_in_and_no_others(void **state)
{
	const struct s2_host_page pages[] = {
		{ PAGE(16), S2_PROT_R | S2_PROT_OLD },
		{ PAGE(17), S2_PROT_R | S2_PROT_W },
		{ },
		{ PAGE(19), S2_PROT_R | S2_PROT_X },
	};
	struct s2_op op;

	(void)state;
	assert_int_equal(map(GB + PAGE(1), PAGE(99), 3), 0);
	s2_op_begin(&op, &mmu, S2_OP_AROUND, S2_REASON_FAULT, GB, GB + PAGE(4),
		    S2_LOCK_READ, false);
	s2_map_absent(&op, GB, pages, 4);
	s2_op_end(&op, 0);
	assert_int_equal(checker_last_op.entries, 2);
	assert_int_equal(checker_last_op.flushes, 0);
	assert_int_equal(look(GB, HW_READ), HW_ACCESS_FLAG);
	assert_int_equal(pa_of(GB + PAGE(1)), PAGE(99));
	assert_int_equal(look(GB + PAGE(2), HW_READ), HW_TRANSLATION);
	assert_int_equal(look(GB + PAGE(3), HW_EXEC), HW_OK);

	/* Nothing where there is no table of pages, or a block. */
	assert_int_equal(map(4 * GB, 0, 2), 0);
	s2_op_begin(&op, &mmu, S2_OP_AROUND, S2_REASON_FAULT, 2 * GB,
		    2 * GB + PAGE(4), S2_LOCK_READ, false);
	s2_map_absent(&op, 2 * GB, pages, 4);
	s2_map_absent(&op, 4 * GB, pages, 4);
	s2_op_end(&op, 0);
	assert_int_equal(checker_last_op.entries, 0);
}

static void last_root_entry_is_torn_down_too_S10(void **state)
{
	(void)state;
	assert_int_equal(map((1ULL << 40) - PAGE_SIZE, 0, 3), 0);
	assert_int_equal(root_count(), 2);
	host_mmu_destroy(&mmu);
	assert_int_equal(host.live, mc.nobjs);
}

static void tail_page_of_the_root_shares_one_count_S09(void **state)
{
	(void)state;
	/* The second page of the root begins at 512 GB. */
	assert_int_equal(map(512 * GB, 0, 3), 0);
	assert_int_equal(map(511 * GB, 0, 3), 0);
	assert_int_equal(root_count(), 3);
	unmap(512 * GB, 512 * GB + PAGE_SIZE);
	assert_int_equal(root_count(), 2);
	assert_true(mapped(511 * GB));
	assert_int_equal(map(512 * GB, 0, 3), 0);
	assert_true(mapped(512 * GB));
}

/* Point 3: counts. */

static void unmap_of_absent_neighbour_keeps_the_table_S02(void **state)
{
	u32 i;

	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(PAGE(1), 0, 3), 0);
	for (i = 2; i < 8; i++)
		unmap(PAGE(i), PAGE(i + 1));
	assert_true(mapped(0));
	assert_true(mapped(PAGE(1)));
	assert_int_equal(checker_tables(&mmu), 2);
}

static void emptied_tables_go_level_by_level(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(PAGE(1), 0, 3), 0);
	assert_int_equal(checker_tables(&mmu), 2);
	unmap(0, PAGE(1));
	assert_int_equal(checker_tables(&mmu), 2);
	unmap(PAGE(1), PAGE(2));
	assert_int_equal(checker_tables(&mmu), 0);
	assert_int_equal(root_count(), 1);
}

static void parent_with_other_children_stays(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(MB2, 0, 3), 0);
	unmap(0, PAGE(1));
	assert_int_equal(checker_tables(&mmu), 2);
	assert_true(mapped(MB2));
}

static void count_is_not_anyone_elses_S31(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(s2_table_count(s2_table_of(mmu.s2,
						    hw_entry(&mmu, 0, 1))), 2);
	unmap(0, PAGE(1));
	assert_int_equal(checker_last_op.frees, 2);
}

static void clear_of_absent_entry_drops_no_count_S02(void **state)
{
	struct s2_op op;
	struct s2_slot slot;

	(void)state;
	begin(&op, S2_OP_UNMAP, 0, PAGE(1), S2_LOCK_WRITE);
	slot = s2_slot(mmu.s2, mmu.s2->root, 1, 0);
	assert_int_equal(s2_entry_clear(&op, &slot, 0), 0);
	assert_int_equal(root_count(), 1);
	s2_op_end(&op, 0);
}

static void table_is_freed_only_after_the_flush_S01(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	look(0, HW_READ);
	/* The checker and the TLBs object if the order is wrong. */
	unmap(0, PAGE(1));
	assert_int_equal(checker_last_op.frees, 2);
	assert_int_equal(look(0, HW_READ), HW_TRANSLATION);
}

/* Point 4: set. */

static void equal_remap_writes_and_flushes_nothing_S05(void **state)
{
	u64 before;

	(void)state;
	assert_int_equal(map(0, PAGE(5), 3), 0);
	before = all_flushes();
	assert_int_equal(map(0, PAGE(5), 3), -EAGAIN);
	assert_int_equal(checker_last_op.sets, 0);
	assert_int_equal(checker_last_op.entries, 0);
	assert_int_equal(all_flushes(), before);
}

static void permission_growth_needs_no_break(void **state)
{
	u64 before;

	(void)state;
	assert_int_equal(map_with(0, 0, 3, S2_PROT_R, S2_LOCK_READ), 0);
	before = all_flushes();
	assert_int_equal(map_with(0, 0, 3, RW, S2_LOCK_READ), 0);
	assert_int_equal(checker_last_op.sets, 1);
	assert_int_equal(checker_last_op.clears, 0);
	assert_int_equal(all_flushes(), before);
}

static void permissions_never_shrink_in_map(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map_with(0, 0, 3, S2_PROT_R | S2_PROT_X,
				  S2_LOCK_WRITE), 0);
	assert_int_equal(look(0, HW_WRITE), HW_OK);
	assert_int_equal(look(0, HW_EXEC), HW_OK);
	assert_int_equal(map_with(0, 0, 3, S2_PROT_R, S2_LOCK_WRITE), -EAGAIN);
}

static void other_page_goes_through_invalid_and_flush_S04(void **state)
{
	(void)state;
	assert_int_equal(map(0, PAGE(1), 3), 0);
	look(0, HW_WRITE);
	assert_int_equal(map(0, PAGE(2), 3), 0);
	assert_int_equal(checker_last_op.clears, 1);
	assert_int_equal(checker_last_op.flushes, 1);
	assert_int_equal(checker_last_op.last_scope, S2_SCOPE_IPA);
	tlb_check(&mmu);
	assert_int_equal(pa_of(0), PAGE(2));
}

static void replacing_needs_the_write_lock(void **state)
{
	(void)state;
	assert_int_equal(map(0, PAGE(1), 3), 0);
	assert_int_equal(map_with(0, PAGE(2), 3, RW, S2_LOCK_READ), -EBUSY);
	assert_int_equal(map_with(0, 0, 2, RW, S2_LOCK_READ), -EBUSY);
	assert_int_equal(pa_of(0), PAGE(1));
}

static void block_to_table_goes_through_invalid_and_flush(void **state)
{
	(void)state;
	assert_int_equal(map(MB2, 0, 2), 0);
	look(MB2, HW_READ);
	assert_int_equal(map_with(MB2, 8 * GB, 3, RW, S2_LOCK_READ), -EBUSY);
	assert_int_equal(map(MB2, 8 * GB, 3), 0);
	assert_int_equal(checker_last_op.flushes, 2);
	tlb_check(&mmu);
	assert_int_equal(pa_of(MB2), 8 * GB);
	assert_int_equal(pa_of(MB2 + PAGE(1)), PAGE(1));
	assert_int_equal(level_of(MB2 + PAGE(511)), 3);
}

static void table_to_block_goes_through_invalid_and_flush(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 512; i++)
		assert_int_equal(map(PAGE(i), PAGE(i), 3), 0);
	look(PAGE(7), HW_READ);
	assert_int_equal(map(0, 0, 2), 0);
	assert_int_equal(checker_last_op.live_clears, 1);
	assert_int_equal(checker_last_op.flushes, 1);
	assert_int_equal(checker_last_op.last_level, S2_LEVEL_ANY);
	assert_int_equal(checker_tables(&mmu), 1);
	tlb_check(&mmu);
	assert_int_equal(level_of(PAGE(7)), 2);
}

static void page_in_an_equal_block_is_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(map(0, MB2, 2), 0);
	assert_int_equal(map_with(PAGE(3), MB2 + PAGE(3), 3, RW, S2_LOCK_READ),
			 -EAGAIN);
	assert_int_equal(level_of(PAGE(3)), 2);
}

static void empty_cache_is_enomem_and_maps_nothing(void **state)
{
	(void)state;
	kvm_mmu_free_memory_cache(&mc);
	assert_int_equal(map(0, 0, 3), -ENOMEM);
	assert_false(mapped(0));
	kvm_mmu_topup_memory_cache(&mc, 1);
	assert_int_equal(map(0, 0, 3), -ENOMEM);
	/* The table that is there already is used, or goes with the next. */
	kvm_mmu_topup_memory_cache(&mc, 1);
	assert_int_equal(map(0, 0, 3), 0);
	unmap(0, PAGE(1));
	assert_int_equal(checker_tables(&mmu), 0);
}

static void empty_table_is_unlinked_with_one_ipa_flush(void **state)
{
	(void)state;
	kvm_mmu_free_memory_cache(&mc);
	kvm_mmu_topup_memory_cache(&mc, 1);
	assert_int_equal(map(0, 0, 3), -ENOMEM);
	look(0, HW_READ);
	unmap(0, GB);
	assert_int_equal(checker_last_op.flushes, 1);
	assert_int_equal(checker_last_op.last_scope, S2_SCOPE_IPA);
	assert_int_equal(checker_last_op.last_level, S2_LEVEL_ANY);
	assert_int_equal(checker_last_op.frees, 1);
}

static u64 raced_ipa;

/* Another vCPU maps the same page while we are about to link a table. */
static void race(u64 *entry)
{
	(void)entry;
	host.racer = NULL;
	assert_int_equal(map_with(raced_ipa, PAGE(9), 3, RW, S2_LOCK_READ), 0);
}

static void loser_of_a_race_gives_its_table_back(void **state)
{
	struct kvm_mmu_memory_cache mine = { };
	struct s2_op op;
	int ret;

	(void)state;
	raced_ipa = 5 * GB;
	kvm_mmu_topup_memory_cache(&mine, 2);
	begin(&op, S2_OP_MAP, raced_ipa, raced_ipa + PAGE_SIZE, S2_LOCK_READ);
	host.racer = race;
	ret = s2_map(&op, raced_ipa, PAGE(9), 3, RW, &mine);
	s2_op_end(&op, ret);
	assert_int_equal(ret, -EAGAIN);
	assert_int_equal(mine.nobjs, 2);
	assert_int_equal(checker_tables(&mmu), 2);
	kvm_mmu_free_memory_cache(&mine);
}

static void set_spte_ignores_absent_S08(void **state)
{
	(void)state;
	assert_int_equal(set_spte(0, PAGE(1)), 0);
	assert_int_equal(checker_tables(&mmu), 0);
	/* A table that is there is no invitation either. */
	assert_int_equal(map(PAGE(1), 0, 3), 0);
	assert_int_equal(set_spte(0, PAGE(1)), 0);
	assert_false(mapped(0));
}

static void set_spte_replaces_what_is_there_without_a_cache(void **state)
{
	(void)state;
	assert_int_equal(map(0, PAGE(1), 3), 0);
	look(0, HW_WRITE);
	kvm_mmu_free_memory_cache(&mc);
	assert_int_equal(set_spte(0, PAGE(2)), 1);
	assert_int_equal(checker_last_op.flushes, 1);
	tlb_check(&mmu);
	assert_int_equal(pa_of(0), PAGE(2));
	assert_int_equal(set_spte(0, PAGE(2)), 0);
	assert_int_equal(checker_last_op.flushes, 0);
}

static void replaced_page_is_cleaned_and_fetched_anew_S28(void **state)
{
	struct s2_op op;
	u64 icache;

	(void)state;
	teardown(NULL);
	start(40, 1, false, false);
	assert_int_equal(map_with(0, PAGE(1), 3, RW | S2_PROT_X,
				  S2_LOCK_WRITE), 0);
	icache = host.icache;
	begin(&op, S2_OP_SET_SPTE, 0, PAGE(1), S2_LOCK_WRITE);
	s2_op_end(&op, s2_set_spte(&op, 0, PAGE(2), RW | S2_PROT_X));
	/* The new page before, the old one after; the checker knows which. */
	assert_int_equal(host.dcache, 3);
	assert_int_equal(host.icache, icache + 1);
}

/* Point 5: clear. */

static void one_page_unmap_costs_one_ipa_flush_S06(void **state)
{
	u64 before;

	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(PAGE(1), 0, 3), 0);
	before = all_flushes();
	unmap(PAGE(1), PAGE(2));
	assert_int_equal(all_flushes(), before + 1);
	assert_int_equal(checker_last_op.last_scope, S2_SCOPE_IPA);
	assert_int_equal(checker_last_op.last_level, 3);
	assert_int_equal(checker_last_op.last_raw,
			 (PAGE(1) >> 12) | (7ULL << 44));
}

static void long_unmap_costs_one_vmid_flush_S07(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 300; i++)
		assert_int_equal(map(PAGE(i), PAGE(i), 3), 0);
	unmap(0, PAGE(200));
	assert_int_equal(checker_last_op.flushes, 1);
	assert_int_equal(checker_last_op.last_scope, S2_SCOPE_VMID);
	assert_true(mapped(PAGE(200)));
}

static void long_unmap_costs_one_range_flush_where_there_is_one(void **state)
{
	u32 i;

	(void)state;
	teardown(NULL);
	start(40, 1, true, true);
	for (i = 0; i < 300; i++)
		assert_int_equal(map(PAGE(i), PAGE(i), 3), 0);
	unmap(0, PAGE(200));
	assert_int_equal(checker_last_op.flushes, 1);
	assert_int_equal(checker_last_op.last_scope, S2_SCOPE_RANGE);
}

static void few_pages_are_flushed_one_by_one(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(map(PAGE(i), PAGE(i), 3), 0);
	unmap(0, PAGE(S2_FLUSH_MAX_PAGES));
	assert_int_equal(checker_last_op.flushes, S2_FLUSH_MAX_PAGES);
	assert_int_equal(checker_last_op.last_scope, S2_SCOPE_IPA);
}

static void whole_table_unmap_unlinks_with_one_clear(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 512; i++)
		assert_int_equal(map(MB2 + PAGE(i), PAGE(i), 3), 0);
	assert_int_equal(map(0, 0, 3), 0);
	unmap(MB2, 2 * MB2);
	assert_int_equal(checker_last_op.live_clears, 1);
	assert_int_equal(checker_last_op.flushes, 1);
	assert_int_equal(checker_last_op.frees, 1);
	assert_true(mapped(0));
}

static void unmap_of_nothing_flushes_nothing(void **state)
{
	u64 before = all_flushes();

	(void)state;
	unmap(0, 1ULL << 40);
	unmap(PAGE(3), PAGE(3));
	assert_int_equal(all_flushes(), before);
	assert_int_equal(checker_last_op.entries, 0);
}

static void block_goes_whole_when_the_range_cuts_it_S21(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 2), 0);
	assert_int_equal(map(MB2, MB2, 2), 0);
	unmap(PAGE(5), PAGE(6));
	assert_false(mapped(0));
	assert_true(mapped(MB2));
	assert_int_equal(checker_last_op.last_level, 2);
}

static void flush_before_the_first_run_is_none_S25(void **state)
{
	u64 before = all_flushes();

	(void)state;
	atomic64_set(&mmu.vmid.id, 0);
	host_mmu_destroy(&mmu);
	assert_int_equal(host_mmu_create(&mmu, &type), 0);
	assert_int_equal(map(0, PAGE(1), 3), 0);
	assert_int_equal(map(0, PAGE(2), 3), 0);
	unmap(0, PAGE(1));
	assert_int_equal(all_flushes(), before);
}

/* The IPA space and its end. */

static void out_of_range_ipa_is_einval_S19(void **state)
{
	(void)state;
	assert_int_equal(map(1ULL << 40, 0, 3), -EINVAL);
	assert_int_equal(map(~0ULL & PAGE_MASK, 0, 3), -EINVAL);
	assert_int_equal(set_spte(1ULL << 40, 0), -EINVAL);
	unmap(1ULL << 40, 2ULL << 40);
	assert_int_equal(root_count(), 1);
}

static void ipa_above_4g_is_not_truncated_S15_S20(void **state)
{
	(void)state;
	assert_int_equal(map(4 * GB, PAGE(1), 3), 0);
	assert_false(mapped(0));
	assert_int_equal(map(0, PAGE(2), 3), 0);
	unmap(4 * GB, 4 * GB + PAGE_SIZE);
	assert_true(mapped(0));
	assert_false(mapped(4 * GB));
}

static void unaligned_walk_visits_the_next_table(void **state)
{
	(void)state;
	assert_int_equal(map(PAGE(511), 0, 3), 0);
	assert_int_equal(map(MB2, 0, 3), 0);
	assert_int_equal(map(GB, 0, 3), 0);
	unmap(PAGE(300), GB + PAGE(1));
	assert_int_equal(checker_tables(&mmu), 0);
}

static void nonsense_is_einval(void **state)
{
	(void)state;
	assert_int_equal(map(PAGE(1), 0, 2), -EINVAL);
	assert_int_equal(map(MB2, PAGE(1), 2), -EINVAL);
	assert_int_equal(map(0, 0, 0), -EINVAL);
	assert_int_equal(map(0, 1ULL << 48, 3), -EINVAL);
	assert_int_equal(map_with(0, 0, 3, S2_PROT_R | S2_PROT_X |
				  S2_PROT_DEVICE, S2_LOCK_WRITE), -EINVAL);
}

/* Attributes. */

static void wrprotect_leaves_no_writer_behind(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(look(0, HW_WRITE), HW_OK);
	wrprotect(0, PAGE(1));
	assert_int_equal(look(0, HW_WRITE), HW_PERMISSION);
	assert_int_equal(checker_last_op.flushes, 1);
	wrprotect(0, PAGE(1));
	assert_int_equal(checker_last_op.flushes, 0);
}

static void debt_covers_what_was_touched_in_any_order(void **state)
{
	struct s2_op op;
	u32 i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(map(PAGE(i), 0, 3), 0);
	for (i = 0; i < 3; i++)
		look(PAGE(i), HW_WRITE);
	begin(&op, S2_OP_WRPROTECT, 0, PAGE(3), S2_LOCK_WRITE);
	for (i = 3; i--;)
		s2_wrprotect(&op, PAGE(i), PAGE(i + 1));
	s2_op_end(&op, 0);
	tlb_check(&mmu);
	assert_int_equal(checker_last_op.flushes, 3);
}

static void deferred_debt_is_told(void **state)
{
	struct s2_op op;

	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(PAGE(1), 0, 3), 0);
	begin(&op, S2_OP_WRPROTECT, 0, PAGE(2), S2_LOCK_WRITE);
	s2_wrprotect(&op, 0, PAGE(2));
	s2_debt_defer(&op);
	s2_op_end(&op, 0);
	assert_int_equal(checker_last_op.deferred, 2);
	assert_int_equal(checker_last_op.flushes, 0);
	s2_flush_vmid(mmu.s2, 0, S2_REASON_DIRTY_LOG);
}

static void age_tells_and_forgets(void **state)
{
	struct s2_op op;

	(void)state;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(PAGE(1), 0, 3), 0);
	begin(&op, S2_OP_AGE, 0, PAGE(2), S2_LOCK_WRITE);
	assert_true(s2_age(&op, 0, PAGE(2), false));
	assert_true(s2_age(&op, 0, PAGE(2), true));
	assert_false(s2_age(&op, 0, PAGE(2), true));
	assert_true(s2_mkyoung(&op, PAGE(1)));
	assert_false(s2_mkyoung(&op, PAGE(2)));
	assert_false(s2_age(&op, 0, PAGE(1), false));
	assert_true(s2_age(&op, 0, PAGE(2), false));
	s2_op_end(&op, 0);
	assert_int_equal(checker_last_op.flushes, 0);
}

static void statistics_count_flushes_by_scope(void **state)
{
	u64 scope;

	(void)state;
	assert_int_equal(map(0, GB, 3), 0);
	assert_int_equal(map(PAGE(600), GB, 3), 0);
	unmap(0, PAGE(1));
	unmap(0, GB);
	s2_flush_cpu_context(mmu.s2);
	s2_flush_vmid(mmu.s2, 0, S2_REASON_KVM);
	for (scope = 0; scope < S2_NR_SCOPES; scope++)
		assert_int_equal(atomic64_read(&mmu.stat.flushes[scope]),
				 host.tlbi[scope]);
	assert_true(host.tlbi[S2_SCOPE_IPA] && host.tlbi[S2_SCOPE_VMID] &&
		    host.tlbi[S2_SCOPE_CPU_CONTEXT]);
}

static void skipping_a_table_goes_on_right_behind_it(void **state)
{
	struct s2_cursor cur;
	u32 visited = 0;

	(void)state;
	assert_int_equal(map(GB + PAGE(511), GB, 3), 0);
	assert_int_equal(map(GB + MB2, GB, 3), 0);
	assert_int_equal(map(GB + 2 * MB2, 2 * GB, 2), 0);
	s2_for_each_entry(&cur, mmu.s2, GB + PAGE(3), GB + 4 * MB2) {
		static const u64 ipas[] = {
			GB + PAGE(3), GB + MB2, GB + 2 * MB2, GB + 3 * MB2,
		};

		assert_int_equal(cur.ipa, ipas[visited]);
		visited++;
		if (cur.slot.level == 3)
			s2_cursor_skip_table(&cur);
	}
	assert_int_equal(visited, 4);
}

static bool young(u64 ipa)
{
	struct hw_leaf leaf;

	assert_true(hw_walk(&mmu, ipa, &leaf));
	return leaf.pte & S2_PTE_AF;
}

static void mapped_ahead_is_old_and_ages_nothing(void **state)
{
	const u64 ahead = RW | S2_PROT_OLD;

	(void)state;
	assert_int_equal(map_with(0, GB, 3, ahead, S2_LOCK_READ), 0);
	assert_false(young(0));
	assert_int_equal(map_with(0, GB, 3, ahead, S2_LOCK_READ), -EAGAIN);
	assert_false(young(0));

	/* Somebody uses it; mapping it ahead once more does not undo that. */
	assert_int_equal(map_with(0, GB, 3, RW, S2_LOCK_READ), 0);
	assert_true(young(0));
	assert_int_equal(map_with(0, GB, 3, ahead, S2_LOCK_READ), -EAGAIN);
	assert_int_equal(map_with(0, GB, 3, ahead | S2_PROT_X, S2_LOCK_READ),
			 0);
	assert_true(young(0));
}

static void page_ahead_in_an_old_block_leaves_it_old(void **state)
{
	(void)state;
	assert_int_equal(map_with(GB, GB, 2, RW | S2_PROT_OLD, S2_LOCK_READ),
			 0);
	assert_int_equal(map_with(GB + PAGE(3), GB + PAGE(3), 3,
				  RW | S2_PROT_OLD, S2_LOCK_READ), -EAGAIN);
	assert_false(young(GB));
	assert_int_equal(map_with(GB + PAGE(3), GB + PAGE(3), 3, RW,
				  S2_LOCK_READ), -EAGAIN);
	assert_true(young(GB));
}

static void split_maps_the_same(void **state)
{
	u64 ipa;

	(void)state;
	assert_int_equal(map(GB, 2 * GB, 1), 0);
	look(GB + MB2, HW_READ);
	assert_int_equal(split(GB + MB2, GB + MB2 + PAGE(1)), 0);
	tlb_check(&mmu);
	assert_int_equal(level_of(GB), 2);
	assert_int_equal(level_of(GB + MB2), 3);
	for (ipa = GB; ipa < GB + 8 * MB2; ipa += PAGE_SIZE)
		assert_int_equal(pa_of(ipa), ipa + GB);
}

static void split_without_memory_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(map(GB, 2 * GB, 1), 0);
	kvm_mmu_free_memory_cache(&mc);
	assert_int_equal(split(GB, 2 * GB), -ENOMEM);
	assert_int_equal(checker_last_op.flushes, 0);
	assert_int_equal(level_of(GB), 1);
}

/* Yielding. */

static u32 breaks;

static bool always(struct kvm_s2_mmu *m)
{
	(void)m;
	return true;
}

static void count_break(struct kvm_s2_mmu *m)
{
	(void)m;
	breaks++;
}

static void vanish(struct kvm_s2_mmu *m)
{
	if (!breaks++)
		host_mmu_destroy(m);
}

static int unmap_blocking(u64 ipa, u64 end, bool may_block)
{
	struct s2_op op;

	s2_op_begin(&op, &mmu, S2_OP_UNMAP, S2_REASON_MEMSLOT_DELETE, ipa, end,
		    S2_LOCK_WRITE, may_block);
	return s2_op_end(&op, s2_unmap(&op, ipa, end));
}

static void unmap_yields_only_where_it_may(void **state)
{
	(void)state;
	breaks = 0;
	host.needbreak = always;
	host.on_break = count_break;
	unmap_blocking(0, 8 * GB, false);
	assert_int_equal(breaks, 0);
	unmap_blocking(0, 8 * GB, true);
	assert_int_equal(breaks, 7);
	assert_int_equal(checker_last_op.resched, 7);
}

static void mmu_may_vanish_while_unmap_yields(void **state)
{
	(void)state;
	breaks = 0;
	assert_int_equal(map(0, 0, 3), 0);
	assert_int_equal(map(4 * GB, 0, 3), 0);
	look(4 * GB, HW_READ);
	host.needbreak = always;
	host.on_break = vanish;
	assert_int_equal(unmap_blocking(0, 8 * GB, true), 0);
	assert_int_equal(breaks, 1);
	assert_int_equal(host.live, mc.nobjs);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(root_of_40_bits_is_concatenated),
		TEST(plain_root_of_32_bits_is_one_page),
		TEST(impossible_shapes_are_einval),
		TEST(no_memory_for_the_root_is_an_error),
		TEST(destroy_frees_the_whole_tree),
		TEST(leaves_go_unread_when_nobody_listens),
		TEST(unheard_unmap_counts_what_went),
		TEST(unheard_unmap_cleans),
		TEST(the_end_cleans_only_if_asked),
		TEST(absent_pages_are_filled_in_and_no_others),
		TEST(last_root_entry_is_torn_down_too_S10),
		TEST(tail_page_of_the_root_shares_one_count_S09),
		TEST(unmap_of_absent_neighbour_keeps_the_table_S02),
		TEST(emptied_tables_go_level_by_level),
		TEST(parent_with_other_children_stays),
		TEST(count_is_not_anyone_elses_S31),
		TEST(clear_of_absent_entry_drops_no_count_S02),
		TEST(table_is_freed_only_after_the_flush_S01),
		TEST(equal_remap_writes_and_flushes_nothing_S05),
		TEST(permission_growth_needs_no_break),
		TEST(permissions_never_shrink_in_map),
		TEST(other_page_goes_through_invalid_and_flush_S04),
		TEST(replacing_needs_the_write_lock),
		TEST(block_to_table_goes_through_invalid_and_flush),
		TEST(table_to_block_goes_through_invalid_and_flush),
		TEST(page_in_an_equal_block_is_nothing_to_do),
		TEST(empty_cache_is_enomem_and_maps_nothing),
		TEST(empty_table_is_unlinked_with_one_ipa_flush),
		TEST(loser_of_a_race_gives_its_table_back),
		TEST(set_spte_ignores_absent_S08),
		TEST(set_spte_replaces_what_is_there_without_a_cache),
		TEST(replaced_page_is_cleaned_and_fetched_anew_S28),
		TEST(one_page_unmap_costs_one_ipa_flush_S06),
		TEST(long_unmap_costs_one_vmid_flush_S07),
		TEST(long_unmap_costs_one_range_flush_where_there_is_one),
		TEST(few_pages_are_flushed_one_by_one),
		TEST(whole_table_unmap_unlinks_with_one_clear),
		TEST(unmap_of_nothing_flushes_nothing),
		TEST(block_goes_whole_when_the_range_cuts_it_S21),
		TEST(flush_before_the_first_run_is_none_S25),
		TEST(out_of_range_ipa_is_einval_S19),
		TEST(ipa_above_4g_is_not_truncated_S15_S20),
		TEST(unaligned_walk_visits_the_next_table),
		TEST(nonsense_is_einval),
		TEST(wrprotect_leaves_no_writer_behind),
		TEST(debt_covers_what_was_touched_in_any_order),
		TEST(deferred_debt_is_told),
		TEST(age_tells_and_forgets),
		TEST(statistics_count_flushes_by_scope),
		TEST(skipping_a_table_goes_on_right_behind_it),
		TEST(mapped_ahead_is_old_and_ages_nothing),
		TEST(page_ahead_in_an_old_block_leaves_it_old),
		TEST(split_maps_the_same),
		TEST(split_without_memory_changes_nothing),
		TEST(unmap_yields_only_where_it_may),
		TEST(mmu_may_vanish_while_unmap_yields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
