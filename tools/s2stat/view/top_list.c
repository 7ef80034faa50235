// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live view's list: one row a VM (see top.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../model/names.h"
#include "fmt.h"
#include "top.h"

/* Rows above the list and below it. */
#define ABOVE 4
#define BELOW 2
/* Room that the reason of most flushes needs to be shown in a column. */
#define WHY_WIDTH 26

struct row {
	const struct top *top;
	const struct host *host;
	const struct vm *vm;
	double seconds;
};

/* What a column shows of a VM; fits the column's width but for the name. */
struct column {
	const char *head;
	const char *name; /* in the sort menu */
	int width;
	struct fmt (*value)(const struct row *r);
};

static struct fmt number(uint64_t n)
{
	struct fmt f;

	if (n > 999999)
		snprintf(f.s, sizeof(f.s), "%" PRIu64 "k", n / 1000);
	else
		snprintf(f.s, sizeof(f.s), "%" PRIu64, n);
	return f;
}

static struct fmt rate(const struct row *r, uint64_t events, uint32_t offer)
{
	return fmt_rate(events, r->host->offers & offer ? r->seconds : 0);
}

static struct fmt pid(const struct row *r)
{
	return number(r->vm->tgid);
}

static struct fmt vcpus(const struct row *r)
{
	return r->vm->vcpus < 0 ? (struct fmt){ "-" } : number(r->vm->vcpus);
}

static struct fmt mapped(const struct row *r)
{
	return fmt_bytes(vm_mapped(r->vm, r->host->page_shift));
}

static struct fmt tables(const struct row *r)
{
	return number(vm_sum(r->vm).tables);
}

static struct fmt fill(const struct row *r)
{
	struct vm_level sum = vm_sum(r->vm);

	return fmt_percent(sum.used, sum.entries);
}

static struct fmt blocks(const struct row *r)
{
	uint64_t all = vm_mapped(r->vm, r->host->page_shift);
	uint64_t pages = r->vm->level[vm_level(VM_LAST_LEVEL)].leaves
			 << r->host->page_shift;

	return fmt_percent(all - pages, all);
}

static struct fmt audit(const struct row *r)
{
	switch (vm_audit(r->vm)) {
	case VM_AUDIT_OK:
		return (struct fmt){ "ok" };
	case VM_AUDIT_MISMATCH:
		return (struct fmt){ "BAD" };
	case VM_AUDIT_INCONCLUSIVE:
		break;
	}
	return (struct fmt){ "?" };
}

static struct fmt faults(const struct row *r)
{
	return rate(r, counts_faults(&r->vm->delta), OFFER_FAULTS);
}

static struct fmt sets(const struct row *r)
{
	return rate(r, r->vm->delta.sets, OFFER_ENTRIES);
}

static struct fmt clears(const struct row *r)
{
	return rate(r, r->vm->delta.clears, OFFER_ENTRIES);
}

static struct fmt flushes(const struct row *r)
{
	return rate(r, counts_flushes(&r->vm->delta), OFFER_FLUSHES);
}

static struct fmt vmid(const struct row *r)
{
	if (!r->vm->vmid_bits || !vm_generation(r->vm))
		return (struct fmt){ "-" };
	return number(vm_vmid(r->vm));
}

/* By the order that sorts by it; the name's width is what is left. */
static const struct column columns[NR_ORDERS] = {
	[ORDER_ACTIVITY] = { NULL, "activity: sets, clears, flushes", 0, NULL },
	[ORDER_NAME] = { "NAME", "name", 0, NULL },
	[ORDER_PID] = { "PID", "process id", 7, pid },
	[ORDER_VCPUS] = { "CPU", "vCPUs", 3, vcpus },
	[ORDER_MAPPED] = { "MAPPED", "mapped memory", 6, mapped },
	[ORDER_TABLES] = { "TABLES", "table pages", 6, tables },
	[ORDER_FILL] = { "FILL", "fill of the tables", 4, fill },
	[ORDER_BLOCKS] = { "BLK", "block share", 4, blocks },
	[ORDER_AUDIT] = { "CNT", "count audit", 3, audit },
	[ORDER_FAULTS] = { "FLT/s", "faults a second", 5, faults },
	[ORDER_SETS] = { "SET/s", "sets a second", 5, sets },
	[ORDER_CLEARS] = { "CLR/s", "clears a second", 5, clears },
	[ORDER_FLUSHES] = { "FLU/s", "flushes a second", 5, flushes },
	[ORDER_VMID] = { "VMID", "VMID", 5, vmid },
};

