/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps in which BPF programs count per stage-2 context, whatever kernel
 * they run on. A row is keyed by the context's id and is taken away by user
 * space once it has reported a dead VM.
 *
 * Additions are atomic although most rows are per CPU: nothing promises that a
 * tracepoint program cannot be preempted by another one that counts in the
 * same row, and a sum that is off by one is worth nothing.
 */
#ifndef __S2STAT_ROWS_H
#define __S2STAT_ROWS_H

#include <bpf/bpf_helpers.h>

#include "records.h"

/* Set before load: log2 of the page size of the host; count hot spots, too. */
const volatile __u32 page_shift = 12;
const volatile bool want_hot;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, S2R_MAX_VMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct s2r_counts);
} counts SEC(".maps");

/*
 * Rows for events whose context got none in @counts. Those are made when they
 * are needed, from a small reserve of each CPU that the kernel fills up again
 * only a moment later: when many VMs are born at once the first events of some
 * find it empty. These are there beforehand, and shared by all CPUs. A context
 * may have a row in both; it did what the two of them say together.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, S2R_MAX_SPILLED);
	__type(key, __u64);
	__type(value, struct s2r_counts);
} spilled SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct s2r_global);
} global SEC(".maps");

/* Shared by all CPUs: a hot spot is where they meet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, S2R_MAX_HOT);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct s2r_hot_key);
	__type(value, struct s2r_hot);
} hot SEC(".maps");

/* A row before its first event: too large for the 512 bytes of BPF stack. */
static const struct s2r_counts empty;

static __always_inline void add(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

static __always_inline struct s2r_global *globals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&global, &zero);
}

/* An event goes uncounted; user space says so. */
static __always_inline void dropped(void)
{
	struct s2r_global *g = globals();

	if (g)
		add(&g->dropped, 1);
}

/* The row of context @id in @map, made if there is none; or NULL. */
static __always_inline struct s2r_counts *make_row_in(void *map, __u64 id)
{
	/* EEXIST means that another CPU was faster: the lookup decides. */
	bpf_map_update_elem(map, &id, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &id);
}

/* The first row of context @id on this CPU; NULL, and dropped, without room. */
static __always_inline struct s2r_counts *make_row(__u64 id)
{
	struct s2r_counts *c = make_row_in(&counts, id);

	if (!c)
		c = make_row_in(&spilled, id);
	if (!c)
		dropped();
	return c;
}

/*
 * @value as an index up to @last, which takes what is beyond. The empty asm
 * keeps the compiler from testing one register and indexing with another,
 * whose bound the verifier would not know.
 */
static __always_inline __u64 index(__u32 value, __u32 last)
{
	__u64 i = value;

	asm volatile("" : "+r"(i));
	return i > last ? last : i;
}

static __always_inline void count_hot(__u64 id, __u64 ipa, bool write)
{
	struct s2r_hot_key key = { id, ipa >> S2R_HOT_SHIFT };
	struct s2r_hot none = {}, *h;
	struct s2r_global *g;

	h = bpf_map_lookup_elem(&hot, &key);
	if (!h) {
		bpf_map_update_elem(&hot, &key, &none, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&hot, &key);
	}
	if (h) {
		add(&h->faults, 1);
		if (write)
			add(&h->writes, 1);
		h->last = ipa;
		return;
	}
	g = globals();
	if (g)
		add(&g->cold, 1);
}

#endif /* __S2STAT_ROWS_H */
