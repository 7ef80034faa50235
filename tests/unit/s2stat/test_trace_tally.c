// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a stream whole, and what is it about: sequence numbers are counted
 * whatever order they come in, and a summary stays within its bounds whatever
 * it is told.
 */
#include "model/summary.h"
#include "model/tally.h"
#include "unit.h"

static struct tally tally;

static int setup(void **state)
{
	(void)state;
	memset(&tally, 0, sizeof(tally));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tally_free(&tally);
	return 0;
}

static void tell(enum event_type type, uint64_t mmu, uint64_t seq)
{
	const struct event e = { .type = type, .mmu = mmu, .seq = seq, .vm = 7 };

	assert_int_equal(tally_event(&tally, &e), 0);
}

static void tell_lost(uint64_t count)
{
	const struct event e = { .type = EV_lost, .lost.count = count };

	assert_int_equal(tally_event(&tally, &e), 0);
}

static void a_life_from_its_first_to_its_last_event_is_whole(void **state)
{
	(void)state;
	tell(EV_s2_mmu_init, 1, 1);
	tell(EV_s2_memslot, 1, 2);
	tell(EV_s2_mmu_free, 1, 3);
	assert_true(tally_whole(&tally));
	assert_int_equal(tally.events, 3);
	assert_int_equal(tally.mmus, 1);
	/* It is over and complete: nothing is kept. */
	assert_null(tally_find(&tally, 1));
}

static void order_does_not_matter(void **state)
{
	(void)state;
	tell(EV_s2_mmu_init, 1, 1);
	tell(EV_s2_set, 1, 4);
	tell(EV_s2_set, 1, 2);
	assert_int_equal(tally_lost(&tally), 1);
	tell(EV_s2_set, 1, 3);
	assert_true(tally_whole(&tally));
}

static void one_missing_number_is_one_lost_event(void **state)
{
	(void)state;
	tell(EV_s2_mmu_init, 1, 1);
	tell(EV_s2_set, 1, 2);
	tell(EV_s2_mmu_free, 1, 4);
	assert_false(tally_whole(&tally));
	assert_int_equal(tally_lost(&tally), 1);
	/* And that stays known after its death. */
	assert_non_null(tally_find(&tally, 1));
	assert_int_equal(tally_missing(tally_find(&tally, 1)), 1);
}

static void of_a_snapshot_the_next_number_is_due(void **state)
{
	(void)state;
	tell(EV_snap_mmu, 1, 40);
	tell(EV_snap_entry, 1, 0);
	tell(EV_snap_end, 1, 42);
	tell(EV_s2_set, 1, 41);
	tell(EV_s2_set, 1, 42);
	assert_true(tally_whole(&tally));
	tell(EV_s2_set, 1, 44);
	assert_int_equal(tally_lost(&tally), 1);
}

static void the_first_events_behind_a_snapshot_are_missed(void **state)
{
	(void)state;
	tell(EV_snap_mmu, 1, 40);
	tell(EV_s2_set, 1, 43);
	assert_int_equal(tally_lost(&tally), 2);
}

static void the_last_events_are_missed(void **state)
{
	(void)state;
	tell(EV_s2_mmu_init, 1, 1);
	tell(EV_stream_end, 1, 1);
	assert_true(tally_whole(&tally));
	tell(EV_stream_end, 1, 3);
	assert_int_equal(tally_lost(&tally), 2);
}

static void what_is_told_to_be_lost_is_lost(void **state)
{
	(void)state;
	tell(EV_s2_mmu_init, 1, 1);
	tell_lost(5);
	assert_false(tally_whole(&tally));
	assert_int_equal(tally_lost(&tally), 5);
}

static void a_loss_without_a_number_is_one_too(void **state)
{
	(void)state;
	tell_lost(0);
	assert_int_equal(tally_lost(&tally), 0);
	assert_false(tally_whole(&tally));
}

static void a_loss_is_not_counted_twice(void **state)
{
	(void)state;
	tell(EV_s2_mmu_init, 1, 1);
	tell_lost(2);
	tell(EV_s2_set, 1, 4);
	assert_int_equal(tally_lost(&tally), 2);
}

