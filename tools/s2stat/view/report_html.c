// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as one HTML page (see report.h): self-contained, no script, no
 * reference to anything outside; pictures are SVG in the page.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../model/names.h"
#include "chart.h"
#include "fmt.h"
#include "report.h"

#define MAX_LINES 8
#define MAX_HEATS 4
#define MAX_VMID_ROWS 24
#define SHADES 8
#define ROW 18 /* of the VMID timeline */

static const char head[] =
	"<style>\n"
	":root{--bg:#fff;--fg:#222;--dim:#666;--grid:#e4e4e4;--warn:#b3261e}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#161616;--fg:#ddd;"
	"--dim:#9a9a9a;--grid:#303030;--warn:#ff8a80}}\n"
	"body{background:var(--bg);color:var(--fg);font:14px/1.45 system-ui,"
	"sans-serif;margin:2em auto;max-width:1040px;padding:0 1em}\n"
	"h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}\n"
	"pre{font:12px/1.4 ui-monospace,monospace;overflow-x:auto}\n"
	"figure{margin:1em 0}figcaption{font-weight:600}\n"
	"svg{width:100%;height:auto}.grid{stroke:var(--grid)}\n"
	".tick{fill:var(--dim);font-size:11px}.line{fill:none;stroke-width:1.6}\n"
	".loss{fill:var(--warn);opacity:.25}.turn{stroke:var(--warn);"
	"stroke-dasharray:3 2}\n"
	".key{margin-right:1.2em;white-space:nowrap}.key i{display:inline-block;"
	"width:.9em;height:.9em;margin-right:.35em;vertical-align:-.1em}\n"
	".bad{color:var(--warn);font-weight:600}\n";

static double span(const struct summary *s)
{
	double seconds = (s->last - s->first) / 1e9;

	return seconds > 1e-6 ? seconds : 1e-6;
}

/* Where a bin begins, in seconds since the first event. */
static double bin_time(const struct summary *s, size_t bin)
{
	double t = (s->start + bin * (double)s->width - s->first) / 1e9;

	return t < 0 ? 0 : t > span(s) ? span(s) : t;
}

static size_t last_bin(const struct summary *s)
{
	return summary_bin(s, s->last);
}

static void value_count(double v, char *text, size_t size)
{
	if (v >= 1e6)
		snprintf(text, size, "%gM", v / 1e6);
	else if (v >= 1e4)
		snprintf(text, size, "%gk", v / 1e3);
	else
		snprintf(text, size, "%g", v);
}

static void value_bytes(double v, char *text, size_t size)
{
	snprintf(text, size, "%s", fmt_bytes(v).s);
}

static void value_rate(double v, char *text, size_t size)
{
	value_count(v, text, size);
	strncat(text, "/s", size - strlen(text) - 1);
}

static void put_style(FILE *out)
{
	fputs(head, out);
	for (unsigned int i = 0; i < CHART_COLOURS; i++) {
		/* Neighbours are far apart on the wheel. */
		unsigned int hue = i * 137 % 360;

		fprintf(out,
			".c%u{stroke:hsl(%u 65%% 45%%)}.f%u{fill:hsl(%u 65%% 45%%)}"
			".b%u{background:hsl(%u 65%% 45%%)}\n",
			i, hue, i, hue, i, hue);
	}
	for (unsigned int i = 1; i <= SHADES; i++)
		fprintf(out, ".h%u{fill:#d9480f;opacity:%.2f}\n", i,
			(double)i / SHADES);
	fputs("</style>\n", out);
}

/* Bins in which something is missing: whatever is drawn there is too little. */
static void put_losses(const struct chart *c, const struct summary *s)
{
	for (size_t i = 0; i <= last_bin(s); i++)
		if (s->lost_bins[i])
			fprintf(c->out,
				"<rect class=\"loss\" x=\"%.1f\" y=\"8\" width=\"%.1f\" height=\"%d\">"
				"<title>%" PRIu64
				" events lost</title></rect>\n",
				chart_x(c, bin_time(s, i)),
				chart_x(c, bin_time(s, i + 1)) -
					chart_x(c, bin_time(s, i)),
				c->height, s->lost_bins[i]);
}

/* A staircase: a value holds until another one is told. */
static void put_curve(const struct chart *c, const struct summary *s,
		      const int64_t *v, unsigned int colour)
{
	bool begun = false;
	double y = 0;

	fprintf(c->out, "<path class=\"line c%u\" d=\"",
		colour % CHART_COLOURS);
	for (size_t i = 0; i <= last_bin(s); i++) {
		double x = chart_x(c, bin_time(s, i));

		if (v[i] == SUMMARY_SAME)
			continue;
		y = chart_y(c, v[i]);
		fprintf(c->out, begun ? "H%.1fV%.1f" : "M%.1f %.1f", x, y);
		begun = true;
	}
	if (begun)
		fprintf(c->out, "H%.1f", chart_x(c, span(s)));
	fputs("\"/>\n", c->out);
}

