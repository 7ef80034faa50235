// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's IPA space drawn with letters: a cell is a letter, a region (a memslot,
 * or what is mapped outside of any) a few lines (see map.h).
 */
#include <inttypes.h>

#include "fmt.h"
#include "map.h"

/* Lines that one region may take. */
#define MAX_LINES 16
#define LABEL 16
/* Cells that a line may have. */
#define MAX_CELLS 128

struct glyph {
	char part; /* not all of the cell is mapped */
	char whole;
	const char *color;
	const char *word;
};

static const struct glyph glyphs[] = {
	[MAP_EMPTY] = { '.', '.', "\033[2m", "nothing mapped" },
	[MAP_PAGES] = { 'p', 'P', "\033[33m", "pages" },
	[MAP_BLOCKS] = { 'b', 'B', "\033[32m", "blocks" },
	[MAP_GIANT] = { 'g', 'G', "\033[36m", "large blocks" },
	[MAP_DEVICE] = { 'd', 'D', "\033[35m", "device" },
};
#define NR_GLYPHS (sizeof(glyphs) / sizeof(glyphs[0]))

#define OLD "\033[2m"

static void put_cell(const struct text *t, const struct ipa_cell *cell)
{
	enum map_kind kind = map_kind(cell);
	const struct glyph *g = &glyphs[kind];
	bool whole = ipa_cell_mapped(cell) == cell->size;

	if (t->color)
		fprintf(t->out, "%s%s", g->color,
			kind != MAP_EMPTY && map_is_old(cell) ? OLD : "");
	fputc(whole ? g->whole : g->part, t->out);
	if (t->color)
		fputs(TEXT_PLAIN, t->out);
}

/* How much of @size bytes is mapped, by leaf size; how much of it is young. */
static void put_sums(const struct text *t, const struct ipamap *map,
		     const struct ipa_cell *sum)
{
	uint64_t mapped = ipa_cell_mapped(sum);

	fprintf(t->out, "%s mapped (%s)", fmt_bytes(mapped).s,
		fmt_percent(mapped, sum->size).s);
	if (!mapped)
		return;
	for (int l = VM_LAST_LEVEL; l > 0; l--)
		if (sum->mapped[l])
			fprintf(t->out, ", %s of %s",
				fmt_bytes(sum->mapped[l]).s,
				fmt_size(vm_level_size(map->page_shift, l)).s);
	if (sum->device)
		fprintf(t->out, ", %s device", fmt_bytes(sum->device).s);
	fprintf(t->out, ", %s young", fmt_percent(sum->young, mapped).s);
	if (sum->writable < mapped)
		fprintf(t->out, ", %s writable",
			fmt_percent(sum->writable, mapped).s);
}

static void put_region_head(const struct text *t, const struct ipamap *map,
			    const struct ipa_region *r)
{
	struct ipa_cell sum = ipamap_sum(map, r->ipa, r->size);

	fprintf(t->out, "0x%010" PRIx64 "-0x%010" PRIx64 " %6s ", r->ipa,
		r->ipa + r->size, fmt_bytes(r->size).s);
	if (r->slot)
		fprintf(t->out, "slot %d%s%s: ", r->slot->id,
			r->slot->flags & 2 ? ", read-only" : "",
			r->slot->flags & 1 ? ", dirty log" : "");
	else
		fputs("no slot: ", t->out);
	put_sums(t, map, &sum);
	fputc('\n', t->out);
}

/* The cells of a line from @from on; outside of the region: not there. */
static unsigned int get_line(const struct ipamap *map, uint64_t from,
			     uint64_t size, unsigned int cells,
			     const struct ipa_region *r, struct ipa_cell *line)
{
	unsigned int n = 0;

	for (; n < cells && from + n * size < r->ipa + r->size; n++) {
		uint64_t at = from + n * size, end = at + size;
		uint64_t lo = at > r->ipa ? at : r->ipa;

		if (end > r->ipa + r->size)
			end = r->ipa + r->size;
		line[n] = (struct ipa_cell){};
		if (lo < end)
			line[n] = ipamap_sum(map, lo, end - lo);
	}
	return n;
}

