// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel with the s2 tracepoints and iterators (see backend.h): everything
 * is offered and exact.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "bpf.h"
#include "count.skel.h"
#include "counters.h"
#include "iter.skel.h"
#include "kept.h"
#include "ksym.h"
#include "probe.h"

/**
 * struct s2 - what is attached
 * @keeps:	the kernel counts
 * @now:	the iterator that shows what it has counted
 * @kept:	what that was at the attach
 * @newest:	highest context id that a sample met: what is not alive by then
 *		and has no higher id never will be again
 */
struct s2 {
	struct count_bpf *count;
	struct iter_bpf *iter;
	struct bpf_link *mmus;
	struct bpf_link *tables;
	struct bpf_link *slots;
	bool keeps;
	struct bpf_link *now;
	struct kept kept;
	struct counters counters;
	uint64_t newest;
	struct bpf_buffer buf;
};

/*
 * Where the kernel counts, a program on one of the hot events would only make
 * the guest wait.
 */
static void choose_programs(struct count_bpf *count, bool keeps, bool hot)
{
	struct bpf_program *prog;

	count->rodata->kept = keeps;
	count->rodata->want_hot = hot;
	bpf_object__for_each_program(prog, count->obj)
		bpf_program__set_autoload(prog, !keeps);
	bpf_program__set_autoload(count->progs.on_counts, keeps);
	bpf_program__set_autoload(count->progs.on_vmid_rollover, true);
	bpf_program__set_autoload(count->progs.on_fault_begin, !keeps || hot);
	if (!hot)
		bpf_map__set_max_entries(count->maps.hot, 1);
	if (!keeps)
		bpf_map__set_max_entries(count->maps.ended, 1);
	if (!keeps)
		return;
	bpf_map__set_max_entries(count->maps.counts, 1);
	bpf_map__set_max_entries(count->maps.spilled, 1);
}

static int feed_base(const struct s2r_head *rec, void *s2)
{
	return kept_base(&((struct s2 *)s2)->kept, (const struct s2r_kept *)rec);
}

static int open_count(struct s2 *s2, bool hot, struct failure *f)
{
	int err;

	s2->count = count_bpf__open();
	if (!s2->count)
		return bpf_refused(f, "open the BPF counters", -errno);
	s2->count->rodata->page_shift = bpf_page_shift();
	choose_programs(s2->count, s2->keeps, hot);
	err = count_bpf__load(s2->count);
	if (err)
		return bpf_refused(f, "load the BPF counters", err);
	err = count_bpf__attach(s2->count);
	if (err)
		return bpf_refused(f, "attach to the s2 tracepoints", err);
	if (s2->keeps && bpf_pass(&s2->buf, s2->now, feed_base, s2, f))
		return -1;
	return counters_init(&s2->counters, s2->count->obj, f);
}

static int attach_iter(struct bpf_program *prog, struct bpf_link **link,
		       const char *what, struct failure *f)
{
	*link = bpf_program__attach_iter(prog, NULL);
	return *link ? 0 : bpf_refused(f, what, -errno);
}

static int open_iter(struct s2 *s2, uint32_t *offers, struct failure *f)
{
	int err;

	s2->iter = iter_bpf__open();
	if (!s2->iter)
		return bpf_refused(f, "open the BPF iterators", -errno);
	s2->iter->rodata->page_shift = bpf_page_shift();
	s2->iter->rodata->vmids_addr = ksym_address("vmids");
	if (!s2->iter->rodata->vmids_addr)
		*offers &= ~OFFER_VMID_SPACE;
	bpf_program__set_autoload(s2->iter->progs.show_kept, s2->keeps);
	err = iter_bpf__load(s2->iter);
	if (err)
		return bpf_refused(f, "load the BPF iterators", err);
	if (attach_iter(s2->iter->progs.show_mmu, &s2->mmus,
			"attach the s2_mmu iterator", f) ||
	    attach_iter(s2->iter->progs.show_table, &s2->tables,
			"attach the s2_table iterator", f))
		return -1;
	if (s2->keeps && attach_iter(s2->iter->progs.show_kept, &s2->now,
				     "attach the s2_mmu iterator", f))
		return -1;
	return attach_iter(s2->iter->progs.show_slots, &s2->slots,
			   "attach the s2_mmu iterator", f);
}

static int s2_open(void **self, const struct live_wants *wants,
		   uint32_t *offers, struct failure *f)
{
	struct s2 *s2 = calloc(1, sizeof(*s2));

	*self = s2;
	if (!s2)
		return failed(f, EXIT_ERROR, "out of memory");
	*offers = OFFER_ALL;
	s2->keeps = wants->counts && wants->probe->counts;
	if (bpf_buffer_init(&s2->buf, f) || open_iter(s2, offers, f))
		return -1;
	return wants->counts ? open_count(s2, wants->hot, f) : 0;
}

static void s2_close(void *self)
{
	struct s2 *s2 = self;

	if (!s2)
		return;
	bpf_link__destroy(s2->mmus);
	bpf_link__destroy(s2->tables);
	bpf_link__destroy(s2->slots);
	bpf_link__destroy(s2->now);
	iter_bpf__destroy(s2->iter);
	counters_free(&s2->counters);
	kept_free(&s2->kept);
	count_bpf__destroy(s2->count);
	bpf_buffer_free(&s2->buf);
	free(s2);
}