static void put_occupancy(FILE *out, const struct report *r, bool mapped)
{
	const struct summary *s = r->summary;
	struct chart c = {
		.out = out,
		.seconds = span(s),
		.height = 170,
		.value = mapped ? value_bytes : value_count,
		.binary = mapped,
		.top = 1,
	};
	char name[32], text[256];
	unsigned int n = 0;

	for (size_t i = 0; i < s->nr_mmus; i++) {
		const struct summary_mmu *m = s->mmu[i];
		int64_t peak = mapped ? m->peak_mapped : m->peak_tables;

		if (m->curves && n++ < MAX_LINES && peak > c.top)
			c.top = peak;
	}
	chart_begin(&c, mapped ? "Memory mapped at stage 2" :
				 "Table pages below the roots");
	put_losses(&c, s);
	n = 0;
	for (size_t i = 0; i < s->nr_mmus && n < MAX_LINES; i++)
		if (s->mmu[i]->curves)
			put_curve(&c, s,
				  mapped ? s->mmu[i]->curves->mapped :
					   s->mmu[i]->curves->tables,
				  n++);
	chart_end(&c);
	n = 0;
	for (size_t i = 0; i < s->nr_mmus && n < MAX_LINES; i++) {
		const struct summary_mmu *m = s->mmu[i];

		if (!m->curves)
			continue;
		snprintf(text, sizeof(text), "%s, mmu %" PRIu64,
			 report_vm(r, m->vm, name, sizeof(name)), m->id);
		chart_legend(out, n++, text);
	}
}

static void put_flush_bars(const struct chart *c, const struct summary *s)
{
	double per_second = s->width / 1e9;

	for (size_t i = 0; i <= last_bin(s); i++) {
		double x = chart_x(c, bin_time(s, i)), sum = 0;
		double width = chart_x(c, bin_time(s, i + 1)) - x;
		unsigned int colour = 0;

		for (unsigned int why = 0; why <= S2_NR_REASONS; why++) {
			double rate = s->flush_bins[why][i] / per_second;
			bool ever = false;

			for (size_t j = 0; j <= last_bin(s) && !ever; j++)
				ever = s->flush_bins[why][j];
			if (rate > 0)
				fprintf(c->out,
					"<rect class=\"f%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
					colour % CHART_COLOURS, x,
					chart_y(c, sum + rate),
					width > .5 ? width : .5,
					chart_y(c, sum) -
						chart_y(c, sum + rate));
			sum += rate;
			colour += ever;
		}
	}
}

static void put_flushes(FILE *out, const struct report *r)
{
	const struct summary *s = r->summary;
	struct chart c = {
		.out = out,
		.seconds = span(s),
		.height = 170,
		.value = value_rate,
		.top = 1,
	};
	unsigned int colour = 0;

	for (size_t i = 0; i <= last_bin(s); i++) {
		double sum = 0;

		for (unsigned int why = 0; why <= S2_NR_REASONS; why++)
			sum += s->flush_bins[why][i] / (s->width / 1e9);
		c.top = sum > c.top ? sum : c.top;
	}
	chart_begin(&c, "Flushes by reason");
	put_losses(&c, s);
	put_flush_bars(&c, s);
	chart_end(&c);
	for (unsigned int why = 0; why <= S2_NR_REASONS; why++) {
		uint64_t sum = 0;

		for (size_t i = 0; i <= last_bin(s); i++)
			sum += s->flush_bins[why][i];
		if (sum)
			chart_legend(out, colour++, reason_name(why));
	}
}

static unsigned int shade(uint32_t n, uint32_t most)
{
	double d;

	if (!n)
		return 0;
	d = log(1 + (double)n) / log(1 + (double)most);
	return 1 + (unsigned int)(d * (SHADES - 1) + .5);
}

/* One row of a heat map: what looks the same is one rectangle. */
static void put_heat_row(const struct chart *c, const struct summary *s,
			 const uint32_t *v, uint32_t most, double y, double h)
{
	size_t n = last_bin(s) + 1;

	for (size_t i = 0, j; i < n; i = j) {
		unsigned int now = shade(v[i], most);
		double x = chart_x(c, bin_time(s, i));

		for (j = i + 1; j < n && shade(v[j], most) == now; j++)
			;
		if (now)
			fprintf(c->out,
				"<rect class=\"h%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
				now, x, y,
				fmax(chart_x(c, bin_time(s, j)) - x, .5), h);
	}
}

