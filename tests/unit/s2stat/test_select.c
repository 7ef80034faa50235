// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selectors: they mean the VMs that a person means.
 */
#include "unit.h"

#include "model/select.h"

static struct host host;

static void vm(uint64_t id, int32_t tgid, const char *name)
{
	add_mmu(&host, id, tgid);
	snprintf(host_find(&host, id)->name, VM_NAME_MAX, "%s", name);
}

static int setup(void **state)
{
	(void)state;
	host_init(&host, PAGE_4K);
	host_begin(&host);
	vm(1, 300, "web-1");
	vm(2, 300, "web-1"); /* its nested context */
	vm(3, 400, "web-2");
	vm(4, 3, "db[1]");
	vm(5, 500, "400");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_free(&host);
	return 0;
}

/* The ids that @selector means, as a bit mask. */
static unsigned int means(const char *selector)
{
	bool chosen[5];
	unsigned int mask = 0, bits = 0;
	size_t n = select_vms(&host, selector, chosen);

	for (size_t i = 0; i < 5; i++) {
		mask |= chosen[i] << host.vm[i]->id;
		bits += chosen[i];
	}
	assert_int_equal(bits, n);
	return mask;
}

static void no_selector_means_all(void **state)
{
	(void)state;
	assert_int_equal(means(NULL), 0x3e);
}

static void a_number_is_a_tgid_first_then_an_mmu_then_a_name(void **state)
{
	(void)state;
	assert_int_equal(means("300"), 1 << 1 | 1 << 2);
	assert_int_equal(means("3"), 1 << 4);
	assert_int_equal(means("5"), 1 << 5);
	assert_int_equal(means("400"), 1 << 3);
	assert_int_equal(means("name:400"), 1 << 5);
	assert_int_equal(means("mmu:3"), 1 << 3);
	assert_int_equal(means("vm:3"), 1 << 4);
}

static void a_name_may_be_a_glob(void **state)
{
	(void)state;
	assert_int_equal(means("web-2"), 1 << 3);
	assert_int_equal(means("web-*"), 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(means("name:w?b-[12]"), 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(means("*"), 0x3e);
}

static void a_name_with_glob_characters_means_itself(void **state)
{
	(void)state;
	assert_int_equal(means("db[1]"), 1 << 4);
	assert_int_equal(means("name:db[1]"), 1 << 4);
}

static void what_matches_nothing_means_nothing(void **state)
{
	(void)state;
	assert_int_equal(means("nobody"), 0);
	assert_int_equal(means(""), 0);
	assert_int_equal(means("99999"), 0);
	assert_int_equal(means("mmu:"), 0);
	assert_int_equal(means("mmu:web-1"), 0);
	assert_int_equal(means("vm:-1"), 0);
	assert_int_equal(means("mmu: 1"), 0);
	assert_int_equal(means("99999999999999999999999"), 0);
	assert_int_equal(means("web"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_selector_means_all),
		cmocka_unit_test(
			a_number_is_a_tgid_first_then_an_mmu_then_a_name),
		cmocka_unit_test(a_name_may_be_a_glob),
		cmocka_unit_test(a_name_with_glob_characters_means_itself),
		cmocka_unit_test(what_matches_nothing_means_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
