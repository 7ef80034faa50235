// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an IPA space is mapped with, byte by byte where it matters, and the
 * two pictures of it.
 */
#include "unit.h"

#include "model/ipamap.h"
#include "view/map.h"

#define PAGE 0x1000ULL
#define BLOCK 0x200000ULL
#define RW_NORMAL 0x7fdULL /* AF, inner shareable, RW, normal; not XN: 0x7fd */
#define YOUNG (1ULL << 10)
#define WRITE (1ULL << 7)

static struct host host;
static struct vm vm;
static struct ipamap map;
static struct s2r_entries rec;
static char *out;
static size_t out_len;

static int setup(void **state)
{
	(void)state;
	host_init(&host, PAGE_4K);
	vm = (struct vm){ .id = 7, .tgid = 99, .ipa_bits = 40 };
	snprintf(vm.name, sizeof(vm.name), "<web> & \"1\"");
	ipamap_init(&map, &host, &vm);
	rec = (struct s2r_entries){ .nr = 512 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ipamap_free(&map);
	free(out);
	out = NULL;
	return 0;
}

static uint64_t page(uint64_t pa)
{
	return pa | (RW_NORMAL | 2);
}

static uint64_t block(uint64_t pa)
{
	return pa | (RW_NORMAL & ~2ULL);
}

static void feed(int level, uint64_t ipa)
{
	struct s2r_table table = table_rec(7, level, 0x1000, 0, 0);

	table.ipa = ipa;
	ipamap_entries(&map, &table, &rec);
	rec = (struct s2r_entries){ .nr = 512 };
}

static void slot(int id, uint64_t ipa, uint64_t size, uint32_t flags)
{
	const struct s2r_slot s = {
		.id = id,
		.base_gfn = ipa / PAGE,
		.npages = size / PAGE,
		.flags = flags,
	};

	ipamap_slot(&map, &s);
}

static void equal_pages_are_one_cell(void **state)
{
	(void)state;
	for (int i = 0; i < 512; i++)
		rec.e[i] = page(0x80000000 + i * PAGE);
	feed(3, 0x40000000);
	ipamap_finish(&map);
	assert_int_equal(map.nr_cells, 1);
	assert_int_equal(map.cells[0].ipa, 0x40000000);
	assert_int_equal(map.cells[0].size, BLOCK);
	assert_int_equal(map.cells[0].mapped[3], BLOCK);
	assert_int_equal(map.cells[0].young, BLOCK);
	assert_int_equal(map.cells[0].writable, BLOCK);
	assert_int_equal(map.cells[0].device, 0);
}

static void a_few_runs_are_kept_exactly(void **state)
{
	struct ipa_cell sum;

	(void)state;
	for (int i = 10; i < 14; i++)
		rec.e[i] = page(i * PAGE);
	for (int i = 20; i < 30; i++)
		rec.e[i] = page(i * PAGE) & ~YOUNG;
	feed(3, 0);
	ipamap_finish(&map);
	assert_int_equal(map.nr_cells, 2);
	sum = ipamap_sum(&map, 0, BLOCK);
	assert_int_equal(ipa_cell_mapped(&sum), 14 * PAGE);
	assert_int_equal(sum.young, 4 * PAGE);
	sum = ipamap_sum(&map, 12 * PAGE, 10 * PAGE);
	assert_int_equal(ipa_cell_mapped(&sum), 4 * PAGE);
	assert_int_equal(sum.young, 2 * PAGE);
	sum = ipamap_sum(&map, 14 * PAGE, 6 * PAGE);
	assert_int_equal(ipa_cell_mapped(&sum), 0);
}

/* A cell is a fraction of a table page, whatever the guest does. */
static void many_runs_do_not_take_more_than_their_table(void **state)
{
	struct ipa_cell sum;

	(void)state;
	for (int i = 0; i < 512; i += 2)
		rec.e[i] = page(i * PAGE);
	feed(3, 0);
	ipamap_finish(&map);
	assert_true(map.nr_cells * sizeof(*map.cells) < PAGE);
	sum = ipamap_sum(&map, 0, BLOCK);
	assert_int_equal(ipa_cell_mapped(&sum), BLOCK / 2);
	assert_int_equal(sum.young, BLOCK / 2);
}

static void blocks_and_devices_are_told_apart(void **state)
{
	struct ipa_cell sum;

	(void)state;
	rec.e[0] = block(0x80000000);
	rec.e[1] = block(0x80200000);
	rec.e[2] = block(0x80400000) & ~WRITE;
	rec.e[5] = (block(0x90000000) & ~0x3cULL) | 0x4; /* Device-nGnRE */
	feed(2, 0x40000000);
	ipamap_finish(&map);
	assert_int_equal(map.nr_cells, 3);
	assert_int_equal(map.cells[0].size, 2 * BLOCK);
	assert_int_equal(map_kind(&map.cells[0]), MAP_BLOCKS);
	assert_int_equal(map.cells[1].writable, 0);
	assert_int_equal(map_kind(&map.cells[2]), MAP_DEVICE);
	sum = ipamap_sum(&map, 0x40000000, 0x40000000);
	assert_int_equal(ipa_cell_mapped(&sum), 4 * BLOCK);
	assert_int_equal(sum.mapped[2], 4 * BLOCK);
	assert_int_equal(sum.device, BLOCK);
	assert_int_equal(sum.writable, 3 * BLOCK);
}

static void tables_and_annotations_map_nothing(void **state)
{
	(void)state;
	rec.e[0] = 0x80000003; /* a table */
	rec.e[1] = 0x400; /* in transition */
	rec.e[2] = 0x100; /* an annotation */
	feed(2, 0);
	ipamap_finish(&map);
	assert_int_equal(map.nr_cells, 0);
}

static void cells_come_in_order_whatever_was_fed_first(void **state)
{
	(void)state;
	rec.e[3] = block(0x80000000);
	feed(2, 0x80000000);
	rec.e[0] = page(0x1000);
	feed(3, 0x40000000);
	ipamap_finish(&map);
	assert_int_equal(map.nr_cells, 2);
	assert_int_equal(map.cells[0].ipa, 0x40000000);
	assert_int_equal(map.cells[1].ipa, 0x80600000);
}

static void regions_are_slots_and_what_is_outside_of_them(void **state)
{
	(void)state;
	slot(1, 0x40000000, 0x1000000, 0);
	slot(0, 0x10000000, 0x10000, 2);
	slot(0, 0x10000000, 0x10000, 2); /* read twice while it changed */
	rec.e[1] = page(0x90000000);
	feed(3, 0x8000000); /* outside */
	rec.e[1] = page(0x90000000);
	feed(3, 0x40000000);
	ipamap_finish(&map);
	assert_int_equal(map.nr_regions, 3);
	assert_null(map.regions[0].slot);
	assert_int_equal(map.regions[0].ipa, 0x8001000);
	assert_int_equal(map.regions[0].size, PAGE);
	assert_int_equal(map.regions[1].slot->id, 0);
	assert_int_equal(map.regions[2].slot->id, 1);
	assert_int_equal(map.regions[2].size, 0x1000000);
}

/* The host of the picture tests: 64K of pages, blocks, a device, a hole. */
static void fill(void)
{
	slot(0, 0x10000000, 0x10000, 2);
	slot(1, 0x40000000, 8 * BLOCK, 1);
	for (int i = 0; i < 4; i++)
		rec.e[i] = page(0x90000000 + i * PAGE);
	feed(3, 0x10000000);
	for (int i = 0; i < 3; i++)
		rec.e[i] = block(0x80000000 + i * BLOCK);
	feed(2, 0x40000000);
	rec.e[0] = (page(0x8040000) & ~0x3cULL) | 0x4;
	feed(3, 0x8000000);
	ipamap_finish(&map);
}

static void the_text_picture_shows_slots_holes_and_devices(void **state)
{
	struct text t = {};

	(void)state;
	fill();
	t.out = open_memstream(&out, &out_len);
	map_text(&t, &vm, &map, 80);
	fclose(t.out);
	assert_non_null(strstr(out, "40-bit IPA space"));
	assert_non_null(strstr(out, "0x0000000000-0x0008000000   128M hole\n"));
	assert_non_null(strstr(
		out, "4K no slot: 4K mapped (100%), 4K of 4K, 4K device"));
	assert_non_null(strstr(out, "64K slot 0, read-only: 16K mapped (25%)"));
	assert_non_null(strstr(out, "  0x0010000000 PPPP............\n"));
	assert_non_null(strstr(
		out, "16M slot 1, dirty log: 6M mapped (38%), 6M of 2M"));
	assert_non_null(
		strstr(out, "0x0041000000-0x10000000000  1023G hole\n"));
	assert_null(strstr(out, "\033"));
	for (const char *p = out; *p; p += strcspn(p, "\n") + 1)
		assert_true(strcspn(p, "\n") <= 100);
}

static void equal_lines_are_one_with_a_star(void **state)
{
	struct text t = {};

	(void)state;
	slot(0, 0, 64 * BLOCK, 0);
	rec.e[63] = block(0x80000000);
	feed(2, 0);
	ipamap_finish(&map);
	t.out = open_memstream(&out, &out_len);
	map_text(&t, &vm, &map, 80);
	fclose(t.out);
	assert_non_null(strstr(out, "\n  *\n"));
	assert_non_null(strstr(out, "BBBB"));
}

static void the_svg_is_one_document_and_escapes_names(void **state)
{
	struct map_svg *svg;
	FILE *f = open_memstream(&out, &out_len);

	(void)state;
	fill();
	svg = map_svg_begin(f);
	assert_non_null(svg);
	map_svg_vm(svg, &vm, &map);
	map_svg_end(svg);
	fclose(f);
	assert_ptr_equal(strstr(out, "<?xml"), out);
	assert_non_null(strstr(out, "&lt;web&gt; &amp; &quot;1&quot;"));
	assert_null(strstr(out, "<web>"));
	assert_string_equal(out + out_len - 7, "</svg>\n");
	/* Self-contained: the only address in it is the name space. */
	assert_ptr_equal(strstr(out, "http"),
			 strstr(out, "http://www.w3.org/"));
	assert_null(strstr(strstr(out, "http") + 1, "http"));
	assert_non_null(strstr(out, "class=\"b\""));
	assert_non_null(strstr(out, "class=\"d\""));
	assert_non_null(strstr(out, "1M mapped, 1M of 2M"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(equal_pages_are_one_cell),
		T(a_few_runs_are_kept_exactly),
		T(many_runs_do_not_take_more_than_their_table),
		T(blocks_and_devices_are_told_apart),
		T(tables_and_annotations_map_nothing),
		T(cells_come_in_order_whatever_was_fed_first),
		T(regions_are_slots_and_what_is_outside_of_them),
		T(the_text_picture_shows_slots_holes_and_devices),
		T(equal_lines_are_one_with_a_star),
		T(the_svg_is_one_document_and_escapes_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
