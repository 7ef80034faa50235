// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live view without a terminal: what each key does, what a person sees, on
 * the smallest terminal and on a wide one, with no VM and with a thousand.
 */
#include "unit.h"

#include <inttypes.h>
#include <locale.h>

#include "view/top.h"

static struct host host;
static struct top top;
static struct screen s;

static struct s2r_counts counts[2048];

/* A sample with contexts @first to @last - 1, all alive; those before end. */
static void sample(unsigned int first, unsigned int last)
{
	host_begin(&host);
	for (unsigned int id = first; id < last; id++)
		add_mmu(&host, id, 100 + id);
	for (unsigned int id = first; id < last; id++) {
		add_table(&host, table_rec(id, 1, 0x1000 * id, 0, 1));
		add_table(&host, table_rec(id, 2, 0x1000000 * id, id % 8, 0));
		host_counts(&host, id, &counts[id]);
	}
	for (unsigned int id = 1; id < first; id++) {
		struct s2r_counts end = counts[id];

		end.freed = 1;
		if (host_find(&host, id))
			host_counts(&host, id, &end);
	}
	host_end(&host);
	host.seconds = 2;
	host.since += 2;
	host.time = 1700000000;
	for (size_t i = 0; i < host.nr; i++)
		if (!*host.vm[i]->name)
			snprintf(host.vm[i]->name, VM_NAME_MAX, "vm-%" PRIu64,
				 host.vm[i]->id);
	assert_int_equal(top_sampled(&top, &host), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(counts, 0, sizeof(counts));
	host_init(&host, PAGE_4K);
	top_init(&top, 1, NULL);
	top.rates = true;
	return screen_init(&s, TOP_ROWS, TOP_COLS, true);
}

static int teardown(void **state)
{
	(void)state;
	screen_free(&s);
	top_free(&top);
	host_free(&host);
	return 0;
}

static const char *line(int row)
{
	static char buf[1024];

	screen_line(&s, row, buf, sizeof(buf));
	return buf;
}

static void press(int key)
{
	top_key(&top, &host, key);
	assert_int_equal(top_arrange(&top, &host), 0);
}

static void type(const char *keys)
{
	for (; *keys; keys++)
		press(*keys);
}

static void draw(void)
{
	top_draw(&top, &host, &s);
}

/* Is @text anywhere on the screen? */
static bool shows(const char *text)
{
	draw();
	for (int row = 0; row < s.rows; row++)
		if (strstr(line(row), text))
			return true;
	return false;
}

/* The row of the list that @name is in; -1 if it is not there. */
static int row_of(const char *name)
{
	size_t len = strlen(name);

	draw();
	for (int row = 4; row < s.rows - 2; row++)
		if (!strncmp(line(row), name, len) && line(row)[len] == ' ')
			return row;
	return -1;
}

static void resize(int rows, int cols)
{
	screen_free(&s);
	screen_init(&s, rows, cols, true);
}

static void all_columns_fit_into_80(void **state)
{
	(void)state;
	counts[3].sets = 4000;
	counts[3].clears = 2000;
	counts[3].flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 10;
	counts[3].faults[0] = 200000000;
	sample(1, 4);
	draw();
	assert_string_equal(
		line(3),
		"NAME           PID CPU MAPPED TABLES FILL  BLK CNT FLT/s SET/s CLR/s FLU/s  VMID");
	assert_string_equal(
		line(4),
		"vm-3           103   2     6M      2  <1% 100%  ok  100M  2000  1000   5.0     7");
	assert_string_equal(
		line(23),
		"q quit  h help  Enter one VM  o sort  f filter  s delay  p pause  r reset");
	assert_true(
		shows("3 stage-2 contexts, 12M mapped by 6 table pages (24K)"));
	assert_true(shows("most of them fault/ipa 100%"));
}

static void a_wide_terminal_has_the_reason_in_a_column(void **state)
{
	(void)state;
	counts[2].flushes[S2_REASON_NOTIFIER_UNMAP][S2_SCOPE_CPU_CONTEXT] = 999;
	counts[2].flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 1;
	sample(1, 3);
	resize(40, 132);
	draw();
	assert_non_null(strstr(line(3), "WHY"));
	assert_non_null(strstr(line(4), "notifier_unmap/cpu_context"));
}

static void without_a_vm_it_says_so(void **state)
{
	(void)state;
	sample(1, 1);
	assert_true(shows("no VM runs on this host"));
	press(TOP_KEY_DOWN);
	press(TOP_KEY_ENTER);
	assert_int_equal(top.page, TOP_LIST);
}

static void the_busiest_are_first_and_any_column_sorts(void **state)
{
	(void)state;
	counts[1].sets = 10;
	counts[2].sets = 30;
	counts[2].faults[0] = 1;
	counts[3].sets = 20;
	counts[3].faults[0] = 9;
	sample(1, 4);
	assert_true(row_of("vm-2") < row_of("vm-3"));
	assert_true(row_of("vm-3") < row_of("vm-1"));

	press('o');
	assert_true(shows("faults a second"));
	for (int i = 0; i < ORDER_FAULTS; i++)
		press(TOP_KEY_DOWN);
	press(TOP_KEY_ENTER);
	assert_true(row_of("vm-3") < row_of("vm-2"));
	assert_true(row_of("vm-2") < row_of("vm-1"));

	/* The same again: the other way round. */
	press(TOP_KEY_SORT);
	press(TOP_KEY_ENTER);
	assert_true(row_of("vm-1") < row_of("vm-2"));
	assert_true(row_of("vm-2") < row_of("vm-3"));

	press('o');
	press(TOP_KEY_HOME);
	press(TOP_KEY_DOWN);
	press(TOP_KEY_ENTER);
	assert_int_equal(top.order, ORDER_NAME);
	assert_int_equal(row_of("vm-1"), 4);
	press('o');
	press('j');
	press(TOP_KEY_ESCAPE);
	assert_int_equal(top.order, ORDER_NAME);
	assert_false(top.reverse);
}

static void the_bar_stays_with_its_vm(void **state)
{
	(void)state;
	sample(1, 4);
	press('j');
	press('k');
	press(TOP_KEY_DOWN);
	assert_int_equal(top.selected, top.vm[1]->id);
	top.selected = 2;
	counts[2].sets = 500;
	sample(1, 4);
	draw();
	assert_int_equal(top.vm[0]->id, 2);
	assert_int_equal(top.selected, 2);
	assert_int_equal(s.cells[4 * TOP_COLS].style, STYLE_SELECTED);
	/* Its VM goes: the bar goes to the first. */
	sample(3, 4);
	draw();
	assert_int_equal(top.selected, 3);
}

static void a_thousand_vms_scroll(void **state)
{
	(void)state;
	sample(1, 1001);
	draw();
	press(TOP_KEY_END);
	draw();
	assert_string_equal(line(21), line(21));
	assert_int_equal(top.selected, top.vm[999]->id);
	assert_int_equal(top.first, 1000 - 18);
	press(TOP_KEY_PAGE_UP);
	assert_int_equal(top.selected, top.vm[999 - 18]->id);
	press(TOP_KEY_HOME);
	draw();
	assert_int_equal(top.first, 0);
	assert_int_equal(top.selected, top.vm[0]->id);
}

static void the_dead_leave_no_row(void **state)
{
	(void)state;
	sample(1, 20);
	sample(15, 25);
	draw();
	assert_int_equal(top.nr, 10);
	assert_int_equal(top.gone, 14);
	assert_true(shows("14 gone by now"));
	assert_int_equal(row_of("vm-3"), -1);
	assert_int_equal(top.history.nr, 10);
	sample(15, 25);
	assert_int_equal(host.nr, 10);
	assert_false(shows("gone by now"));
}

static void the_filter_takes_names_globs_ids_and_parts(void **state)
{
	static const struct {
		const char *text;
		size_t nr;
	} cases[] = {
		{ "vm-1?", 10 }, { "mmu:7", 1 },   { "112", 1 },
		{ "-2", 7 },	 { "nothing", 0 }, { "", 25 },
	};

	(void)state;
	sample(1, 26);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		press('f');
		press('u' & 0x1f);
		type(cases[i].text);
		press(TOP_KEY_ENTER);
		assert_int_equal(top.nr, cases[i].nr);
		assert_int_equal(top.hidden, 25 - cases[i].nr);
	}
	press('f');
	type("zz");
	press(TOP_KEY_ESCAPE);
	assert_int_equal(top.nr, 25);
	press('f');
	type("xy");
	press(TOP_KEY_BACKSPACE);
	assert_true(shows("filter (tgid, mmu id, name, glob; empty: all): x"));
	press(TOP_KEY_ENTER);
	assert_true(shows("the filter leaves no VM"));
	assert_true(shows("filter 'x' hides 25"));
}