/** top_column_name() - what the sort menu calls @order */
const char *top_column_name(enum order order)
{
	return columns[order].name;
}

static int fixed_width(void)
{
	int width = 0;

	for (int i = ORDER_PID; i < NR_ORDERS; i++)
		width += 1 + columns[i].width;
	return width;
}

/* A wide terminal has room for the reason, and for longer names. */
static int name_width(const struct screen *s, bool *why)
{
	int left = s->cols - fixed_width();

	*why = left >= 16 + 1 + WHY_WIDTH;
	if (*why)
		left -= 1 + WHY_WIDTH;
	return left < 32 ? left : 32;
}

static void put_right(struct screen *s, int row, int col, int width,
		      enum style style, const char *text)
{
	int len = strlen(text);

	screen_put(s, row, col + (len < width ? width - len : 0), style, text);
}

static void draw_heads(const struct top *top, struct screen *s)
{
	bool why;
	int col = name_width(s, &why);
	const int row = ABOVE - 1;

	screen_style(s, row, STYLE_HEAD);
	screen_put(s, row, 0,
		   top->order == ORDER_NAME ? STYLE_SORTED : STYLE_HEAD,
		   "NAME");
	for (int i = ORDER_PID; i < NR_ORDERS; i++) {
		put_right(s, row, col + 1, columns[i].width,
			  i == (int)top->order ? STYLE_SORTED : STYLE_HEAD,
			  columns[i].head);
		col += 1 + columns[i].width;
	}
	if (why)
		screen_put(s, row, col + 1, STYLE_HEAD, "WHY");
}

/* "fault/ipa 85%": of the flushes since the sample before. */
static struct fmt why_text(const struct host *host, const struct vm *vm)
{
	const uint32_t needed = OFFER_FLUSH_REASONS | OFFER_FLUSH_SCOPES;
	unsigned int reason, scope;
	uint64_t most = counts_leading_flush(&vm->delta, &reason, &scope);
	struct fmt f = { "-" };

	if (most && (host->offers & needed) == needed)
		snprintf(f.s, sizeof(f.s), "%.16s/%.12s %.5s",
			 reason_name(reason), scope_name(scope),
			 fmt_percent(most, counts_flushes(&vm->delta)).s);
	return f;
}

/* A name that is too long ends in a mark. */
static void draw_name(struct screen *s, int row, int width, enum style style,
		      const char *name)
{
	struct screen part = *s;

	part.cols = width;
	part.rows = 1;
	part.cells = &s->cells[row * s->cols];
	if (screen_put(&part, 0, 0, style, name) >= width &&
	    strlen(name) > (size_t)width)
		screen_put(&part, 0, width - 1, style, "~");
}

static enum style row_style(const struct top *top, const struct vm *vm)
{
	if (vm->id == top->selected)
		return STYLE_SELECTED;
	return vm_audit(vm) == VM_AUDIT_MISMATCH ? STYLE_BAD : STYLE_PLAIN;
}

static void draw_row(const struct row *r, struct screen *s, int row)
{
	enum style style = row_style(r->top, r->vm);
	bool why;
	int col = name_width(s, &why);

	screen_style(s, row, style);
	draw_name(s, row, col, style, r->vm->name);
	for (int i = ORDER_PID; i < NR_ORDERS; i++) {
		put_right(s, row, col + 1, columns[i].width, style,
			  columns[i].value(r).s);
		col += 1 + columns[i].width;
	}
	if (why)
		screen_put(s, row, col + 1, style, why_text(r->host, r->vm).s);
}

/* The bar stays on the screen. */
static void scroll_to_bar(struct top *top, size_t rows)
{
	size_t at = 0;

	for (size_t i = 0; i < top->nr; i++)
		if (top->vm[i]->id == top->selected)
			at = i;
	if (at < top->first)
		top->first = at;
	if (at >= top->first + rows)
		top->first = at - rows + 1;
	if (top->nr <= rows)
		top->first = 0;
	else if (top->first > top->nr - rows)
		top->first = top->nr - rows;
}

static void draw_clock(const struct top *top, const struct host *host,
		       struct screen *s)
{
	time_t t = (time_t)host->time;
	struct tm tm;
	char clock[16] = "";
	int col;