static void hostile_numbers_add_up_to_something(void **state)
{
	(void)state;
	for (uint64_t mmu = 1; mmu < 9; mmu++) {
		tell(EV_s2_mmu_init, mmu, 1);
		tell(EV_s2_set, mmu, UINT64_MAX);
		tell(EV_stream_end, mmu, UINT64_MAX);
	}
	tell_lost(UINT64_MAX);
	tell_lost(UINT64_MAX);
	assert_true(tally_lost(&tally) == UINT64_MAX);
	assert_false(tally_whole(&tally));
}

/* The summary --------------------------------------------------------- */

static struct summary sum;

static int setup_summary(void **state)
{
	(void)state;
	memset(&sum, 0, sizeof(sum));
	return 0;
}

static int teardown_summary(void **state)
{
	(void)state;
	summary_free(&sum);
	return 0;
}

static void sum_event(struct event e)
{
	assert_int_equal(summary_event(&sum, &e), 0);
}

static struct event at(uint64_t time, enum event_type type, uint64_t mmu)
{
	return (struct event){ .type = type, .time = time, .mmu = mmu };
}

static void begin_mmu(uint64_t time, uint64_t mmu)
{
	struct event e = at(time, EV_s2_mmu_init, mmu);

	e.s2_mmu_init.granule = 4096;
	sum_event(e);
}

static void flush(uint64_t time, int reason, int scope)
{
	struct event e = at(time, EV_s2_flush, 1);

	e.s2_flush.reason = reason;
	e.s2_flush.scope = scope;
	sum_event(e);
}

static uint64_t flushes_in_bins(int reason)
{
	uint64_t n = 0;

	for (size_t i = 0; i < SUMMARY_BINS; i++)
		n += sum.flush_bins[reason][i];
	return n;
}

static void bins_become_wider_and_lose_nothing(void **state)
{
	const uint64_t second = 1000000000;

	(void)state;
	begin_mmu(0, 1);
	for (uint64_t i = 0; i < 5000; i++)
		flush(i * second, S2_REASON_FAULT, S2_SCOPE_IPA);
	flush(5000 * second, 99, -1);
	assert_int_equal(sum.flushes[S2_REASON_FAULT][S2_SCOPE_IPA], 5000);
	assert_int_equal(sum.flushes[S2_NR_REASONS][S2_NR_SCOPES], 1);
	assert_int_equal(flushes_in_bins(S2_REASON_FAULT), 5000);
	assert_true(summary_bin(&sum, sum.last) < SUMMARY_BINS);
	assert_true(summary_bin(&sum, sum.last) >= SUMMARY_BINS / 2 - 1);
	/* Evenly told, evenly binned: but for one at either end. */
	assert_in_range(sum.flush_bins[S2_REASON_FAULT][10], sum.width / second,
			sum.width / second + 1);
}

static void set_entry(uint64_t time, int level, uint64_t old, uint64_t new)
{
	struct event e = at(time, new ? EV_s2_set : EV_s2_clear, 1);

	e.s2_set.level = level;
	e.s2_set.old = old;
	e.s2_set.new = new;
	sum_event(e);
}

static void occupancy_is_followed_up_and_down(void **state)
{
	const struct summary_mmu *m;
	struct event e;

	(void)state;
	begin_mmu(0, 1);
	sum_event(at(1000000, EV_s2_table_alloc, 1));
	sum_event(at(2000000, EV_s2_table_alloc, 1));
	set_entry(3000000, 2, 0, 0x80001003); /* links: maps nothing */
	set_entry(4000000, 3, 0, 0x403);
	set_entry(5000000, 2, 0, 0x200401);
	set_entry(6000000, 3, 0x403, 0);
	sum_event(at(7000000, EV_s2_table_free, 1));
	m = sum.mmu[0];
	assert_int_equal(m->peak_mapped, 4096 + (2 << 20));
	assert_int_equal(m->mapped, 2 << 20);
	assert_int_equal(m->peak_tables, 2);
	assert_int_equal(m->curves->tables[summary_bin(&sum, 2000000)], 2);
	assert_int_equal(m->curves->tables[summary_bin(&sum, 7000000)], 1);
	e = at(8000000, EV_s2_mmu_free, 1);
	e.s2_mmu_free.tables_live = 1;
	sum_event(e);
	assert_int_equal(m->leaked, 1);
	assert_int_equal(m->end, 8000000);
}

