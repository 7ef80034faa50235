// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants about tables: each fires on a fault, in the right place, and is
 * silent on the life of a VM that does everything right.
 */
#include "stream.h"

/* Everything that happens to a VM, as it should. */
static void whole_life(void)
{
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_R);
	fault_write(RAM + PAGE);
	fault_in(RAM + 3 * PAGE, 3, P_R | P_NX);
	unmap(RAM + PAGE, RAM + 2 * PAGE, S2_REASON_NOTIFIER_UNMAP);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	fault_in(RAM + BLOCK, 2, P_RW | P_NX);
	age(RAM, RAM + BLOCK, 1);
	mkyoung(RAM);
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	wrprotect(RAM, RAM + RAM_SIZE);
	split(RAM + BLOCK);
	fault_write(RAM);
	clear_log(RAM, RAM + 64 * PAGE);
	slot_event(S2_MEMSLOT_FLAGS, 0);
	collapse(RAM + BLOCK, P_RW | P_NX);
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	fault_in(RAM + 5 * BLOCK, 3, P_RW | P_NX);
	fault_in(RAM + 5 * BLOCK + PAGE, 3, P_RW | P_NX);
	unmap(RAM, RAM + RAM_SIZE, S2_REASON_MEMSLOT_DELETE);
	slot_event(S2_MEMSLOT_DELETE, 0);
	slot_event(S2_MEMSLOT_CREATE, 0);
	fault_in(RAM + 7 * BLOCK, 3, P_RW | P_NX);
	vm_stop();
}

/* The @nth event of a kind, by a test's twist. */
static bool is_nth(const struct event *e, enum event_type type, int nth)
{
	static int seen;
	static uint64_t of;

	/* A new test starts with its first event. */
	if (st.now < of)
		seen = 0;
	of = st.now;
	return e->type == type && ++seen == nth;
}

static void a_right_life_is_silent(void **state)
{
	(void)state;
	whole_life();
	expect_clean();
}

/* FREE --------------------------------------------------------------------- */

static bool hint_table_flush(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_RANGE)
		e->s2_flush.level = 3;
	return true;
}

static void table_flushed_with_a_hint_is_not_free(void **state)
{
	const struct finding *f;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + BLOCK, 3, P_RW | P_NX);
	st.twist = hint_table_flush;
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	f = expect_broken(INV_free);
	assert_int_equal(f->at.ipa, RAM);
	assert_int_equal(f->at.level, 3);
	assert_true(f->cause.seq);
	assert_int_equal(f->mmu, 7);
	assert_true(f->nr_trail > 2);
}

static bool narrow_table_flush(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_RANGE) {
		e->s2_flush.ipa += PAGE;
		e->s2_flush.raw++;
		e->s2_flush.size -= PAGE;
	}
	return true;
}

static void table_flushed_in_part_is_not_free(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	st.twist = narrow_table_flush;
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	expect_broken(INV_free);
}

static bool keep_link(struct event *e)
{
	return e->type != EV_s2_clear || e->s2_clear.level != 2;
}

static void linked_table_is_not_free(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + BLOCK, 3, P_RW | P_NX);
	st.twist = keep_link;
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	expect_broken(INV_free);
}

static void table_taken_twice_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	TELL(s2_table_alloc, .op = st.op, .table = t->pa, .level = 3,
	     .ipa = RAM + BLOCK);
	assert_int_equal(expect_broken(INV_free)->at.table, t->pa);
}

static void table_of_another_vm_is_found(void **state)
{
	struct tb *t;
	uint64_t pa;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	t = descend(RAM, 3);
	pa = t->pa;
	mmu_create(8, ROOT_PA + 0x10000);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	TELL(s2_table_alloc, .op = st.op, .table = pa, .level = 3, .ipa = RAM);
	assert_int_equal(expect_broken(INV_free)->mmu, 8);
}

static void freed_table_is_not_written(void **state)
{
	struct tb gone;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	gone = *descend(RAM, 3);
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	set_entry(&gone, RAM, leaf_for(RAM, 3, P_RW | P_NX));
	assert_int_equal(expect_broken(INV_free)->at.table, gone.pa);
}

/* REFS --------------------------------------------------------------------- */

static bool count_once_more(struct event *e)
{
	/* As U49 did: a reference for each update of a valid entry. */
	if (e->type == EV_s2_set && e->s2_set.old)
		e->s2_set.count++;
	return true;
}

