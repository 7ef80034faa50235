// SPDX-License-Identifier: GPL-2.0-only
/*
 * The running kernel as a source of records (see live.h).
 */
#include "live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "caps.h"
#include "count.skel.h"
#include "iter.skel.h"
#include "probe.h"
#include "proc.h"

/* A table is accused only if its count was wrong at this many more looks. */
#define RECHECKS 3
/* The kernel's seq_file buffer for iterators is eight pages. */
#define SEQ_PAGES 8

struct live {
	struct count_bpf *count;
	struct iter_bpf *iter;
	struct bpf_link *mmus;
	struct bpf_link *tables;
	struct s2r_counts *per_cpu;
	int cpus;
	double attached;
	double last;
	uint64_t misses;
	size_t buf_size;
	char *buf;
};

static int verbosity;

static int to_stderr(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (verbosity < (level == LIBBPF_DEBUG ? 2 : 1))
		return 0;
	return vfprintf(stderr, fmt, ap);
}

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* What the kernel answered to @what, as a sentence. @err is negative. */
static int refused(struct failure *f, const char *what, int err)
{
	if (err == -EPERM || err == -EACCES)
		return failed(
			f, EXIT_ERROR,
			"not permitted to %s: s2stat needs CAP_BPF and CAP_PERFMON (run it as root, or give it these two)",
			what);
	return failed(f, EXIT_ERROR, "cannot %s: %s (-v shows more)", what,
		      strerror(-err));
}

static uint32_t host_page_shift(void)
{
	return __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

static int open_count(struct live *live, struct failure *f)
{
	int err;

	live->count = count_bpf__open();
	if (!live->count)
		return refused(f, "open the BPF counters", -errno);
	live->count->rodata->page_shift = host_page_shift();
	err = count_bpf__load(live->count);
	if (err)
		return refused(f, "load the BPF counters", err);
	err = count_bpf__attach(live->count);
	if (err)
		return refused(f, "attach to the s2 tracepoints", err);
	return 0;
}

static int open_iter(struct live *live, struct failure *f)
{
	int err;

	live->iter = iter_bpf__open_and_load();
	if (!live->iter)
		return refused(f, "load the BPF iterators", -errno);
	live->mmus = bpf_program__attach_iter(live->iter->progs.show_mmu, NULL);
	err = -errno;
	if (!live->mmus)
		return refused(f, "attach the s2_mmu iterator", err);
	live->tables =
		bpf_program__attach_iter(live->iter->progs.show_table, NULL);
	err = -errno;
	if (!live->tables)
		return refused(f, "attach the s2_table iterator", err);
	return 0;
}

static int open_buffers(struct live *live, struct failure *f)
{
	live->cpus = libbpf_num_possible_cpus();
	if (live->cpus < 1)
		return failed(f, EXIT_ERROR, "cannot count the host's CPUs");
	live->per_cpu = calloc(live->cpus, sizeof(*live->per_cpu));
	live->buf_size = SEQ_PAGES << host_page_shift();
	live->buf = malloc(live->buf_size);
	if (!live->per_cpu || !live->buf)
		return failed(f, EXIT_ERROR, "out of memory");
	return 0;
}

/**
 * live_open() - attaches to the running kernel
 * @live:	given back with live_close(); NULL on failure
 * @verbose:	1 shows libbpf's warnings, 2 all it says
 *
 * Gives up all capabilities that reading does not need.
 *
 * Return: 0, or -1 with @f filled.
 */
int live_open(struct live **out, int verbose, struct failure *f)
{
	struct live *live;
	struct probe probe;

	*out = NULL;
	verbosity = verbose;
	libbpf_set_print(to_stderr);
	probe_kernel(&probe);
	if (probe_verdict(&probe, f))
		return -1;

	live = calloc(1, sizeof(*live));
	if (!live)
		return failed(f, EXIT_ERROR, "out of memory");
	if (open_buffers(live, f) || open_iter(live, f) ||
	    open_count(live, f)) {
		live_close(live);
		return -1;
	}
	caps_keep_bpf();
	live->attached = now(CLOCK_MONOTONIC);
	live->last = live->attached;
	*out = live;
	return 0;
}

/** live_close() - detaches and gives all back; @live may be NULL */
void live_close(struct live *live)
{
	if (!live)
		return;
	bpf_link__destroy(live->mmus);
	bpf_link__destroy(live->tables);
	iter_bpf__destroy(live->iter);
	count_bpf__destroy(live->count);
	free(live->per_cpu);
	free(live->buf);
	free(live);
}

/* Who gets the records of one pass; what it returns below 0 ends the pass. */
typedef int (*record_fn)(const struct s2r_head *rec, void *arg);

/* Hands on the whole records in buf; returns how many bytes are left over. */
static ssize_t hand_on(char *buf, size_t len, record_fn fn, void *arg)
{
	size_t at = 0;

	while (len - at >= sizeof(struct s2r_head)) {
		const struct s2r_head *rec = (const void *)(buf + at);
		int err;

		if (rec->size < sizeof(*rec))
			return -EPROTO;
		if (rec->size > len - at)
			break;
		err = fn(rec, arg);
		if (err < 0)
			return err;
		at += rec->size;
	}
	memmove(buf, buf + at, len - at);
	return len - at;
}

/* Runs the iterator behind @link from its first object to its last. */
static int run_pass(struct live *live, struct bpf_link *link, record_fn fn,
		    void *arg, struct failure *f)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	ssize_t n, left = 0;

	if (fd < 0)
		return refused(f, "start a BPF iterator", -errno);
	for (;;) {
		n = read(fd, live->buf + left, live->buf_size - left);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		left = hand_on(live->buf, left + n, fn, arg);
		if (left < 0)
			break;
	}
	n = n < 0 ? -errno : left;
	close(fd);
	if (n)
		return refused(f, "read the stage-2 tables",
			       n < 0 ? n : -EPROTO);
	return 0;
}

