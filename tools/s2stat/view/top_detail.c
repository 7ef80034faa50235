// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live view's page about one VM: by level, by reason, its recent past
 * (see top.h). It is composed on a tall screen, of which a part is shown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../model/names.h"
#include "fmt.h"
#include "top.h"

/* More lines than the page can ever have. */
#define TALL (60 + (S2_NR_REASONS + 1) * (S2_NR_SCOPES + 1))
#define SPARK_LABEL 12
#define SPARK_RIGHT 22

struct page {
	const struct top *top;
	const struct host *host;
	const struct vm *vm;
	const struct trail *trail;
	struct s2r_counts sum; /* since the reset */
	struct screen s;
	int row;
};

static void put_identity(struct page *p)
{
	const struct vm *vm = p->vm;
	int col = screen_put(&p->s, p->row, 0, STYLE_BOLD, vm->name);

	screen_printf(&p->s, p->row++, col, STYLE_PLAIN,
		      "  mmu %" PRIu64 "%s of vm %d (%s), %d vCPUs", vm->id,
		      vm->nested ? " (nested)" : "", vm->tgid, vm->vmm,
		      vm->vcpus);
	col = screen_printf(&p->s, p->row, 0, STYLE_DIM,
			    "%u-bit IPA, root: level %d, %u pages%s%s",
			    vm->ipa_bits, vm->start_level, vm->root_pages,
			    vm->fwb ? ", FWB" : "", vm->lpa2 ? ", LPA2" : "");
	if (vm->vmid_bits && vm_generation(vm))
		screen_printf(&p->s, p->row, col, STYLE_DIM,
			      "; VMID %" PRIu64
			      " (%u bits), generation %" PRIu64,
			      vm_vmid(vm), vm->vmid_bits, vm_generation(vm));
	p->row++;
}

static void put_levels(struct page *p)
{
	screen_style(&p->s, p->row, STYLE_HEAD);
	screen_printf(&p->s, p->row++, 0, STYLE_HEAD,
		      "%-8s %8s %10s %10s %5s %10s %6s %8s", "LEVEL", "TABLES",
		      "ENTRIES", "USED", "FILL", "LEAVES", "OF", "MAPPED");
	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++) {
		const struct vm_level *lv = &p->vm->level[vm_level(l)];
		uint64_t size = vm_level_size(p->host->page_shift, l);

		if (!lv->tables)
			continue;
		screen_printf(&p->s, p->row++, 0, STYLE_PLAIN,
			      "%-8d %8" PRIu64 " %10" PRIu64 " %10" PRIu64
			      " %5s %10" PRIu64 " %6s %8s",
			      l, lv->tables, lv->entries, lv->used,
			      fmt_percent(lv->used, lv->entries).s, lv->leaves,
			      fmt_size(size).s, fmt_bytes(lv->leaves * size).s);
	}
}

static void put_audit(struct page *p)
{
	enum vm_verdict verdict = vm_audit(p->vm);
	int col = screen_put(&p->s, p->row, 0, STYLE_PLAIN, "count audit ");

	screen_put(&p->s, p->row, col,
		   verdict == VM_AUDIT_OK ? STYLE_GOOD : STYLE_BAD,
		   vm_verdict_name(verdict));
	if (p->host->offers & OFFER_LIFE)
		screen_printf(&p->s, p->row, 30, STYLE_DIM,
			      "table pages in its life: %" PRIu64
			      " allocated, %" PRIu64 " freed",
			      p->vm->tables_alloc, p->vm->tables_freed);
	p->row++;
	for (size_t k = 0; k < p->vm->nr_suspects && k < 8; k++) {
		const struct vm_suspect *w = &p->vm->suspect[k];

		if (suspect_is_wrong(w))
			screen_printf(&p->s, p->row++, 2, STYLE_BAD,
				      "level %d table 0x%" PRIx64
				      " at IPA 0x%" PRIx64
				      ": count %d, but 1 + %u entries",
				      w->level, w->pa, w->ipa, w->count,
				      w->counted);
	}
}

