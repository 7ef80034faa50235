// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants about what a VM maps and how it gets there: each fires on a
 * fault. (That they are silent else, test_inv_tables and test_inv_legal show.)
 */
#include <errno.h>

#include "stream.h"

/* INSLOT ------------------------------------------------------------------- */

static void page_outside_of_all_slots_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM + RAM_SIZE, 3, P_R | P_NX);
	assert_int_equal(expect_broken(INV_inslot)->at.ipa, RAM + RAM_SIZE);
}

static void block_beyond_its_slot_is_found(void **state)
{
	(void)state;
	vm_start();
	TELL(s2_memslot, .change = S2_MEMSLOT_CREATE, .slot = 0,
	     .base_gfn = RAM >> 12, .npages = 700, .hva = HVA);
	fault_in(RAM + BLOCK, 2, P_R | P_NX);
	assert_int_equal(expect_broken(INV_inslot)->at.ipa, RAM + BLOCK);
}

static void block_that_is_not_congruent_is_found(void **state)
{
	(void)state;
	vm_start();
	/* U30 */
	TELL(s2_memslot, .change = S2_MEMSLOT_CREATE, .slot = 0,
	     .base_gfn = RAM >> 12, .npages = RAM_SIZE >> 12,
	     .hva = HVA + PAGE);
	fault_in(RAM + BLOCK, 2, P_R | P_NX);
	expect_broken(INV_inslot);
}

static bool shift_the_page(struct event *e)
{
	/* U67: IPA and page advanced apart. */
	if (e->type == EV_s2_set && e->s2_set.level == 3)
		e->s2_set.new += PAGE;
	return true;
}

static void leaf_of_another_page_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = shift_the_page;
	fault_in(RAM, 3, P_R | P_NX);
	assert_int_equal(expect_broken(INV_inslot)->at.ipa, RAM);
}

static int32_t page_told;

static bool tell_another_page(struct event *e)
{
	if (e->type == EV_s2_fault_end)
		e->s2_fault_end.page = page_told;
	return true;
}

/* A fault that says @page of what it found. */
static void fault_in_told(int level, uint64_t bits, int32_t page)
{
	page_told = page;
	st.twist = tell_another_page;
	fault_in(RAM, level, bits);
	st.twist = NULL;
}

static void block_over_single_pages_is_found(void **state)
{
	(void)state;
	vm_start();
	/* U24, U25: the host has 64 KB there, or nobody asked. */
	fault_in_told(2, P_R | P_NX, 16 << 8 | (HOST_PAGE & 0xff));
	assert_int_equal(expect_broken(INV_inslot)->at.ipa, RAM);
}

static void slot_beyond_the_ipa_space_is_found(void **state)
{
	(void)state;
	vm_start();
	TELL(s2_memslot, .change = S2_MEMSLOT_CREATE, .slot = 1,
	     .base_gfn = (1ULL << 28) - 1, .npages = 2, .hva = HVA);
	assert_int_equal(expect_broken(INV_inslot)->at.size, 2 * PAGE);
}

static void slot_at_the_end_refused_is_found(void **state)
{
	(void)state;
	vm_start();
	/* U52. Memory that does not go with the VM may be refused. */
	TELL(s2_memslot, .change = S2_MEMSLOT_REFUSED, .slot = 1,
	     .base_gfn = (1ULL << 28) - 2, .npages = 2, .hva = HVA,
	     .result = -EINVAL);
	assert_int_equal(st.nr_found, 0);
	TELL(s2_memslot, .change = S2_MEMSLOT_REFUSED, .slot = 1,
	     .base_gfn = (1ULL << 28) - 1, .npages = 2, .hva = HVA,
	     .result = -EFAULT);
	assert_int_equal(st.nr_found, 0);
	TELL(s2_memslot, .change = S2_MEMSLOT_REFUSED, .slot = 1,
	     .base_gfn = (1ULL << 28) - 2, .npages = 2, .hva = HVA,
	     .result = -EFAULT);
	expect_broken(INV_inslot);
}

static void memory_under_a_device_window_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	unmap(RAM, RAM + PAGE, S2_REASON_IOREMAP);
	assert_int_equal(expect_broken(INV_inslot)->at.ipa, RAM);
}

/* LOCKCTX ------------------------------------------------------------------ */

static bool under_no_lock(struct event *e)
{
	if (e->type == EV_s2_op_begin)
		e->s2_op_begin.lock = S2_LOCK_NONE;
	return true;
}

