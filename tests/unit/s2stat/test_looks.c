// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts from looks at a host without events: each of the three invariants
 * fires on its fault and on nothing else, rules go by counters, and what looks
 * cannot show is not claimed.
 */
#include "unit.h"

#include "invariants/looks.h"

#define KB 1024
#define OFFERS                                                      \
	(OFFER_FLUSHES | OFFER_FLUSH_SCOPES | OFFER_FAULTS |        \
	 OFFER_FAULT_KINDS | OFFER_FAULT_RESULTS)

static struct verdict verdict;
static struct looks looks;
static struct rules *rules;
static struct host host;

static void begin(const char *text, uint32_t offers)
{
	struct rules_error err;

	assert_int_equal(verdict_init(&verdict, (1u << NR_INVARIANTS) - 1,
				      looks_events(offers)),
			 0);
	rules = NULL;
	if (text) {
		assert_int_equal(rules_parse(&rules, text, strlen(text), &err),
				 0);
		assert_int_equal(verdict_rules(&verdict, rules, 20260701), 0);
	}
	verdict.offered = looks_offer(0);
	looks_init(&looks, &verdict);
	host_init(&host, PAGE_4K);
}

static void end(void)
{
	looks_end(&looks, 9000000000);
	assert_int_equal(verdict_end(&verdict), 0);
}

static void finish(void)
{
	looks_free(&looks);
	verdict_free(&verdict);
	rules_free(rules);
	host_free(&host);
}

/* Two contexts with VMIDs of their own, and a root each. */
static void sample(uint64_t vmid, uint64_t other)
{
	struct s2r_mmu rec = mmu_rec(1, 101);

	host_begin(&host);
	rec.vmid = vmid;
	assert_int_equal(host_mmu(&host, &rec), 0);
	rec = mmu_rec(2, 102);
	rec.vmid = other;
	assert_int_equal(host_mmu(&host, &rec), 0);
	add_table(&host, table_rec(1, 1, 0x1000, 0, 0));
	add_table(&host, table_rec(2, 1, 0x2000, 0, 0));
}

static void look(void)
{
	host_end(&host);
	assert_int_equal(looks_take(&looks, &host, 1000000000), 0);
}

static void count(uint64_t id, const struct s2r_counts *c)
{
	assert_int_equal(host_counts(&host, id, c), 0);
}

static enum verdict_state state_of_rule(void)
{
	return verdict_case(&verdict, NR_INVARIANTS).state;
}

static void a_quiet_host_passes_and_nothing_more_is_claimed(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	sample(5 << 8 | 7, 5 << 8 | 8);
	looks_before(&looks, &host, 0);
	look();
	assert_true(looks_after(&looks, &host, 0));
	end();
	assert_false(verdict_bad(&verdict));
	assert_false(verdict_inconclusive(&verdict));
	assert_int_equal(verdict_state(&verdict, INV_refs), VERDICT_HOLDS);
	assert_int_equal(verdict_state(&verdict, INV_vmidx), VERDICT_HOLDS);
	assert_int_equal(verdict_state(&verdict, INV_leak), VERDICT_HOLDS);
	assert_int_equal(verdict_state(&verdict, INV_owed),
			 VERDICT_NOT_OFFERED);
	assert_int_equal(verdict.mmus, 2);
	finish();
}

static void no_look_is_no_pass(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	end();
	assert_true(verdict_inconclusive(&verdict));
	finish();
}

static void one_vmid_of_one_generation_is_shared_once(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	for (int i = 0; i < 3; i++) {
		sample(5 << 8 | 7, 5 << 8 | 7);
		look();
	}
	end();
	assert_int_equal(verdict.count[INV_vmidx], 1);
	assert_int_equal(verdict_findings(&verdict), 1);
	finish();
}

static void one_vmid_of_two_generations_is_not_shared(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	sample(5 << 8 | 7, 6 << 8 | 7);
	look();
	/* Two that never ran have none. */
	sample(0, 0);
	look();
	end();
	assert_int_equal(verdict_findings(&verdict), 0);
	finish();
}

static void a_count_that_stays_wrong_is_told_once(void **state)
{
	struct s2r_table bad = table_rec(1, 2, 0x7000, 4, 0);

	(void)state;
	begin(NULL, OFFERS);
	bad.count++;
	bad.ipa = 0x40000000;
	for (int i = 0; i < 2; i++) {
		sample(5 << 8 | 7, 5 << 8 | 8);
		add_table(&host, bad);
		for (int again = 0; again < 3; again++) {
			host_recheck_begin(&host);
			host_recheck(&host, &bad);
			host_recheck_end(&host);
		}
		look();
	}
	end();
	assert_int_equal(verdict.count[INV_refs], 1);
	assert_int_equal(verdict_findings(&verdict), 1);
	assert_int_equal(verdict.kept[INV_refs][0].at.table, 0x7000);
	assert_int_equal(verdict.kept[INV_refs][0].mmu, 1);
	finish();
}

static void counts_that_no_kernel_shows_are_not_judged(void **state)
{
	struct s2r_table hidden = table_rec(1, 2, 0x7000, 4, 0);

	(void)state;
	begin(NULL, OFFERS);
	hidden.count = S2R_NO_COUNT;
	sample(5 << 8 | 7, 5 << 8 | 8);
	add_table(&host, hidden);
	look();
	end();
	assert_int_equal(verdict_state(&verdict, INV_refs),
			 VERDICT_NOT_OFFERED);
	assert_false(verdict_inconclusive(&verdict));
	finish();
}