/* A bar for @value of @peak: eight heights, or in ASCII as many densities. */
static const char *spark(const struct page *p, float value, float peak)
{
	static const char *const bars[] = { " ", "▁", "▂", "▃", "▄",
					    "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ":", "-", "=",
					     "+", "*", "#", "@" };
	int height = 0;

	if (value > 0 && peak > 0)
		height = 1 + (int)(value / peak * 7.99f);
	if (height > 8)
		height = 8;
	return p->s.unicode ? bars[height] : ascii[height];
}

/* The newest at the right; its scale is the highest that is shown. */
static void put_spark(struct page *p, enum history_what what, const char *label,
		      bool offered)
{
	int width = p->s.cols - SPARK_LABEL - SPARK_RIGHT;
	size_t n = p->trail ? trail_length(p->trail) : 0;
	float peak;

	screen_put(&p->s, p->row, 0, STYLE_PLAIN, label);
	if (!offered || !n) {
		screen_put(&p->s, p->row++, SPARK_LABEL, STYLE_DIM, "-");
		return;
	}
	if (n > (size_t)width)
		n = width;
	peak = trail_peak(p->trail, what, n);
	for (size_t i = 0; i < n; i++)
		screen_put(&p->s, p->row, SPARK_LABEL + width - 1 - i,
			   STYLE_KEY,
			   spark(p, trail_value(p->trail, what, i), peak));
	screen_printf(&p->s, p->row++, SPARK_LABEL + width + 1, STYLE_PLAIN,
		      "%6s  peak %s",
		      fmt_rate(trail_value(p->trail, what, 0) * 10, 10).s,
		      fmt_rate(peak * 10, 10).s);
}

static void put_sparks(struct page *p)
{
	const uint32_t has = p->host->offers;

	screen_style(&p->s, p->row, STYLE_HEAD);
	screen_printf(&p->s, p->row, 0, STYLE_HEAD, "%-*s", SPARK_LABEL,
		      "HISTORY");
	screen_put(&p->s, p->row++, p->s.cols - SPARK_RIGHT + 4, STYLE_HEAD,
		   "NOW");
	put_spark(p, HISTORY_FAULTS, "faults/s", has & OFFER_FAULTS);
	put_spark(p, HISTORY_SETS, "sets/s", has & OFFER_ENTRIES);
	put_spark(p, HISTORY_CLEARS, "clears/s", has & OFFER_ENTRIES);
	put_spark(p, HISTORY_FLUSHES, "flushes/s", has & OFFER_FLUSHES);
	put_spark(p, HISTORY_TABLES, "table pages", true);
}

static double seconds(const struct page *p)
{
	return p->top->rates ? p->host->seconds : 0;
}

/* The next reason and scope by frequency; false when all were shown. */
static bool next_flush(struct s2r_counts *left, unsigned int *r,
		       unsigned int *s)
{
	if (!counts_leading_flush(left, r, s))
		return false;
	left->flushes[*r][*s] = 0;
	return true;
}

static void put_flushes(struct page *p)
{
	struct s2r_counts left = p->sum;
	unsigned int r, s;

	screen_style(&p->s, p->row, STYLE_HEAD);
	screen_printf(&p->s, p->row++, 0, STYLE_HEAD,
		      "%-16s %-12s %10s %9s %6s %12s", "FLUSHES", "SCOPE",
		      "COUNT", "/s", "SHARE", "PAGES/FLUSH");
	while (next_flush(&left, &r, &s)) {
		uint64_t n = p->sum.flushes[r][s];
		int col = screen_printf(
			&p->s, p->row, 0, STYLE_PLAIN,
			"%-16s %-12s %10" PRIu64 " %9s %6s ", reason_name(r),
			scope_name(s), n,
			fmt_rate(p->vm->delta.flushes[r][s], seconds(p)).s,
			fmt_percent(n, counts_flushes(&p->sum)).s);

		if (scope_is_bounded(s))
			screen_printf(&p->s, p->row, col, STYLE_PLAIN, "%12.1f",
				      (double)p->sum.flush_pages[r][s] / n);
		else
			screen_printf(&p->s, p->row, col, STYLE_PLAIN, "%12s",
				      "all");
		p->row++;
	}
	if (!counts_flushes(&p->sum))
		screen_put(&p->s, p->row++, 0, STYLE_DIM,
			   p->host->offers & OFFER_FLUSHES ? "none" : "-");
}