static void count_of_a_relaxed_entry_is_found(void **state)
{
	const struct finding *f;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	st.twist = count_once_more;
	fault_write(RAM);
	f = expect_broken(INV_refs);
	assert_int_equal(f->at.level, 3);
	assert_int_equal(f->at.ipa, RAM);
}

static bool freed_with_two(struct event *e)
{
	if (e->type == EV_s2_table_free)
		e->s2_table_free.count = 2;
	return true;
}

static void count_at_free_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	st.twist = freed_with_two;
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	expect_broken(INV_refs);
}

static void clear_of_an_absent_entry_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM + PAGE,
		 RAM + 2 * PAGE, S2_LOCK_WRITE, false);
	clear_entry(t, RAM + PAGE);
	op_end(0);
	assert_int_equal(expect_broken(INV_refs)->at.ipa, RAM + PAGE);
}

/* BBM ---------------------------------------------------------------------- */

static void other_page_without_a_break_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_WRITE, 0);
	set_entry(t, RAM, t->e[0] + PAGE);
	assert_int_equal(expect_broken(INV_bbm)->at.ipa, RAM);
}

static bool no_split_flush(struct event *e)
{
	return e->type != EV_s2_flush || st.kind != S2_OP_SPLIT;
}

static void make_before_the_flush_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM + BLOCK, 2, P_RW | P_NX);
	st.twist = no_split_flush;
	split(RAM + BLOCK);
	assert_int_equal(expect_broken(INV_bbm)->at.ipa, RAM + BLOCK);
}

/* OWED --------------------------------------------------------------------- */

static bool no_flush(struct event *e)
{
	return e->type != EV_s2_flush;
}

static void unmap_without_flush_is_found(void **state)
{
	const struct finding *f;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	st.twist = no_flush;
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	f = expect_broken(INV_owed);
	assert_int_equal(f->at.ipa, RAM);
	assert_int_equal(f->at.size, PAGE);
	assert_int_equal(f->at.level, 3);
	assert_int_equal(f->event.type, EV_s2_op_end);
}

static void write_protection_without_flush_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	st.twist = no_flush;
	wrprotect(RAM, RAM + RAM_SIZE);
	expect_broken(INV_owed);
}

static bool other_level(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_IPA) {
		e->s2_flush.level = 2;
		e->s2_flush.raw = e->s2_flush.raw % (1ULL << 44) | 6ULL << 44;
	}
	return true;
}

static void flush_with_the_wrong_hint_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	st.twist = other_level;
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	expect_broken(INV_owed);
}

static bool no_local_flush(struct event *e)
{
	return e->type != EV_s2_flush ||
	       e->s2_flush.scope != S2_SCOPE_IPA_LOCAL;
}

static void permission_fault_without_local_flush_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	st.twist = no_local_flush;
	fault_write(RAM);
	expect_broken(INV_owed);
}

static void deferred_debt_that_nobody_pays_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	st.twist = no_flush;
	clear_log(RAM, RAM + 64 * PAGE);
	st.twist = NULL;
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	expect_broken(INV_owed);
}

static void lock_dropped_with_a_debt_is_found(void **state)
{
	uint64_t first;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	op_begin(S2_OP_UNMAP, S2_REASON_MEMSLOT_DELETE, RAM, RAM + RAM_SIZE,
		 S2_LOCK_WRITE, true);
	first = st.op;
	clear_entry(descend(RAM, 3), RAM);
	op_begin(S2_OP_AGE, S2_REASON_NOTIFIER_AGE, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	assert_int_equal(expect_broken(INV_owed)->cause.op, first);
}

/* LEAK --------------------------------------------------------------------- */

static bool no_free(struct event *e)
{
	return e->type != EV_s2_table_free;
}

static void table_never_freed_is_found(void **state)
{
	const struct finding *f;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	vcpu_put(0);
	st.twist = no_free;
	mmu_destroy();
	f = expect_broken(INV_leak);
	assert_true(f->at.table);
	assert_true(f->cause.seq);
}

static bool own_count_differs(struct event *e)
{
	if (e->type == EV_s2_mmu_free)
		e->s2_mmu_free.tables_live = 1;
	return true;
}

static void leak_by_its_own_count_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	st.twist = own_count_differs;
	mmu_destroy();
	expect_broken(INV_leak);
}