static bool under_a_read_lock(struct event *e)
{
	if (e->type == EV_s2_op_begin)
		e->s2_op_begin.lock = S2_LOCK_READ;
	return true;
}

static bool yields(struct event *e)
{
	if (e->type == EV_s2_op_begin)
		e->s2_op_begin.may_block = 0;
	if (e->type == EV_s2_op_end)
		e->s2_op_end.resched = 1;
	return true;
}

static bool no_begin(struct event *e)
{
	if (e->type == EV_s2_op_begin)
		return false;
	if (e->type == EV_s2_set)
		e->s2_set.op = 0;
	return e->type != EV_s2_op_end;
}

static void twisted_unmap(twist_fn twist)
{
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	st.twist = twist;
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
}

static void change_without_lock_is_found(void **state)
{
	(void)state;
	twisted_unmap(under_no_lock);
	expect_broken(INV_lockctx);
}

static void unmap_under_a_read_lock_is_found(void **state)
{
	(void)state;
	twisted_unmap(under_a_read_lock);
	expect_broken(INV_lockctx);
}

static void yield_where_it_may_not_is_found(void **state)
{
	(void)state;
	twisted_unmap(yields);
	expect_broken(INV_lockctx);
}

static void change_outside_of_operations_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	st.twist = no_begin;
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	expect_broken(INV_lockctx);
}

static void two_writers_are_found(void **state)
{
	(void)state;
	vm_start();
	op_begin(S2_OP_AGE, S2_REASON_NOTIFIER_AGE, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	op_begin(S2_OP_AGE, S2_REASON_NOTIFIER_AGE, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	expect_broken(INV_lockctx);
}

static void sleeping_with_the_lock_is_found(void **state)
{
	(void)state;
	vm_start();
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	TELL(s2_cache, .cache = 0xabc0, .before = 0, .after = 4);
	expect_broken(INV_lockctx);
}

/* SEQ ---------------------------------------------------------------------- */

static void page_that_went_meanwhile_is_found(void **state)
{
	const struct finding *f;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	fault_begin(RAM, S2_FAULT_TRANSLATION, false, false);
	/* Another task loses the page; this one looked it up before. */
	st.pid = 101;
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	st.pid = 100;
	st.notifier--;
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	cmo(S2_CMO_DCACHE, HOST_PA, PAGE);
	set_entry(descend(RAM, 3), RAM, leaf_for(RAM, 3, P_R | P_NX));
	op_end(0);
	fault_end(RAM, 1, PAGE);
	f = expect_broken(INV_seq);
	assert_int_equal(f->at.ipa, RAM);
	assert_int_equal(f->event.type, EV_s2_fault_end);
}

static void leaf_amid_the_unmap_is_found(void **state)
{
	uint64_t first;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM, RAM + BLOCK,
		 S2_LOCK_WRITE, true);
	first = st.op;
	st.pid = 101;
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	assert_int_equal(expect_broken(INV_seq)->cause.op, first);
}

static bool note_late(struct event *e)
{
	if (e->type == EV_s2_fault_end)
		e->s2_fault_end.page_seq--;
	return true;
}

static void count_noted_behind_the_lookup_is_found(void **state)
{
	(void)state;
	vm_start();
	st.notifier = 7;
	/* U65: the host took the page away in between. */
	st.twist = note_late;
	fault_in(RAM, 3, P_R | P_NX);
	assert_int_equal(expect_broken(INV_seq)->at.ipa, RAM);
}

static bool rise_before_the_lock(struct event *e)
{
	if (e->type == EV_s2_op_begin)
		e->s2_op_begin.notifier_seq++;
	return true;
}

static void count_that_rose_before_the_lock_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = rise_before_the_lock;
	fault_in(RAM, 3, P_R | P_NX);
	assert_int_equal(expect_broken(INV_seq)->at.ipa, RAM);
}

/* DIRTY -------------------------------------------------------------------- */

static void page_not_marked_dirty_is_found(void **state)
{
	(void)state;
	vm_start();
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	wrprotect(RAM, RAM + RAM_SIZE);
	fault_in_told(3, P_RW | P_NX, HOST_PAGE & ~(1 << S2_PAGE_DIRTY));
	assert_int_equal(expect_broken(INV_dirty)->at.ipa, RAM);
}

/* What cannot be written need not be, nor what nobody logs. */
static void page_not_marked_dirty_is_silent(void **state)
{
	const int32_t clean = HOST_PAGE & ~(1 << S2_PAGE_DIRTY);

	(void)state;
	vm_start();
	fault_in_told(3, P_RW | P_NX, clean);
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	wrprotect(RAM, RAM + RAM_SIZE);
	fault_in_told(3, P_R | P_NX, clean);
	vm_stop();
	expect_clean();
}

