// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model: occupancy adds up, the count audit accuses whom it should and
 * nobody else, rates are differences, the dead are reported once.
 */
#include "unit.h"

static void occupancy_adds_up_by_level(void **state)
{
	struct s2r_table root = table_rec(1, 1, 0x1000, 1, 2);
	struct s2r_table half = table_rec(1, 3, 0x4000, 256, 0);
	struct host host;
	struct vm *vm;

	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	add_mmu(&host, 1, 42);
	root.nr = 1024;
	half.annotations = 2;
	half.count += 2;
	add_table(&host, root);
	add_table(&host, table_rec(1, 2, 0x3000, 3, 1));
	add_table(&host, table_rec(1, 2, 0x5000, 0, 0));
	add_table(&host, half);
	host_end(&host);

	vm = host_find(&host, 1);
	assert_non_null(vm);
	assert_true(vm->alive);
	assert_int_equal(vm->level[vm_level(1)].tables, 2);
	assert_int_equal(vm->level[vm_level(1)].entries, 1024);
	assert_int_equal(vm->level[vm_level(2)].tables, 2);
	assert_int_equal(vm->level[vm_level(3)].used, 258);
	assert_int_equal(vm->level[vm_level(3)].leaves, 256);
	assert_int_equal(vm->level[vm_level(0)].tables, 0);
	assert_int_equal(vm_sum(vm).tables, 5);
	assert_int_equal(vm_sum(vm).entries, 1024 + 3 * 512);
	assert_int_equal(vm_sum(vm).used, 3 + 4 + 0 + 258);
	assert_int_equal(vm_sum(vm).annotations, 2);
	assert_int_equal(vm_mapped(vm, PAGE_4K),
			 (1ULL << 30) + (3ULL << 21) + (256ULL << 12));
	assert_int_equal(vm_audit(vm), VM_AUDIT_OK);
	host_free(&host);
}

static void level_sizes_follow_the_granule(void **state)
{
	(void)state;
	assert_int_equal(vm_level_size(12, 3), 4096);
	assert_int_equal(vm_level_size(12, 2), 2 << 20);
	assert_int_equal(vm_level_size(12, 1), 1 << 30);
	assert_int_equal(vm_level_size(14, 2), 32 << 20);
	assert_int_equal(vm_level_size(16, 2), 512 << 20);
	assert_true(vm_level_size(16, -1) == 1ULL << 55 ||
		    vm_level_size(16, -1) == 0);
}

static void a_wild_level_stays_in_bounds(void **state)
{
	(void)state;
	assert_int_equal(vm_level(-100), 0);
	assert_int_equal(vm_level(100), VM_LEVELS - 1);
}

static void vmid_and_generation_are_told_apart(void **state)
{
	struct vm vm = { .vmid_raw = 5 << 8 | 7, .vmid_bits = 8 };

	(void)state;
	assert_int_equal(vm_vmid(&vm), 7);
	assert_int_equal(vm_generation(&vm), 5);
	vm.vmid_bits = 16;
	assert_int_equal(vm_vmid(&vm), 5 << 8 | 7);
	assert_int_equal(vm_generation(&vm), 0);
}

static void a_wild_vmid_width_is_unknown(void **state)
{
	struct s2r_mmu rec = mmu_rec(1, 1);
	struct host host;

	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	rec.vmid_bits = 64;
	assert_int_equal(host_mmu(&host, &rec), 0);
	assert_int_equal(host_find(&host, 1)->vmid_bits, 0);
	host_free(&host);
}

/* Alive is then who has a root, by what the context itself says. */
static void contexts_are_alive_without_their_tables_read(void **state)
{
	struct s2r_mmu rec = mmu_rec(1, 1);
	struct host host;

	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	host.no_tables = true;
	assert_int_equal(host_mmu(&host, &rec), 0);
	rec.id = 2;
	rec.root_pa = 0;
	assert_int_equal(host_mmu(&host, &rec), 0);
	host_end(&host);
	assert_true(host_find(&host, 1)->alive);
	assert_false(host_find(&host, 2)->alive);
	host_begin(&host);
	host_end(&host);
	assert_false(host_find(&host, 1)->alive);
	host_free(&host);
}

/* Looks again at one table; returns how many suspects are left. */
static size_t look_again(struct host *host, const struct s2r_table *rec)
{
	host_recheck_begin(host);
	if (rec)
		host_recheck(host, rec);
	return host_recheck_end(host);
}

