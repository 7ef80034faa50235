// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of flush, faults, vmid and audit; CSV as members of the JSON; and what
 * the kernel does not offer, which is null and "-", never 0.
 */
#include "unit.h"

#include "view/csv.h"
#include "view/json.h"
#include "view/text_rows.h"

static struct host host;
static struct vm *vm;
static char *out;
static size_t out_len;

static int setup(void **state)
{
	const struct s2r_vmids vmids = {
		.generation = 5,
		.bits = 8,
		.in_use = 9,
		.reserved = 2,
	};
	struct s2r_counts c = { .vmid_assigns = 4, .rollovers = 1 };
	const uint64_t ids[] = { 1 };

	(void)state;
	host_of(&host, 1, ids);
	host_vmids(&host, &vmids);
	c.flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 10;
	c.flush_pages[S2_REASON_FAULT][S2_SCOPE_IPA] = 25;
	c.flushes[S2_REASON_TEARDOWN][S2_SCOPE_VMID] = 30;
	c.faults[S2_FAULT_TRANSLATION] = 7;
	c.faults_handled = 5;
	c.faults_user = 1;
	c.faults_again = 1;
	c.fault_sizes[3] = 4;
	c.fault_sizes[2] = 1;
	host_counts(&host, 1, &c);
	host_end(&host);
	host.seconds = 2;
	host.since = 2;
	host.rollovers = 6;
	vm = host.vm[0];
	snprintf(vm->name, VM_NAME_MAX, "a, \"b\"");
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

/* The member at @path of @o, as it stands in the JSON; "(absent)" if not. */
static const char *member(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value))
		return "(absent)";
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
}

static void a_flush_row_tells_reason_scope_and_pages(void **state)
{
	struct json_object *o =
		json_of_flush(&host, vm, S2_REASON_FAULT, S2_SCOPE_IPA);

	(void)state;
	assert_string_equal(member(o, "type"), "\"flush\"");
	assert_string_equal(member(o, "reason"), "\"fault\"");
	assert_string_equal(member(o, "scope"), "\"ipa\"");
	assert_string_equal(member(o, "count"), "10");
	assert_string_equal(member(o, "rate"), "5.000000");
	assert_string_equal(member(o, "pages"), "25");
	assert_string_equal(member(o, "pages_per_flush"), "2.500000");
	json_object_put(o);
	/* What reaches all of the VM has no number of pages. */
	o = json_of_flush(&host, vm, S2_REASON_TEARDOWN, S2_SCOPE_VMID);
	assert_string_equal(member(o, "pages"), "null");
	assert_string_equal(member(o, "pages_per_flush"), "null");
	json_object_put(o);
}

static void faults_tell_kinds_results_and_sizes(void **state)
{
	struct json_object *o = json_of_faults(&host, vm);

	(void)state;
	assert_string_equal(member(o, "total"), "7");
	assert_string_equal(member(o, "rate"), "3.500000");
	assert_string_equal(member(o, "kinds"), "{\"translation\":7}");
	assert_string_equal(
		member(o, "results"),
		"{\"handled\":5,\"user\":1,\"again\":1,\"failed\":0}");
	assert_string_equal(member(o, "sizes"),
			    "{\"4096\":4,\"2097152\":1,\"1073741824\":0}");
	json_object_put(o);
}

static void a_hot_region_is_2_mb(void **state)
{
	const struct s2r_hot_key key = { .mmu = 1, .region = 0x200 };
	const struct s2r_hot hot = { .faults = 9,
				     .writes = 3,
				     .last = 0x40001000 };
	struct json_object *o = json_of_hot(&host, vm, &key, &hot, 4);

	(void)state;
	assert_string_equal(member(o, "ipa"), "1073741824");
	assert_string_equal(member(o, "size"), "2097152");
	assert_string_equal(member(o, "count"), "9");
	assert_string_equal(member(o, "rate"), "2.000000");
	assert_string_equal(member(o, "writes"), "3");
	assert_string_equal(member(o, "last"), "1073745920");
	json_object_put(o);
}

static void a_vmid_is_current_old_or_not_known(void **state)
{
	struct json_object *o = json_of_vmid(&host, vm, true);

	(void)state;
	assert_string_equal(member(o, "vmid"), "7");
	assert_string_equal(member(o, "current"), "true");
	assert_string_equal(member(o, "assigns"), "4");
	assert_string_equal(member(o, "rollovers"), "1");
	json_object_put(o);
	host.vmids.generation = 6;
	o = json_of_vmid(&host, vm, false);
	assert_string_equal(member(o, "current"), "false");
	assert_string_equal(member(o, "assigns"), "(absent)");
	json_object_put(o);
	host.offers &= ~OFFER_VMID_SPACE;
	o = json_of_vmid(&host, vm, false);
	assert_string_equal(member(o, "current"), "null");
	json_object_put(o);
}