static void writable_block_in_a_logged_slot_is_found(void **state)
{
	(void)state;
	vm_start();
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	wrprotect(RAM, RAM + RAM_SIZE);
	fault_in(RAM + BLOCK, 2, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_dirty)->at.ipa, RAM + BLOCK);
}

static void page_beside_writable_in_a_logged_slot_is_found(void **state)
{
	(void)state;
	vm_start();
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	wrprotect(RAM, RAM + RAM_SIZE);
	fault_around(RAM, P_RW | P_NX, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_dirty)->at.ipa, RAM + PAGE);
}

/* Where nobody logs it may be writable, and elsewhere it may be read. */
static void page_beside_is_silent(void **state)
{
	(void)state;
	vm_start();
	fault_around(RAM, P_RW | P_NX, P_RW | P_NX);
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	wrprotect(RAM, RAM + RAM_SIZE);
	fault_around(RAM + 8 * PAGE, P_RW | P_NX, P_R | P_NX);
	vm_stop();
	expect_clean();
}

/* The host invalidated something after the fault let mmu_lock go. */
static bool around_later(struct event *e)
{
	if (e->type == EV_s2_op_begin && e->s2_op_begin.kind == S2_OP_AROUND)
		e->s2_op_begin.notifier_seq++;
	return true;
}

static void page_beside_of_another_time_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = around_later;
	fault_around(RAM, P_RW | P_NX, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_seq)->at.ipa, RAM);
}

static void page_beside_and_beyond_the_slot_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_around(RAM + RAM_SIZE - PAGE, P_RW | P_NX, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_inslot)->at.ipa, RAM + RAM_SIZE);
}

static bool skip_a_page(struct event *e)
{
	if (e->type == EV_s2_set && e->s2_set.ipa == RAM + PAGE) {
		st.entries--;
		return false;
	}
	return true;
}

static void page_left_writable_is_found(void **state)
{
	(void)state;
	vm_start();
	for (int i = 0; i < 3; i++)
		fault_in(RAM + i * PAGE, 3, P_RW | P_NX);
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	st.twist = skip_a_page;
	wrprotect(RAM, RAM + RAM_SIZE);
	assert_int_equal(expect_broken(INV_dirty)->at.ipa, RAM + PAGE);
}

/* PIN ---------------------------------------------------------------------- */

static bool keep_a_page(struct event *e)
{
	if (e->type == EV_s2_fault_end)
		e->s2_fault_end.refs_put = 0;
	return true;
}

static void page_reference_kept_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = keep_a_page;
	fault_in(RAM, 3, P_R | P_NX);
	expect_broken(INV_pin);
}

/* ATTR --------------------------------------------------------------------- */

static void device_mapped_as_memory_is_found(void **state)
{
	(void)state;
	vm_start();
	/* U37, U47 */
	fault_in_told(3, P_RW | P_NX, HOST_PAGE | 1 << S2_PAGE_DEVICE);
	assert_int_equal(expect_broken(INV_attr)->at.ipa, RAM);
}

static bool device_attribute(struct event *e)
{
	if (e->type == EV_s2_set && e->s2_set.level == 3)
		e->s2_set.new = (e->s2_set.new & ~PTE_MEMATTR) | 1 << 2;
	return true;
}

static void memory_mapped_as_device_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = device_attribute;
	fault_in(RAM, 3, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_attr)->at.ipa, RAM);
}

static bool not_writable(struct event *e)
{
	if (e->type == EV_s2_set && e->s2_set.level == 3)
		e->s2_set.new &= ~P_W;
	return true;
}

static void write_fault_without_write_permission_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = not_writable;
	fault_in(RAM, 3, P_RW | P_NX);
	expect_broken(INV_attr);
}

static bool as_device(struct event *e)
{
	if (e->type == EV_s2_set && pte_is_leaf(e->s2_set.new, e->s2_set.level))
		e->s2_set.new = (e->s2_set.new & ~PTE_MEMATTR) | 1 << 2;
	return true;
}

static void executable_device_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = as_device;
	fault_in(RAM, 3, P_R);
	expect_broken(INV_attr);
}

static void device_block_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = as_device;
	fault_in(RAM + BLOCK, 2, P_R | P_NX);
	expect_broken(INV_attr);
}