static void put_fault(struct page *p, const char *what, uint64_t total,
		      uint64_t delta)
{
	if (total)
		screen_printf(&p->s, p->row++, 0, STYLE_PLAIN,
			      "%-29s %10" PRIu64 " %9s", what, total,
			      fmt_rate(delta, seconds(p)).s);
}

static void put_faults(struct page *p)
{
	const struct s2r_counts *c = &p->sum, *d = &p->vm->delta;

	screen_style(&p->s, p->row, STYLE_HEAD);
	screen_printf(&p->s, p->row++, 0, STYLE_HEAD, "%-29s %10s %9s",
		      "FAULTS", "COUNT", "/s");
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		put_fault(p, fault_name(k), c->faults[k], d->faults[k]);
	put_fault(p, "left to user space", c->faults_user, d->faults_user);
	put_fault(p, "lost a race, tried again", c->faults_again,
		  d->faults_again);
	put_fault(p, "failed", c->faults_failed, d->faults_failed);
	if (!counts_faults(c))
		screen_put(&p->s, p->row++, 0, STYLE_DIM,
			   p->host->offers & OFFER_FAULTS ? "none" : "-");
}

/* As much of the tall page as fits, from where it is scrolled to. */
static void show_part(struct top *top, struct screen *s, const struct page *p)
{
	size_t lines = p->row, room = s->rows - 2;

	if (top->detail_first + room > lines)
		top->detail_first = lines > room ? lines - room : 0;
	for (size_t i = 0; i < room && top->detail_first + i < lines; i++)
		screen_copy_row(s, i, &p->s, top->detail_first + i);
	if (top->detail_first + room < lines)
		screen_printf(s, s->rows - 2, 0, STYLE_DIM,
			      "%zu more lines below",
			      lines - room - top->detail_first);
}

static void draw_keys(const struct top *top, const struct page *p,
		      struct screen *s)
{
	int col = screen_printf(
		s, s->rows - 1, 0, STYLE_DIM,
		"q, Escape: back   up, down: scroll   p: pause   r: reset");

	if (top->paused)
		col = screen_put(s, s->rows - 1, col + 3, STYLE_BAD, "PAUSED");
	screen_printf(s, s->rows - 1, col, STYLE_DIM, "   sums of %.0f s",
		      p->host->since - top->history.since);
}

/**
 * top_draw_detail() - all about @vm, on a screen of at least TOP_ROWS, TOP_COLS
 * @vm:		NULL: it is gone
 *
 * Return: 0, or -1 when memory ran out.
 */
int top_draw_detail(struct top *top, const struct host *host,
		    const struct vm *vm, struct screen *s)
{
	struct page p = { .top = top, .host = host, .vm = vm };

	top->list_rows = s->rows - 2;
	if (!vm) {
		screen_put(s, 0, 0, STYLE_BOLD, "this VM is gone");
		screen_put(s, s->rows - 1, 0, STYLE_DIM, "q, Escape: back");
		return 0;
	}
	if (screen_init(&p.s, TALL, s->cols, s->unicode))
		return -1;
	p.trail = history_find(&top->history, vm->id);
	p.sum = trail_counts(p.trail, vm);
	put_identity(&p);
	put_levels(&p);
	put_audit(&p);
	put_sparks(&p);
	put_flushes(&p);
	put_faults(&p);
	show_part(top, s, &p);
	draw_keys(top, &p, s);
	screen_free(&p.s);
	return 0;
}
