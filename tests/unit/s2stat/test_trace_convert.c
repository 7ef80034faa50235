// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of a recording: each format says of a small life what it should
 * say of it, and can be parsed by those who read the format. And whatever a
 * recording holds, what comes out is well-formed.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <unistd.h>

#include "trace/writer.h"
#include "unit.h"
#include "view/convert.h"
#include "view/report.h"

static char dir[] = "/tmp/s2stat-convert.XXXXXX";
static char path[64];
static struct failure f;
static struct trace_writer *writer;
static uint64_t seq, now;

static const struct trace_head head = {
	.monotonic = 1,
	.page_size = 4096,
	.cpus = 2,
	.listens = (1u << EV_NR_S2) - 1,
	.host = "Linux <b>6.12</b>",
	.command = "./\"test\"",
};

static int setup(void **state)
{
	const struct trace_options o = { .force = true };

	(void)state;
	snprintf(path, sizeof(path), "%s/t", dir);
	seq = 0;
	now = 1000;
	return trace_writer_open(&writer, path, &o, &f) ||
	       trace_writer_begin(writer, &head, &f);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void put(enum event_type type, struct event e)
{
	e.type = type;
	e.time = now += 1000;
	e.mmu = 5;
	e.seq = ++seq;
	e.vm = 77;
	e.pid = 78;
	e.cpu = 1;
	assert_int_equal(trace_write(writer, &e, &f), 0);
}

#define PUT(type, ...) put(EV_##type, (struct event){ .type = { __VA_ARGS__ } })

/* A page is mapped, unmapped, and all is given back. */
static void write_life(void)
{
	const struct trace_name name = { 77, "qemu", "web \"1\" <i>" };

	assert_int_equal(trace_write_names(writer, &name, 1, &f), 0);
	PUT(s2_mmu_init, .ipa_bits = 39, .start_level = 1, .granule = 4096,
	    .root_pa = 0x10000, .root_pages = 1);
	PUT(s2_vmid_assign, .vmid = 3, .generation = 1);
	PUT(s2_vmid_load, .vmid = 3, .generation = 1, .cpu = 1);
	PUT(s2_fault_begin, .ipa = 0x40000000, .write = 1);
	PUT(s2_op_begin, .op = 1, .ipa = 0x40000000, .end = 0x40001000,
	    .lock = S2_LOCK_READ);
	PUT(s2_table_alloc, .op = 1, .table = 0x20000, .level = 2,
	    .ipa = 0x40000000);
	PUT(s2_set, .op = 1, .ipa = 0x40000000, .level = 1, .table = 0x10000,
	    .index = 1, .new = 0x20003, .count = 2);
	PUT(s2_set, .op = 1, .ipa = 0x40000000, .level = 2, .table = 0x20000,
	    .new = 0x40000080000fdULL, .count = 2);
	PUT(s2_op_end, .op = 1, .entries = 2);
	PUT(s2_fault_end, .ipa = 0x40000000, .result = 1, .size = 0x200000);
	PUT(s2_op_begin, .op = 2, .kind = S2_OP_UNMAP,
	    .reason = S2_REASON_NOTIFIER_UNMAP, .ipa = 0x40000000,
	    .end = 0x40200000, .lock = S2_LOCK_WRITE);
	PUT(s2_clear, .op = 2, .ipa = 0x40000000, .level = 2, .table = 0x20000,
	    .old = 0x40000080000fdULL, .count = 1);
	PUT(s2_flush, .op = 2, .scope = S2_SCOPE_IPA, .raw = 0x40000,
	    .level = 2, .ipa = 0x40000000, .size = 0x200000, .vmid = 3,
	    .generation = 1, .reason = S2_REASON_NOTIFIER_UNMAP, .cpu = 1);
	PUT(s2_clear, .op = 2, .ipa = 0x40000000, .level = 1, .table = 0x10000,
	    .index = 1, .old = 0x20003, .count = 1);
	PUT(s2_flush, .op = 2, .scope = S2_SCOPE_RANGE, .level = 127,
	    .ipa = 0x40000000, .size = 0x40000000, .vmid = 3, .generation = 1,
	    .reason = S2_REASON_NOTIFIER_UNMAP, .cpu = 1);
	PUT(s2_table_free, .op = 2, .table = 0x20000, .level = 2,
	    .ipa = 0x40000000, .count = 1);
	PUT(s2_op_end, .op = 2, .kind = S2_OP_UNMAP, .entries = 2);
	PUT(s2_vmid_put, .vmid = 3, .generation = 1, .cpu = 1);
	PUT(s2_mmu_free, .root_pa = 0x10000, .tables_alloc = 1,
	    .tables_freed = 1);
}

static void finish(void)
{
	const struct trace_end end = { .reason = TRACE_END_TIME, .status = -1 };

	assert_int_equal(trace_writer_end(writer, &end, &f), 0);
	trace_writer_close(writer);
}

/* The recording as @to makes it; to be freed. */
static char *convert(const struct converter *to)
{
	struct trace_reader *r;
	const struct event *e;
	char *text = NULL;
	size_t len = 0, nr;
	void *self;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(trace_open(&r, path, &f), 0);
	assert_int_equal(to->begin(&self, out, r, &f), 0);
	while (!trace_next(r, &e, &nr, &f) && nr)
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(to->event(self, &e[i], &f), 0);
	assert_int_equal(to->end(self, &f), 0);
	trace_close(r);
	fclose(out);
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void json_has_a_line_for_each_event(void **state)
{
	char *text, *line, *rest;
	size_t events = 0;

	(void)state;
	write_life();
	finish();
	text = convert(&json_converter);
	assert_non_null(strstr(text, "\"event\":\"s2_set\""));
	assert_non_null(strstr(text, "\"new\":\"0x40000080000fd\""));
	assert_non_null(strstr(text, "\"scope\":\"range\""));
	assert_non_null(strstr(text, "\"reason\":\"notifier_unmap\""));
	assert_non_null(strstr(text, "\"complete\":true"));
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line) {
		struct json_object *o = json_tokener_parse(line);

		assert_non_null(o);
		events += !strcmp(json_object_get_string(
					  json_object_object_get(o, "type")),
				  "event");
		json_object_put(o);
	}
	assert_int_equal(events, seq);
	free(text);
}

static void perfetto_has_slices_instants_and_counters(void **state)
{
	struct json_object *o, *events;
	char *text;

	(void)state;
	write_life();
	finish();
	text = convert(&perfetto_converter);
	o = json_tokener_parse(text);
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "traceEvents", &events));
	assert_int_equal(count(text, "\"ph\":\"B\""), 3);
	assert_int_equal(count(text, "\"ph\":\"E\""), 3);
	assert_int_equal(count(text, "\"name\":\"flush "), 2);
	assert_int_equal(count(text, "\"name\":\"tables of mmu 5\""), 2);
	assert_int_equal(count(text, "\"name\":\"leaves of mmu 5\""), 2);
	assert_non_null(strstr(text, "\"name\":\"web \\\"1\\\" <i>\""));
	json_object_put(o);
	free(text);
}

