// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: found in every VMM's command line, and harmless whatever is in it.
 */
#include "unit.h"

#include "model/vmm.h"

/* A command line as /proc has it, in a block of its own size for ASan. */
#define NAMED(expected, ...)                                            \
	named(expected,                                                 \
	      sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
	      (const char *[]){ __VA_ARGS__ })

static void named(const char *expected, size_t argc, const char *const *argv)
{
	char name[VM_NAME_MAX], *cmdline, *p;
	size_t len = 0;

	for (size_t i = 0; i < argc; i++)
		len += strlen(argv[i]) + 1;
	p = cmdline = malloc(len + 1);
	assert_non_null(cmdline);
	for (size_t i = 0; i < argc; i++)
		p = stpcpy(p, argv[i]) + 1;
	*p = '\0';
	assert_int_equal(vmm_name(name, sizeof(name), cmdline, len),
			 *expected != '\0');
	assert_string_equal(name, expected);
	free(cmdline);
}

static void qemu_names_are_found(void **state)
{
	(void)state;
	NAMED("web", "qemu-system-aarch64", "-M", "virt", "-name", "web");
	NAMED("web", "qemu", "-name", "guest=web,debug-threads=on");
	NAMED("web", "qemu", "-name", "debug-threads=on,guest=web");
	NAMED("web", "qemu", "--name", "web,process=x", "-m", "1G");
	NAMED("a,b", "qemu", "-name", "guest=a,,b,debug-threads=on");
	NAMED("b", "qemu", "-name", "a,guest=b");
}

static void other_vmms_names_are_found(void **state)
{
	(void)state;
	NAMED("g1", "/usr/bin/lkvm", "run", "--name", "g1", "-m", "256");
	NAMED("g1", "lkvm", "run", "--name=g1");
}

static void a_uuid_serves_when_there_is_no_name(void **state)
{
	(void)state;
	NAMED("1234-5678", "qemu", "-uuid", "1234-5678", "-m", "1G");
	NAMED("web", "qemu", "-uuid", "1234-5678", "-name", "web");
}

static void what_names_nothing_names_nothing(void **state)
{
	(void)state;
	NAMED("", "vmm");
	NAMED("", "vmm", "-m", "1G");
	NAMED("", "vmm", "-name");
	NAMED("", "vmm", "-name", "");
	NAMED("", "vmm", "-names", "x");
	NAMED("", "vmm", "name", "x");
	NAMED("", "-name=self", "x");
	NAMED("", "vmm", "-name", "debug-threads=on");
	NAMED("", "vmm", "", "", "-");
	NAMED("", "vmm", "-name", "guest=");
	NAMED("late", "vmm", "", "-name", "", "-name", "late");
}

static void an_empty_command_line_names_nothing(void **state)
{
	char name[VM_NAME_MAX] = "x";

	(void)state;
	assert_false(vmm_name(name, sizeof(name), "", 0));
	assert_string_equal(name, "");
}

static void cleaned(const char *expected, const char *src, size_t len)
{
	char dst[VM_NAME_MAX], *exact = malloc(len ? len : 1);

	memcpy(exact, src, len);
	clean_text(dst, sizeof(dst), exact, len);
	assert_string_equal(dst, expected);
	free(exact);
}

#define CLEANED(expected, src) cleaned(expected, src, sizeof(src) - 1)

static void what_a_terminal_could_obey_is_escaped(void **state)
{
	(void)state;
	CLEANED("plain", "plain");
	CLEANED("", "");
	CLEANED("\\x1b[2J", "\033[2J");
	CLEANED("a\\x0ab\\x09c\\x7f", "a\nb\tc\177");
	CLEANED("a\\x00b", "a\0b");
	CLEANED("\\xc2\\x9b31m", "\xc2\x9b"
				 "31m");
	CLEANED("\\xe2\\x80\\xaegnp", "\xe2\x80\xaegnp");
	CLEANED("\\xef\\xbb\\xbfx", "\xef\xbb\xbfx");
	CLEANED("back\\\\slash", "back\\slash");
}

static void good_utf8_passes_and_bad_does_not(void **state)
{
	(void)state;
	CLEANED("größe-日本-😀", "größe-日本-😀");
	CLEANED("\\xff\\xfe", "\xff\xfe");
	CLEANED("\\xc3", "\xc3");
	CLEANED("\\xc0\\xaf", "\xc0\xaf");
	CLEANED("\\xed\\xa0\\x80", "\xed\xa0\x80");
	CLEANED("\\xf4\\x90\\x80\\x80", "\xf4\x90\x80\x80");
	CLEANED("\\xe6\\x97", "\xe6\x97");
	CLEANED("\\x80z", "\x80z");
}

static void a_name_is_cut_between_characters(void **state)
{
	char dst[8];

	(void)state;
	clean_text(dst, sizeof(dst), "abcdefghij", 10);
	assert_string_equal(dst, "abcdefg");
	clean_text(dst, sizeof(dst), "日本語", 9);
	assert_string_equal(dst, "日本");
	clean_text(dst, sizeof(dst), "abcd\033[", 6);
	assert_string_equal(dst, "abcd");
}

static void every_name_fits_whatever_its_length(void **state)
{
	char big[5000], name[VM_NAME_MAX];

	(void)state;
	memset(big, ',', sizeof(big));
	memcpy(big, "q\0-name\0x", 9);
	big[sizeof(big) - 1] = '\0';
	assert_true(vmm_name(name, sizeof(name), big, sizeof(big) - 1));
	assert_true(strlen(name) < sizeof(name));
	memset(big + 8, '\001', sizeof(big) - 9);
	assert_true(vmm_name(name, sizeof(name), big, sizeof(big) - 1));
	assert_true(strlen(name) < sizeof(name));
	assert_int_equal(strncmp(name, "\\x01\\x01", 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_names_are_found),
		cmocka_unit_test(other_vmms_names_are_found),
		cmocka_unit_test(a_uuid_serves_when_there_is_no_name),
		cmocka_unit_test(what_names_nothing_names_nothing),
		cmocka_unit_test(an_empty_command_line_names_nothing),
		cmocka_unit_test(what_a_terminal_could_obey_is_escaped),
		cmocka_unit_test(good_utf8_passes_and_bad_does_not),
		cmocka_unit_test(a_name_is_cut_between_characters),
		cmocka_unit_test(every_name_fits_whatever_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