static void a_count_that_stays_wrong_is_accused(void **state)
{
	struct s2r_table bad = table_rec(1, 3, 0x7000, 4, 0);
	const uint64_t ids[] = { 1, 2 };
	struct host host;
	struct vm *vm;

	(void)state;
	host_of(&host, 2, ids);
	bad.count++;
	bad.ipa = 0x40000000;
	add_table(&host, bad);
	assert_int_equal(look_again(&host, &bad), 1);
	assert_int_equal(look_again(&host, &bad), 1);
	host_end(&host);

	vm = host_find(&host, 1);
	assert_int_equal(vm_audit(vm), VM_AUDIT_MISMATCH);
	assert_int_equal(vm_mismatches(vm), 1);
	assert_int_equal(vm->suspect[0].pa, 0x7000);
	assert_int_equal(vm->suspect[0].ipa, 0x40000000);
	assert_int_equal(vm->suspect[0].count, 6);
	assert_int_equal(vm->suspect[0].counted, 4);
	assert_int_equal(vm->suspect[0].looks, 3);
	assert_int_equal(vm_audit(host_find(&host, 2)), VM_AUDIT_OK);
	host_free(&host);
}

static void a_count_too_low_is_accused_too(void **state)
{
	struct s2r_table bad = table_rec(1, 2, 0x7000, 0, 1);
	const uint64_t ids[] = { 1 };
	struct host host;

	(void)state;
	host_of(&host, 1, ids);
	bad.count = 0;
	add_table(&host, bad);
	assert_int_equal(look_again(&host, &bad), 1);
	host_end(&host);
	assert_int_equal(vm_audit(host_find(&host, 1)), VM_AUDIT_MISMATCH);
	host_free(&host);
}

static void a_race_with_a_fault_is_not_accused(void **state)
{
	struct s2r_table rec = table_rec(1, 3, 0x7000, 4, 0);
	const uint64_t ids[] = { 1 };
	struct host host;

	(void)state;
	host_of(&host, 1, ids);
	rec.count--;
	add_table(&host, rec);
	assert_int_equal(vm_mismatches(host_find(&host, 1)), 1);
	rec.count++;
	assert_int_equal(look_again(&host, &rec), 0);
	/* Wrong again at a third look: it was right once, so nothing leaks. */
	rec.count++;
	assert_int_equal(look_again(&host, &rec), 0);
	host_end(&host);
	assert_int_equal(vm_audit(host_find(&host, 1)), VM_AUDIT_OK);
	host_free(&host);
}

static void a_table_that_went_away_is_not_accused(void **state)
{
	struct s2r_table rec = table_rec(1, 3, 0x7000, 4, 0);
	const uint64_t ids[] = { 1 };
	struct host host;

	(void)state;
	host_of(&host, 1, ids);
	rec.count++;
	add_table(&host, rec);
	assert_int_equal(look_again(&host, NULL), 0);
	host_end(&host);
	assert_int_equal(vm_audit(host_find(&host, 1)), VM_AUDIT_OK);
	host_free(&host);
}

static void unreadable_entries_make_it_inconclusive(void **state)
{
	struct s2r_table rec = table_rec(1, 3, 0x7000, 0, 0);
	const uint64_t ids[] = { 1 };
	struct host host;

	(void)state;
	host_of(&host, 1, ids);
	rec.unread = 512;
	rec.count = 30;
	add_table(&host, rec);
	host_end(&host);
	assert_int_equal(vm_mismatches(host_find(&host, 1)), 0);
	assert_int_equal(vm_audit(host_find(&host, 1)), VM_AUDIT_INCONCLUSIVE);
	host_free(&host);
}

static void contexts_are_kept_in_order_of_id(void **state)
{
	const uint64_t ids[] = { 9, 2, 7, 1, 30, 3 };
	struct host host;

	(void)state;
	host_of(&host, 6, ids);
	assert_int_equal(host.nr, 6);
	for (size_t i = 1; i < host.nr; i++)
		assert_true(host.vm[i - 1]->id < host.vm[i]->id);
	assert_int_equal(host_find(&host, 7)->tgid, 107);
	assert_null(host_find(&host, 8));
	host_free(&host);
}