/* One level of lists is what the format has in a record: (word (key value)). */
static void check_record(const char *line)
{
	int depth = 0;

	assert_int_equal(line[0], '(');
	for (const char *p = line; *p; p++) {
		depth += *p == '(';
		depth -= *p == ')';
		assert_in_range(depth, p[1] ? 1 : 0, 2);
	}
	assert_int_equal(depth, 0);
	assert_non_null(strstr(line, " (id "));
	assert_non_null(strstr(line, " (tid 1) "));
	assert_non_null(strstr(line, " (src \"s2_"));
}

static void casemate_is_told_what_the_events_stand_for(void **state)
{
	/* Only what matters; the ids are those of their lines. */
	static const char *const expected[] = {
		"(sysreg-write (id 0) (tid 1) (sysreg vtcr_el2) (value 0x19)",
		"(mem-init (id 1) (tid 1) (address 0x10000) (size 0x1000)",
		"(hint (id 2) (tid 1) (kind set_root_lock) (location 0x10000)",
		"(sysreg-write (id 3) (tid 1) (sysreg vttbr_el2) (value 0x3000000010000)",
		"(barrier (id 4) (tid 1) isb",
		"(mem-init (id 5) (tid 1) (address 0x20000) (size 0x1000)",
		"(hint (id 6) (tid 1) (kind set_owner_root) (location 0x20000) (value 0x10000)",
		"(lock (id 7) (tid 1) (address 0x1000000000000028)",
		"(mem-write (id 8) (tid 1) (mem-order release) (address 0x10008) (value 0x20003) (src \"s2_set:7\"))",
		"(unlock (id 9)",
		"(lock (id 10)",
		"(mem-write (id 11) (tid 1) (mem-order release) (address 0x20000) (value 0x40000080000fd)",
		"(unlock (id 12)",
		"(lock (id 13) (tid 1) (address 0x1000000000000028) (src \"s2_op_begin:11\"))",
		"(mem-write (id 14) (tid 1) (mem-order release) (address 0x20000) (value 0x0)",
		"(barrier (id 15) (tid 1) dsb (kind ish)",
		"(tlbi (id 16) (tid 1) ipas2e1is (value 0x40000)",
		"(barrier (id 17) (tid 1) dsb (kind ish)",
		"(tlbi (id 18) (tid 1) vmalle1is",
		"(barrier (id 19) (tid 1) dsb (kind ish)",
		"(mem-write (id 20) (tid 1) (mem-order release) (address 0x10008) (value 0x0)",
		"(barrier (id 21) (tid 1) dsb (kind ish)",
		"(tlbi (id 22) (tid 1) vmalls12e1is",
		"(barrier (id 23) (tid 1) dsb (kind ish)",
		"(mem-free (id 24) (tid 1) (address 0x20000) (size 0x1000)",
		"(unlock (id 25)",
		"(mem-init (id 26) (tid 1) (address 0x0) (size 0x1000)",
		"(hint (id 27) (tid 1) (kind set_root_lock) (location 0x0)",
		"(sysreg-write (id 28) (tid 1) (sysreg vttbr_el2) (value 0x0)",
		"(barrier (id 29) (tid 1) isb",
		"(hint (id 30) (tid 1) (kind release_table) (location 0x10000)",
		"(mem-free (id 31) (tid 1) (address 0x10000) (size 0x1000)",
	};
	char *text, *line, *rest;

	(void)state;
	write_life();
	finish();
	text = convert(&casemate_converter);
	rest = text;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		line = strsep(&rest, "\n");
		assert_non_null(line);
		if (strncmp(line, expected[i], strlen(expected[i])))
			assert_string_equal(line, expected[i]);
		check_record(line);
	}
	assert_string_equal(rest, "");
	free(text);
}

