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
#include "iter.skel.h"
#include "ksym.h"

/**
 * struct s2 - what is attached
 * @newest:	highest context id that a sample met: what is not alive by then
 *		and has no higher id never will be again
 */
struct s2 {
	struct count_bpf *count;
	struct iter_bpf *iter;
	struct bpf_link *mmus;
	struct bpf_link *tables;
	struct bpf_link *slots;
	struct s2r_counts *per_cpu;
	int cpus;
	uint64_t newest;
	struct bpf_buffer buf;
};

static int open_count(struct s2 *s2, bool hot, struct failure *f)
{
	int err;

	s2->count = count_bpf__open();
	if (!s2->count)
		return bpf_refused(f, "open the BPF counters", -errno);
	s2->count->rodata->page_shift = bpf_page_shift();
	s2->count->rodata->want_hot = hot;
	if (!hot)
		bpf_map__set_max_entries(s2->count->maps.hot, 1);
	err = count_bpf__load(s2->count);
	if (err)
		return bpf_refused(f, "load the BPF counters", err);
	err = count_bpf__attach(s2->count);
	if (err)
		return bpf_refused(f, "attach to the s2 tracepoints", err);
	return 0;
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
	err = iter_bpf__load(s2->iter);
	if (err)
		return bpf_refused(f, "load the BPF iterators", err);
	if (attach_iter(s2->iter->progs.show_mmu, &s2->mmus,
			"attach the s2_mmu iterator", f) ||
	    attach_iter(s2->iter->progs.show_table, &s2->tables,
			"attach the s2_table iterator", f))
		return -1;
	return attach_iter(s2->iter->progs.show_slots, &s2->slots,
			   "attach the s2_mmu iterator", f);
}

static int open_buffers(struct s2 *s2, struct failure *f)
{
	s2->cpus = libbpf_num_possible_cpus();
	if (s2->cpus < 1)
		return failed(f, EXIT_ERROR, "cannot count the host's CPUs");
	s2->per_cpu = calloc(s2->cpus, sizeof(*s2->per_cpu));
	if (!s2->per_cpu)
		return failed(f, EXIT_ERROR, "out of memory");
	return bpf_buffer_init(&s2->buf, f);
}

static int s2_open(void **self, const struct live_wants *wants,
		   uint32_t *offers, struct failure *f)
{
	struct s2 *s2 = calloc(1, sizeof(*s2));

	*self = s2;
	if (!s2)
		return failed(f, EXIT_ERROR, "out of memory");
	*offers = OFFER_ALL;
	if (open_buffers(s2, f) || open_iter(s2, offers, f))
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
	iter_bpf__destroy(s2->iter);
	count_bpf__destroy(s2->count);
	bpf_buffer_free(&s2->buf);
	free(s2->per_cpu);
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
 * Events that BPF skipped because the program already ran on the CPU, ever.
 * They are as lost as those that found no room in the map.
 */
static uint64_t recursion_misses(struct s2 *s2)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, s2->count->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

static int read_global(struct s2 *s2, struct s2r_global *sum, struct failure *f)
{
	struct s2r_global *g = (struct s2r_global *)s2->per_cpu;
	__u32 key = 0;

	_Static_assert(sizeof(*g) <= sizeof(struct s2r_counts) &&
			       sizeof(*g) % 8 == 0,
		       "one buffer serves both maps");
	if (bpf_map_lookup_elem(bpf_map__fd(s2->count->maps.global), &key, g))
		return bpf_refused(f, "read the BPF counters", -errno);
	*sum = (struct s2r_global){ .dropped = recursion_misses(s2) };
	for (int cpu = 0; cpu < s2->cpus; cpu++) {
		sum->rollovers += g[cpu].rollovers;
		sum->dropped += g[cpu].dropped;
		sum->leaked += g[cpu].leaked;
		sum->cold += g[cpu].cold;
	}
	return 0;
}

/*
 * Is the context with this row no more? It says so itself by its last event,
 * if that found its row; and one that was there (or older than what was) at
 * the last sample and is not now has died, too.
 */
static bool is_over(struct s2 *s2, const struct host *host, uint64_t id,
		    const struct s2r_counts *sum)
{
	const struct vm *vm = host_find(host, id);

	return sum->freed || (id <= s2->newest && !(vm && vm->seen));
}

/* Reads one row; a context that is gone gives its place back. */
static int read_row(struct s2 *s2, int map, uint64_t id, struct host *host)
{
	struct s2r_counts sum = {};
	bool over;

	if (bpf_map_lookup_elem(map, &id, s2->per_cpu))
		return errno == ENOENT ? 0 : -errno;
	for (int cpu = 0; cpu < s2->cpus; cpu++)
		counts_add(&sum, &s2->per_cpu[cpu]);
	over = is_over(s2, host, id, &sum);
	if (over)
		bpf_map_delete_elem(map, &id);
	return host_counts(host, id, &sum);
}

static uint64_t newest(const struct host *host)
{
	for (size_t i = host->nr; i--;)
		if (host->vm[i]->seen)
			return host->vm[i]->id;
	return 0;
}

/*
 * The key to go on from is fetched before its predecessor's row may go. A hash
 * that changes under the walk may send us round again: a row read twice does
 * no harm, but the number of steps is bounded.
 */
static int s2_counts(void *self, struct host *host, struct failure *f)
{
	struct s2 *s2 = self;
	struct s2r_global global;
	int map, err = 0;
	uint64_t id, next, latest = newest(host);
	bool more;

	if (!s2->count)
		return 0;
	map = bpf_map__fd(s2->count->maps.counts);
	more = !bpf_map_get_next_key(map, NULL, &next);
	for (size_t n = 0; more && !err && n < 4 * S2R_MAX_VMS; n++) {
		id = next;
		more = !bpf_map_get_next_key(map, &id, &next);
		err = read_row(s2, map, id, host);
	}
	if (err)
		return bpf_refused(f, "read the BPF counters", err);
	if (latest > s2->newest)
		s2->newest = latest;
	if (read_global(s2, &global, f))
		return -1;
	host->rollovers = global.rollovers;
	host->dropped = global.dropped;
	host->leaked = global.leaked;
	return 0;
}

static int s2_hot(void *self, live_hot_fn fn, void *arg, uint64_t *cold,
		  struct failure *f)
{
	struct s2 *s2 = self;
	int map = bpf_map__fd(s2->count->maps.hot), err = 0;
	struct s2r_hot_key key, next;
	struct s2r_global global;
	struct s2r_hot hot;
	bool more = !bpf_map_get_next_key(map, NULL, &next);

	for (size_t n = 0; more && !err && n < 4 * S2R_MAX_HOT; n++) {
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
		if (!bpf_map_lookup_elem(map, &key, &hot))
			err = fn(&key, &hot, arg);
	}
	if (err || read_global(s2, &global, f))
		return err ? bpf_refused(f, "read the hot spots", err) : -1;
	*cold = global.cold;
	return 0;
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
