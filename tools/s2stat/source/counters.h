/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the maps in which the BPF programs count: a row of struct s2r_counts
 * for each context, per CPU or for all of them, or both (bpf/rows.h).
 */
#ifndef S2STAT_SOURCE_COUNTERS_H
#define S2STAT_SOURCE_COUNTERS_H

#include "live.h"

struct bpf_object;

/**
 * struct counters - maps of one loaded BPF object
 * @obj:	whose programs count; borrowed
 * @counts:	fd of the rows, context id to struct s2r_counts
 * @spilled:	fd of the rows for all CPUs
 * @global:	fd of the struct s2r_global
 * @hot:	fd of the hot spots, struct s2r_hot_key to struct s2r_hot
 * @per_cpu:	room for what all CPUs have of one row
 */
struct counters {
	struct bpf_object *obj;
	int counts;
	int spilled;
	int global;
	int hot;
	struct s2r_counts *per_cpu;
	int cpus;
};

/*
 * Will nothing happen any more to context @id, of which @sum is known? Then
 * its row makes room for others.
 */
typedef bool (*counters_over_fn)(uint64_t id, const struct s2r_counts *sum,
				 const struct host *host, void *arg);

int counters_init(struct counters *c, struct bpf_object *obj,
		  struct failure *f);
void counters_free(struct counters *c);
int counters_rows(struct counters *c, struct host *host, counters_over_fn over,
		  void *arg, struct failure *f);
int counters_global(struct counters *c, struct s2r_global *sum,
		    struct failure *f);
int counters_hot(struct counters *c, live_hot_fn fn, void *arg, uint64_t *cold,
		 struct failure *f);

#endif /* S2STAT_SOURCE_COUNTERS_H */
