// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts: what is a pass, what is not, and that every format says so.
 */
#include "stream.h"

#include "invariants/verdict.h"
#include "view/verdict.h"

static struct verdict verdict;
static struct rules *rules;
static char *text;

static bool into_verdict(struct event *e)
{
	struct event copy = *e;

	copy.seq = st.seq[e->mmu % 16] + 1;
	assert_int_equal(verdict_events(&verdict, &copy, 1), 0);
	return true;
}

/* The page reference that a fault keeps. */
static bool kept_page(struct event *e)
{
	if (e->type == EV_s2_fault_end)
		e->s2_fault_end.refs_put = 0;
	return into_verdict(e);
}

static const char *name_of(int32_t vm, void *arg)
{
	(void)arg;
	return vm == 1007 ? "a <\"web\"> & 1" : NULL;
}

static void begin(const char *rules_text, uint32_t events, twist_fn twist)
{
	struct rules_error err;

	assert_int_equal(verdict_init(&verdict, ~0u, events), 0);
	verdict.source = "test";
	verdict.vm_name = name_of;
	rules = NULL;
	if (rules_text) {
		assert_int_equal(rules_parse(&rules, rules_text,
					     strlen(rules_text), &err),
				 0);
		assert_int_equal(verdict_rules(&verdict, rules, 20260701), 0);
	}
	st.twist = twist;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	vm_stop();
	assert_int_equal(verdict_end(&verdict), 0);
}

static void end(void)
{
	verdict_free(&verdict);
	rules_free(rules);
	free(text);
	text = NULL;
}

static const char *as(verdict_fn format)
{
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	format(out, &verdict);
	fclose(out);
	return text;
}

#define ALL ((1u << EV_NR_S2) - 1)

static void whole_and_right_is_a_pass(void **state)
{
	(void)state;
	begin("rule a: tables_live == 0 at destroy", ALL, into_verdict);
	assert_false(verdict_bad(&verdict));
	assert_false(verdict_inconclusive(&verdict));
	assert_string_equal(verdict_word(&verdict), "holds");
	assert_non_null(strstr(as(verdict_text), "1 MMUs: holds"));
	assert_null(strstr(as(verdict_ktap), "not ok"));
	assert_null(strstr(as(verdict_junit), "<error"));
	assert_null(strstr(as(verdict_github), "::error"));
	assert_non_null(strstr(as(verdict_ndjson), "\"verdict\":\"holds\""));
	end();
}

static void finding_is_in_every_format(void **state)
{
	(void)state;
	begin(NULL, ALL, kept_page);
	assert_true(verdict_bad(&verdict));
	assert_int_equal(verdict_findings(&verdict), 1);
	assert_non_null(strstr(as(verdict_text), "PIN: a fault that ended"));
	assert_non_null(strstr(as(verdict_text), "s2_fault_end:"));
	assert_non_null(strstr(as(verdict_ktap), "not ok 18 PIN"));
	assert_non_null(strstr(as(verdict_junit), "failures=\"1\""));
	/* What a VM is called must not break the file. */
	assert_non_null(
		strstr(as(verdict_junit), "a &lt;&quot;web&quot;&gt; &amp; 1"));
	assert_non_null(
		strstr(as(verdict_github), "::error title=s2stat PIN::"));
	assert_non_null(strstr(as(verdict_ndjson), "\"invariant\":\"PIN\""));
	end();
}

static void lacking_events_is_no_pass(void **state)
{
	(void)state;
	begin(NULL, ALL & ~ON(s2_cmo), into_verdict);
	assert_false(verdict_bad(&verdict));
	assert_true(verdict_inconclusive(&verdict));
	assert_int_equal(verdict_state(&verdict, INV_cmo), VERDICT_LACKS);
	assert_non_null(strstr(as(verdict_ktap), "not ok 20 CMO"));
	assert_non_null(strstr(as(verdict_text), "lacks_events  CMO"));
	end();
}

static bool lose_the_memslot(struct event *e)
{
	if (e->type == EV_s2_memslot) {
		st.seq[7]++;
		return false;
	}
	return into_verdict(e);
}

