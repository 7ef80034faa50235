// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the maps in which the BPF programs count (see counters.h).
 */
#include "counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "bpf.h"

/**
 * counters_init() - @obj is loaded, and has the maps of bpf/rows.h
 *
 * Return: 0, or -1 with @f filled; counters_free() either way.
 */
int counters_init(struct counters *c, struct bpf_object *obj, struct failure *f)
{
	c->obj = obj;
	c->counts = bpf_object__find_map_fd_by_name(obj, "counts");
	c->spilled = bpf_object__find_map_fd_by_name(obj, "spilled");
	c->global = bpf_object__find_map_fd_by_name(obj, "global");
	c->hot = bpf_object__find_map_fd_by_name(obj, "hot");
	c->cpus = libbpf_num_possible_cpus();
	if (c->cpus < 1)
		return failed(f, EXIT_ERROR, "cannot count the host's CPUs");
	c->per_cpu = calloc(c->cpus, sizeof(*c->per_cpu));
	return c->per_cpu ? 0 : failed(f, EXIT_ERROR, "out of memory");
}

void counters_free(struct counters *c)
{
	free(c->per_cpu);
	c->per_cpu = NULL;
}

/*
 * Events that BPF skipped because the program already ran on the CPU, ever.
 * They are as lost as those that found no room in the map.
 */
static uint64_t recursion_misses(struct bpf_object *obj)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

/** counters_global() - what belongs to no single context, all CPUs together */
int counters_global(struct counters *c, struct s2r_global *sum,
		    struct failure *f)
{
	struct s2r_global *g = (struct s2r_global *)c->per_cpu;
	__u32 key = 0;

	_Static_assert(sizeof(*g) <= sizeof(struct s2r_counts) &&
			       sizeof(*g) % 8 == 0,
		       "one buffer serves both maps");
	if (bpf_map_lookup_elem(c->global, &key, g))
		return bpf_refused(f, "read the BPF counters", -errno);
	*sum = (struct s2r_global){ .dropped = recursion_misses(c->obj) };
	for (int cpu = 0; cpu < c->cpus; cpu++) {
		sum->rollovers += g[cpu].rollovers;
		sum->dropped += g[cpu].dropped;
		sum->leaked += g[cpu].leaked;
		sum->cold += g[cpu].cold;
	}
	return 0;
}

/*
 * What the map of all CPUs has of a context, and what each of them has. 0: no
 * row; 1; or negative errno.
 */
static int sum_up(struct counters *c, uint64_t id, struct s2r_counts *sum)
{
	int found = 1;

	*sum = (struct s2r_counts){};
	if (bpf_map_lookup_elem(c->spilled, &id, sum)) {
		if (errno != ENOENT)
			return -errno;
		found = 0;
	}
	if (bpf_map_lookup_elem(c->counts, &id, c->per_cpu))
		return errno == ENOENT ? found : -errno;
	for (int cpu = 0; cpu < c->cpus; cpu++)
		counts_add(sum, &c->per_cpu[cpu]);
	return 1;
}

/* Reads a context's rows; one that is gone gives their place back. */
static int read_rows(struct counters *c, uint64_t id, struct host *host,
		     counters_over_fn over, void *arg)
{
	struct s2r_counts sum;
	int found = sum_up(c, id, &sum);

	if (found <= 0)
		return found;
	if (over(id, &sum, host, arg)) {
		bpf_map_delete_elem(c->counts, &id);
		bpf_map_delete_elem(c->spilled, &id);
	}
	return host_counts(host, id, &sum);
}

/*
 * All contexts with a row in @map. The key to go on from is fetched before its
 * predecessor's row may go. A hash that changes under the walk may send us
 * round again: a row read twice does no harm, but the number of steps is
 * bounded.
 */
static int read_map(struct counters *c, int map, struct host *host,
		    counters_over_fn over, void *arg)
{
	uint64_t id, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);
	int err = 0;

	for (size_t n = 0; more && !err && n < 4 * S2R_MAX_VMS; n++) {
		id = next;
		more = !bpf_map_get_next_key(map, &id, &next);
		err = read_rows(c, id, host, over, arg);
	}
	return err;
}

/** counters_rows() - host_counts() for each context that has a row */
int counters_rows(struct counters *c, struct host *host, counters_over_fn over,
		  void *arg, struct failure *f)
{
	int err = read_map(c, c->counts, host, over, arg);

	if (!err)
		err = read_map(c, c->spilled, host, over, arg);
	return err ? bpf_refused(f, "read the BPF counters", err) : 0;
}

/** counters_hot() - the regions in which guests faulted */
int counters_hot(struct counters *c, live_hot_fn fn, void *arg, uint64_t *cold,
		 struct failure *f)
{
	struct s2r_hot_key key, next;
	bool more = !bpf_map_get_next_key(c->hot, NULL, &next);
	struct s2r_global global;
	struct s2r_hot hot;
	int err = 0;

	for (size_t n = 0; more && !err && n < 4 * S2R_MAX_HOT; n++) {
		key = next;
		more = !bpf_map_get_next_key(c->hot, &key, &next);
		if (!bpf_map_lookup_elem(c->hot, &key, &hot))
			err = fn(&key, &hot, arg);
	}
	if (err || counters_global(c, &global, f))
		return err ? bpf_refused(f, "read the hot spots", err) : -1;
	*cold = global.cold;
	return 0;
}
