// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: the JSON is what docs/s2stat-json.md promises, the text says what a
 * person must not overlook.
 */
#include "unit.h"

#include <json-c/json.h>

#include "view/fmt.h"
#include "view/json.h"
#include "view/text.h"

static struct host host;
static char *out;
static size_t out_len;

/* Two contexts: one busy with a bad table, one idle. */
static int setup(void **state)
{
	struct s2r_counts c = { .sets = 20, .clears = 6, .flush_pages = { { 64 } } };
	struct s2r_table bad = table_rec(1, 3, 0x7000, 256, 0);
	const uint64_t ids[] = { 1, 2 };

	(void)state;
	host_of(&host, 2, ids);
	bad.count = 300;
	bad.ipa = 0x40000000;
	add_table(&host, bad);
	host_recheck_begin(&host);
	host_recheck(&host, &bad);
	host_recheck_end(&host);
	c.flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 1;
	c.flushes[S2_REASON_NOTIFIER_UNMAP][S2_SCOPE_RANGE] = 3;
	c.faults[S2_FAULT_TRANSLATION] = 8;
	host_counts(&host, 1, &c);
	host_end(&host);
	host.seconds = 2;
	host.since = 2;
	host.time = 1700000000.25;
	host.rollovers = 1;
	snprintf(host.vm[0]->name, VM_NAME_MAX, "web \"1\"");
	snprintf(host.vm[0]->vmm, VM_VMM_MAX, "qemu");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_free(&host);
	free(out);
	out = NULL;
	return 0;
}

static FILE *capture(void)
{
	free(out);
	out = NULL;
	return open_memstream(&out, &out_len);
}

/* The one object in @out; it must be one line. */
static struct json_object *parsed(FILE *f)
{
	struct json_object *o;

	fclose(f);
	assert_int_equal(out[out_len - 1], '\n');
	assert_ptr_equal(strchr(out, '\n'), out + out_len - 1);
	o = json_tokener_parse(out);
	assert_non_null(o);
	assert_int_equal(json_object_get_int(json_object_object_get(o, "v")),
			 1);
	return o;
}

/* The value at a path of keys, "a/b/c"; fails when there is none. */
static struct json_object *at(struct json_object *o, const char *path)
{
	char copy[128], *save, *key;

	snprintf(copy, sizeof(copy), "%s", path);
	for (key = strtok_r(copy, "/", &save); key;
	     key = strtok_r(NULL, "/", &save))
		if (!json_object_object_get_ex(o, key, &o))
			fail_msg("no %s", path);
	return o;
}

static int64_t num(struct json_object *o, const char *path)
{
	return json_object_get_int64(at(o, path));
}

static const char *str(struct json_object *o, const char *path)
{
	return json_object_get_string(at(o, path));
}

static void json_of_a_vm_has_its_occupancy(void **state)
{
	FILE *f = capture();
	struct json_object *o;

	(void)state;
	json_vm(f, &host, host.vm[0], true);
	o = parsed(f);
	assert_string_equal(str(o, "type"), "vm");
	assert_int_equal(num(o, "mmu"), 1);
	assert_int_equal(num(o, "vm"), 101);
	assert_string_equal(str(o, "name"), "web \"1\"");
	assert_int_equal(num(o, "vcpus"), 2);
	assert_int_equal(num(o, "vmid"), 7);
	assert_int_equal(num(o, "generation"), 5);
	assert_int_equal(num(o, "geometry/granule"), 4096);
	assert_int_equal(num(o, "geometry/start_level"), 1);
	assert_int_equal(num(o, "tables/pages"), 2);
	assert_int_equal(num(o, "tables/bytes"), 8192);
	assert_int_equal(num(o, "tables/used"), 256);
	assert_int_equal(num(o, "tables/entries"), 1024);
	assert_int_equal(num(o, "tables/levels/3/leaves"), 256);
	assert_int_equal(num(o, "mapped/bytes"), 1 << 20);
	assert_int_equal(num(o, "mapped/sizes/4096/leaves"), 256);
	assert_int_equal(num(o, "mapped/sizes/2097152/bytes"), 0);
	assert_int_equal(num(o, "mapped/sizes/1073741824/leaves"), 0);
	json_object_put(o);
}