/* The rows of a heat map by falling IPA: @order gets their places. */
static void order_rows(const struct summary_curves *v, uint32_t *order)
{
	for (uint32_t i = 0; i < v->nr_rows; i++) {
		uint32_t at = i;

		for (; at && v->row[order[at - 1]] < v->row[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

static uint32_t hottest(const struct summary_curves *v)
{
	uint32_t most = 0;

	for (uint32_t row = 0; row < v->nr_rows; row++)
		for (size_t i = 0; i < SUMMARY_BINS; i++)
			if (v->heat[row][i] > most)
				most = v->heat[row][i];
	return most;
}

/*
 * The IPA of a row, if the one above is not its neighbour, with a line between
 * the two; else no more often than there is room for.
 */
static void put_row_label(const struct chart *c, const struct summary_curves *v,
			  const uint32_t *order, uint32_t i, double h)
{
	bool gap = !i || v->row[order[i - 1]] != v->row[order[i]] + 1;
	double y = 8 + i * h;
	uint32_t every = 1 + (uint32_t)(11 / h);

	if (gap && i)
		fprintf(c->out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
			chart_x(c, 0), chart_x(c, c->seconds), y, y);
	if (i % every == 0)
		fprintf(c->out,
			"<text class=\"tick\" x=\"70\" y=\"%.1f\" text-anchor=\"end\">%#" PRIx64
			"</text>\n",
			y + h / 2 + 4, v->row[order[i]] << v->row_shift);
}

static void put_heat(FILE *out, const struct report *r,
		     const struct summary_mmu *m)
{
	const struct summary_curves *v = m->curves;
	struct chart c = { .out = out, .seconds = span(r->summary), .top = 1 };
	uint32_t order[SUMMARY_ROWS], most = hottest(v);
	char name[32], title[384];
	double h;

	if (!most)
		return;
	h = v->nr_rows < 16 ? 14 : v->nr_rows < 40 ? 8 : 4;
	c.height = v->nr_rows * h;
	snprintf(title, sizeof(title),
		 "Faults of %s, mmu %" PRIu64 ": rows are %s of its IPA space",
		 report_vm(r, m->vm, name, sizeof(name)), m->id,
		 fmt_size(1ULL << v->row_shift).s);
	order_rows(v, order);
	chart_begin(&c, title);
	for (uint32_t i = 0; i < v->nr_rows; i++) {
		put_row_label(&c, v, order, i, h);
		put_heat_row(&c, r->summary, v->heat[order[i]], most, 8 + i * h,
			     h);
	}
	chart_end(&c);
}

static void put_heats(FILE *out, const struct report *r)
{
	unsigned int n = 0;

	for (size_t i = 0; i < r->summary->nr_mmus && n < MAX_HEATS; i++) {
		const struct summary_mmu *m = r->summary->mmu[i];

		if (!m->curves || !m->faults)
			continue;
		put_heat(out, r, m);
		n++;
	}
}

/* From one VMID to the next of the same MMU, or to the MMU's end. */
static uint64_t span_end(const struct summary *s, size_t i,
			 const struct summary_mmu *m)
{
	for (size_t j = i + 1; j < s->nr_spans; j++)
		if (s->spans[j].mmu == m->id)
			return s->spans[j].time;
	return m->end ? m->end : s->last;
}

static double since(const struct summary *s, uint64_t time)
{
	return time > s->first ? (time - s->first) / 1e9 : 0;
}

static void put_vmid_row(const struct chart *c, const struct report *r,
			 const struct summary_mmu *m, int row)
{
	const struct summary *s = r->summary;
	char name[32];

	fprintf(c->out,
		"<text class=\"tick\" x=\"70\" y=\"%d\" text-anchor=\"end\">mmu %" PRIu64
		"<title>",
		row * ROW + 21, m->id);
	put_escaped_text(c->out, report_vm(r, m->vm, name, sizeof(name)));
	fputs("</title></text>\n", c->out);
	for (size_t i = 0; i < s->nr_spans; i++) {
		const struct summary_span *v = &s->spans[i];
		double x, width;

		if (v->mmu != m->id)
			continue;
		x = chart_x(c, since(s, v->time));
		width = chart_x(c, since(s, span_end(s, i, m))) - x;
		fprintf(c->out,
			"<rect class=\"f%u\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\">"
			"<title>VMID %" PRIu64 ", generation %" PRIu64
			"</title></rect>\n",
			(unsigned int)(v->vmid % CHART_COLOURS), x,
			row * ROW + 9, fmax(width, 1), ROW - 4, v->vmid,
			v->generation);
		if (width > 60)
			fprintf(c->out,
				"<text x=\"%.1f\" y=\"%d\" fill=\"#fff\" font-size=\"11\">%" PRIu64
				" / %" PRIu64 "</text>\n",
				x + 4, row * ROW + 20, v->vmid, v->generation);
	}
}

static void put_vmids(FILE *out, const struct report *r)
{
	const struct summary *s = r->summary;
	struct chart c = { .out = out, .seconds = span(s), .top = 1 };
	size_t rows = s->nr_mmus < MAX_VMID_ROWS ? s->nr_mmus : MAX_VMID_ROWS;

	if (!s->nr_spans || !rows)
		return;
	c.height = rows * ROW;
	chart_begin(&c, "VMIDs: number / generation");
	for (size_t i = 0; i < rows; i++)
		put_vmid_row(&c, r, s->mmu[i], i);
	for (uint64_t i = 0; i < s->rollovers && i < SUMMARY_TURNS; i++)
		fprintf(out,
			"<line class=\"turn\" x1=\"%.1f\" x2=\"%.1f\" y1=\"8\" y2=\"%d\">"
			"<title>rollover</title></line>\n",
			chart_x(&c, since(s, s->turns[i])),
			chart_x(&c, since(s, s->turns[i])), 8 + c.height);
	chart_end(&c);
	if (s->assigns > SUMMARY_SPANS || s->nr_mmus > rows)
		fputs("<p>Not all of them are drawn.</p>\n", out);
}

static void put_trail(FILE *out, const struct finding *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *lines = open_memstream(&text, &len);

	for (size_t i = 0; lines && i < f->nr_trail; i++) {
		fprintf(lines, "%" PRIu64 ".%06" PRIu64 " CPU %d pid %d ",
			f->trail[i].time / 1000000000,
			f->trail[i].time / 1000 % 1000000, f->trail[i].cpu,
			f->trail[i].pid);
		event_print(lines, &f->trail[i]);
		fputc('\n', lines);
	}
	if (lines && !fclose(lines)) {
		fputs("<pre>", out);
		put_escaped_text(out, text);
		fputs("</pre>\n", out);
	}
	free(text);
}

static void put_finding(FILE *out, const struct verdict *v,
			const struct finding *f)
{
	char where[512];

	verdict_where(v, f, where, sizeof(where));
	fprintf(out, "<details><summary><b>%s</b>: ", f->inv->name);
	put_escaped_text(out, f->what);
	fputs("</summary><p>", out);
	put_escaped_text(out, f->inv->says);
	fputs("</p><p>", out);
	put_escaped_text(out, where);
	fputs("</p>\n", out);
	put_trail(out, f);
	fputs("</details>\n", out);
}

static void put_findings(FILE *out, const struct verdict *v)
{
	uint64_t nr = bench_findings(&v->bench);

	fputs("<h2>Invariants</h2>\n", out);
	if (verdict_bad(v))
		fprintf(out, "<p class=\"bad\">%" PRIu64 " findings</p>\n", nr);
	else if (verdict_inconclusive(v))
		fputs("<p class=\"bad\">Not proved: events are missing.</p>\n",
		      out);
	else
		fputs("<p>All hold.</p>\n", out);
	for (int id = 0; id < NR_INVARIANTS; id++)
		for (size_t i = 0; i < v->nr_kept[id]; i++)
			put_finding(out, v, &v->kept[id][i]);
}

/* The page of text, as it is on a terminal. */
static void put_text(FILE *out, const struct report *r)
{
	const struct report page = {
		.path = r->path,
		.trace = r->trace,
		.summary = r->summary,
	};
	char *text = NULL;
	size_t len = 0;
	FILE *lines = open_memstream(&text, &len);

	if (lines)
		report_text(lines, &page);
	if (lines && !fclose(lines)) {
		fputs("<pre>", out);
		put_escaped_text(out, text);
		fputs("</pre>\n", out);
	}
	free(text);
}

/** report_html() - a page with pictures */
void report_html(FILE *out, const struct report *r)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
	      out);
	put_escaped_text(out, r->path);
	fputs(" - s2stat report</title>\n", out);
	put_style(out);
	fputs("</head><body>\n<h1>", out);
	put_escaped_text(out, r->path);
	fputs("</h1>\n", out);
	put_text(out, r);
	if (r->summary->tally.events) {
		fputs("<h2>Occupancy</h2>\n", out);
		put_occupancy(out, r, false);
		put_occupancy(out, r, true);
		fputs("<h2>Flushes</h2>\n", out);
		put_flushes(out, r);
		fputs("<h2>Faults</h2>\n", out);
		put_heats(out, r);
		fputs("<h2>VMIDs</h2>\n", out);
		put_vmids(out, r);
	}
	if (r->verdict)
		put_findings(out, r->verdict);
	fputs("</body></html>\n", out);
}