static void the_delay_is_asked_for_and_checked(void **state)
{
	(void)state;
	sample(1, 2);
	press('s');
	assert_true(shows("seconds between samples: 1"));
	press(TOP_KEY_BACKSPACE);
	type("2.5");
	press(TOP_KEY_ENTER);
	assert_true(top.delay == 2.5);
	assert_true(shows("every 2.5 s"));
	press('s');
	type("x");
	press(TOP_KEY_ENTER);
	assert_true(top.delay == 2.5);
	assert_true(shows("that is no number of seconds"));
	press('s');
	press('u' & 0x1f);
	type("0.0001");
	press(TOP_KEY_ENTER);
	assert_true(top.delay == 0.1);
	/* While something is asked for, letters are letters. */
	press('s');
	press('q');
	assert_false(top.quit);
	press(TOP_KEY_ESCAPE);
	press('q');
	assert_true(top.quit);
}

static void one_vm_fills_a_page(void **state)
{
	(void)state;
	counts[1].faults[S2_FAULT_TRANSLATION] = 8;
	counts[1].faults_again = 2;
	counts[1].flushes[S2_REASON_DIRTY_LOG][S2_SCOPE_RANGE] = 4;
	counts[1].flush_pages[S2_REASON_DIRTY_LOG][S2_SCOPE_RANGE] = 64;
	counts[1].flushes[S2_REASON_TEARDOWN][S2_SCOPE_VMID] = 6;
	sample(1, 3);
	top.selected = 1;
	press(TOP_KEY_ENTER);
	assert_true(shows("vm-1  mmu 1 of vm 101"));
	assert_true(shows("VMID 7 (8 bits), generation 5"));
	assert_true(shows("LEVEL      TABLES    ENTRIES       USED  FILL"));
	assert_true(shows("count audit ok"));
	assert_true(shows(
		"teardown         vmid                  6       3.0    60%          all"));
	assert_true(shows(
		"dirty_log        range                 4       2.0    40%         16.0"));
	assert_true(
		shows("translation                            8       4.0"));
	assert_true(
		shows("lost a race, tried again               2       1.0"));
	assert_true(shows("█"));
	press('q');
	assert_int_equal(top.page, TOP_LIST);
	assert_false(top.quit);
}

