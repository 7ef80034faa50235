// SPDX-License-Identifier: GPL-2.0-only
/*
 * The running kernel as a source of records (see live.h): one sample after the
 * other into the model, whatever backend reads them.
 */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend.h"
#include "bpf.h"
#include "caps.h"
#include "probe.h"
#include "proc.h"

/*
 * Looks at a table whose count seems wrong, and how long we wait before each:
 * in an emulated host a CPU can stop for long between the two writes of one
 * change.
 */
static const double rechecks[] = { 0, 0.001, 0.01, 0.05, 0.1, 0.2 };
#define NR_RECHECKS (sizeof(rechecks) / sizeof(rechecks[0]))

/* Seconds without a word that a person is expected to bear. */
#define PATIENCE 2

/**
 * struct live - what is attached
 * @walks:	a sample reads all table pages
 * @tables:	table pages read in this pass
 * @begun:	when it began
 * @told:	when stderr was last told of them; 0: not yet
 */
struct live {
	const struct backend *backend;
	void *self;
	uint32_t offers;
	bool progress;
	bool walks;
	size_t tables;
	double begun;
	double told;
	double attached;
	double last;
};

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/**
 * live_open_for() - attaches to the running kernel
 * @out:	given back with live_close(); NULL on failure
 *
 * Gives up all capabilities that reading does not need.
 *
 * Return: 0, or -1 with @f filled.
 */
int live_open_for(struct live **out, const struct live_wants *wanted,
		  struct failure *f)
{
	struct live_wants wants = *wanted;
	struct live *live;
	struct probe probe;

	*out = NULL;
	bpf_say(wants.verbose);
	probe_kernel(&probe);
	if (probe_verdict(&probe, f))
		return -1;

	live = calloc(1, sizeof(*live));
	if (!live)
		return failed(f, EXIT_ERROR, "out of memory");
	live->progress = wants.progress;
	live->walks = wants.tables;
	live->backend = probe.context ? &s2_backend : &stock_backend;
	wants.probe = &probe;
	if (live->backend->open(&live->self, &wants, &live->offers, f)) {
		live_close(live);
		return -1;
	}
	caps_keep_bpf();
	live->attached = now(CLOCK_MONOTONIC);
	live->last = live->attached;
	*out = live;
	return 0;
}

/** live_open() - live_open_for() with events counted and tables read */
int live_open(struct live **live, int verbose, struct failure *f)
{
	const struct live_wants wants = { .verbose = verbose,
					  .counts = true,
					  .tables = true };

	return live_open_for(live, &wants, f);
}

/** live_offers() - enum offer, or-ed: what samples will have */
uint32_t live_offers(const struct live *live)
{
	return live->offers;
}

/** live_close() - detaches and gives all back; @live may be NULL */
void live_close(struct live *live)
{
	if (!live)
		return;
	live->backend->close(live->self);
	free(live);
}

static int feed_context(const struct s2r_head *rec, void *host)
{
	if (rec->type == S2R_VMIDS) {
		host_vmids(host, (const struct s2r_vmids *)rec);
		return 0;
	}
	return host_mmu(host, (const struct s2r_mmu *)rec);
}

static void pass_begins(struct live *live)
{
	live->tables = 0;
	live->begun = now(CLOCK_MONOTONIC);
}

/* Says how far the pass is, once a second, if it takes long. */
static void tell(struct live *live)
{
	double t;

	live->tables++;
	if (!live->progress || live->tables % 1024)
		return;
	t = now(CLOCK_MONOTONIC);
	if (t - live->begun < PATIENCE || t - live->told < 1)
		return;
	fprintf(stderr, "\rs2stat: %zu table pages read ...", live->tables);
	live->told = t;
}

static void told(struct live *live)
{
	if (live->told)
		fputs("\r\033[K", stderr);
	live->told = 0;
}

struct reading {
	struct live *live;
	struct host *host;
};

static int feed_table(const struct s2r_head *rec, void *arg)
{
	struct reading *r = arg;

	tell(r->live);
	return host_table(r->host, (const struct s2r_table *)rec);
}

static int feed_recheck(const struct s2r_head *rec, void *host)
{
	host_recheck(host, (const struct s2r_table *)rec);
	return 0;
}

static void pause_for(double seconds)
{
	struct timespec ts = { .tv_nsec = (long)(seconds * 1e9) };

	if (seconds > 0)
		nanosleep(&ts, NULL);
}

/* Looks once more at the tables of those contexts that have suspects. */
static int look_again(struct live *live, struct host *host, struct failure *f)
{
	struct table_query q = {};

	for (size_t i = 0; i < host->nr; i++) {
		if (!vm_suspects(host->vm[i], &q.first, &q.last))
			continue;
		q.mmu = host->vm[i]->id;
		if (live->backend->tables(live->self, &q, feed_recheck, host,
					  f))
			return -1;
	}
	return 0;
}