static void write_permission_in_a_read_only_slot_is_found(void **state)
{
	(void)state;
	vm_start();
	slot_event(S2_MEMSLOT_FLAGS, SLOT_READONLY);
	fault_in(RAM, 3, P_RW | P_NX);
	expect_broken(INV_attr);
}

static void age_that_denies_the_young_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	/* U92 */
	age(RAM, RAM + BLOCK, 0);
	expect_broken(INV_attr);
}

static void test_age_that_denies_the_young_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	op_begin(S2_OP_TEST_AGE, S2_REASON_NOTIFIER_AGE, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	op_end(0);
	expect_broken(INV_attr);
}

/* CMO ---------------------------------------------------------------------- */

static bool no_dcache(struct event *e)
{
	return e->type != EV_s2_cmo || e->s2_cmo.kind != S2_CMO_DCACHE;
}

static bool no_icache(struct event *e)
{
	return e->type != EV_s2_cmo || e->s2_cmo.kind != S2_CMO_ICACHE;
}

static bool one_page_of_it(struct event *e)
{
	/* U41: a block inherits what was done for a page. */
	if (e->type == EV_s2_cmo && e->s2_cmo.kind == S2_CMO_ICACHE)
		e->s2_cmo.size = PAGE;
	return true;
}

static void mapped_before_it_is_cleaned_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = no_dcache;
	fault_in(RAM, 3, P_RW | P_NX);
	assert_int_equal(expect_broken(INV_cmo)->at.ipa, RAM);
}

static void executable_without_icache_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = no_icache;
	fault_in(RAM, 3, P_R);
	expect_broken(INV_cmo);
}

static void icache_over_a_page_of_a_block_is_found(void **state)
{
	(void)state;
	vm_start();
	st.twist = one_page_of_it;
	fault_in(RAM + BLOCK, 2, P_R);
	expect_broken(INV_cmo);
}

static void unmapped_and_not_cleaned_is_found(void **state)
{
	(void)state;
	/* U11 */
	twisted_unmap(no_dcache);
	expect_broken(INV_cmo);
}

static void unmapped_and_not_cleaned_at_the_end_is_silent(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	st.twist = no_dcache;
	vm_stop();
	expect_clean();
}

/* The guest turns its caches on, with two pages mapped. */
static void clean_pages(int nr)
{
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	op_begin(S2_OP_CMO, S2_REASON_CACHE_TOGGLE, RAM, RAM + RAM_SIZE,
		 S2_LOCK_WRITE, true);
	for (int i = 0; i < nr; i++)
		cmo(S2_CMO_DCACHE, HOST_PA + i * PAGE, PAGE);
	op_end(0);
}

static void page_not_cleaned_for_caches_turned_on_is_found(void **state)
{
	(void)state;
	/* U12 */
	clean_pages(1);
	assert_int_equal(expect_broken(INV_cmo)->at.ipa, RAM);
}

static void caches_turned_on_are_silent(void **state)
{
	(void)state;
	clean_pages(2);
	vm_stop();
	expect_clean();
}

/* CACHE -------------------------------------------------------------------- */

static void cache_that_grows_untold_is_found(void **state)
{
	(void)state;
	vm_start();
	TELL(s2_cache, .cache = 0xabc0, .before = 0, .after = 2);
	TELL(s2_cache, .cache = 0xabc0, .before = 3, .after = 0);
	expect_broken(INV_cache);
}

static void more_tables_than_levels_are_found(void **state)
{
	(void)state;
	vm_start();
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	take(2, RAM);
	take(3, RAM);
	take(3, RAM);
	op_end(0);
	expect_broken(INV_cache);
}

static void cache_too_small_for_the_fault_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_begin(RAM, S2_FAULT_TRANSLATION, false, false);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	op_end(-ENOMEM);
	expect_broken(INV_cache);
}

/* PROGRESS ----------------------------------------------------------------- */

static void fault_for_ever(int n)
{
	for (int i = 0; i < n; i++) {
		fault_begin(RAM, S2_FAULT_PERMISSION, true, false);
		op_begin(S2_OP_MAP, S2_REASON_PERMISSION, RAM, RAM + PAGE,
			 S2_LOCK_READ, false);
		flush(S2_SCOPE_IPA_LOCAL, 3, RAM, PAGE);
		op_end(-EAGAIN);
		fault_end(RAM, 1, PAGE);
	}
}

static void faulting_for_ever_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_for_ever(1000);
	assert_int_equal(expect_broken(INV_progress)->at.ipa, RAM);
}

