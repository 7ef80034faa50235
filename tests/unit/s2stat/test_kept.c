// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel has counted of a context, as what happened since the attach.
 */
#include "unit.h"

#include "source/kept.h"

static struct kept kept;

static int teardown(void **state)
{
	(void)state;
	kept_free(&kept);
	return 0;
}

/* Each word of the counts is another number. */
static struct s2r_kept kept_rec(uint64_t mmu, uint64_t first)
{
	struct s2r_kept rec = {
		.head = { sizeof(rec), S2R_KEPT },
		.mmu = mmu,
		.tables_alloc = first + 9,
		.tables_freed = first + 3,
		.vm = 70 + mmu,
	};
	__u64 *w = (__u64 *)&rec.counts;

	for (size_t i = 0; i < sizeof(rec.counts) / sizeof(*w); i++)
		w[i] = first + i;
	return rec;
}

static void a_context_of_later_counts_from_nothing(void **state)
{
	const struct s2r_kept rec = kept_rec(5, 100);
	const struct s2r_kept_counts *k = &rec.counts;
	struct s2r_counts c;

	(void)state;
	kept_since(&kept, &rec, &c);
	assert_int_equal(c.sets, 100);
	assert_int_equal(c.clears, 101);
	assert_int_equal(c.tables_alloc, 109);
	assert_int_equal(c.tables_freed, 103);
	assert_int_equal(c.vm, 75);
	assert_int_equal(c.freed, 0);
	assert_int_equal(c.vmid_assigns, k->vmid_assigns);
	assert_int_equal(c.rollovers, k->rollovers);
	for (size_t i = 0; i < S2_NR_FAULTS; i++)
		assert_int_equal(c.faults[i], k->faults[i]);
	for (size_t r = 0; r < S2_NR_REASONS; r++) {
		assert_memory_equal(c.flushes[r], k->flushes[r],
				    sizeof(k->flushes[r]));
		assert_memory_equal(c.flush_pages[r], k->flush_pages[r],
				    sizeof(k->flush_pages[r]));
		assert_int_equal(c.flushes[r][S2_NR_SCOPES], 0);
	}
}

/* By how it ended and what it wanted, in one: told as two. */
static void the_ends_of_faults_are_told_twice(void **state)
{
	struct s2r_kept rec = { .mmu = 1 };
	struct s2r_counts c;

	(void)state;
	rec.counts.faults_ended[S2R_FAULT_HANDLED][3] = 40;
	rec.counts.faults_ended[S2R_FAULT_HANDLED][2] = 5;
	rec.counts.faults_ended[S2R_FAULT_AGAIN][3] = 1;
	rec.counts.faults_ended[S2R_FAULT_USER][S2R_NR_LEVELS] = 7;
	rec.counts.faults_ended[S2R_FAULT_FAILED][1] = 2;
	kept_since(&kept, &rec, &c);
	assert_int_equal(c.faults_handled, 45);
	assert_int_equal(c.faults_again, 1);
	assert_int_equal(c.faults_user, 7);
	assert_int_equal(c.faults_failed, 2);
	assert_int_equal(c.fault_sizes[3], 41);
	assert_int_equal(c.fault_sizes[2], 5);
	assert_int_equal(c.fault_sizes[1], 2);
	assert_int_equal(c.fault_sizes[0], 0);
}

static void what_was_there_before_is_not_ours(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= 100; id++) {
		struct s2r_kept rec = kept_rec(3 * id, 1000 * id);

		assert_int_equal(kept_base(&kept, &rec), 0);
	}
	for (uint64_t id = 1; id <= 302; id++) {
		uint64_t before = id % 3 || id > 300 ? 0 : 1000 * (id / 3);
		struct s2r_kept rec = kept_rec(id, before + id);
		struct s2r_counts c;

		kept_since(&kept, &rec, &c);
		assert_int_equal(c.sets, id);
		assert_int_equal(c.tables_alloc, before ? id : id + 9);
		assert_int_equal(c.flushes[0][0],
				 before ? id : rec.counts.flushes[0][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			a_context_of_later_counts_from_nothing, teardown),
		cmocka_unit_test_teardown(the_ends_of_faults_are_told_twice,
					  teardown),
		cmocka_unit_test_teardown(what_was_there_before_is_not_ours,
					  teardown),
	};

	return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
