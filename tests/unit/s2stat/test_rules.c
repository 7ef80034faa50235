// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of one's own: what can be said, what is wrong and where, and when a
 * rule is broken.
 */
#include "stream.h"

#include "rules/default.h"
#include "rules/rules.h"

static struct rules *rules;
static struct rules_error error;
static struct {
	size_t nr;
	size_t rule;
	uint64_t mmu;
	char what[256];
} broken;

static void note_rule(const struct rules_finding *f, void *arg)
{
	(void)arg;
	broken.nr++;
	broken.rule = f->rule;
	broken.mmu = f->mmu;
	snprintf(broken.what, sizeof(broken.what), "%s", f->what);
}

static const char *name_of(int32_t vm, void *arg)
{
	(void)arg;
	return vm == 1007 ? "web-1" : NULL;
}

static bool into_rules(struct event *e)
{
	struct event copy = *e;

	/* The number that it will get. */
	copy.seq = st.seq[e->mmu % 16] + 1;
	assert_int_equal(rules_event(rules, &copy), 0);
	return true;
}

static void begin(const char *text)
{
	const struct rules_host host = { .found = note_rule,
					 .vm_name = name_of };

	memset(&broken, 0, sizeof(broken));
	if (rules_parse(&rules, text, strlen(text), &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	rules_host(rules, &host);
	st.twist = into_rules;
}

static void end(void)
{
	assert_int_equal(rules_end(rules, st.now), 0);
	rules_free(rules);
}

static void one_life(void)
{
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	vm_stop();
}

/* Text ------------------------------------------------------------------- */

static void wrong(const char *text, unsigned int line, unsigned int column,
		  const char *says)
{
	assert_int_equal(rules_parse(&rules, text, strlen(text), &error), -1);
	if (!strstr(error.text, says) || error.line != line ||
	    error.column != column)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
}

static void default_rules_are_right(void **state)
{
	(void)state;
	begin(rules_default);
	assert_int_equal(rules_nr(rules), 2);
	assert_string_equal(rules_name(rules, 0), "tables_gone");
	assert_string_equal(rules_says(rules, 0),
			    "tables_live == 0 at destroy");
	one_life();
	end();
	assert_int_equal(broken.nr, 0);
}

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	wrong("rule", 1, 5, "the rule's name");
	wrong("rule a tables_live == 0 at end", 1, 8, "':'");
	wrong("rule a: nosuch == 0 at end", 1, 9, "no counter 'nosuch'");
	wrong("rule a: sets == at end", 1, 17, "no counter 'at'");
	wrong("rule a: sets 5 at end", 1, 14, "a comparison");
	wrong("\n\nrule a:\n  sets <= 5 at noon", 4, 16, "'destroy' or 'end'");
	wrong("rule a: sets <= 5 over 5", 1, 24, "a time");
	wrong("rule a: sets <= 5 over 5x", 1, 24,
	      "neither a number nor a time");
	wrong("rule a: tables_live <= 5 over 1s", 1, 9, "value of the moment");
	wrong("rule a for all: sets == 0 at destroy", 1, 30, "for all");
	wrong("rule a: never s2_nosuch", 1, 15, "no event");
	wrong("rule a: never s2_flush with color == red", 1, 29, "no argument");
	wrong("rule a: never s2_flush with scope == red", 1, 38, "is no scope");
	wrong("rule a: sets == 0 at end rule a: sets == 0 at end", 1, 31,
	      "already");
	wrong("rule a for vm \"x: sets == 0 at end", 1, 15, "quote is missing");
	wrong("rule a: sets ? 5 at end", 1, 14, "means nothing");
	wrong("rule a: ((((((((((((((((((((1))))))", 1, 25, "parentheses");
	wrong("waive a for \"*\" until 2026-13-01 because \"x\"", 1, 23,
	      "no such date");
	wrong("waive a for \"*\" until 2026-12-01 because \"\"", 1, 44,
	      "a reason");
	wrong("frule", 1, 1, "'rule' or 'waive'");
}

static void text_that_ends_anywhere_is_an_error_or_right(void **state)
{
	char *copy;

	(void)state;
	for (size_t n = 0; n <= strlen(rules_default); n++) {
		/* Exactly so long: the sanitizer sees whoever reads on. */
		copy = malloc(n + 1);
		memcpy(copy, rules_default, n);
		copy = realloc(copy, n ? n : 1);
		if (!rules_parse(&rules, copy, n, &error))
			rules_free(rules);
		free(copy);
	}
}

/* Points ----------------------------------------------------------------- */

static void sum_at_destruction(void **state)
{
	(void)state;
	begin("rule some: sets + clears > 1000 at destroy");
	one_life();
	end();
	assert_int_equal(broken.nr, 1);
	assert_int_equal(broken.mmu, 7);
	assert_non_null(strstr(broken.what, "> 1000 does not hold"));
}

static void sum_over_all_at_the_end(void **state)
{
	(void)state;
	begin("rule some for all: faults.total == 2 at end\n"
	      "rule few for all: faults.total < 2 at end");
	one_life();
	assert_int_equal(broken.nr, 0);
	end();
	assert_int_equal(broken.nr, 1);
	assert_int_equal(broken.rule, 1);
}

static void rule_for_some_vms(void **state)
{
	(void)state;
	begin("rule a for vm \"web-*\": sets == 0 at destroy\n"
	      "rule b for vm \"db-*\": sets == 0 at destroy\n"
	      "rule c for vm \"1007\": clears == 0 at destroy");
	one_life();
	end();
	assert_int_equal(broken.nr, 2);
	assert_int_equal(broken.rule, 2);
}

static void arithmetic_binds_as_it_should(void **state)
{
	(void)state;
	begin("rule a: 1 + 2 * 3 == 7 at destroy\n"
	      "rule b: (1 + 2) * 3 == 9 at destroy\n"
	      "rule c: 8 - 4 - 2 == 2 at destroy\n"
	      "rule d: 0x10 / 4 / 2 == 2 at destroy\n"
	      "rule e: 5 / 0 == 0 at destroy\n"
	      "rule f: lifetime < 1h at destroy");
	one_life();
	end();
	assert_int_equal(broken.nr, 0);
}

static void percentile_of_faults(void **state)
{
	(void)state;
	/* The first takes two tables more than the second. */
	begin("rule a: fault_events.max <= 9 at destroy\n"
	      "rule b: fault_events.max <= 8 at destroy\n"
	      "rule c: fault_events.p50 <= 5 at destroy");
	one_life();
	end();
	assert_int_equal(broken.nr, 1);
	assert_int_equal(broken.rule, 1);
}

/* Events ----------------------------------------------------------------- */

static void event_that_must_not_be(void **state)
{
	(void)state;
	begin("rule a: never s2_flush with reason == notifier_unmap and level == 3\n"
	      "rule b: never s2_flush with scope == vmid and reason == fault");
	one_life();
	end();
	assert_int_equal(broken.nr, 1);
	assert_int_equal(broken.rule, 0);
}

/* Windows ---------------------------------------------------------------- */

/* @n faults within a millisecond. */
static void some_faults(int n)
{
	for (int i = 0; i < n; i++) {
		fault_begin(RAM, S2_FAULT_TRANSLATION, false, false);
		fault_end(RAM, 0, PAGE);
	}
}

static void too_many_in_a_window(void **state)
{
	(void)state;
	begin("rule a: faults.total <= 10 over 1s");
	vm_start();
	for (int i = 0; i < 20; i++) {
		some_faults(1);
		st.now += 200000000;
	}
	assert_int_equal(broken.nr, 0);
	some_faults(20);
	st.now += 200000000;
	some_faults(1);
	assert_int_equal(broken.nr, 1);
	/* Once for each time that it begins. */
	for (int i = 0; i < 20; i++) {
		st.now += 200000000;
		some_faults(1);
	}
	assert_int_equal(broken.nr, 1);
	some_faults(20);
	st.now += 200000000;
	some_faults(1);
	assert_int_equal(broken.nr, 2);
	vm_stop();
	end();
}

/* Nothing comes after it in whose light it would be judged. */
static void too_many_at_the_very_end(void **state)
{
	(void)state;
	begin("rule a: faults.total <= 10 over 1s rule b for all: faults.total <= 10 over 1s");
	vm_start();
	some_faults(20);
	assert_int_equal(broken.nr, 0);
	vm_stop();
	assert_int_equal(broken.nr, 1);
	assert_int_equal(broken.rule, 0);
	end();
	assert_int_equal(broken.nr, 2);
	assert_int_equal(broken.rule, 1);

	begin("rule a: faults.total >= 10 over 1s");
	vm_start();
	some_faults(1);
	vm_stop();
	end();
	assert_int_equal(broken.nr, 0);
}

static void too_few_in_a_window(void **state)
{
	(void)state;
	begin("rule a: faults.total >= 1 over 1s");
	vm_start();
	/* Not before a window has passed. */
	st.now += 500000000;
	some_faults(1);
	for (int i = 0; i < 20; i++) {
		st.now += 200000000;
		some_faults(1);
	}
	assert_int_equal(broken.nr, 0);
	st.now += 5000000000;
	some_faults(1);
	assert_int_equal(broken.nr, 1);
	vm_stop();
	end();
}

/* Waivers ---------------------------------------------------------------- */

static void waiver_expires(void **state)
{
	struct waived w;

	(void)state;
	begin("waive FREE for \"web-*\" until 2026-12-31 because \"known\" see \"https://example.org/1\"");
	assert_int_equal(rules_waiver(rules, "FREE", 1007, 20261231),
			 WAIVER_VALID);
	assert_int_equal(rules_waiver(rules, "FREE", 1007, 20270101),
			 WAIVER_EXPIRED);
	assert_int_equal(rules_waiver(rules, "FREE", 1008, 20260101),
			 WAIVER_NONE);
	assert_int_equal(rules_waiver(rules, "OWED", 1007, 20260101),
			 WAIVER_NONE);
	w = rules_get_waiver(rules, 0);
	assert_int_equal(w.used, 2);
	assert_int_equal(w.until, 20261231);
	assert_string_equal(w.link, "https://example.org/1");
	end();
}

static void rule_says_what_events_it_needs(void **state)
{
	(void)state;
	begin("rule a: flushes.scopes.vmid <= sets at destroy\n"
	      "rule b: never s2_cache");
	assert_int_equal(rules_needs(rules, 0),
			 ON(s2_flush) | ON(s2_set) | ON(s2_mmu_free));
	assert_int_equal(rules_needs(rules, 1), ON(s2_cache));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(default_rules_are_right),
		STREAM_TEST(mistakes_are_told_with_their_place),
		STREAM_TEST(text_that_ends_anywhere_is_an_error_or_right),
		STREAM_TEST(sum_at_destruction),
		STREAM_TEST(sum_over_all_at_the_end),
		STREAM_TEST(rule_for_some_vms),
		STREAM_TEST(arithmetic_binds_as_it_should),
		STREAM_TEST(percentile_of_faults),
		STREAM_TEST(event_that_must_not_be),
		STREAM_TEST(too_many_in_a_window),
		STREAM_TEST(too_many_at_the_very_end),
		STREAM_TEST(too_few_in_a_window),
		STREAM_TEST(waiver_expires),
		STREAM_TEST(rule_says_what_events_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