static void losing_a_race_now_and_then_is_silent(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_for_ever(900);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	fault_for_ever(900);
	vm_stop();
	expect_clean();
}

static void fault_that_gives_up_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_begin(RAM, S2_FAULT_TRANSLATION, true, false);
	/* The host looked and had nothing: that happens. */
	TELL(s2_fault_end, .ipa = RAM, .result = -EFAULT,
	     .page = 16 << 8 | 1 << S2_PAGE_SOUGHT);
	assert_int_equal(st.nr_found, 0);
	/* U48: a size that no leaf has. */
	fault_begin(RAM, S2_FAULT_TRANSLATION, true, false);
	TELL(s2_fault_end, .ipa = RAM, .result = -EFAULT, .page = 16 << 8);
	assert_int_equal(expect_broken(INV_progress)->at.ipa, RAM);
}

static void entry_that_flips_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	/* U51: two vCPUs undo each other's permissions. */
	for (int i = 0; i < 20; i++) {
		op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE,
			 S2_LOCK_WRITE, false);
		set_entry(t, RAM, t->e[0] ^ P_W);
		flush(S2_SCOPE_IPA, 3, RAM, PAGE);
		op_end(0);
	}
	assert_int_equal(expect_broken(INV_progress)->at.ipa, RAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(page_outside_of_all_slots_is_found),
		STREAM_TEST(block_beyond_its_slot_is_found),
		STREAM_TEST(block_that_is_not_congruent_is_found),
		STREAM_TEST(leaf_of_another_page_is_found),
		STREAM_TEST(block_over_single_pages_is_found),
		STREAM_TEST(slot_beyond_the_ipa_space_is_found),
		STREAM_TEST(slot_at_the_end_refused_is_found),
		STREAM_TEST(memory_under_a_device_window_is_found),
		STREAM_TEST(change_without_lock_is_found),
		STREAM_TEST(unmap_under_a_read_lock_is_found),
		STREAM_TEST(yield_where_it_may_not_is_found),
		STREAM_TEST(change_outside_of_operations_is_found),
		STREAM_TEST(two_writers_are_found),
		STREAM_TEST(sleeping_with_the_lock_is_found),
		STREAM_TEST(page_that_went_meanwhile_is_found),
		STREAM_TEST(leaf_amid_the_unmap_is_found),
		STREAM_TEST(count_noted_behind_the_lookup_is_found),
		STREAM_TEST(count_that_rose_before_the_lock_is_found),
		STREAM_TEST(page_not_marked_dirty_is_found),
		STREAM_TEST(page_not_marked_dirty_is_silent),
		STREAM_TEST(writable_block_in_a_logged_slot_is_found),
		STREAM_TEST(page_beside_writable_in_a_logged_slot_is_found),
		STREAM_TEST(page_beside_is_silent),
		STREAM_TEST(page_beside_of_another_time_is_found),
		STREAM_TEST(page_beside_and_beyond_the_slot_is_found),
		STREAM_TEST(page_left_writable_is_found),
		STREAM_TEST(page_reference_kept_is_found),
		STREAM_TEST(write_fault_without_write_permission_is_found),
		STREAM_TEST(device_mapped_as_memory_is_found),
		STREAM_TEST(memory_mapped_as_device_is_found),
		STREAM_TEST(executable_device_is_found),
		STREAM_TEST(device_block_is_found),
		STREAM_TEST(write_permission_in_a_read_only_slot_is_found),
		STREAM_TEST(age_that_denies_the_young_is_found),
		STREAM_TEST(test_age_that_denies_the_young_is_found),
		STREAM_TEST(mapped_before_it_is_cleaned_is_found),
		STREAM_TEST(executable_without_icache_is_found),
		STREAM_TEST(icache_over_a_page_of_a_block_is_found),
		STREAM_TEST(unmapped_and_not_cleaned_is_found),
		STREAM_TEST(unmapped_and_not_cleaned_at_the_end_is_silent),
		STREAM_TEST(page_not_cleaned_for_caches_turned_on_is_found),
		STREAM_TEST(caches_turned_on_are_silent),
		STREAM_TEST(cache_that_grows_untold_is_found),
		STREAM_TEST(more_tables_than_levels_are_found),
		STREAM_TEST(cache_too_small_for_the_fault_is_found),
		STREAM_TEST(faulting_for_ever_is_found),
		STREAM_TEST(losing_a_race_now_and_then_is_silent),
		STREAM_TEST(fault_that_gives_up_is_found),
		STREAM_TEST(entry_that_flips_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