static int s2_contexts(void *self, record_fn fn, void *arg, struct failure *f)
{
	struct s2 *s2 = self;

	return bpf_pass(&s2->buf, s2->mmus, fn, arg, f);
}

static int s2_slots(void *self, uint64_t mmu, record_fn fn, void *arg,
		    struct failure *f)
{
	struct s2 *s2 = self;

	s2->iter->bss->only_mmu = mmu;
	return bpf_pass(&s2->buf, s2->slots, fn, arg, f);
}

/*
 * Hands on, and learns how large the largest table is. A pass over later parts
 * (@first and up) concerns only the tables that have any.
 */
struct tables {
	record_fn fn;
	void *arg;
	uint32_t first;
	uint32_t largest;
};

static int feed_tables(const struct s2r_head *rec, void *arg)
{
	struct tables *t = arg;

	if (rec->type == S2R_TABLE) {
		const struct s2r_table *table = (const void *)rec;

		if (table->nr > t->largest)
			t->largest = table->nr;
		if (t->first && table->nr <= t->first)
			return 0;
	}
	return t->fn(rec, t->arg);
}

/*
 * One object may write no more than the seq_file holds, so with entries a
 * large root takes several passes, each with a later part of it.
 */
static int s2_tables(void *self, const struct table_query *q, record_fn fn,
		     void *arg, struct failure *f)
{
	struct tables t = { .fn = fn, .arg = arg };
	struct s2 *s2 = self;
	uint32_t chunks = (s2->buf.size - sizeof(struct s2r_table)) /
			  sizeof(struct s2r_entries);
	int err;

	s2->iter->bss->only_mmu = q->mmu;
	s2->iter->bss->first_ipa = q->first;
	s2->iter->bss->last_ipa = q->last;
	s2->iter->bss->want_entries = q->entries;
	s2->iter->bss->nr_chunks = chunks;
	do {
		s2->iter->bss->first_chunk = t.first / S2R_CHUNK;
		err = bpf_pass(&s2->buf, s2->tables, feed_tables, &t, f);
		t.first += chunks * S2R_CHUNK;
	} while (!err && q->entries && t.first < t.largest);
	return err;
}

/*
 * Is the context with this row no more? It says so itself by its last event,
 * if that found its row; and one that was there (or older than what was) and is
 * not at two samples has died, too. At the first its last event may be to come.
 */
static bool is_over(uint64_t id, const struct s2r_counts *sum,
		    const struct host *host, void *self)
{
	const struct vm *vm = host_find(host, id);
	const struct s2 *s2 = self;

	if (sum->freed)
		return true;
	return id <= s2->newest && !(vm && (vm->seen || !vm->missed));
}

static uint64_t newest(const struct host *host)
{
	for (size_t i = host->nr; i--;)
		if (host->vm[i]->seen)
			return host->vm[i]->id;
	return 0;
}

/* For one pass over what the kernel has counted. */
struct counting {
	struct s2 *s2;
	struct host *host;
};

static int feed_kept(const struct s2r_head *rec, void *arg)
{
	const struct s2r_kept *kept = (const void *)rec;
	struct counting *c = arg;
	struct s2r_counts counts;

	kept_since(&c->s2->kept, kept, &counts);
	return host_counts(c->host, kept->mmu, &counts);
}

/* Contexts that have ended make room for others. */
static int kept_ended(struct s2 *s2, struct host *host)
{
	int map = bpf_map__fd(s2->count->maps.ended), err = 0;
	struct s2r_counts counts;
	struct s2r_kept kept;
	uint64_t id;

	while (!err && !bpf_map_get_next_key(map, NULL, &id)) {
		if (bpf_map_lookup_and_delete_elem(map, &id, &kept))
			return -errno;
		kept_since(&s2->kept, &kept, &counts);
		counts.freed = 1;
		err = host_counts(host, id, &counts);
	}
	return err;
}

/* The living first: who dies meanwhile is then among the dead. */
static int kept_counts(struct s2 *s2, struct host *host, struct failure *f)
{
	struct counting c = { s2, host };
	int err;

	if (bpf_pass(&s2->buf, s2->now, feed_kept, &c, f))
		return -1;
	err = kept_ended(s2, host);
	return err ? bpf_refused(f, "read the kernel's counts", err) : 0;
}

static int s2_counts(void *self, struct host *host, struct failure *f)
{
	struct s2 *s2 = self;
	struct s2r_global global;
	uint64_t latest = newest(host);

	if (!s2->count)
		return 0;
	if (s2->keeps ? kept_counts(s2, host, f) :
			counters_rows(&s2->counters, host, is_over, s2, f))
		return -1;
	if (counters_global(&s2->counters, &global, f))
		return -1;
	if (latest > s2->newest)
		s2->newest = latest;
	host->rollovers = global.rollovers;
	host->dropped = global.dropped;
	host->leaked = global.leaked;
	return 0;
}

static int s2_hot(void *self, live_hot_fn fn, void *arg, uint64_t *cold,
		  struct failure *f)
{
	struct s2 *s2 = self;

	return counters_hot(&s2->counters, fn, arg, cold, f);
}

const struct backend s2_backend = {
	.open = s2_open,
	.close = s2_close,
	.contexts = s2_contexts,
	.tables = s2_tables,
	.slots = s2_slots,
	.counts = s2_counts,
	.hot = s2_hot,
};