static void mmu_never_freed_is_found(void **state)
{
	(void)state;
	vm_start();
	expect_broken(INV_leak);
}

/* WALK --------------------------------------------------------------------- */

static bool index_too_far(struct event *e)
{
	/* U08: half of a concatenated root was out of reach. */
	if (e->type == EV_s2_set && e->s2_set.level == 1)
		e->s2_set.index ^= 512;
	return true;
}

static void wrong_index_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = index_too_far;
	fault_in(RAM, 3, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_walk)->at.table, ROOT_PA);
}

static void table_beyond_the_ipa_space_is_found(void **state)
{
	(void)state;
	vm_start();
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	take(2, 1ULL << 40);
	expect_broken(INV_walk);
}

static void link_to_the_wrong_level_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	t = take(3, RAM);
	set_entry(&st.tb[0], RAM, link_to(t));
	expect_broken(INV_walk);
}

static void walk_that_goes_back_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM, RAM + 2 * PAGE,
		 S2_LOCK_WRITE, false);
	clear_leaf(t, RAM + PAGE);
	clear_leaf(t, RAM);
	settle();
	op_end(0);
	assert_int_equal(expect_broken(INV_walk)->at.ipa, RAM);
}

/* ROOT --------------------------------------------------------------------- */

static void event_after_the_end_is_found(void **state)
{
	(void)state;
	vm_start();
	vm_stop();
	op_begin(S2_OP_AGE, S2_REASON_NOTIFIER_AGE, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	assert_int_equal(expect_broken(INV_root)->mmu, 7);
}

static void second_beginning_is_found(void **state)
{
	(void)state;
	vm_start();
	TELL(s2_mmu_init, .ipa_bits = 40, .start_level = 1, .granule = 4096,
	     .root_pa = ROOT_PA, .root_pages = 2);
	expect_broken(INV_root);
}

static bool other_root(struct event *e)
{
	if (e->type == EV_s2_mmu_free)
		e->s2_mmu_free.root_pa += PAGE;
	return true;
}

static void other_root_freed_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = other_root;
	vm_stop();
	expect_broken(INV_root);
}

static void mmu_freed_while_it_runs_is_found(void **state)
{
	(void)state;
	vm_start();
	mmu_destroy();
	expect_broken(INV_root);
}

/* UNMAPALL ----------------------------------------------------------------- */

static bool skip_second_clear(struct event *e)
{
	if (is_nth(e, EV_s2_clear, 2)) {
		st.entries--;
		return false;
	}
	return true;
}

static void page_left_by_an_unmap_is_found(void **state)
{
	(void)state;
	vm_start();
	for (int i = 0; i < 4; i++)
		fault_in(RAM + i * PAGE, 3, P_RW | P_NX);
	st.twist = skip_second_clear;
	unmap(RAM, RAM + 3 * PAGE, S2_REASON_NOTIFIER_UNMAP);
	assert_int_equal(expect_broken(INV_unmapall)->at.ipa, RAM + PAGE);
}

static void page_left_by_a_memslot_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	slot_event(S2_MEMSLOT_DELETE, 0);
	assert_int_equal(expect_broken(INV_unmapall)->at.ipa, RAM);
}

static void change_outside_of_the_range_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + 5 * PAGE, 3, P_RW | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	clear_leaf(t, RAM);
	clear_leaf(t, RAM + 5 * PAGE);
	settle();
	op_end(0);
	assert_int_equal(expect_broken(INV_unmapall)->at.ipa, RAM + 5 * PAGE);
}

static bool age_only_the_first(struct event *e)
{
	/* U70 */
	if (is_nth(e, EV_s2_set, 2)) {
		st.entries--;
		return false;
	}
	return true;
}

static void page_left_young_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	st.twist = age_only_the_first;
	age(RAM, RAM + BLOCK, 1);
	assert_int_equal(expect_broken(INV_unmapall)->at.ipa, RAM + PAGE);
}

/* STREAM ------------------------------------------------------------------- */

static void untold_change_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	t->e[0] |= 1ULL << 56;
	fault_write(RAM);
	assert_int_equal(expect_broken(INV_stream)->at.ipa, RAM);
}