static void rates_are_differences_between_samples(void **state)
{
	const uint64_t ids[] = { 1 };
	struct s2r_counts c = { .sets = 10, .vm = 101 };
	struct host host;
	struct vm *vm;

	(void)state;
	host_of(&host, 1, ids);
	c.flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 4;
	assert_int_equal(host_counts(&host, 1, &c), 0);
	host_end(&host);
	vm = host_find(&host, 1);
	assert_int_equal(vm->delta.sets, 10);

	host_begin(&host);
	add_mmu(&host, 1, 101);
	add_table(&host, table_rec(1, 1, 0x1000, 0, 0));
	c.sets = 17;
	c.flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 5;
	assert_int_equal(host_counts(&host, 1, &c), 0);
	host_end(&host);
	assert_ptr_equal(host_find(&host, 1), vm);
	assert_int_equal(vm->total.sets, 17);
	assert_int_equal(vm->delta.sets, 7);
	assert_int_equal(counts_flushes(&vm->delta), 1);
	assert_int_equal(counts_activity(&vm->delta), 8);
	host_free(&host);
}

static void a_quiet_sample_has_no_rates(void **state)
{
	const uint64_t ids[] = { 1 };
	struct s2r_counts c = { .sets = 10 };
	struct host host;

	(void)state;
	host_of(&host, 1, ids);
	host_counts(&host, 1, &c);
	host_end(&host);
	host_begin(&host);
	add_mmu(&host, 1, 101);
	add_table(&host, table_rec(1, 1, 0x1000, 0, 0));
	host_end(&host);
	assert_int_equal(host_find(&host, 1)->delta.sets, 0);
	assert_int_equal(host_find(&host, 1)->total.sets, 10);
	host_free(&host);
}

static void the_dead_are_reported_once(void **state)
{
	const uint64_t ids[] = { 1, 2 };
	struct s2r_counts c = { .clears = 3, .freed = 1, .vm = 101 };
	struct host host;

	(void)state;
	host_of(&host, 2, ids);
	host_end(&host);
	host_begin(&host);
	add_mmu(&host, 2, 102);
	add_table(&host, table_rec(2, 1, 0x2000, 0, 0));
	host_counts(&host, 1, &c);
	host_end(&host);
	assert_int_equal(host.nr, 2);
	assert_false(host_find(&host, 1)->alive);
	assert_int_equal(host_find(&host, 1)->delta.clears, 3);
	assert_int_equal(vm_audit(host_find(&host, 1)), VM_AUDIT_INCONCLUSIVE);
	host_begin(&host);
	assert_null(host_find(&host, 1));
	assert_non_null(host_find(&host, 2));
	host_free(&host);
}

/* Sample by sample: met but without a root, met no more, its last event. */
static void an_end_is_told_once_and_whole(void **state)
{
	const uint64_t ids[] = { 1 };
	struct s2r_counts c = { .clears = 3, .vm = 101 };
	struct host host;

	(void)state;
	host_of(&host, 1, ids);
	host_counts(&host, 1, &c);
	host_end(&host);
	assert_int_equal(host.nr, 1);

	host_begin(&host);
	add_mmu(&host, 1, 101);
	c.clears = 5;
	host_counts(&host, 1, &c);
	host_end(&host);
	assert_int_equal(host.nr, 0);

	host_begin(&host);
	c.clears = 6;
	host_counts(&host, 1, &c);
	host_end(&host);
	assert_int_equal(host.nr, 0);

	host_begin(&host);
	c.freed = 1;
	host_counts(&host, 1, &c);
	host_end(&host);
	assert_int_equal(host.nr, 1);
	assert_false(host.vm[0]->alive);
	assert_int_equal(host.vm[0]->total.clears, 6);
	assert_int_equal(host.vm[0]->delta.clears, 3);
	assert_int_equal(host.vm[0]->tgid, 101);

	host_begin(&host);
	host_end(&host);
	assert_int_equal(host.nr, 0);
	host_free(&host);
}