static void a_snapshot_counts_but_its_root_does_not(void **state)
{
	struct event e = at(0, EV_snap_mmu, 1);

	(void)state;
	e.snap_mmu.granule = 4096;
	e.snap_mmu.root_pa = 0x1000;
	sum_event(e);
	e = at(1, EV_snap_table, 1);
	e.snap_table.table = 0x1000;
	sum_event(e);
	e.snap_table.table = 0x2000;
	sum_event(e);
	e = at(2, EV_snap_entry, 1);
	e.snap_entry.level = 3;
	e.snap_entry.pte = 0x403;
	sum_event(e);
	sum_event(at(3, EV_snap_end, 1));
	assert_true(sum.mmu[0]->late);
	assert_int_equal(sum.mmu[0]->tables, 1);
	assert_int_equal(sum.mmu[0]->peak_mapped, 4096);
}

static uint64_t heat_of(const struct summary_curves *c)
{
	uint64_t n = 0;

	for (size_t row = 0; row < SUMMARY_ROWS; row++)
		for (size_t i = 0; i < SUMMARY_BINS; i++)
			n += c->heat[row][i];
	return n;
}

static void rows_become_larger_and_lose_nothing(void **state)
{
	const struct summary_curves *c;
	struct event e = at(0, EV_s2_fault_begin, 1);

	(void)state;
	begin_mmu(0, 1);
	for (uint64_t i = 0; i < 10000; i++) {
		/* All over 1 GB, and something far away. */
		e.s2_fault_begin.ipa = 0x40000000 + i * 7919 % 262144 * 4096;
		if (i % 1000 == 0)
			e.s2_fault_begin.ipa = 0xff00000000000;
		sum_event(e);
	}
	c = sum.mmu[0]->curves;
	assert_int_equal(heat_of(c), 10000);
	assert_true(c->nr_rows > SUMMARY_ROWS / 4);
	assert_true(c->nr_rows <= SUMMARY_ROWS);
	for (uint32_t i = 0; i < c->nr_rows; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(c->row[i], c->row[j]);
}

static void more_mmus_than_rows_are_counted(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= SUMMARY_MMUS + 10; id++)
		begin_mmu(id, id);
	assert_int_equal(sum.nr_mmus, SUMMARY_MMUS);
	assert_int_equal(sum.more, 10);
	assert_int_equal(sum.nr_curves, SUMMARY_CURVES);
	assert_int_equal(sum.tally.mmus, SUMMARY_MMUS + 10);
}

static uint64_t seed;

static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed >> 33 ^ seed << 20;
}

/* Under UBSan: what a hostile file tells must not overflow anything. */
static void nonsense_stays_within_bounds(void **state)
{
	(void)state;
	seed = 1;
	for (int i = 0; i < 200000; i++) {
		struct event e = at(next_random() >> next_random() % 64,
				    next_random() % EV_NR, next_random() % 40);
		const struct event_desc *desc = &event_descs[e.type];

		for (size_t j = 0; j < desc->nr_args; j++)
			event_set_arg(&e, &desc->arg[j],
				      next_random() >> next_random() % 64);
		sum_event(e);
	}
	summary_sort(&sum);
	assert_true(summary_bin(&sum, sum.last) < SUMMARY_BINS);
	for (size_t i = 1; i < sum.nr_mmus; i++)
		assert_true(sum.mmu[i - 1]->events >= sum.mmu[i]->events);
}

int main(void)
{
#define TALLY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SUMMARY(name) \
	cmocka_unit_test_setup_teardown(name, setup_summary, teardown_summary)
	const struct CMUnitTest tests[] = {
		TALLY(a_life_from_its_first_to_its_last_event_is_whole),
		TALLY(order_does_not_matter),
		TALLY(one_missing_number_is_one_lost_event),
		TALLY(of_a_snapshot_the_next_number_is_due),
		TALLY(the_first_events_behind_a_snapshot_are_missed),
		TALLY(the_last_events_are_missed),
		TALLY(what_is_told_to_be_lost_is_lost),
		TALLY(a_loss_without_a_number_is_one_too),
		TALLY(a_loss_is_not_counted_twice),
		TALLY(hostile_numbers_add_up_to_something),
		SUMMARY(bins_become_wider_and_lose_nothing),
		SUMMARY(occupancy_is_followed_up_and_down),
		SUMMARY(a_snapshot_counts_but_its_root_does_not),
		SUMMARY(rows_become_larger_and_lose_nothing),
		SUMMARY(more_mmus_than_rows_are_counted),
		SUMMARY(nonsense_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
