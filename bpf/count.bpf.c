// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the s2 tracepoints per stage-2 context (see rows.h): nothing is lost,
 * whatever the rate. The id of a context is never reused.
 *
 * Where the kernel counts by itself (our own MMU does, while on_counts is
 * attached) only the programs are loaded that tell what no count of its says.
 */
#include "kvm_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kept.h"
#include "rows.h"

#define EAGAIN 11
#define ESTALE 116

char LICENSE[] SEC("license") = "GPL";

/* Set before load: the kernel counts. */
const volatile bool kept;

/* Contexts that have ended since user space looked, as they did. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, S2R_MAX_ENDED);
	__type(key, __u64);
	__type(value, struct s2r_kept);
} ended SEC(".maps");

static const struct s2r_kept unwritten;

SEC("tp_btf/s2_counts")
int BPF_PROG(on_counts, struct kvm_s2_mmu *mmu)
{
	struct s2_ctx *s2 = mmu->s2;
	struct s2r_global *g = globals();
	struct s2r_kept *k;
	__u64 id = s2->id;

	bpf_map_update_elem(&ended, &id, &unwritten, BPF_NOEXIST);
	k = bpf_map_lookup_elem(&ended, &id);
	if (!k || kept_read(k, s2)) {
		dropped();
		return 0;
	}
	if (g && k->tables_alloc > k->tables_freed)
		add(&g->leaked, k->tables_alloc - k->tables_freed);
	return 0;
}

/* The row of @mmu on this CPU, made if it is the first event; or NULL. */
static __always_inline struct s2r_counts *row(struct kvm_s2_mmu *mmu)
{
	struct s2_ctx *s2 = mmu->s2;
	struct s2r_counts *c;
	__u64 id = s2->id;

	c = bpf_map_lookup_elem(&counts, &id);
	if (c)
		return c;
	c = make_row(id);
	if (c)
		c->vm = s2->vm;
	return c;
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

SEC("tp_btf/s2_fault_begin")
int BPF_PROG(on_fault_begin, struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa,
	     s32 kind, s32 write)
{
	struct s2r_counts *c = kept ? NULL : row(mmu);

	if (c)
		add(&c->faults[index(kind, S2_NR_FAULTS)], 1);
	if (want_hot)
		count_hot(mmu->s2->id, ipa, write);
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
	struct s2r_counts *c = kept ? NULL : row(mmu);
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