/* Its last event was dropped. One that is waited for is given back, too. */
static void an_end_that_is_never_told_is_waited_for_once(void **state)
{
	const uint64_t ids[] = { 1, 2 };
	struct s2r_counts c = { .clears = 3, .vm = 101 };
	struct host host;

	(void)state;
	host_of(&host, 2, ids);
	host_counts(&host, 1, &c);
	host_end(&host);

	host_begin(&host);
	add_mmu(&host, 2, 102);
	add_table(&host, table_rec(2, 1, 0x2000, 0, 0));
	host_end(&host);
	assert_int_equal(host.nr, 1);

	host_begin(&host);
	add_mmu(&host, 2, 102);
	add_table(&host, table_rec(2, 1, 0x2000, 0, 0));
	host_counts(&host, 2, &c);
	host_end(&host);
	assert_int_equal(host.nr, 2);
	assert_false(host_find(&host, 1)->alive);

	host_begin(&host);
	host_end(&host);
	assert_int_equal(host.nr, 0);
	host_free(&host);
}

static void a_life_between_two_samples_is_seen(void **state)
{
	struct s2r_counts c = { .sets = 5, .clears = 5, .freed = 1, .vm = 77 };
	struct host host;

	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	assert_int_equal(host_counts(&host, 12, &c), 0);
	host_end(&host);
	assert_int_equal(host.nr, 1);
	assert_int_equal(host.vm[0]->tgid, 77);
	assert_false(host.vm[0]->alive);
	host_free(&host);
}

static void one_born_after_the_walk_waits_for_the_next_sample(void **state)
{
	struct s2r_table early = table_rec(12, 1, 0x1000, 0, 0);
	struct s2r_counts c = { .sets = 5, .vm = 77 };
	struct host host;

	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	add_table(&host, early);
	assert_int_equal(host_counts(&host, 12, &c), 0);
	host_end(&host);
	assert_int_equal(host.nr, 0);
	host_free(&host);
}

static void a_context_without_a_root_is_gone(void **state)
{
	struct host host;

	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	add_mmu(&host, 1, 1);
	host_end(&host);
	assert_false(host_find(&host, 1)->alive);
	host_free(&host);
}

static void rows_of_all_cpus_add_up_but_not_the_owner(void **state)
{
	struct s2r_counts sum = {}, a = { .sets = 2, .vm = 7 };
	struct s2r_counts b = { .sets = 3, .freed = 1, .vm = 7 }, none = {};

	(void)state;
	b.flushes[S2_NR_REASONS][S2_NR_SCOPES] = 6;
	counts_add(&sum, &none);
	counts_add(&sum, &a);
	counts_add(&sum, &b);
	counts_add(&sum, &none);
	assert_int_equal(sum.sets, 5);
	assert_int_equal(sum.freed, 1);
	assert_int_equal(sum.vm, 7);
	assert_int_equal(counts_flushes(&sum), 6);
	assert_int_equal(counts_flushes_by_reason(&sum, S2_NR_REASONS), 6);
	assert_int_equal(counts_flushes_by_scope(&sum, S2_NR_SCOPES), 6);
	assert_int_equal(counts_flushes_by_scope(&sum, S2_SCOPE_IPA), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(occupancy_adds_up_by_level),
		cmocka_unit_test(level_sizes_follow_the_granule),
		cmocka_unit_test(a_wild_level_stays_in_bounds),
		cmocka_unit_test(vmid_and_generation_are_told_apart),
		cmocka_unit_test(a_wild_vmid_width_is_unknown),
		cmocka_unit_test(contexts_are_alive_without_their_tables_read),
		cmocka_unit_test(a_count_that_stays_wrong_is_accused),
		cmocka_unit_test(a_count_too_low_is_accused_too),
		cmocka_unit_test(a_race_with_a_fault_is_not_accused),
		cmocka_unit_test(a_table_that_went_away_is_not_accused),
		cmocka_unit_test(unreadable_entries_make_it_inconclusive),
		cmocka_unit_test(contexts_are_kept_in_order_of_id),
		cmocka_unit_test(rates_are_differences_between_samples),
		cmocka_unit_test(a_quiet_sample_has_no_rates),
		cmocka_unit_test(the_dead_are_reported_once),
		cmocka_unit_test(an_end_is_told_once_and_whole),
		cmocka_unit_test(an_end_that_is_never_told_is_waited_for_once),
		cmocka_unit_test(a_life_between_two_samples_is_seen),
		cmocka_unit_test(
			one_born_after_the_walk_waits_for_the_next_sample),
		cmocka_unit_test(a_context_without_a_root_is_gone),
		cmocka_unit_test(rows_of_all_cpus_add_up_but_not_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
