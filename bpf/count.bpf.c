// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the s2 tracepoints per stage-2 context, in per-CPU maps: nothing is
 * lost, whatever the rate. A row is keyed by the context's id, which is never
 * reused, and is taken away by user space once it has reported a dead VM.
 *
 * The map of contexts is bounded. An event that finds no room is counted in
 * s2r_global.dropped and user space says so.
 *
 * Additions are atomic although the rows are per CPU: nothing promises that a
 * tracepoint program cannot be preempted by another one that counts in the
 * same row, and a sum that is off by one is worth nothing.
 */
#include "kvm_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "records.h"

#define EAGAIN 11
#define ESTALE 116

char LICENSE[] SEC("license") = "GPL";

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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct s2r_global);
} global SEC(".maps");

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

/* The row of @mmu on this CPU, made if it is the first event; or NULL. */
static __always_inline struct s2r_counts *row(struct kvm_s2_mmu *mmu)
{
	struct s2_ctx *s2 = mmu->s2;
	struct s2r_counts *c;
	struct s2r_global *g;
	__u64 id = s2->id;

	c = bpf_map_lookup_elem(&counts, &id);
	if (c)
		return c;

	/* EEXIST means that another CPU was faster: the lookup decides. */
	bpf_map_update_elem(&counts, &id, &empty, BPF_NOEXIST);
	c = bpf_map_lookup_elem(&counts, &id);
	if (c) {
		c->vm = s2->vm;
		return c;
	}

	g = globals();
	if (g)
		add(&g->dropped, 1);
	return NULL;
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

SEC("tp_btf/s2_set")
int BPF_PROG(on_set, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->sets, 1);
	return 0;
}

SEC("tp_btf/s2_clear")
int BPF_PROG(on_clear, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->clears, 1);
	return 0;
}

SEC("tp_btf/s2_table_alloc")
int BPF_PROG(on_table_alloc, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->tables_alloc, 1);
	return 0;
}

SEC("tp_btf/s2_table_free")
int BPF_PROG(on_table_free, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->tables_freed, 1);
	return 0;
}

/* Does an invalidation of @scope name the pages it covers? */
static __always_inline bool bounded(__u32 scope)
{
	return scope == S2_SCOPE_IPA || scope == S2_SCOPE_IPA_LOCAL ||
	       scope == S2_SCOPE_RANGE;
}

SEC("tp_btf/s2_flush")
int BPF_PROG(on_flush, struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 scope,
	     u64 raw, s32 level, u64 ipa, u64 size, u64 vmid, u64 generation,
	     s32 reason, s32 cpu)
{
	struct s2r_counts *c = row(mmu);
	__u64 r = index(reason, S2_NR_REASONS);
	__u64 s = index(scope, S2_NR_SCOPES);

	if (!c)
		return 0;
	add(&c->flushes[r][s], 1);
	if (bounded(scope))
		add(&c->flush_pages[r][s], size >> page_shift);
	return 0;
}

/* Shared by all CPUs: a hot spot is where they meet. */
static __always_inline void count_hot(struct kvm_s2_mmu *mmu, u64 ipa,
				      s32 write)
{
	struct s2r_hot_key key = { mmu->s2->id, ipa >> S2R_HOT_SHIFT };
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

SEC("tp_btf/s2_fault_begin")
int BPF_PROG(on_fault_begin, struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa,
	     s32 kind, s32 write)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->faults[index(kind, S2_NR_FAULTS)], 1);
	if (want_hot)
		count_hot(mmu, ipa, write);
	return 0;
}

/* The level whose entries span @size bytes; 0 for what is no page or block. */
static __always_inline __u32 level_of(u64 size)
{
	__u32 per_level = page_shift - 3;

	for (__u32 l = 3; l; l--)
		if (size == 1ULL << (page_shift + (3 - l) * per_level))
			return l;
	return 0;
}

SEC("tp_btf/s2_fault_end")
int BPF_PROG(on_fault_end, struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa,
	     s32 result, u64 pfn, u64 size)
{
	struct s2r_counts *c = row(mmu);

	if (!c)
		return 0;
	if (result > 0)
		add(&c->faults_handled, 1);
	else if (!result)
		add(&c->faults_user, 1);
	else if (result == -EAGAIN || result == -ESTALE)
		add(&c->faults_again, 1);
	else
		add(&c->faults_failed, 1);
	if (size)
		add(&c->fault_sizes[level_of(size) & (S2R_NR_LEVELS - 1)], 1);
	return 0;
}

SEC("tp_btf/s2_vmid_assign")
int BPF_PROG(on_vmid_assign, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->vmid_assigns, 1);
	return 0;
}

SEC("tp_btf/s2_vmid_rollover")
int BPF_PROG(on_vmid_rollover, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);
	struct s2r_global *g = globals();

	if (g)
		add(&g->rollovers, 1);
	if (c)
		add(&c->rollovers, 1);
	return 0;
}

SEC("tp_btf/s2_mmu_free")
int BPF_PROG(on_mmu_free, struct kvm_s2_mmu *mmu, __u64 seq, __u64 root_pa,
	     __u64 tables_alloc, __u64 tables_freed, __s64 tables_live)
{
	struct s2r_counts *c = row(mmu);
	struct s2r_global *g = globals();

	if (c)
		add(&c->freed, 1);
	if (g && tables_live > 0)
		add(&g->leaked, tables_live);
	return 0;
}