static int feed_mmu(const struct s2r_head *rec, void *host)
{
	return host_mmu(host, (const struct s2r_mmu *)rec);
}

static int feed_table(const struct s2r_head *rec, void *host)
{
	return host_table(host, (const struct s2r_table *)rec);
}

static int feed_recheck(const struct s2r_head *rec, void *host)
{
	host_recheck(host, (const struct s2r_table *)rec);
	return 0;
}

/* Looks again at the tables of those contexts that have suspects. */
static int recheck(struct live *live, struct host *host, struct failure *f)
{
	size_t left = 0;

	for (size_t i = 0; i < host->nr; i++)
		left += vm_mismatches(host->vm[i]);
	for (int look = 0; left && look < RECHECKS; look++) {
		host_recheck_begin(host);
		for (size_t i = 0; i < host->nr; i++) {
			if (!vm_mismatches(host->vm[i]))
				continue;
			live->iter->bss->only_mmu = host->vm[i]->id;
			if (run_pass(live, live->tables, feed_recheck, host, f))
				return -1;
		}
		left = host_recheck_end(host);
	}
	return 0;
}

static int walk_all(struct live *live, struct host *host, struct failure *f)
{
	live->iter->bss->only_mmu = 0;
	live->iter->bss->want_entries = 0;
	if (run_pass(live, live->mmus, feed_mmu, host, f) ||
	    run_pass(live, live->tables, feed_table, host, f))
		return -1;
	return recheck(live, host, f);
}

/*
 * Events that BPF skipped because the program already ran on the CPU, ever.
 * They are as lost as those that found no room in the map.
 */
static uint64_t recursion_misses(struct live *live)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, live->count->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

static int read_global(struct live *live, struct host *host, struct failure *f)
{
	struct s2r_global *g = (struct s2r_global *)live->per_cpu;
	__u32 key = 0;

	_Static_assert(sizeof(*g) <= sizeof(struct s2r_counts) &&
			       sizeof(*g) % 8 == 0,
		       "one buffer serves both maps");
	if (bpf_map_lookup_elem(bpf_map__fd(live->count->maps.global), &key, g))
		return refused(f, "read the BPF counters", -errno);
	host->rollovers = 0;
	host->dropped = recursion_misses(live);
	for (int cpu = 0; cpu < live->cpus; cpu++) {
		host->rollovers += g[cpu].rollovers;
		host->dropped += g[cpu].dropped;
	}
	return 0;
}

/* Reads one row; a context that is gone gives its place back. */
static int read_row(struct live *live, int map, uint64_t id, struct host *host)
{
	struct s2r_counts sum = {};

	if (bpf_map_lookup_elem(map, &id, live->per_cpu))
		return errno == ENOENT ? 0 : -errno;
	for (int cpu = 0; cpu < live->cpus; cpu++)
		counts_add(&sum, &live->per_cpu[cpu]);
	if (sum.freed)
		bpf_map_delete_elem(map, &id);
	return host_counts(host, id, &sum);
}

/*
 * The key to go on from is fetched before its predecessor's row may go. A hash
 * that changes under the walk may send us round again: a row read twice does
 * no harm, but the number of steps is bounded.
 */
static int read_counts(struct live *live, struct host *host, struct failure *f)
{
	int map = bpf_map__fd(live->count->maps.counts), err = 0;
	uint64_t id, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);

	for (size_t n = 0; more && !err && n < 4 * S2R_MAX_VMS; n++) {
		id = next;
		more = !bpf_map_get_next_key(map, &id, &next);
		err = read_row(live, map, id, host);
	}
	if (err)
		return refused(f, "read the BPF counters", err);
	return read_global(live, host, f);
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
	if (walk_all(live, host, f))
		return -1;
	t = now(CLOCK_MONOTONIC);
	if (read_counts(live, host, f))
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

struct walk {
	const struct live_visitor *v;
	struct s2r_table table;
	uint32_t first;
	uint32_t largest;
};

static int feed_visitor(const struct s2r_head *rec, void *arg)
{
	struct walk *w = arg;

	if (rec->type == S2R_TABLE) {
		w->table = *(const struct s2r_table *)rec;
		if (w->table.nr > w->largest)
			w->largest = w->table.nr;
		if (!w->first)
			w->v->table(&w->table, w->v->arg);
	} else if (rec->type == S2R_ENTRIES) {
		w->v->entries(&w->table, (const struct s2r_entries *)rec,
			      w->v->arg);
	}
	return 0;
}

/**
 * live_walk() - shows every entry of one context
 * @mmu:	its id
 *
 * One object may write no more than the seq_file holds, so a large root takes
 * several passes over the tables, each with a later part of it.
 *
 * Return: 0, or -1 with @f filled.
 */
int live_walk(struct live *live, uint64_t mmu, const struct live_visitor *v,
	      struct failure *f)
{
	uint32_t chunks = (live->buf_size - sizeof(struct s2r_table)) /
			  sizeof(struct s2r_entries);
	struct walk w = { .v = v };
	int err;

	live->iter->bss->only_mmu = mmu;
	live->iter->bss->want_entries = 1;
	live->iter->bss->nr_chunks = chunks;
	do {
		live->iter->bss->first_chunk = w.first;
		err = run_pass(live, live->tables, feed_visitor, &w, f);
		w.first += chunks;
	} while (!err && w.first * S2R_CHUNK < w.largest);
	live->iter->bss->want_entries = 0;
	return err;
}