static void json_of_a_vm_has_its_audit(void **state)
{
	struct json_object *o, *m;
	FILE *f = capture();

	(void)state;
	json_vm(f, &host, host.vm[0], true);
	o = parsed(f);
	assert_string_equal(str(o, "audit/verdict"), "mismatch");
	assert_int_equal(json_object_array_length(at(o, "audit/mismatches")),
			 1);
	m = json_object_array_get_idx(at(o, "audit/mismatches"), 0);
	assert_int_equal(num(m, "pa"), 0x7000);
	assert_int_equal(num(m, "ipa"), 0x40000000);
	assert_int_equal(num(m, "count"), 300);
	assert_int_equal(num(m, "counted"), 256);
	assert_int_equal(num(m, "looks"), 2);
	json_object_put(o);

	f = capture();
	json_vm(f, &host, host.vm[1], true);
	o = parsed(f);
	assert_string_equal(str(o, "audit/verdict"), "ok");
	assert_int_equal(json_object_array_length(at(o, "audit/mismatches")),
			 0);
	json_object_put(o);
}

static void json_of_a_vm_has_events_and_rates(void **state)
{
	struct json_object *o;
	FILE *f = capture();

	(void)state;
	json_vm(f, &host, host.vm[0], true);
	o = parsed(f);
	assert_int_equal(num(o, "events/sets"), 20);
	assert_int_equal(num(o, "events/flushes/total"), 4);
	assert_int_equal(num(o, "events/flushes/pages"), 64);
	assert_int_equal(num(o, "events/flushes/reasons/notifier_unmap"), 3);
	assert_int_equal(num(o, "events/flushes/scopes/ipa"), 1);
	assert_int_equal(json_object_array_length(at(o, "events/flushes/rows")),
			 2);
	assert_int_equal(num(o, "events/faults/translation"), 8);
	assert_true(json_object_get_double(at(o, "rates/sets")) == 10.0);
	assert_true(json_object_get_double(at(o, "rates/flushes")) == 2.0);
	assert_true(json_object_get_double(at(o, "rates/flush_scopes/range")) ==
		    1.5);
	json_object_put(o);
}

static void json_without_rates_has_none_rather_than_zeros(void **state)
{
	struct json_object *o, *none;
	FILE *f = capture();

	(void)state;
	json_vm(f, &host, host.vm[0], false);
	o = parsed(f);
	assert_false(json_object_object_get_ex(o, "events", &none));
	assert_false(json_object_object_get_ex(o, "rates", &none));
	assert_int_equal(num(o, "tables/pages"), 2);
	json_object_put(o);
}

static void json_of_an_unknown_vmid_is_null(void **state)
{
	struct json_object *o;
	FILE *f = capture();

	(void)state;
	host.vm[0]->vmid_bits = 0;
	host.vm[0]->vcpus = -1;
	json_vm(f, &host, host.vm[0], false);
	o = parsed(f);
	assert_null(at(o, "vmid"));
	assert_null(at(o, "generation"));
	assert_null(at(o, "vcpus"));
	json_object_put(o);
}

static void json_of_the_dead_has_no_tables(void **state)
{
	struct json_object *o, *none;
	FILE *f = capture();

	(void)state;
	host.vm[0]->alive = false;
	json_vm(f, &host, host.vm[0], true);
	o = parsed(f);
	assert_false(json_object_get_boolean(at(o, "alive")));
	assert_false(json_object_object_get_ex(o, "tables", &none));
	assert_false(json_object_object_get_ex(o, "audit", &none));
	assert_int_equal(num(o, "events/sets"), 20);
	json_object_put(o);
}

static void json_of_a_sample_counts_what_was_lost(void **state)
{
	struct json_object *o;
	FILE *f = capture();

	(void)state;
	host.dropped = 9;
	json_sample(f, &host, 1, true);
	o = parsed(f);
	assert_string_equal(str(o, "type"), "sample");
	assert_int_equal(num(o, "vms"), 2);
	assert_int_equal(num(o, "shown"), 1);
	assert_int_equal(num(o, "dropped"), 9);
	assert_int_equal(num(o, "vmid_rollovers"), 1);
	assert_true(json_object_get_double(at(o, "time")) == 1700000000.25);
	json_object_put(o);
}