/* The report, on the same life. */
static char *report_of(void (*show)(FILE *, const struct report *))
{
	struct summary *sum = calloc(1, sizeof(*sum));
	struct report r = { .path = "<t>", .summary = sum };
	struct trace_reader *reader;
	const struct event *e;
	char *text = NULL;
	size_t len, nr;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(trace_open(&reader, path, &f), 0);
	while (!trace_next(reader, &e, &nr, &f) && nr)
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(summary_event(sum, &e[i]), 0);
	summary_sort(sum);
	r.trace = reader;
	show(out, &r);
	fclose(out);
	summary_free(sum);
	free(sum);
	trace_close(reader);
	return text;
}

static void the_report_counts_what_there_is(void **state)
{
	struct json_object *o;
	char *text;

	(void)state;
	write_life();
	finish();
	text = report_of(report_text);
	assert_non_null(strstr(text, "nothing is missing"));
	assert_non_null(strstr(text, "notifier_unmap   ipa 1 range 1"));
	assert_non_null(strstr(text, "handled 1"));
	assert_non_null(strstr(text, "begins, ends"));
	free(text);

	text = report_of(report_json);
	o = json_tokener_parse(text);
	assert_non_null(o);
	assert_int_equal(
		json_object_get_int64(json_object_object_get(o, "events")),
		seq);
	json_object_put(o);
	free(text);

	text = report_of(report_html);
	assert_int_equal(count(text, "<svg"), count(text, "</svg>"));
	assert_true(count(text, "<svg") >= 5);
	/* What others wrote is text, not markup; nothing is fetched. */
	assert_null(strstr(text, "<i>\""));
	assert_null(strstr(text, "<b>6.12"));
	assert_null(strstr(text, "<t>"));
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_null(strstr(text, "<script"));
	free(text);
}

