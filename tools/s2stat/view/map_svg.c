// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's IPA space as one self-contained SVG (see map.h): no script, no font,
 * no reference to anything outside. A region is a strip of lines; a cell's
 * colour is the size of its leaves, its height how much of it is mapped, and
 * hatching means old. Pointing at it tells its figures.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "fmt.h"
#include "map.h"

#define WIDTH 1064
#define LEFT 150
#define CELL 7 /* wide */
#define LINE 20 /* high */
#define CELLS 128 /* in a line */
#define MAX_LINES 24

/**
 * struct map_svg - a picture in the making
 * @y:		how far down it has come
 *
 * The height is known at the end only, so the body goes to @body and the head
 * before it to @out then.
 */
struct map_svg {
	FILE *out;
	FILE *body;
	char *text;
	size_t len;
	int y;
};

static const char *const classes[] = {
	[MAP_EMPTY] = "e", [MAP_PAGES] = "p",  [MAP_BLOCKS] = "b",
	[MAP_GIANT] = "g", [MAP_DEVICE] = "d",
};

static const char style[] =
	"<style>\n"
	"svg{background:#fff;font:13px system-ui,sans-serif;fill:#222}\n"
	".m{font-family:ui-monospace,monospace;font-size:11px;fill:#555}\n"
	".h{font-size:16px;font-weight:600}\n"
	".e{fill:#ececec}.p{fill:#e08a1e}.b{fill:#2e8b57}.g{fill:#2b7bba}\n"
	".d{fill:#a03fa0}.o{fill:url(#old)}.hole{fill:#999;font-style:italic}\n"
	"@media(prefers-color-scheme:dark){svg{background:#161616;fill:#ddd}\n"
	".m{fill:#aaa}.e{fill:#2c2c2c}.hole{fill:#777}}\n"
	"</style>\n"
	"<defs><pattern id=\"old\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"4\" fill=\"#fff\" "
	"fill-opacity=\".55\"/></pattern></defs>\n";

/* Names come from others. */
static void put_escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*s, out);
		}
	}
}

/** map_svg_begin() - a picture that will be written to @out; NULL: no memory */
struct map_svg *map_svg_begin(FILE *out)
{
	struct map_svg *svg = calloc(1, sizeof(*svg));

	if (!svg)
		return NULL;
	svg->out = out;
	svg->body = open_memstream(&svg->text, &svg->len);
	if (!svg->body) {
		free(svg);
		return NULL;
	}
	return svg;
}

static void put_title(FILE *out, const struct ipamap *map,
		      const struct ipa_cell *c)
{
	uint64_t mapped = ipa_cell_mapped(c);

	fprintf(out, "<title>0x%" PRIx64 " + %s: %s mapped", c->ipa,
		fmt_bytes(c->size).s, fmt_bytes(mapped).s);
	for (int l = VM_LAST_LEVEL; l > 0; l--)
		if (c->mapped[l])
			fprintf(out, ", %s of %s", fmt_bytes(c->mapped[l]).s,
				fmt_size(vm_level_size(map->page_shift, l)).s);
	if (c->device)
		fprintf(out, ", %s device", fmt_bytes(c->device).s);
	if (mapped)
		fprintf(out, ", %s young, %s writable",
			fmt_percent(c->young, mapped).s,
			fmt_percent(c->writable, mapped).s);
	fputs("</title>", out);
}

/* Do two cells look the same, so that one rectangle does for both? */
static bool looks_same(const struct ipa_cell *a, const struct ipa_cell *b)
{
	return map_kind(a) == map_kind(b) && map_is_old(a) == map_is_old(b) &&
	       ipa_cell_mapped(a) * 16 / a->size ==
		       ipa_cell_mapped(b) * 16 / b->size;
}

/* @cells of the line at once: they look the same. */
static void put_run(struct map_svg *svg, const struct ipamap *map,
		    unsigned int column, unsigned int cells,
		    const struct ipa_cell *sum)
{
	int x = LEFT + column * CELL, w = cells * CELL;
	double full = (double)ipa_cell_mapped(sum) / sum->size;
	double h = full > 0 ? 3 + full * (LINE - 7) : LINE - 4;
	double y = svg->y + LINE - 2 - h;
	enum map_kind kind = map_kind(sum);

	fprintf(svg->body,
		"<g>%s<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>",
		"", classes[kind], x, y, w, h);
	if (kind != MAP_EMPTY && map_is_old(sum))
		fprintf(svg->body,
			"<rect class=\"o\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>",
			x, y, w, h);
	put_title(svg->body, map, sum);
	fputs("</g>\n", svg->body);
}

static void add(struct ipa_cell *sum, const struct ipa_cell *c)
{
	sum->size += c->size;
	for (int l = 0; l < IPA_LEVELS; l++)
		sum->mapped[l] += c->mapped[l];
	sum->device += c->device;
	sum->young += c->young;
	sum->writable += c->writable;
}

