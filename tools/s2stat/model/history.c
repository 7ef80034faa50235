// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the last samples said (see history.h).
 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

/* The trail of @id among @h's, which go on at *@i; a new one if there is none. */
static struct trail *take(struct history *h, size_t *i, uint64_t id)
{
	struct trail *t;

	while (*i < h->nr && h->trail[*i]->id < id)
		free(h->trail[(*i)++]);
	if (*i < h->nr && h->trail[*i]->id == id)
		return h->trail[(*i)++];
	t = calloc(1, sizeof(*t));
	if (t)
		t->id = id;
	return t;
}

static void record(struct trail *t, const struct vm *vm, double seconds)
{
	size_t at = t->nr++ % HISTORY_LENGTH;
	double s = seconds > 0 ? seconds : 1;

	t->value[HISTORY_FAULTS][at] = counts_faults(&vm->delta) / s;
	t->value[HISTORY_SETS][at] = vm->delta.sets / s;
	t->value[HISTORY_CLEARS][at] = vm->delta.clears / s;
	t->value[HISTORY_FLUSHES][at] = counts_flushes(&vm->delta) / s;
	t->value[HISTORY_TABLES][at] = vm_sum(vm).tables;
}

/**
 * history_sample() - remembers what a sample said
 *
 * Return: 0, or -1 when memory ran out; then nothing is remembered any more.
 */
int history_sample(struct history *h, const struct host *host)
{
	struct trail **now = calloc(host->nr + 1, sizeof(*now));
	size_t old = 0, nr = 0;
	bool failed = !now;

	for (size_t k = 0; now && k < host->nr; k++) {
		if (!host->vm[k]->alive)
			continue;
		now[nr] = take(h, &old, host->vm[k]->id);
		if (now[nr])
			record(now[nr++], host->vm[k], host->seconds);
		else
			failed = true;
	}
	while (old < h->nr)
		free(h->trail[old++]);
	free(h->trail);
	h->trail = now;
	h->nr = nr;
	return failed ? -1 : 0;
}

/** history_reset() - from here: the past is forgotten, sums begin anew */
void history_reset(struct history *h, const struct host *host)
{
	for (size_t i = 0; i < h->nr; i++) {
		struct trail *t = h->trail[i];
		const struct vm *vm = host_find(host, t->id);

		t->nr = 0;
		if (vm)
			t->base = vm->total;
	}
	h->since = host->since;
}

void history_free(struct history *h)
{
	for (size_t i = 0; i < h->nr; i++)
		free(h->trail[i]);
	free(h->trail);
	*h = (struct history){};
}

/** history_find() - the trail of a context, or NULL */
const struct trail *history_find(const struct history *h, uint64_t id)
{
	size_t lo = 0, hi = h->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->trail[mid]->id == id)
			return h->trail[mid];
		if (h->trail[mid]->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/** trail_length() - samples that are remembered */
size_t trail_length(const struct trail *t)
{
	return t->nr < HISTORY_LENGTH ? t->nr : HISTORY_LENGTH;
}

/** trail_value() - as of @back samples ago, less than trail_length() */
float trail_value(const struct trail *t, enum history_what what, size_t back)
{
	return t->value[what][(t->nr - 1 - back) % HISTORY_LENGTH];
}

/** trail_peak() - the highest of the last @length values */
float trail_peak(const struct trail *t, enum history_what what, size_t length)
{
	float peak = 0;

	for (size_t i = 0; i < length && i < trail_length(t); i++)
		if (trail_value(t, what, i) > peak)
			peak = trail_value(t, what, i);
	return peak;
}

/** trail_counts() - what @vm did since the reset */
struct s2r_counts trail_counts(const struct trail *t, const struct vm *vm)
{
	return t ? counts_sub(&vm->total, &t->base) : vm->total;
}
