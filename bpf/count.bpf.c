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

char LICENSE[] SEC("license") = "GPL";

/* log2 of the page size of the host, set before load. */
const volatile __u32 page_shift = 12;

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
		add(&c->flush_pages, size >> page_shift);
	return 0;
}

SEC("tp_btf/s2_fault_begin")
int BPF_PROG(on_fault_begin, struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa,
	     s32 kind)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->faults[index(kind, S2_NR_FAULTS)], 1);
	return 0;
}

SEC("tp_btf/s2_fault_end")
int BPF_PROG(on_fault_end, struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa,
	     s32 result)
{
	struct s2r_counts *c;

	if (result >= 0)
		return 0;
	c = row(mmu);
	if (c && result == -EAGAIN)
		add(&c->faults_again, 1);
	else if (c)
		add(&c->faults_failed, 1);
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
int BPF_PROG(on_vmid_rollover)
{
	struct s2r_global *g = globals();

	if (g)
		add(&g->rollovers, 1);
	return 0;
}

SEC("tp_btf/s2_mmu_free")
int BPF_PROG(on_mmu_free, struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->freed, 1);
	return 0;
}
