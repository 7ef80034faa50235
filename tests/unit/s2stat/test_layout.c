// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a kernel has its struct pages, by its note for crash dumps: the numbers
 * are those of Debian's kernels in an emulated host.
 */
#include "unit.h"

#include <elf.h>

#include "source/layout.h"

static const char text_6_12[] = "OSRELEASE=6.12\n"
				"PAGESIZE=4096\n"
				"SIZE(page)=64\n"
				"OFFSET(page._refcount)=52\n"
				"NUMBER(VA_BITS)=52\n"
				"NUMBER(VMEMMAP_START)=0xffffc1ffc0000000\n"
				"NUMBER(PHYS_OFFSET)=0x40000000\n";

static char note[4096];

static size_t note_of(const char *text)
{
	Elf64_Nhdr head = { .n_namesz = 11, .n_descsz = strlen(text) };

	memset(note, 0, sizeof(note));
	memcpy(note, &head, sizeof(head));
	memcpy(note + sizeof(head), "VMCOREINFO", 11);
	memcpy(note + sizeof(head) + 12, text, strlen(text));
	return sizeof(note);
}

static struct layout located(uint64_t offset)
{
	return (struct layout){ .page_shift = 12, .offset = offset };
}

static void the_note_leads_to_the_reference_count(void **state)
{
	struct layout l = located(0xfff0000000000000 - 0x40000000);

	(void)state;
	assert_true(layout_from_note(&l, note, note_of(text_6_12)));
	assert_true(layout_va(&l, 0x44c1c000) == 0xfff0000004c1c000);
	assert_true(layout_count_at(&l, 0xfff0000004c1c000) ==
		    0xffffc1ffc0000000 + 0x4c1c * 64 + 52);
	/* The tag that KASAN may put into the top byte is no address. */
	assert_true(layout_count_at(&l, 0xf3f0000004c1c000) ==
		    0xffffc1ffc0000000 + 0x4c1c * 64 + 52);
}

static void a_note_that_disagrees_with_the_root_is_not_believed(void **state)
{
	struct layout l = located(0xfff0000000000000 - 0x80000000);

	(void)state;
	assert_false(layout_from_note(&l, note, note_of(text_6_12)));
	assert_true(layout_count_at(&l, 0xfff0000004c1c000) == 0);
}

static void without_one_of_the_numbers_there_are_no_counts(void **state)
{
	static const char *const lost[] = {
		"PAGESIZE",	  "SIZE(page)",	    "OFFSET(page",
		"NUMBER(VA_BITS", "NUMBER(VMEMMAP", "NUMBER(PHYS",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		struct layout l = located(0xfff0000000000000 - 0x40000000);
		char text[sizeof(text_6_12)];

		strcpy(text, text_6_12);
		*strstr(text, lost[i]) = '#';
		assert_false(layout_from_note(&l, note, note_of(text)));
	}
}

static void what_is_no_note_is_not_read(void **state)
{
	struct layout l = located(0);

	(void)state;
	note_of(text_6_12);
	assert_false(layout_from_note(&l, note, 8));
	((Elf64_Nhdr *)note)->n_descsz = sizeof(note);
	assert_false(layout_from_note(&l, note, sizeof(note)));
	memset(note, 0xff, sizeof(note));
	assert_false(layout_from_note(&l, note, sizeof(note)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_note_leads_to_the_reference_count),
		cmocka_unit_test(
			a_note_that_disagrees_with_the_root_is_not_believed),
		cmocka_unit_test(
			without_one_of_the_numbers_there_are_no_counts),
		cmocka_unit_test(what_is_no_note_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