/* Would @line be drawn like the one before, which had as many cells? */
static bool looks_same(const struct ipa_cell *line, const struct ipa_cell *last,
		       unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct ipa_cell *a = &line[i], *b = &last[i];

		if (!a->size != !b->size || map_kind(a) != map_kind(b) ||
		    map_is_old(a) != map_is_old(b) ||
		    (ipa_cell_mapped(a) == a->size) !=
			    (ipa_cell_mapped(b) == b->size))
			return false;
	}
	return true;
}

static void put_line(const struct text *t, uint64_t from,
		     const struct ipa_cell *line, unsigned int n)
{
	fprintf(t->out, "  0x%010" PRIx64 " ", from);
	for (unsigned int i = 0; i < n; i++) {
		if (line[i].size)
			put_cell(t, &line[i]);
		else
			fputc(' ', t->out);
	}
	fputc('\n', t->out);
}

/* A number of cells a line that makes round addresses. */
static unsigned int line_cells(int width)
{
	unsigned int cells = 16;

	while ((int)cells * 2 <= width - LABEL && cells < MAX_CELLS)
		cells *= 2;
	return cells;
}

/* Lines like the one before are one line with a star, as in a hex dump. */
static void put_region(const struct text *t, const struct ipamap *map,
		       const struct ipa_region *r, int width)
{
	unsigned int cells = line_cells(width), n, last_n = 0;
	uint64_t size =
		map_cell_size(r->size, map->page_shift, cells * MAX_LINES);
	uint64_t from = r->ipa & ~(size * cells - 1);
	struct ipa_cell lines[2][MAX_CELLS];
	bool starred = false;

	put_region_head(t, map, r);
	for (unsigned int i = 0; from < r->ipa + r->size; i ^= 1) {
		n = get_line(map, from, size, cells, r, lines[i]);
		if (n != last_n || !looks_same(lines[i], lines[i ^ 1], n)) {
			put_line(t, from, lines[i], n);
			starred = false;
		} else if (!starred) {
			fputs("  *\n", t->out);
			starred = true;
		}
		last_n = n;
		from += size * cells;
	}
	fprintf(t->out, "  a letter is %s\n", fmt_size(size).s);
}

static void put_hole(const struct text *t, uint64_t from, uint64_t to)
{
	if (to > from)
		fprintf(t->out, "0x%010" PRIx64 "-0x%010" PRIx64 " %6s hole\n",
			from, to, fmt_bytes(to - from).s);
}

static void put_legend(const struct text *t)
{
	fputs("small letters: partly mapped;", t->out);
	for (size_t i = 0; i < NR_GLYPHS; i++)
		fprintf(t->out, " %s%c%s %s%s", t->color ? glyphs[i].color : "",
			glyphs[i].whole, t->color ? TEXT_PLAIN : "",
			glyphs[i].word, i + 1 < NR_GLYPHS ? "," : "");
	fputs(t->color ? "; dim: old\n" : "\n", t->out);
}

/**
 * map_text() - draws the IPA space of @vm
 * @map:	finished
 * @width:	columns that a line may have
 */
void map_text(const struct text *t, const struct vm *vm,
	      const struct ipamap *map, int width)
{
	uint64_t at = 0, limit = vm->ipa_bits < 64 ? 1ULL << vm->ipa_bits : 0;

	fprintf(t->out, "%s (mmu %" PRIu64 ", vm %d): %u-bit IPA space\n",
		vm->name, vm->id, vm->tgid, vm->ipa_bits);
	for (size_t i = 0; i < map->nr_regions; i++) {
		const struct ipa_region *r = &map->regions[i];

		put_hole(t, at, r->ipa);
		put_region(t, map, r, width);
		if (r->ipa + r->size > at)
			at = r->ipa + r->size;
	}
	put_hole(t, at, limit);
	put_legend(t);
}