static void loss_is_no_pass(void **state)
{
	(void)state;
	begin(NULL, ALL, lose_the_memslot);
	assert_false(verdict_bad(&verdict));
	assert_true(verdict_inconclusive(&verdict));
	assert_int_equal(verdict_lost(&verdict), 1);
	assert_non_null(strstr(as(verdict_text), "1 events are missing"));
	assert_non_null(strstr(as(verdict_github), "inconclusive"));
	end();
}

static bool lose_the_tables(struct event *e)
{
	if (e->type == EV_s2_table_alloc) {
		st.seq[7]++;
		return false;
	}
	return into_verdict(e);
}

static enum verdict_state state_of_rule(size_t rule)
{
	return verdict_case(&verdict, NR_INVARIANTS + rule).state;
}

static void loss_leaves_only_certain_rules(void **state)
{
	(void)state;
	begin("rule a: tables_live == 0 at destroy "
	      "rule b: sets >= 1000 at destroy "
	      "rule c: sets - clears < 1 at destroy "
	      "rule d: sets * 2 + clears <= 1 at destroy "
	      "rule e: never s2_set",
	      ALL, lose_the_tables);
	assert_true(verdict_lost(&verdict) > 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(state_of_rule(i), VERDICT_UNKNOWN);
		assert_int_equal(verdict_case(&verdict, NR_INVARIANTS + i).count,
				 0);
	}
	assert_int_equal(state_of_rule(3), VERDICT_BROKEN);
	assert_int_equal(state_of_rule(4), VERDICT_BROKEN);
	end();
}

static bool nothing_at_all(struct event *e)
{
	(void)e;
	return false;
}

static void not_one_event_is_no_pass(void **state)
{
	(void)state;
	begin(NULL, ALL, nothing_at_all);
	assert_true(verdict_inconclusive(&verdict));
	assert_non_null(strstr(as(verdict_text), "not one event"));
	end();
}

static void broken_rule_is_a_finding(void **state)
{
	(void)state;
	begin("rule few: faults.total == 0 at end", ALL, into_verdict);
	assert_true(verdict_bad(&verdict));
	assert_non_null(strstr(as(verdict_text), "few: 1 == 0 does not hold"));
	assert_non_null(strstr(as(verdict_ktap), "not ok 24 few"));
	end();
}

static void waived_finding_is_a_pass_until_it_expires(void **state)
{
	(void)state;
	begin("waive PIN for \"*\" until 2026-07-01 because \"known\"", ALL,
	      kept_page);
	assert_false(verdict_bad(&verdict));
	assert_non_null(strstr(as(verdict_text), "waived        PIN(1)"));
	end();
	stream_teardown(NULL);
	stream_setup(NULL);
	begin("waive PIN for \"*\" until 2026-06-30 because \"known\"", ALL,
	      kept_page);
	assert_true(verdict_bad(&verdict));
	assert_non_null(strstr(as(verdict_text), "EXPIRED on 2026-06-30"));
	end();
}

static void expired_waiver_is_no_pass_even_if_unused(void **state)
{
	(void)state;
	begin("waive FREE for \"*\" until 2026-06-30 because \"known\"", ALL,
	      into_verdict);
	assert_int_equal(verdict_findings(&verdict), 0);
	assert_true(verdict_bad(&verdict));
	assert_non_null(strstr(as(verdict_ktap), "not ok 24 verdict"));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(whole_and_right_is_a_pass),
		STREAM_TEST(finding_is_in_every_format),
		STREAM_TEST(lacking_events_is_no_pass),
		STREAM_TEST(loss_is_no_pass),
		STREAM_TEST(loss_leaves_only_certain_rules),
		STREAM_TEST(not_one_event_is_no_pass),
		STREAM_TEST(broken_rule_is_a_finding),
		STREAM_TEST(waived_finding_is_a_pass_until_it_expires),
		STREAM_TEST(expired_waiver_is_no_pass_even_if_unused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