static void history_goes_left_and_reset_begins_anew(void **state)
{
	const struct trail *t;

	(void)state;
	for (int i = 0; i < 300; i++) {
		counts[1].sets += i < 200 ? 10 : 2;
		sample(1, 2);
	}
	t = history_find(&top.history, 1);
	assert_int_equal(trail_length(t), HISTORY_LENGTH);
	assert_true(trail_value(t, HISTORY_SETS, 0) == 1);
	assert_true(trail_value(t, HISTORY_SETS, 150) == 5);
	assert_true(trail_peak(t, HISTORY_SETS, 50) == 1);
	assert_true(trail_peak(t, HISTORY_SETS, 240) == 5);
	assert_int_equal(trail_counts(t, host.vm[0]).sets, 2200);

	press('r');
	counts[1].sets += 6;
	sample(1, 2);
	t = history_find(&top.history, 1);
	assert_int_equal(trail_length(t), 1);
	assert_int_equal(trail_counts(t, host.vm[0]).sets, 6);
	assert_int_equal(host.vm[0]->total.sets, 2206);
}

static void the_page_of_a_vm_that_goes_says_so(void **state)
{
	(void)state;
	sample(1, 4);
	top.selected = 2;
	press(TOP_KEY_ENTER);
	sample(3, 4);
	assert_true(shows("this VM is gone"));
	press(TOP_KEY_ESCAPE);
	assert_int_equal(top.page, TOP_LIST);
	assert_int_equal(top.selected, 3);
}

static void a_long_page_scrolls_to_its_end(void **state)
{
	(void)state;
	for (int r = 0; r < S2_NR_REASONS; r++)
		counts[1].flushes[r][S2_SCOPE_IPA] = 100 - r;
	counts[1].faults_failed = 3;
	sample(1, 2);
	press(TOP_KEY_ENTER);
	assert_true(shows("more lines below"));
	assert_false(shows("failed "));
	press(TOP_KEY_END);
	draw();
	assert_true(shows("prefault"));
	assert_false(shows("more lines below"));
	press(TOP_KEY_HOME);
	assert_true(shows("LEVEL"));
}