static void put_line(struct map_svg *svg, const struct ipamap *map,
		     const struct ipa_region *r, uint64_t from, uint64_t size)
{
	uint64_t end = r->ipa + r->size;
	struct ipa_cell run = {};
	unsigned int first = 0, n = 0;

	fprintf(svg->body,
		"<text class=\"m\" x=\"%d\" y=\"%d\" text-anchor=\"end\">0x%" PRIx64
		"</text>\n",
		LEFT - 8, svg->y + LINE - 6, from);
	for (unsigned int i = 0; i < CELLS && from + i * size < end; i++) {
		uint64_t at = from + i * size;
		uint64_t len = end - at < size ? end - at : size;
		struct ipa_cell c = ipamap_sum(map, at, len);

		if (n && looks_same(&run, &c)) {
			add(&run, &c);
			n++;
			continue;
		}
		if (n)
			put_run(svg, map, first, n, &run);
		run = c;
		first = i;
		n = 1;
	}
	if (n)
		put_run(svg, map, first, n, &run);
	svg->y += LINE;
}

static void put_region(struct map_svg *svg, const struct ipamap *map,
		       const struct ipa_region *r)
{
	uint64_t size =
		map_cell_size(r->size, map->page_shift, CELLS * MAX_LINES);
	struct ipa_cell sum = ipamap_sum(map, r->ipa, r->size);
	uint64_t mapped = ipa_cell_mapped(&sum);

	svg->y += 24;
	fprintf(svg->body, "<text x=\"16\" y=\"%d\">0x%" PRIx64 " + %s, ",
		svg->y - 6, r->ipa, fmt_bytes(r->size).s);
	if (r->slot)
		fprintf(svg->body, "slot %d%s%s", r->slot->id,
			r->slot->flags & 2 ? ", read-only" : "",
			r->slot->flags & 1 ? ", dirty log" : "");
	else
		fputs("no slot", svg->body);
	fprintf(svg->body, ": %s mapped (%s); a cell is %s</text>\n",
		fmt_bytes(mapped).s, fmt_percent(mapped, r->size).s,
		fmt_size(size).s);
	for (uint64_t at = r->ipa; at < r->ipa + r->size; at += size * CELLS)
		put_line(svg, map, r, at, size);
}

static void put_hole(struct map_svg *svg, uint64_t from, uint64_t to)
{
	if (to <= from)
		return;
	svg->y += 20;
	fprintf(svg->body,
		"<text class=\"hole\" x=\"16\" y=\"%d\">0x%" PRIx64
		" + %s: hole</text>\n",
		svg->y - 4, from, fmt_bytes(to - from).s);
}

/** map_svg_vm() - adds the IPA space of @vm, whose @map is finished */
void map_svg_vm(struct map_svg *svg, const struct vm *vm,
		const struct ipamap *map)
{
	uint64_t at = 0, limit = vm->ipa_bits < 64 ? 1ULL << vm->ipa_bits : 0;

	svg->y += 34;
	fprintf(svg->body, "<text class=\"h\" x=\"16\" y=\"%d\">", svg->y - 8);
	put_escaped(svg->body, vm->name);
	fprintf(svg->body,
		"</text>\n<text class=\"m\" x=\"%d\" y=\"%d\" text-anchor=\"end\">mmu %" PRIu64
		", vm %d, %u-bit IPA space</text>\n",
		WIDTH - 16, svg->y - 8, vm->id, vm->tgid, vm->ipa_bits);
	for (size_t i = 0; i < map->nr_regions; i++) {
		const struct ipa_region *r = &map->regions[i];

		put_hole(svg, at, r->ipa);
		put_region(svg, map, r);
		if (r->ipa + r->size > at)
			at = r->ipa + r->size;
	}
	put_hole(svg, at, limit);
}

static void put_legend(struct map_svg *svg)
{
	static const struct {
		const char *class;
		const char *word;
	} items[] = {
		{ "e", "nothing mapped" }, { "p", "pages" },
		{ "b", "blocks" },	   { "g", "large blocks" },
		{ "d", "device" },	   { "o", "old: no access flag" },
	};
	int x = 16;

	svg->y += 34;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (*items[i].class == 'o')
			fprintf(svg->body,
				"<rect class=\"p\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>",
				x, svg->y - 16);
		fprintf(svg->body,
			"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>"
			"<text x=\"%d\" y=\"%d\">%s</text>\n",
			items[i].class, x, svg->y - 16, x + 20, svg->y - 4,
			items[i].word);
		x += 145;
	}
}

/** map_svg_end() - writes it all; errors are the file's. Frees @svg */
void map_svg_end(struct map_svg *svg)
{
	put_legend(svg);
	svg->y += 8;
	fprintf(svg->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
		WIDTH, svg->y, WIDTH, svg->y);
	fputs(style, svg->out);
	fclose(svg->body);
	fwrite(svg->text, 1, svg->len, svg->out);
	fputs("</svg>\n", svg->out);
	free(svg->text);
	free(svg);
}