static bool one_entry_more(struct event *e)
{
	if (e->type == EV_s2_op_end)
		e->s2_op_end.entries++;
	return true;
}

static void untold_entries_of_an_operation_are_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = one_entry_more;
	fault_in(RAM, 3, P_R | P_NX);
	expect_broken(INV_stream);
}

static bool load_elsewhere(struct event *e)
{
	if (e->type == EV_s2_vmid_load)
		e->s2_vmid_load.root_pa ^= 0x01000000;
	return true;
}

static void root_cut_short_at_the_load_is_found(void **state)
{
	(void)state;
	/* U06 */
	st.twist = load_elsewhere;
	vm_start();
	expect_broken(INV_root);
}

static void table_unlinked_with_entries_beside_is_found(void **state)
{
	(void)state;
	/* U04: the range is one page of the three in the table. */
	vm_start();
	for (int i = 0; i < 3; i++)
		fault_in(RAM + i * PAGE, 3, P_R | P_NX);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, true);
	clear_leaf(descend(RAM, 3), RAM);
	unlink_table(descend(RAM, 2), RAM);
	settle();
	op_end(0);
	assert_int_equal(expect_broken(INV_unmapall)->at.level, 2);
}

static bool destroy_late(struct event *e)
{
	if (e->type == EV_s2_op_begin &&
	    e->s2_op_begin.kind == S2_OP_DESTROY)
		e->s2_op_begin.reason = S2_REASON_CREATE_FAILED;
	return true;
}

static void tables_taken_down_behind_the_mm_are_found(void **state)
{
	(void)state;
	/* U14 */
	vm_start();
	st.twist = destroy_late;
	vm_stop();
	expect_broken(INV_root);
}

static void age_of_nothing_is_found(void **state)
{
	(void)state;
	/* U39 */
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	age(RAM, RAM, 0);
	assert_int_equal(expect_broken(INV_unmapall)->at.ipa, RAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(a_right_life_is_silent),
		STREAM_TEST(table_flushed_with_a_hint_is_not_free),
		STREAM_TEST(table_flushed_in_part_is_not_free),
		STREAM_TEST(linked_table_is_not_free),
		STREAM_TEST(table_taken_twice_is_found),
		STREAM_TEST(table_of_another_vm_is_found),
		STREAM_TEST(freed_table_is_not_written),
		STREAM_TEST(count_of_a_relaxed_entry_is_found),
		STREAM_TEST(count_at_free_is_found),
		STREAM_TEST(clear_of_an_absent_entry_is_found),
		STREAM_TEST(other_page_without_a_break_is_found),
		STREAM_TEST(make_before_the_flush_is_found),
		STREAM_TEST(unmap_without_flush_is_found),
		STREAM_TEST(write_protection_without_flush_is_found),
		STREAM_TEST(flush_with_the_wrong_hint_is_found),
		STREAM_TEST(permission_fault_without_local_flush_is_found),
		STREAM_TEST(deferred_debt_that_nobody_pays_is_found),
		STREAM_TEST(lock_dropped_with_a_debt_is_found),
		STREAM_TEST(table_never_freed_is_found),
		STREAM_TEST(leak_by_its_own_count_is_found),
		STREAM_TEST(mmu_never_freed_is_found),
		STREAM_TEST(wrong_index_is_found),
		STREAM_TEST(table_beyond_the_ipa_space_is_found),
		STREAM_TEST(link_to_the_wrong_level_is_found),
		STREAM_TEST(walk_that_goes_back_is_found),
		STREAM_TEST(event_after_the_end_is_found),
		STREAM_TEST(second_beginning_is_found),
		STREAM_TEST(other_root_freed_is_found),
		STREAM_TEST(mmu_freed_while_it_runs_is_found),
		STREAM_TEST(page_left_by_an_unmap_is_found),
		STREAM_TEST(page_left_by_a_memslot_is_found),
		STREAM_TEST(change_outside_of_the_range_is_found),
		STREAM_TEST(page_left_young_is_found),
		STREAM_TEST(untold_change_is_found),
		STREAM_TEST(untold_entries_of_an_operation_are_found),
		STREAM_TEST(root_cut_short_at_the_load_is_found),
		STREAM_TEST(tables_taken_down_behind_the_mm_are_found),
		STREAM_TEST(age_of_nothing_is_found),
		STREAM_TEST(table_unlinked_with_entries_beside_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
