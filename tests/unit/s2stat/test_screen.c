// SPDX-License-Identifier: GPL-2.0-only
/*
 * A screen in memory: nothing is written beyond an edge, a wide character
 * takes two places, a terminal without Unicode gets none.
 */
#include "unit.h"

#include <locale.h>

#include "view/screen.h"

static struct screen s;

static const char *line(int row)
{
	static char buf[512];

	screen_line(&s, row, buf, sizeof(buf));
	return buf;
}

static void a_new_screen_is_blank(void **state)
{
	(void)state;
	assert_int_equal(screen_init(&s, 3, 10, true), 0);
	for (int row = 0; row < 3; row++)
		assert_string_equal(line(row), "");
	screen_free(&s);
}

static void text_goes_where_it_is_put(void **state)
{
	(void)state;
	screen_init(&s, 3, 20, true);
	assert_int_equal(screen_put(&s, 1, 2, STYLE_BOLD, "abc"), 5);
	assert_int_equal(screen_printf(&s, 1, 6, STYLE_PLAIN, "%d", 42), 8);
	assert_string_equal(line(1), "  abc 42");
	assert_string_equal(line(0), "");
	assert_int_equal(s.cells[20 + 2].style, STYLE_BOLD);
	assert_int_equal(s.cells[20 + 6].style, STYLE_PLAIN);
	screen_free(&s);
}

static void what_is_beyond_an_edge_is_cut_off(void **state)
{
	(void)state;
	screen_init(&s, 2, 5, true);
	screen_put(&s, 0, 3, STYLE_PLAIN, "abc");
	screen_put(&s, 2, 0, STYLE_PLAIN, "abc");
	screen_put(&s, -1, 0, STYLE_PLAIN, "abc");
	screen_put(&s, 0, -2, STYLE_PLAIN, "abc");
	screen_style(&s, 2, STYLE_BAD);
	assert_string_equal(line(0), "   ab");
	assert_string_equal(line(1), "");
	screen_free(&s);
}

static void a_wide_character_takes_two_places_or_none(void **state)
{
	(void)state;
	screen_init(&s, 1, 5, true);
	assert_int_equal(screen_put(&s, 0, 0, STYLE_PLAIN, "世界"), 4);
	assert_int_equal(screen_put(&s, 0, 4, STYLE_PLAIN, "世"), 4);
	assert_string_equal(line(0), "世界");
	assert_string_equal(s.cells[1].text, "");
	/* Half of one does not stay. */
	screen_put(&s, 0, 1, STYLE_PLAIN, "x");
	assert_string_equal(line(0), " x界");
	screen_put(&s, 0, 2, STYLE_PLAIN, "y");
	assert_string_equal(line(0), " xy");
	screen_free(&s);
}

static void without_unicode_it_is_a_question_mark(void **state)
{
	(void)state;
	screen_init(&s, 1, 8, false);
	screen_put(&s, 0, 0, STYLE_PLAIN, "aä世b");
	assert_string_equal(line(0), "a??b");
	screen_free(&s);
}

static void rows_are_copied_with_their_style(void **state)
{
	struct screen t;

	(void)state;
	screen_init(&s, 2, 6, true);
	screen_init(&t, 9, 6, true);
	screen_put(&t, 7, 1, STYLE_KEY, "xy");
	screen_copy_row(&s, 1, &t, 7);
	assert_string_equal(line(1), " xy");
	assert_int_equal(s.cells[6 + 1].style, STYLE_KEY);
	screen_free(&s);
	screen_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_screen_is_blank),
		cmocka_unit_test(text_goes_where_it_is_put),
		cmocka_unit_test(what_is_beyond_an_edge_is_cut_off),
		cmocka_unit_test(a_wide_character_takes_two_places_or_none),
		cmocka_unit_test(without_unicode_it_is_a_question_mark),
		cmocka_unit_test(rows_are_copied_with_their_style),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