static void a_loss_shows_everywhere(void **state)
{
	char *text;

	(void)state;
	write_life();
	seq += 3; /* numbers that nobody has */
	now += 50000000;
	PUT(s2_cache, .cache = 1);
	put(EV_lost, (struct event){ .lost = { .count = 3 } });
	finish();
	text = report_of(report_text);
	assert_non_null(strstr(text, "INCOMPLETE: "));
	free(text);
	text = report_of(report_html);
	assert_non_null(strstr(text, "class=\"loss\""));
	free(text);
	text = convert(&perfetto_converter);
	assert_non_null(strstr(text, "\"name\":\"lost\""));
	free(text);
}

static uint64_t next_random(void)
{
	static uint64_t seed = 7;

	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33 ^ seed << 20) >> (seed >> 58);
}

/* Nonsense, of all types: well-formed it must be, and nothing may overflow. */
static void write_nonsense(void)
{
	for (int i = 0; i < 5000; i++) {
		struct event e = {
			.type = next_random() % EV_NR,
			.time = next_random(),
			.mmu = next_random() % 5,
			.seq = next_random() % 9,
			.vm = next_random() % 3,
			.pid = next_random(),
			.cpu = next_random() % 6 - 1,
		};
		const struct event_desc *desc = &event_descs[e.type];

		for (size_t j = 0; j < desc->nr_args; j++)
			event_set_arg(&e, &desc->arg[j], next_random());
		/* Where Casemate would rightly refuse. */
		if (e.type == EV_s2_mmu_init || e.type == EV_snap_mmu) {
			e.s2_mmu_init.granule = 4096;
			e.snap_mmu.granule = 4096;
			e.s2_mmu_init.start_level = 1;
			e.snap_mmu.start_level = 1;
		}
		assert_int_equal(trace_write(writer, &e, &f), 0);
	}
}

static void nonsense_comes_out_well_formed(void **state)
{
	struct json_object *o;
	char *text, *line, *rest;

	(void)state;
	write_nonsense();
	finish();
	text = convert(&json_converter);
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line) {
		o = json_tokener_parse(line);
		assert_non_null(o);
		json_object_put(o);
	}
	free(text);
	text = convert(&perfetto_converter);
	o = json_tokener_parse(text);
	assert_non_null(o);
	json_object_put(o);
	free(text);
	free(convert(&casemate_converter));
	free(report_of(report_text));
	free(report_of(report_html));
}

static void casemate_refuses_what_it_cannot_know(void **state)
{
	struct trace_reader *r;
	const struct event *e;
	char *text = NULL;
	size_t len, nr;
	void *self;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	PUT(s2_mmu_init, .start_level = 1, .granule = 65536);
	PUT(s2_mmu_init, .start_level = -1, .granule = 4096);
	finish();
	assert_int_equal(trace_open(&r, path, &f), 0);
	assert_int_equal(casemate_converter.begin(&self, out, r, &f), 0);
	assert_int_equal(trace_next(r, &e, &nr, &f), 0);
	assert_int_equal(nr, 2);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(casemate_converter.event(self, &e[i], &f), -1);
		assert_int_equal(f.code, EXIT_ERROR);
	}
	casemate_converter.end(self, &f);
	trace_close(r);
	fclose(out);
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(json_has_a_line_for_each_event),
		TEST(perfetto_has_slices_instants_and_counters),
		TEST(casemate_is_told_what_the_events_stand_for),
		TEST(the_report_counts_what_there_is),
		TEST(a_loss_shows_everywhere),
		TEST(nonsense_comes_out_well_formed),
		TEST(casemate_refuses_what_it_cannot_know),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