static void pages_left_that_no_vm_has_are_a_leak(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	sample(5 << 8 | 7, 5 << 8 | 8);
	host_end(&host);
	/* Two roots of a page each, and 16 kB that were there before. */
	looks_before(&looks, &host, 24 * KB);
	looks_before(&looks, &host, 20 * KB);
	look();
	assert_false(looks_after(&looks, &host, 40 * KB));
	assert_false(looks_after(&looks, &host, 32 * KB));
	end();
	assert_int_equal(verdict.count[INV_leak], 1);
	assert_non_null(strstr(verdict.kept[INV_leak][0].what, "8 kB of"));
	assert_true(verdict_bad(&verdict));
	finish();
}

static void what_goes_late_is_no_leak(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	sample(5 << 8 | 7, 5 << 8 | 8);
	host_end(&host);
	looks_before(&looks, &host, 24 * KB);
	look();
	assert_false(looks_after(&looks, &host, 80 * KB));
	assert_true(looks_after(&looks, &host, 24 * KB));
	end();
	assert_int_equal(verdict_findings(&verdict), 0);
	finish();
}

static void a_kernel_that_does_not_add_up_offers_no_leak(void **state)
{
	(void)state;
	begin(NULL, OFFERS);
	verdict.offered = looks_offer(-1);
	sample(5 << 8 | 7, 5 << 8 | 8);
	look();
	assert_true(looks_after(&looks, &host, -1));
	end();
	assert_int_equal(verdict_state(&verdict, INV_leak),
			 VERDICT_NOT_OFFERED);
	finish();
}

static void budgets_go_by_counters(void **state)
{
	struct s2r_counts c = { .faults[S2_FAULT_TRANSLATION] = 3 };

	(void)state;
	c.flushes[S2_NR_REASONS][S2_SCOPE_RANGE] = 5;
	c.flush_pages[S2_NR_REASONS][S2_SCOPE_RANGE] = 70;
	for (int i = 0; i < 2; i++) {
		begin(i ? "rule r: flushes.total + flushes.pages / 7 + faults.total <= 17 over 1s" :
			  "rule r: flushes.total + flushes.pages / 7 + faults.total <= 18 over 1s",
		      OFFERS);
		sample(5 << 8 | 7, 5 << 8 | 8);
		count(1, &c);
		look();
		/* The same sums again: nothing happened since. */
		sample(5 << 8 | 7, 5 << 8 | 8);
		count(1, &c);
		look();
		end();
		assert_int_equal(state_of_rule(),
				 i ? VERDICT_BROKEN : VERDICT_HOLDS);
		finish();
	}
}

static void a_vm_that_is_gone_is_destroyed(void **state)
{
	const struct s2r_counts c = { .faults[0] = 3, .freed = 1, .vm = 103 };

	(void)state;
	begin("rule r: faults.total < 3 at destroy", OFFERS);
	sample(5 << 8 | 7, 5 << 8 | 8);
	/* Born and dead between two looks. */
	count(3, &c);
	look();
	end();
	assert_int_equal(state_of_rule(), VERDICT_BROKEN);
	assert_int_equal(verdict.rule[0].kept[0].mmu, 3);
	finish();
}

static void what_counters_do_not_tell_is_no_pass(void **state)
{
	static const char *const blind[] = {
		"rule r: never s2_flush",
		"rule r: flushes.reasons.fault < 5 at end",
		"rule r: faults.again < 5 at end",
		"rule r: fault_events.p99 < 5 at end",
		"rule r: tables_live == 0 at destroy",
		"rule r: sets < 5 at end",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(blind) / sizeof(blind[0]); i++) {
		begin(blind[i], OFFERS);
		sample(5 << 8 | 7, 5 << 8 | 8);
		look();
		end();
		assert_int_equal(state_of_rule(), VERDICT_LACKS);
		assert_true(verdict_inconclusive(&verdict));
		assert_true(verdict_case(&verdict, NR_INVARIANTS).why[0]);
		finish();
	}
}

static void flushes_that_nobody_counts_are_no_pass(void **state)
{
	(void)state;
	begin("rule r: flushes.total < 5 at end", OFFER_FAULT_KINDS);
	sample(5 << 8 | 7, 5 << 8 | 8);
	look();
	end();
	assert_int_equal(state_of_rule(), VERDICT_LACKS);
	finish();
}

static void counts_that_were_dropped_are_no_pass_for_rules(void **state)
{
	(void)state;
	for (int rule = 0; rule < 2; rule++) {
		begin(rule ? "rule r: flushes.total < 5 at end" : NULL, OFFERS);
		sample(5 << 8 | 7, 5 << 8 | 8);
		host.dropped = 1;
		look();
		end();
		assert_int_equal(verdict_inconclusive(&verdict), rule);
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_quiet_host_passes_and_nothing_more_is_claimed),
		cmocka_unit_test(no_look_is_no_pass),
		cmocka_unit_test(one_vmid_of_one_generation_is_shared_once),
		cmocka_unit_test(one_vmid_of_two_generations_is_not_shared),
		cmocka_unit_test(a_count_that_stays_wrong_is_told_once),
		cmocka_unit_test(counts_that_no_kernel_shows_are_not_judged),
		cmocka_unit_test(pages_left_that_no_vm_has_are_a_leak),
		cmocka_unit_test(what_goes_late_is_no_leak),
		cmocka_unit_test(
			a_kernel_that_does_not_add_up_offers_no_leak),
		cmocka_unit_test(budgets_go_by_counters),
		cmocka_unit_test(a_vm_that_is_gone_is_destroyed),
		cmocka_unit_test(what_counters_do_not_tell_is_no_pass),
		cmocka_unit_test(flushes_that_nobody_counts_are_no_pass),
		cmocka_unit_test(
			counts_that_were_dropped_are_no_pass_for_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
