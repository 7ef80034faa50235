// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors: read as the architecture manual has them (Arm ARM D8.3).
 */
#include "unit.h"

#include "model/pte.h"

static void kinds_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(pte_kind(0, 3), PTE_NONE);
	assert_int_equal(pte_kind(0x80000003, 2), PTE_TABLE);
	assert_int_equal(pte_kind(0x80000003, 3), PTE_LEAF);
	assert_int_equal(pte_kind(0x80000001, 2), PTE_LEAF);
	assert_int_equal(pte_kind(0x80000001, 1), PTE_LEAF);
	assert_int_equal(pte_kind(1 << 10, 3), PTE_LOCKED);
	assert_int_equal(pte_kind(1ULL << 60, 3), PTE_LOCKED);
	assert_int_equal(pte_kind(1ULL << 61, 3), PTE_ANNOTATION);
	assert_int_equal(pte_kind(1 << 2, 3), PTE_ANNOTATION);
	assert_int_equal(pte_kind(1 << 10 | 1 << 2, 3), PTE_ANNOTATION);
}

static void permissions_are_read(void **state)
{
	struct pte_leaf l;

	(void)state;
	l = pte_leaf(0x40000080001ffULL | 3, 4096, 12, false, false);
	assert_true(l.r && l.w && l.x);
	assert_false(l.af);
	l = pte_leaf(1ULL << 54 | 0x80000443, 4096, 12, false, false);
	assert_true(l.r && l.af);
	assert_false(l.w || l.x);
	l = pte_leaf(0x80000403, 4096, 12, false, false);
	assert_false(l.r || l.w);
	assert_true(l.x);
}

static void addresses_lose_attributes_and_block_offsets(void **state)
{
	(void)state;
	assert_int_equal(
		pte_leaf(0x0060000080001fffULL, 4096, 12, false, false).pa,
		0x80001000);
	/* nT, bit 16 of a block, is no address (FEAT_BBM). */
	assert_int_equal(pte_leaf(0x80210ffdULL, 2 << 20, 12, false, false).pa,
			 0x80200000);
	assert_int_equal(
		pte_leaf(0x0000ffffffe007fdULL, 2 << 20, 12, false, false).pa,
		0xffffffe00000ULL);
}

static void wide_addresses_are_put_together(void **state)
{
	uint64_t pte = 3ULL << 8 | 3ULL << 48 | 0x1000 | 3;

	(void)state;
	/* FEAT_LPA2: 51:50 in 9:8, 49:48 in place. */
	assert_int_equal(pte_address(pte, 12, true), 0xf000000001000ULL);
	assert_int_equal(pte_address(pte, 12, false), 0x1000);
	/* FEAT_LPA with 64K pages: 51:48 in 15:12. */
	assert_int_equal(pte_address(0xf000 | 0x10000 | 3, 16, false),
			 0xf000000010000ULL);
}

static void memory_types_depend_on_fwb(void **state)
{
	(void)state;
	assert_string_equal(
		pte_leaf(0xf << 2 | 1, 4096, 12, false, false).memtype,
		"normal");
	assert_string_equal(
		pte_leaf(0x6 << 2 | 1, 4096, 12, false, true).memtype,
		"normal");
	assert_string_equal(
		pte_leaf(0x6 << 2 | 1, 4096, 12, false, false).memtype,
		"other");
	assert_string_equal(
		pte_leaf(0x1 << 2 | 1, 4096, 12, false, true).memtype,
		"device");
	assert_string_equal(
		pte_leaf(0x5 << 2 | 1, 4096, 12, false, true).memtype,
		"normal_nc");
	assert_int_equal(pte_leaf(0x6 << 2 | 1, 4096, 12, false, true).memattr,
			 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(permissions_are_read),
		cmocka_unit_test(addresses_lose_attributes_and_block_offsets),
		cmocka_unit_test(wide_addresses_are_put_together),
		cmocka_unit_test(memory_types_depend_on_fwb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
