// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat faults: guest aborts at stage 2 by kind, result and size, and where
 * they hit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../view/json.h"
#include "../view/text_rows.h"
#include "cmd.h"

enum { KEY_HOT = KEY_OF_VERB };

static unsigned long nr_hot = 10;

static const char *const columns[] = {
	"time",
	"mmu",
	"vm",
	"name",
	"total",
	"rate",
	"kinds.translation",
	"kinds.permission",
	"kinds.access_flag",
	"kinds.other",
	"kinds.prefault",
	"results.handled",
	"results.user",
	"results.again",
	"results.failed",
	NULL,
};

/**
 * struct spot - a region that faults hit
 * @delta:	since the sample before
 */
struct spot {
	struct s2r_hot_key key;
	struct s2r_hot total;
	uint64_t delta;
};

/* All regions, by key: as of this sample, and of the one before. */
struct spots {
	struct spot *spot;
	size_t nr;
	size_t room;
};

static struct spots before;

static int by_key(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->key.mmu != y->key.mmu)
		return x->key.mmu < y->key.mmu ? -1 : 1;
	return x->key.region < y->key.region ? -1 :
					       x->key.region > y->key.region;
}

/* Of one context, the hottest first. */
static int by_heat(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->key.mmu != y->key.mmu)
		return x->key.mmu < y->key.mmu ? -1 : 1;
	if (x->delta != y->delta)
		return x->delta < y->delta ? 1 : -1;
	return by_key(a, b);
}

static int add_spot(const struct s2r_hot_key *key, const struct s2r_hot *hot,
		    void *arg)
{
	struct spots *s = arg;

	if (s->nr == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		struct spot *grown;

		grown = reallocarray(s->spot, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->spot = grown;
		s->room = room;
	}
	s->spot[s->nr++] = (struct spot){ .key = *key, .total = *hot };
	return 0;
}

/* What the map's walk showed twice goes; the rest gets its delta. */
static void settle(struct spots *now)
{
	size_t kept = 0;

	qsort(now->spot, now->nr, sizeof(*now->spot), by_key);
	for (size_t i = 0; i < now->nr; i++) {
		struct spot *s = &now->spot[i], *old;

		if (kept && !by_key(&now->spot[kept - 1], s))
			continue;
		old = bsearch(s, before.spot, before.nr, sizeof(*s), by_key);
		s->delta = s->total.faults - (old ? old->total.faults : 0);
		now->spot[kept++] = *s;
	}
	now->nr = kept;
}

/* Regions in which anything happened in this sample; by_key is kept in @now. */
static int hottest(const struct spots *now, struct spots *hot)
{
	hot->spot = calloc(now->nr + 1, sizeof(*hot->spot));
	if (!hot->spot)
		return -1;
	for (size_t i = 0; i < now->nr; i++)
		if (now->spot[i].delta)
			hot->spot[hot->nr++] = now->spot[i];
	qsort(hot->spot, hot->nr, sizeof(*hot->spot), by_heat);
	return 0;
}

static void show_hot(const struct options *o, const struct text *t,
		     const struct host *host, const struct vm *vm,
		     const struct spots *hot)
{
	size_t shown = 0;

	for (size_t i = 0; i < hot->nr && shown < nr_hot; i++) {
		const struct spot *s = &hot->spot[i];

		if (s->key.mmu != vm->id)
			continue;
		if (o->json)
			json_emit(stdout, json_of_hot(host, vm, &s->key,
						      &s->total, s->delta));
		else
			text_hot(t, host, &s->key, &s->total, s->delta, !shown);
		shown++;
	}
}

static void show_vm(const struct options *o, const struct text *t,
		    const struct host *host, const struct vm *vm,
		    const struct spots *hot)
{
	if (o->json || o->csv)
		emit(o, host, columns, json_of_faults(host, vm));
	else
		text_faults(t, host, vm);
	if (!o->csv)
		show_hot(o, t, host, vm, hot);
}

/* Reads the regions into @now, and those to be shown into @hot. */
static int read_spots(struct live *live, const struct host *host,
		      struct spots *now, struct spots *hot, uint64_t *cold,
		      struct failure *f)
{
	if (!(host->offers & OFFER_HOT))
		return 0;
	if (live_hot(live, add_spot, now, cold, f))
		return -1;
	settle(now);
	return hottest(now, hot) ? failed(f, EXIT_ERROR, "out of memory") : 0;
}

static void show_all(const struct options *o, const struct host *host,
		     const bool *chosen, const struct spots *hot, uint64_t cold)
{
	struct text t = text_for(o);
	size_t shown = 0;

	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		show_vm(o, &t, host, host->vm[i], hot);
		shown++;
	}
	if (o->json)
		json_sample(stdout, host, shown, true);
	else if (!o->csv && !shown)
		puts("no VM runs on this host");
	if (o->json || o->csv)
		return;
	if (cold)
		printf("%llu faults in regions that were too many to count one by one\n",
		       (unsigned long long)cold);
	text_warnings(&t, host);
}

static int faults_sample(const struct options *o, struct live *live,
			 const struct host *host, const bool *chosen,
			 struct failure *f)
{
	struct spots now = {}, hot = {};
	uint64_t cold = 0;
	int err;

	err = read_spots(live, host, &now, &hot, &cold, f);
	if (!err)
		show_all(o, host, chosen, &hot, cold);
	free(hot.spot);
	free(before.spot);
	before = now;
	return err;
}

static int faults_run(const struct options *o)
{
	const struct sampling s = {
		.show = faults_sample,
		.columns = columns,
		.hot = true,
		.keep_gone = true,
		.needs = OFFER_FAULTS,
		.lacks = "this kernel does not show guest aborts (s2stat doctor tells why)",
	};
	int rc = sample_loop(o, &s);

	free(before.spot);
	return rc;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != KEY_HOT)
		return ARGP_ERR_UNKNOWN;
	nr_hot = option_number(state, arg, "regions");
	return 0;
}

static const struct argp_option options[] = {
	{ "hot", KEY_HOT, "N", 0, "Hottest regions of 2 MB shown for a VM (10)",
	  0 },
	{},
};

const struct verb faults_verb = {
	.name = "faults",
	.help = "guest aborts by kind, result and size, and where they hit",
	.doc = "Shows the guest aborts that s2stat saw: why (translation, permission, access flag), how "
	       "they ended (handled; left to user space, which is MMIO; lost a race and tried again; "
	       "failed), which leaf sizes they asked for, and the regions of 2 MB that most of them "
	       "hit.\v"
	       "Examples:\n"
	       "  s2stat faults\n"
	       "  s2stat faults --vm web-1 --interval 10 --hot 30\n"
	       "  s2stat faults --json --count 60\n",
	.json = "faults hot sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.needs_time = true,
	.count = 1,
	.options = options,
	.parse = parse,
	.run = faults_run,
};