static void a_wrong_count_is_loud(void **state)
{
	struct s2r_table bad = table_rec(1, 3, 0x7000, 4, 0);

	(void)state;
	sample(1, 3);
	host_begin(&host);
	add_mmu(&host, 1, 101);
	add_mmu(&host, 2, 102);
	add_table(&host, table_rec(1, 1, 0x1000, 0, 0));
	add_table(&host, table_rec(2, 1, 0x2000, 0, 0));
	bad.count = 9;
	add_table(&host, bad);
	host_end(&host);
	top_sampled(&top, &host);
	top.selected = 2;
	assert_true(shows("BAD"));
	assert_int_equal(s.cells[row_of("vm-1") * TOP_COLS].style, STYLE_BAD);
	top.selected = 1;
	press(TOP_KEY_ENTER);
	assert_true(shows("count audit mismatch"));
	assert_true(shows(
		"level 3 table 0x7000 at IPA 0x0: count 9, but 1 + 4 entries"));
}

static void what_is_not_offered_is_a_dash(void **state)
{
	(void)state;
	counts[1].sets = 50;
	sample(1, 2);
	host.offers = 0;
	draw();
	assert_non_null(strstr(line(4), "  ok     -     -     -     -     7"));
	assert_true(shows("- faults/s, - sets/s"));
	press(TOP_KEY_ENTER);
	assert_false(shows("none"));
}

static void the_first_sample_has_no_rates(void **state)
{
	(void)state;
	top.rates = false;
	counts[1].sets = 50;
	sample(1, 2);
	draw();
	assert_non_null(strstr(line(4), "  ok     -     -     -     -     7"));
	assert_int_equal(top.history.nr, 0);
}

static void hostile_and_long_names_stay_in_their_column(void **state)
{
	(void)state;
	sample(1, 3);
	snprintf(host.vm[0]->name, VM_NAME_MAX, "a-name-that-is-much-too-long");
	snprintf(host.vm[1]->name, VM_NAME_MAX, "世界世界世界世界世界");
	draw();
	for (int row = 4; row < 6; row++)
		assert_non_null(strstr(line(row), "   2 "));
	assert_true(shows("a-name-th~     101   2"));
	assert_true(shows("世界世界 ~     102   2"));
}

static void a_terminal_that_is_too_small_says_so(void **state)
{
	(void)state;
	sample(1, 3);
	resize(20, 60);
	draw();
	assert_string_equal(line(0), "60x20: top needs 80x24");
	resize(1, 10);
	draw();
	assert_string_equal(line(0), "10x1: top");
	resize(24, 80);
	assert_true(shows("vm-1"));
}

static void help_names_every_key(void **state)
{
	(void)state;
	sample(1, 2);
	press('h');
	for (const char *const *k =
		     (const char *const[]){ "Enter", "F6", "filter", "seconds",
					    "pause", "reset", "quit", "j, k",
					    NULL };
	     *k; k++)
		assert_true(shows(*k));
	press('x');
	assert_int_equal(top.page, TOP_LIST);
	press('?');
	assert_int_equal(top.page, TOP_HELP);
}

static void pause_is_shown(void **state)
{
	(void)state;
	sample(1, 2);
	press('p');
	assert_true(top.paused);
	assert_true(shows("PAUSED"));
	press('p');
	assert_false(shows("PAUSED"));
}

static void lost_events_are_shown(void **state)
{
	(void)state;
	sample(1, 2);
	host.dropped = 12;
	assert_true(shows("LOST 12 events"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_columns_fit_into_80),
		T(a_wide_terminal_has_the_reason_in_a_column),
		T(without_a_vm_it_says_so),
		T(the_busiest_are_first_and_any_column_sorts),
		T(the_bar_stays_with_its_vm),
		T(a_thousand_vms_scroll),
		T(the_dead_leave_no_row),
		T(the_filter_takes_names_globs_ids_and_parts),
		T(the_delay_is_asked_for_and_checked),
		T(one_vm_fills_a_page),
		T(history_goes_left_and_reset_begins_anew),
		T(the_page_of_a_vm_that_goes_says_so),
		T(a_long_page_scrolls_to_its_end),
		T(a_wrong_count_is_loud),
		T(what_is_not_offered_is_a_dash),
		T(the_first_sample_has_no_rates),
		T(hostile_and_long_names_stay_in_their_column),
		T(a_terminal_that_is_too_small_says_so),
		T(help_names_every_key),
		T(pause_is_shown),
		T(lost_events_are_shown),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
