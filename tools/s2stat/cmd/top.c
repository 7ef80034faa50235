// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat top: the VMs that are busiest at stage 2, first. On a terminal a live
 * view (view/top.c), elsewhere a list that repeats.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../model/order.h"
#include "../term/term.h"
#include "../view/json.h"
#include "../view/top.h"
#include "cmd.h"

static void top_rows(const struct options *o, const struct host *host,
		     const struct vm **order, size_t n)
{
	bool rates = o->interval > 0;

	for (size_t i = 0; i < n; i++)
		emit(o, host, vm_columns, json_of_vm(host, order[i], rates));
	if (o->json)
		json_sample(stdout, host, n, rates);
}

/* Thousands may come and go in one sample: the dead are a number here. */
static void top_text(const struct options *o, const struct host *host,
		     const struct vm **order, size_t n)
{
	struct text t = text_for(o);
	size_t gone = 0;

	text_summary(&t, host);
	text_warnings(&t, host);
	text_list_head(&t, host);
	for (size_t i = 0; i < n; i++) {
		if (order[i]->alive)
			text_list_row(&t, host, order[i]);
		else
			gone++;
	}
	if (gone)
		printf("and %zu that are gone by now\n", gone);
}

static int top_sample(const struct options *o, struct live *live,
		      const struct host *host, const bool *chosen,
		      struct failure *f)
{
	const struct vm **order = calloc(host->nr + 1, sizeof(*order));
	size_t n;

	(void)live;
	if (!order)
		return failed(f, EXIT_ERROR, "out of memory");
	n = order_vms(host, chosen, ORDER_ACTIVITY, false, order);
	if (o->json || o->csv)
		top_rows(o, host, order, n);
	else
		top_text(o, host, order, n);
	free(order);
	return 0;
}

/**
 * struct session - the live view at work
 * @due:	when the next sample is
 * @samples:	taken so far
 */
struct session {
	const struct options *o;
	struct live *live;
	struct host host;
	struct top top;
	struct screen screen;
	double taken;
	unsigned long samples;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Seconds until the next sample; while paused, for ever. */
static double patience(const struct session *s)
{
	if (s->top.paused)
		return 3600;
	return s->samples ? s->taken + s->top.delay - now() : 0;
}

static int take_sample(struct session *s, struct failure *f)
{
	if (live_sample(s->live, &s->host, f))
		return -1;
	s->taken = now();
	s->top.rates = s->samples++;
	if (top_sampled(&s->top, &s->host))
		return failed(f, EXIT_ERROR, "out of memory");
	return 0;
}

static int paint(struct session *s, struct failure *f)
{
	int rows, cols;

	term_size(&rows, &cols);
	if (!s->screen.cells || rows != s->screen.rows ||
	    cols != s->screen.cols) {
		screen_free(&s->screen);
		if (screen_init(&s->screen, rows, cols, term_unicode()))
			return failed(f, EXIT_ERROR, "out of memory");
	}
	top_draw(&s->top, &s->host, &s->screen);
	term_paint(&s->screen);
	return 0;
}

static bool is_over(const struct session *s)
{
	return s->top.quit || was_interrupted() ||
	       (s->o->count && s->samples > s->o->count && patience(s) <= 0);
}

static int watch(struct session *s, struct failure *f)
{
	while (!is_over(s)) {
		if (patience(s) <= 0 && take_sample(s, f))
			return -1;
		if (paint(s, f))
			return -1;
		top_key(&s->top, &s->host, term_key(patience(s)));
		if (top_arrange(&s->top, &s->host))
			return failed(f, EXIT_ERROR, "out of memory");
	}
	return 0;
}

static int live_view(const struct options *o)
{
	struct session s = { .o = o };
	struct failure f;
	int rc;

	if (live_open(&s.live, o->verbose, &f))
		return report(o, &f);
	host_init(&s.host, __builtin_ctzl(sysconf(_SC_PAGESIZE)));
	top_init(&s.top, o->interval, o->vm);
	catch_signals();
	rc = term_open(o->color, &f);
	if (!rc)
		rc = watch(&s, &f);
	term_close();
	if (rc)
		rc = report(o, &f);
	else if (s.host.dropped)
		rc = EXIT_INCONCLUSIVE;
	screen_free(&s.screen);
	top_free(&s.top);
	host_free(&s.host);
	live_close(s.live);
	return rc;
}

/* A person at a terminal who did not ask for rows or for a single look? */
static bool wants_live_view(const struct options *o)
{
	return isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && !o->json &&
	       !o->csv && o->count != 1 && o->interval > 0;
}

static int top_run(const struct options *o)
{
	const struct sampling s = {
		.show = top_sample,
		.columns = vm_columns,
		.keep_gone = true,
		.tables = true,
	};

	return wants_live_view(o) ? live_view(o) : sample_loop(o, &s);
}

const struct verb top_verb = {
	.name = "top",
	.help = "live: the busiest VMs first, again every interval",
	.doc = "Shows a row for each VM, the busiest at stage 2 first. On a terminal it is a live view "
	       "with keys (h lists them), until q; elsewhere, with --json, --csv or --once it is a list "
	       "that repeats.\v"
	       "Examples:\n"
	       "  s2stat top                       every second; so does s2stat alone\n"
	       "  s2stat top --vm 'web-*' -i 5     some VMs, every five seconds\n"
	       "  s2stat top --once                one look\n"
	       "  s2stat top --csv -i 5 -n 12      a minute in steps of five seconds\n",
	.json = "vm sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 0,
	.run = top_run,
};