static struct s2r_entries some_entries(void)
{
	struct s2r_entries e = { .mmu = 1, .pa = 0x9000, .first = 512, .nr = 4 };

	e.e[0] = 0x0040000081000000ULL | 0x7fd; /* 1 rw- af, normal, a block */
	e.e[1] = 0x90003; /* a table */
	e.e[2] = 0x4; /* an annotation */
	e.e[3] = 1 << 10; /* in transition */
	e.e[4] = 0x80000443; /* behind nr */
	return e;
}

/* Parses the next line of @out at @line, and moves it on. */
static struct json_object *next_line(char **line)
{
	struct json_object *o;
	char *end = strchr(*line, '\n');

	assert_non_null(end);
	*end = '\0';
	o = json_tokener_parse(*line);
	assert_non_null(o);
	assert_string_equal(str(o, "type"), "entry");
	*line = end + 1;
	return o;
}

static void is_the_block(struct json_object *o)
{
	assert_string_equal(str(o, "kind"), "leaf");
	assert_int_equal(num(o, "ipa"), 0x80000000 + 512 * (2ULL << 20));
	assert_int_equal(num(o, "pa"), 0x81000000);
	assert_int_equal(num(o, "size"), 2 << 20);
	assert_int_equal(num(o, "level"), 2);
	assert_int_equal(num(o, "index"), 512);
	assert_int_equal(num(o, "table"), 0x9000);
	assert_true(json_object_get_boolean(at(o, "r")));
	assert_true(json_object_get_boolean(at(o, "w")));
	assert_false(json_object_get_boolean(at(o, "x")));
	assert_true(json_object_get_boolean(at(o, "af")));
	assert_int_equal(num(o, "memattr"), 15);
	assert_string_equal(str(o, "pte"), "0x00400000810007fd");
	json_object_put(o);
}

static void json_of_entries_is_complete_and_placed(void **state)
{
	struct s2r_table table = table_rec(1, 2, 0x9000, 1, 1);
	struct s2r_entries e = some_entries();
	FILE *f = capture();
	struct json_object *o;
	char *line;

	(void)state;
	table.ipa = 0x80000000;
	table.nr = 1024;
	json_entries(f, &host, host.vm[0], &table, &e);
	fclose(f);
	line = out;
	is_the_block(next_line(&line));
	o = next_line(&line);
	assert_string_equal(str(o, "kind"), "table");
	assert_int_equal(num(o, "pa"), 0x90000);
	json_object_put(o);
	o = next_line(&line);
	assert_string_equal(str(o, "kind"), "annotation");
	assert_int_equal(num(o, "index"), 514);
	json_object_put(o);
	assert_string_equal(line, "");
}

static void json_of_a_table_has_its_count(void **state)
{
	struct s2r_table table = table_rec(1, 2, 0x9000, 3, 2);
	FILE *f = capture();
	struct json_object *o;

	(void)state;
	table.annotations = 1;
	json_table(f, &table);
	o = parsed(f);
	assert_string_equal(str(o, "type"), "table");
	assert_int_equal(num(o, "count"), 6);
	assert_int_equal(num(o, "used"), 6);
	assert_int_equal(num(o, "entries"), 512);
	json_object_put(o);
}

static void json_of_an_error_carries_the_exit_code(void **state)
{
	FILE *f = capture();
	struct json_object *o;

	(void)state;
	json_error(f, 4, "no such kernel");
	o = parsed(f);
	assert_int_equal(num(o, "exit"), 4);
	assert_string_equal(str(o, "error"), "no such kernel");
	json_object_put(o);
}

static const char *row(const struct text *t, const struct vm *vm)
{
	struct text to = *t;

	to.out = capture();
	text_list_row(&to, &host, vm);
	fclose(to.out);
	return out;
}

static void text_of_a_mismatch_is_loud(void **state)
{
	struct text t = { .rates = true };

	(void)state;
	assert_non_null(strstr(row(&t, host.vm[0]), "mismatch"));
	assert_non_null(strstr(
		out,
		"AUDIT: level 3 table 0x7000 at IPA 0x40000000 has count 300, but 1 + 256"));
	assert_null(strchr(out, '\033'));
	t.color = true;
	assert_non_null(strstr(row(&t, host.vm[0]), "\033[1;31mmismatch"));
	assert_null(strstr(row(&t, host.vm[1]), "AUDIT"));
	assert_null(strchr(out, '\033'));
}

