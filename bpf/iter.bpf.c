// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows what is there now: every live stage-2 context (iter/s2_mmu) and every
 * table page of each (iter/s2_table), so that VMs older than s2stat are seen
 * whole. The kernel calls the second with mmu_lock held for read, one table
 * page at a time: entries may be set meanwhile, tables are not freed.
 *
 * Every invocation is free of state: the kernel shows an object again when
 * the seq_file had no room for it.
 */
#include "kvm_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kept.h"
#include "records.h"
#include "slots.h"

char LICENSE[] SEC("license") = "GPL";

#define PTE_VALID (1ULL << 0)
#define PTE_TABLE (1ULL << 1)
/* A break-before-make is under way: see tools/s2stat/model/descriptor.h. */
#define PTE_LOCK_MARK (1ULL << 10)
#define PTE_LOCK_TYPE (1ULL << 60)
#define LAST_LEVEL 3

/* Set by user space before each pass. */
__u64 only_mmu; /* show this context only; 0: all */
__u64 first_ipa; /* show tables that translate anything from here ... */
__u64 last_ipa; /* ... to here */
__u32 want_entries; /* write the descriptors too */
__u32 first_chunk; /* of each table, from this chunk on ... */
__u32 nr_chunks; /* ... at most so many: what a seq_file can hold */

/* Set before load. */
const volatile __u32 page_shift = 12;
const volatile __u64 vmids_addr; /* of the VMID allocator; 0: not known */

/* Absent where the kernel keeps no data symbols (KALLSYMS_ALL=n). */
extern const void kvm_arm_vmid_bits __ksym __weak;

/* One page of descriptors and what was found in it. */
struct scratch {
	struct s2r_table table;
	struct s2r_entries chunk;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

static __always_inline __u32 vmid_bits(void)
{
	__u32 bits = 0;

	if (&kvm_arm_vmid_bits)
		bpf_probe_read_kernel(&bits, sizeof(bits), &kvm_arm_vmid_bits);
	return bits;
}

/* mmu->arch is embedded in the struct kvm of the VM. */
static __always_inline struct kvm *kvm_of(struct kvm_s2_mmu *mmu)
{
	return (void *)mmu->arch - bpf_core_field_offset(struct kvm, arch);
}

/* Behind the last context: the allocator they all have their VMIDs from. */
static __always_inline void show_vmids(struct seq_file *seq)
{
	struct vmid_space *vmids = (void *)vmids_addr;
	struct s2r_vmids rec = {};

	rec.bits = vmid_bits();
	if (!vmids || !rec.bits)
		return;
	rec.head.size = sizeof(rec);
	rec.head.type = S2R_VMIDS;
	rec.generation = BPF_CORE_READ(vmids, generation.counter) >> rec.bits;
	rec.in_use = BPF_CORE_READ(vmids, in_use);
	rec.reserved = BPF_CORE_READ(vmids, reserved);
	bpf_seq_write(seq, &rec, sizeof(rec));
}

SEC("iter/s2_mmu")
int show_mmu(struct bpf_iter__s2_mmu *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct kvm_s2_mmu *mmu = ctx->mmu;
	struct s2r_mmu rec = {};
	struct s2_ctx *s2;

	if (!mmu) {
		show_vmids(seq);
		return 0;
	}
	s2 = mmu->s2;
	if (!s2)
		return 0;

	rec.head.size = sizeof(rec);
	rec.head.type = S2R_MMU;
	rec.id = s2->id;
	rec.vmid = mmu->vmid.id.counter;
	rec.root_pa = mmu->pgd_phys;
	rec.tables_alloc = s2->tables_alloc.counter;
	rec.tables_freed = s2->tables_freed.counter;
	rec.vm = s2->vm;
	rec.vmid_bits = vmid_bits();
	rec.vcpus = BPF_CORE_READ(kvm_of(mmu), created_vcpus);
	rec.ipa_bits = s2->geo.ipa_bits;
	rec.start_level = s2->geo.start_level;
	rec.root_pages = s2->geo.root_pages;
	rec.nested = s2->nested;
	rec.lpa2 = s2->geo.lpa2;
	rec.fwb = s2->geo.fwb;
	bpf_seq_write(seq, &rec, sizeof(rec));
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct s2r_kept);
} kepts SEC(".maps");

/* Only where the kernel counts. */
SEC("iter/s2_mmu")
int show_kept(struct bpf_iter__s2_mmu *ctx)
{
	struct kvm_s2_mmu *mmu = ctx->mmu;
	struct s2r_kept *k;
	__u32 zero = 0;

	if (!mmu || !mmu->s2)
		return 0;
	k = bpf_map_lookup_elem(&kepts, &zero);
	if (k && !kept_read(k, mmu->s2))
		bpf_seq_write(ctx->meta->seq, k, sizeof(*k));
	return 0;
}