static int recheck(struct live *live, struct host *host, struct failure *f)
{
	size_t left = 0;

	for (size_t i = 0; i < host->nr; i++)
		left += vm_suspects(host->vm[i], NULL, NULL);
	for (size_t look = 0; left && look < NR_RECHECKS; look++) {
		pause_for(rechecks[look]);
		host_recheck_begin(host);
		if (look_again(live, host, f))
			return -1;
		left = host_recheck_end(host);
	}
	return 0;
}

static int walk_all(struct live *live, struct host *host, struct failure *f)
{
	const struct table_query all = { .last = UINT64_MAX };
	struct reading r = { live, host };
	int err;

	pass_begins(live);
	err = live->backend->contexts(live->self, feed_context, host, f);
	if (!live->walks)
		return err;
	if (!err)
		err = live->backend->tables(live->self, &all, feed_table, &r,
					    f);
	if (!err)
		err = recheck(live, host, f);
	told(live);
	return err;
}

/**
 * live_sample() - takes one sample
 * @host:	filled; its contexts keep what they knew from earlier samples
 *
 * Return: 0, or -1 with @f filled.
 */
int live_sample(struct live *live, struct host *host, struct failure *f)
{
	double t;

	host_begin(host);
	host->offers = live->offers;
	host->no_tables = !live->walks;
	if (walk_all(live, host, f))
		return -1;
	t = now(CLOCK_MONOTONIC);
	if (live->backend->counts(live->self, host, f))
		return -1;
	host->time = now(CLOCK_REALTIME);
	host->seconds = t - live->last;
	host->since = t - live->attached;
	live->last = t;
	host_end(host);
	for (size_t i = 0; i < host->nr; i++)
		if (!host->vm[i]->named)
			proc_name(host->vm[i]);
	return 0;
}

/**
 * live_explain() - tells what this kernel offers, beyond what probe.h says
 * @host:	a sample taken before
 */
void live_explain(struct live *live, const struct host *host, live_check_fn fn,
		  void *arg)
{
	if (live->backend->explain)
		live->backend->explain(live->self, host, fn, arg);
}

/* Tells a table that comes for the first time from a later part of it. */
struct walk {
	struct live *live;
	const struct live_visitor *v;
	struct s2r_table table;
	uint64_t root;
};

static void visit_table(struct walk *w, const struct s2r_table *table)
{
	bool again = table->pa == w->root && w->root;

	if (!w->root)
		w->root = table->pa;
	w->table = *table;
	if (!again)
		w->v->table(table, w->v->arg);
}

static int feed_visitor(const struct s2r_head *rec, void *arg)
{
	struct walk *w = arg;

	if (rec->type == S2R_TABLE)
		tell(w->live);
	if (rec->type == S2R_TABLE)
		visit_table(w, (const struct s2r_table *)rec);
	else if (rec->type == S2R_ENTRIES)
		w->v->entries(&w->table, (const struct s2r_entries *)rec,
			      w->v->arg);
	return 0;
}

/* Looks for one context among those that are alive. */
struct search {
	uint64_t mmu;
	bool found;
};

static int feed_search(const struct s2r_head *rec, void *arg)
{
	const struct s2r_mmu *mmu = (const void *)rec;
	struct search *s = arg;

	s->found |= rec->type == S2R_MMU && mmu->id == s->mmu;
	return 0;
}

/**
 * live_walk() - shows every entry of one context
 * @mmu:	its id
 *
 * Return: 0, or -1 with @f filled, also when it went away meanwhile: then what
 * was shown is not all there was.
 */
int live_walk(struct live *live, uint64_t mmu, const struct live_visitor *v,
	      struct failure *f)
{
	const struct table_query q = {
		.mmu = mmu,
		.first = v->first,
		.last = v->last ?: UINT64_MAX,
		.entries = true,
	};
	struct search s = { .mmu = mmu };
	struct walk w = { .live = live, .v = v };
	int err;

	pass_begins(live);
	err = live->backend->tables(live->self, &q, feed_visitor, &w, f);
	told(live);
	if (err || live->backend->contexts(live->self, feed_search, &s, f))
		return -1;
	return s.found ? 0 :
			 failed(f, EXIT_ERROR,
				"the VM went away while it was read");
}

struct slots {
	live_slot_fn fn;
	void *arg;
};

static int feed_slot(const struct s2r_head *rec, void *arg)
{
	const struct slots *s = arg;

	if (rec->type == S2R_SLOT)
		s->fn((const struct s2r_slot *)rec, s->arg);
	return 0;
}

/**
 * live_slots() - shows the memslots of the VM that context @mmu belongs to
 *
 * Only if host->offers has OFFER_SLOTS.
 */
int live_slots(struct live *live, uint64_t mmu, live_slot_fn fn, void *arg,
	       struct failure *f)
{
	struct slots s = { .fn = fn, .arg = arg };

	return live->backend->slots(live->self, mmu, feed_slot, &s, f);
}

/**
 * live_hot() - shows where guests faulted since the attach
 * @cold:	faults for whose region there was no room
 *
 * Only if it was wanted, and if host->offers has OFFER_HOT.
 */
int live_hot(struct live *live, live_hot_fn fn, void *arg, uint64_t *cold,
	     struct failure *f)
{
	return live->backend->hot(live->self, fn, arg, cold, f);
}
