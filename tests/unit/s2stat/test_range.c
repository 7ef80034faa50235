// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges as people write them.
 */
#include "unit.h"

#include "model/range.h"

static void expect(const char *text, uint64_t first, uint64_t last)
{
	uint64_t a = 1, b = 1;

	if (!range_parse(text, &a, &b))
		fail_msg("'%s' is no range?", text);
	assert_int_equal(a, first);
	assert_int_equal(b, last);
}

static void ranges_are_understood(void **state)
{
	(void)state;
	expect("0x40000000", 0x40000000, 0x40000000);
	expect("0", 0, 0);
	expect("0x40000000-0x40200000", 0x40000000, 0x401fffff);
	expect("0x40000000+2M", 0x40000000, 0x401fffff);
	expect("1G+4k", 0x40000000, 0x40000fff);
	expect("0-1T", 0, (1ULL << 40) - 1);
	expect("0xffffffffffffffff", UINT64_MAX, UINT64_MAX);
	expect("1+0xffffffffffffffff", 1, UINT64_MAX);
}

static void what_is_no_range_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"x",
		"-1",
		"0x",
		"5-5",
		"5-4",
		"5+0",
		"5-",
		"5+",
		"5*4",
		"5 - 6",
		"5-6-7",
		"4KK",
		"4Q",
		"1+0xffffffffffffffff0",
		"2+0xffffffffffffffff",
		"16777217T",
		"0-0",
		" 5",
	};
	uint64_t a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (range_parse(wrong[i], &a, &b))
			fail_msg("'%s' is a range?", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_understood),
		cmocka_unit_test(what_is_no_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