SEC("iter/s2_mmu")
int show_slots(struct bpf_iter__s2_mmu *ctx)
{
	struct kvm_s2_mmu *mmu = ctx->mmu;

	if (!mmu || !mmu->s2)
		return 0;
	if (!only_mmu || only_mmu == mmu->s2->id)
		show_slots_of(ctx->meta->seq, kvm_of(mmu), mmu->s2->id);
	return 0;
}

struct chunk_arg {
	struct seq_file *seq;
	u64 *entries;
	u32 nr;
	u32 first;
};

/* Reads chunk @i of the table into @s; false when there is no such chunk. */
static __always_inline bool read_chunk(struct scratch *s, u64 *entries, u32 nr,
				       u32 i)
{
	u32 first = i * S2R_CHUNK;

	if (first >= nr)
		return false;
	s->chunk.first = first;
	s->chunk.nr = nr - first < S2R_CHUNK ? nr - first : S2R_CHUNK;
	if (!bpf_probe_read_kernel(s->chunk.e, sizeof(s->chunk.e),
				   entries + first))
		return true;
	s->table.unread += s->chunk.nr;
	s->chunk.nr = 0;
	return true;
}

static long classify_entry(u32 i, void *unused)
{
	struct scratch *s = scratch();
	u64 e;

	if (!s)
		return 1;
	/* A mask, not a test: the verifier sees the bound where it is used. */
	e = s->chunk.e[i & (S2R_CHUNK - 1)];
	if (!e)
		return 0;
	if (e == PTE_LOCK_MARK || e == PTE_LOCK_TYPE)
		s->table.locked++;
	else if (!(e & PTE_VALID))
		s->table.annotations++;
	else if (s->table.level < LAST_LEVEL && (e & PTE_TABLE))
		s->table.children++;
	else
		s->table.leaves++;
	return 0;
}

static long classify_chunk(u32 i, struct chunk_arg *arg)
{
	struct scratch *s = scratch();

	if (!s || !read_chunk(s, arg->entries, arg->nr, i))
		return 1;
	bpf_loop(s->chunk.nr, classify_entry, NULL, 0);
	return 0;
}

static long write_chunk(u32 i, struct chunk_arg *arg)
{
	struct scratch *s = scratch();

	if (!s || !read_chunk(s, arg->entries, arg->nr, i + arg->first))
		return 1;
	bpf_seq_write(arg->seq, &s->chunk, sizeof(s->chunk));
	return 0;
}

/* Does a table at @pos translate anything that was asked for? */
static __always_inline bool wanted(struct s2_table_pos *pos)
{
	u32 shift = page_shift + (page_shift - 3) * (LAST_LEVEL - pos->level);
	u64 span = (u64)pos->nr << (shift & 63);

	return pos->ipa <= last_ipa && pos->ipa + span > first_ipa;
}

SEC("iter/s2_table")
int show_table(struct bpf_iter__s2_table *ctx)
{
	struct s2_table_pos *pos = ctx->pos;
	struct kvm_s2_mmu *mmu = ctx->mmu;
	struct chunk_arg arg = {};
	struct scratch *s;
	u64 id;

	if (!mmu || !pos || !mmu->s2)
		return 0;
	id = mmu->s2->id;
	s = scratch();
	if (!s || (only_mmu && only_mmu != id) || !wanted(pos))
		return 0;

	arg.seq = ctx->meta->seq;
	arg.entries = pos->entries;
	arg.nr = pos->nr;
	arg.first = first_chunk;

	__builtin_memset(&s->table, 0, sizeof(s->table));
	s->table.head.size = sizeof(s->table);
	s->table.head.type = S2R_TABLE;
	s->table.mmu = id;
	s->table.ipa = pos->ipa;
	s->table.pa = pos->pa;
	s->table.level = pos->level;
	s->table.count = pos->count;
	s->table.nr = pos->nr;

	s->chunk.head.size = sizeof(s->chunk);
	s->chunk.head.type = S2R_ENTRIES;
	s->chunk.mmu = id;
	s->chunk.pa = pos->pa;

	bpf_loop(S2R_MAX_CHUNKS, classify_chunk, &arg, 0);
	bpf_seq_write(arg.seq, &s->table, sizeof(s->table));
	if (want_entries)
		bpf_loop(nr_chunks, write_chunk, &arg, 0);
	return 0;
}
