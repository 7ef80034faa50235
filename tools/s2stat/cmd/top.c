// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat top: the VMs that are busiest at stage 2, first.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../view/json.h"
#include "cmd.h"

/* Busiest first; among equals the one with more mapped memory, then the id. */
static int by_activity(const void *a, const void *b)
{
	const struct vm *x = *(const struct vm *const *)a;
	const struct vm *y = *(const struct vm *const *)b;
	uint64_t ax = counts_activity(&x->delta);
	uint64_t ay = counts_activity(&y->delta);

	if (ax != ay)
		return ax < ay ? 1 : -1;
	ax = vm_sum(x).tables;
	ay = vm_sum(y).tables;
	if (ax != ay)
		return ax < ay ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void top_json(const struct options *o, const struct host *host,
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

	/* Home and clear, between samples on a terminal only. */
	if (o->count != 1 && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
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
	size_t n = 0;

	(void)live;
	if (!order)
		return failed(f, EXIT_ERROR, "out of memory");
	for (size_t i = 0; i < host->nr; i++)
		if (chosen[i])
			order[n++] = host->vm[i];
	qsort(order, n, sizeof(*order), by_activity);
	if (o->json || o->csv)
		top_json(o, host, order, n);
	else
		top_text(o, host, order, n);
	free(order);
	return 0;
}

static int top_run(const struct options *o)
{
	const struct sampling s = {
		.show = top_sample,
		.columns = vm_columns,
		.keep_gone = true,
	};

	return sample_loop(o, &s);
}

const struct verb top_verb = {
	.name = "top",
	.help = "the busiest VMs first, again every interval",
	.doc = "Shows the VMs as list does, the busiest at stage 2 first, until interrupted.\v"
	       "Examples:\n"
	       "  s2stat top                 every second\n"
	       "  s2stat top --once          one look\n"
	       "  s2stat top -i 5 -n 12      a minute in steps of five seconds\n",
	.json = "vm sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 0,
	.run = top_run,
};
