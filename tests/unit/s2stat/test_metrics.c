// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metrics: both formats keep their grammar, names are joined by the info
 * metric and never are labels elsewhere, and no address, pid or VMID is one.
 */
#include "unit.h"

#include "view/metrics.h"

static struct host host;
static char *out;
static size_t out_len;

static int setup(void **state)
{
	struct s2r_counts c = { .sets = 20, .clears = 6, .flush_pages = { { 64 } } };
	const uint64_t ids[] = { 1, 2, 3 };

	(void)state;
	host_of(&host, 3, ids);
	add_table(&host, table_rec(1, 3, 0x7000, 256, 0));
	c.flushes[S2_REASON_FAULT][S2_SCOPE_IPA] = 1;
	c.flushes[S2_REASON_NOTIFIER_UNMAP][S2_SCOPE_RANGE] = 3;
	c.faults[S2_FAULT_TRANSLATION] = 8;
	host_counts(&host, 1, &c);
	host_end(&host);
	host.rollovers = 4;
	host.leaked = 5;
	snprintf(host.vm[0]->name, VM_NAME_MAX, "web \"1\"\\\n");
	snprintf(host.vm[0]->vmm, VM_VMM_MAX, "qemu");
	host.vm[2]->alive = false;
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

static void write_as(enum metrics_format format, int64_t secondary)
{
	const struct metrics m = { .version = "1", .secondary_bytes = secondary };
	FILE *f;

	free(out);
	f = open_memstream(&out, &out_len);
	metrics_write(f, format, &host, &m);
	fclose(f);
}

static void has(const char *line)
{
	const char *at = strstr(out, line);

	if (!at || (at != out && at[-1] != '\n'))
		fail_msg("no line '%s' in\n%s", line, out);
}

static void openmetrics_has_units_info_and_an_end(void **state)
{
	(void)state;
	write_as(METRICS_OPENMETRICS, 65536);
	has("# TYPE s2_context info\n");
	has("# TYPE s2_sets counter\n");
	has("# UNIT s2_mapped_bytes bytes\n");
	has("s2_context_info{mmu=\"1\",name=\"web \\\"1\\\"\\\\\\n\",vmm=\"qemu\",nested=\"0\"} 1\n");
	has("s2_mapped_bytes{mmu=\"1\",leaf_bytes=\"4096\"} 1048576\n");
	has("s2_flushes_total{mmu=\"1\",reason=\"notifier_unmap\",scope=\"range\"} 3\n");
	has("s2_faults_total{mmu=\"2\",kind=\"translation\"} 0\n");
	/* Two roots of one page live here; the table page makes three. */
	has("s2_host_secondary_table_bytes 65536\n");
	has("s2_host_unowned_table_bytes 53248\n");
	has("s2_leaked_table_pages_total 5\n");
	has("s2_vmid_rollovers_total 4\n");
	has("s2_contexts 2\n");
	assert_string_equal(out + out_len - 6, "# EOF\n");
}

static void the_older_format_types_each_sample(void **state)
{
	(void)state;
	write_as(METRICS_PROMETHEUS, -1);
	has("# TYPE s2_sets_total counter\n");
	has("# TYPE s2_context_info gauge\n");
	assert_null(strstr(out, "# UNIT"));
	assert_null(strstr(out, "# EOF"));
	assert_null(strstr(out, "\ns2_host_secondary_table_bytes "));
}

static void what_is_gone_is_not_exported(void **state)
{
	(void)state;
	write_as(METRICS_OPENMETRICS, 0);
	assert_null(strstr(out, "mmu=\"3\""));
}

/* Every line is a comment or a sample of the family declared last. */
static void families_stand_together(void **state)
{
	char family[64] = "", *save = NULL;

	(void)state;
	write_as(METRICS_OPENMETRICS, 0);
	for (char *l = strtok_r(out, "\n", &save); l;
	     l = strtok_r(NULL, "\n", &save)) {
		if (sscanf(l, "# TYPE %63s", family) == 1 || *l == '#')
			continue;
		assert_memory_equal(l, family, strlen(family));
	}
}

/* Labels come from this list: no IPA, pid or VMID can be one. */
static void labels_are_few_and_known(void **state)
{
	static const char *const known[] = {
		"mmu", "name", "vmm", "nested", "level", "leaf_bytes",
		"reason", "scope", "kind", "version",
	};
	size_t seen = 0;

	(void)state;
	write_as(METRICS_OPENMETRICS, 0);
	for (char *eq = strstr(out, "=\""); eq; eq = strstr(eq + 1, "=\"")) {
		char *from = eq;
		bool ok = false;

		while (from[-1] != '{' && from[-1] != ',')
			from--;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			ok |= strlen(known[i]) == (size_t)(eq - from) &&
			      !strncmp(known[i], from, eq - from);
		if (!ok)
			fail_msg("unknown label in %.40s", from);
		seen++;
	}
	assert_true(seen > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(openmetrics_has_units_info_and_an_end),
		T(the_older_format_types_each_sample),
		T(what_is_gone_is_not_exported),
		T(families_stand_together),
		T(labels_are_few_and_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