static void text_of_a_row_has_rates_and_the_main_flush(void **state)
{
	struct text t = { .rates = true };

	(void)state;
	assert_non_null(strstr(row(&t, host.vm[0]), " 10 "));
	assert_non_null(strstr(out, " 3.0 "));
	assert_non_null(strstr(out, "notifier_unmap/range 75%"));
}

static void text_without_rates_shows_none(void **state)
{
	struct text t = {};

	(void)state;
	assert_non_null(
		strstr(row(&t, host.vm[1]), "      -       -       -  ok"));
}

static void text_of_the_dead_says_so(void **state)
{
	struct text t = { .rates = true };

	(void)state;
	host.vm[1]->alive = false;
	assert_non_null(strstr(row(&t, host.vm[1]), "(gone)"));
}

static void text_of_one_vm_has_all_of_it(void **state)
{
	struct text t = { .rates = true, .out = capture() };

	(void)state;
	text_show(&t, &host, host.vm[0]);
	fclose(t.out);
	assert_non_null(strstr(out, "40-bit IPA, root at level 1 in 2 pages"));
	assert_non_null(strstr(out, "7 of generation 5 (8 bits)"));
	assert_non_null(strstr(out, "mismatch: 1 table pages"));
	assert_non_null(strstr(out, "notifier_unmap/range"));
	assert_non_null(strstr(out, "translation"));
	assert_null(strstr(out, "level 2 "));
}

static void text_warns_of_what_was_lost(void **state)
{
	struct text t = { .rates = true, .out = capture() };

	(void)state;
	text_warnings(&t, &host);
	fflush(t.out);
	assert_int_equal(out_len, 0);
	host.dropped = 3;
	text_warnings(&t, &host);
	fclose(t.out);
	assert_non_null(strstr(out, "LOST: 3 events"));
}

static void numbers_are_short_and_never_lie(void **state)
{
	(void)state;
	assert_string_equal(fmt_bytes(0).s, "0");
	assert_string_equal(fmt_bytes(4096).s, "4K");
	assert_string_equal(fmt_bytes(1536 << 10).s, "1.5M");
	assert_string_equal(fmt_bytes(1ULL << 30).s, "1G");
	assert_string_equal(fmt_bytes((1ULL << 20) - 1).s, "1.0M");
	assert_string_equal(fmt_bytes(UINT64_MAX).s, "16E");
	assert_string_equal(fmt_size(4096).s, "4K");
	assert_string_equal(fmt_size(512 << 20).s, "512M");
	assert_string_equal(fmt_rate(0, 1).s, "0");
	assert_string_equal(fmt_rate(1, 0).s, "-");
	assert_string_equal(fmt_rate(1, 4).s, "0.2");
	assert_string_equal(fmt_rate(12345, 1).s, "12345");
	assert_string_equal(fmt_rate(1234567, 1).s, "1235k");
	assert_string_equal(fmt_percent(0, 0).s, "0%");
	assert_string_equal(fmt_percent(1, 1000).s, "<1%");
	assert_string_equal(fmt_percent(999, 1000).s, ">99%");
	assert_string_equal(fmt_percent(1000, 1000).s, "100%");
	assert_string_equal(fmt_percent(1, 2).s, "50%");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(json_of_a_vm_has_its_occupancy),
		T(json_of_a_vm_has_its_audit),
		T(json_of_a_vm_has_events_and_rates),
		T(json_without_rates_has_none_rather_than_zeros),
		T(json_of_an_unknown_vmid_is_null),
		T(json_of_the_dead_has_no_tables),
		T(json_of_a_sample_counts_what_was_lost),
		T(json_of_entries_is_complete_and_placed),
		T(json_of_a_table_has_its_count),
		T(json_of_an_error_carries_the_exit_code),
		T(text_of_a_mismatch_is_loud),
		T(text_of_a_row_has_rates_and_the_main_flush),
		T(text_without_rates_shows_none),
		T(text_of_the_dead_says_so),
		T(text_of_one_vm_has_all_of_it),
		T(text_warns_of_what_was_lost),
		T(numbers_are_short_and_never_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