static void the_allocator_is_an_object(void **state)
{
	struct json_object *o = json_of_vmids(&host, true);

	(void)state;
	assert_string_equal(member(o, "vmid_bits"), "8");
	assert_string_equal(member(o, "generation"), "5");
	assert_string_equal(member(o, "in_use"), "9");
	assert_string_equal(member(o, "reserved"), "2");
	assert_string_equal(member(o, "available"), "255");
	assert_string_equal(member(o, "rollovers"), "6");
	json_object_put(o);
}

static void csv_quotes_what_would_mislead(void **state)
{
	static const char *const columns[] = {
		"mmu",	 "name",	 "audit.verdict",
		"vcpus", "nothing.here", "tables.pages",
		NULL
	};
	FILE *f = capture();

	(void)state;
	csv_head(f, columns);
	vm->vcpus = -1;
	csv_row(f, columns, json_of_vm(&host, vm, true));
	fclose(f);
	assert_string_equal(
		out, "mmu,name,audit.verdict,vcpus,nothing.here,tables.pages\n"
		     "1,\"a, \"\"b\"\"\",ok,,,1\n");
}

/* Every number that comes from a counter must be null, none may be 0. */
static void what_is_not_offered_is_null(void **state)
{
	static const char *const events[] = {
		"sets",		"clears",	"tables_alloc",
		"tables_freed", "vmid_assigns", "vmid_rollovers",
		"flushes",	"faults",
	};
	static const char *const rates[] = {
		"sets",	  "clears",	   "flushes",	   "flush_pages",
		"faults", "flush_reasons", "flush_scopes",
	};
	struct json_object *o, *e;

	(void)state;
	host.offers = 0;
	o = json_of_vm(&host, vm, true);
	e = json_object_object_get(o, "events");
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		assert_string_equal(member(e, events[i]), "null");
	e = json_object_object_get(o, "rates");
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		assert_string_equal(member(e, rates[i]), "null");
	e = json_object_object_get(o, "tables");
	assert_string_equal(member(e, "allocated"), "null");
	assert_string_equal(member(e, "pages"), "1");
	json_object_put(o);

	o = json_of_faults(&host, vm);
	assert_string_equal(member(o, "total"), "null");
	assert_string_equal(member(o, "rate"), "null");
	assert_string_equal(member(o, "kinds"), "null");
	assert_string_equal(member(o, "results"), "null");
	assert_string_equal(member(o, "sizes"), "null");
	json_object_put(o);
	o = json_of_vmids(&host, true);
	assert_string_equal(member(o, "in_use"), "null");
	assert_string_equal(member(o, "rollovers"), "null");
	json_object_put(o);
}

static void text_shows_a_dash_for_what_is_not_offered(void **state)
{
	struct text t = { .rates = true };

	(void)state;
	t.out = capture();
	host.offers = OFFER_FLUSHES;
	text_vmids(&t, &host);
	text_vmid(&t, &host, vm);
	text_flush(&t, &host, vm, S2_REASON_FAULT, S2_SCOPE_IPA);
	fclose(t.out);
	assert_non_null(
		strstr(out, "the VMID allocator's state is not known\n"));
	assert_non_null(strstr(
		out, "7     5 -               -         -          -\n"));
	assert_non_null(strstr(
		out,
		"a, \"b\"           -              -                  10      5.0"));
	assert_non_null(strstr(out, "        - -\n"));
}

static void text_of_flushes_vmids_and_faults(void **state)
{
	struct text t = { .rates = true };

	(void)state;
	t.out = capture();
	text_vmids(&t, &host);
	text_vmid(&t, &host, vm);
	text_flush(&t, &host, vm, S2_REASON_FAULT, S2_SCOPE_IPA);
	text_flush(&t, &host, vm, S2_REASON_TEARDOWN, S2_SCOPE_VMID);
	text_faults(&t, &host, vm);
	text_audit(&t, vm);
	fclose(t.out);
	assert_non_null(strstr(
		out,
		"generation 5: 9 of 255 VMIDs in use (8 bits), 2 of them reserved; 6 rollovers in 2.0 s\n"));
	assert_non_null(strstr(
		out, "7     5 current         4       2.0          1\n"));
	assert_non_null(strstr(
		out,
		"fault          ipa                10      5.0   25%        25 2.5\n"));
	assert_non_null(strstr(
		out,
		"teardown       vmid               30       15   75%           all\n"));
	assert_non_null(strstr(out, "7 faults in 2.0 s, 3.5/s now\n"));
	assert_non_null(strstr(
		out, "  left to user space                  1       0.5/s\n"));
	assert_non_null(strstr(
		out, "  asked for 2M                        1       0.5/s\n"));
	assert_null(strstr(out, "asked for 1G"));
	assert_non_null(strstr(
		out, "ok           a, \"b\" (mmu 1, vm 101): 1 table pages\n"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_flush_row_tells_reason_scope_and_pages),
		T(faults_tell_kinds_results_and_sizes),
		T(a_hot_region_is_2_mb),
		T(a_vmid_is_current_old_or_not_known),
		T(the_allocator_is_an_object),
		T(csv_quotes_what_would_mislead),
		T(what_is_not_offered_is_null),
		T(text_shows_a_dash_for_what_is_not_offered),
		T(text_of_flushes_vmids_and_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