	if (localtime_r(&t, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	col = screen_put(s, 0, 0, STYLE_BOLD, "s2stat top");
	col = screen_printf(s, 0, col, STYLE_PLAIN, "  %s, every %g s", clock,
			    top->delay);
	if (top->paused)
		col = screen_put(s, 0, col + 1, STYLE_BAD, "PAUSED");
	if (*top->filter)
		col = screen_printf(s, 0, col + 1, STYLE_PLAIN,
				    "filter '%s' hides %zu", top->filter,
				    top->hidden);
	if (host->dropped)
		screen_printf(s, 0, col + 1, STYLE_BAD,
			      "LOST %" PRIu64 " events", host->dropped);
}

static void draw_sums(const struct top *top, const struct host *host,
		      struct screen *s, double seconds)
{
	struct s2r_counts sum = {};
	uint64_t pages = 0, bytes = 0;
	size_t alive = 0;
	struct row r = { .host = host, .seconds = seconds };
	int col;

	for (size_t i = 0; i < host->nr; i++) {
		alive += host->vm[i]->alive;
		pages += vm_sum(host->vm[i]).tables;
		bytes += vm_mapped(host->vm[i], host->page_shift);
		counts_add(&sum, &host->vm[i]->delta);
	}
	col = screen_printf(s, 1, 0, STYLE_PLAIN,
			    "%zu stage-2 contexts, %s mapped by %" PRIu64
			    " table pages (%s)",
			    alive, fmt_bytes(bytes).s, pages,
			    fmt_bytes(pages << host->page_shift).s);
	if (top->gone)
		screen_printf(s, 1, col, STYLE_DIM, "; %zu gone by now",
			      top->gone);
	col = screen_printf(s, 2, 0, STYLE_PLAIN,
			    "%s faults/s, %s sets/s, %s clears/s, %s flushes/s",
			    rate(&r, counts_faults(&sum), OFFER_FAULTS).s,
			    rate(&r, sum.sets, OFFER_ENTRIES).s,
			    rate(&r, sum.clears, OFFER_ENTRIES).s,
			    rate(&r, counts_flushes(&sum), OFFER_FLUSHES).s);
	if (host->offers & OFFER_VMID_SPACE && host->vmids.bits)
		screen_printf(s, 2, col, STYLE_PLAIN,
			      "; VMIDs %u/%llu, gen %" PRIu64,
			      host->vmids.in_use,
			      (1ULL << host->vmids.bits) - 1,
			      host->vmids.generation);
}

static void draw_keys(struct screen *s)
{
	static const char *const keys[][2] = {
		{ "q", "quit" },  { "h", "help" },   { "Enter", "one VM" },
		{ "o", "sort" },  { "f", "filter" }, { "s", "delay" },
		{ "p", "pause" }, { "r", "reset" },
	};
	int col = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		col = screen_put(s, s->rows - 1, col, STYLE_KEY, keys[i][0]);
		col = screen_printf(s, s->rows - 1, col, STYLE_DIM, " %s  ",
				    keys[i][1]);
	}
}

/* Above the keys: what the last key led to, or why the chosen VM flushes. */
static void draw_foot(const struct top *top, const struct host *host,
		      struct screen *s)
{
	const struct vm *vm = top_selected(top);
	uint64_t all = vm ? counts_flushes(&vm->delta) : 0;
	int row = s->rows - BELOW;

	if (top->complaint)
		screen_put(s, row, 0, STYLE_BOLD, top->complaint);
	else if (!vm)
		screen_put(s, row, 0, STYLE_DIM,
			   top->hidden ? "the filter leaves no VM" :
					 "no VM runs on this host");
	else if (all && top->rates)
		screen_printf(s, row, 0, STYLE_DIM,
			      "%s (mmu %" PRIu64
			      "): %s flushes a second, most of them %s",
			      vm->name, vm->id, fmt_rate(all, host->seconds).s,
			      why_text(host, vm).s);
	else
		screen_printf(s, row, 0, STYLE_DIM, "%s (mmu %" PRIu64 ")",
			      vm->name, vm->id);
}

/** top_draw_list() - the list on a screen of at least TOP_ROWS, TOP_COLS */
void top_draw_list(struct top *top, const struct host *host, struct screen *s)
{
	struct row r = {
		.top = top,
		.host = host,
		.seconds = top->rates ? host->seconds : 0,
	};
	size_t rows = s->rows - ABOVE - BELOW;

	top->list_rows = rows;
	draw_clock(top, host, s);
	draw_sums(top, host, s, r.seconds);
	draw_heads(top, s);
	scroll_to_bar(top, rows);
	for (size_t i = 0; i < rows && top->first + i < top->nr; i++) {
		r.vm = top->vm[top->first + i];
		draw_row(&r, s, ABOVE + i);
	}
	draw_foot(top, host, s);
	draw_keys(s);
}
