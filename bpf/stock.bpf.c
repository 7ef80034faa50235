// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the stage-2 tables of a kernel that has no s2 iterators, as it is:
 * no lock is taken and nothing is written.
 *
 * list_contexts finds VMs by the files that processes have open, whatever VMM
 * they belong to. read_tables copies table pages, in batches that user space
 * chooses: what to descend into is decided there (tools/s2stat/source/descend.c),
 * where it costs the kernel no time and can be tested.
 */
#include "stock_kvm.h"

#include <bpf/bpf_tracing.h>

#include "slots.h"

char LICENSE[] SEC("license") = "GPL";

/* linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934

/* A xarray's entry that leads to a node ends in these bits (linux/xarray.h). */
#define XA_NODE_MASK 3
#define XA_NODE_BITS 2

/* Set by user space before each pass. */
__u32 first_nested; /* of each VM, from this nested context on */
__u64 slots_kvm; /* address of the VM whose memslots are wanted ... */
__u64 slots_mmu; /* ... and the id of the context they are for */

/* Set by user space before each call of read_tables, and the results. */
__u32 nr_reads;
struct stock_read reads[STOCK_BATCH];
__u64 pages[STOCK_BATCH][S2R_CHUNK];

/*
 * Addresses that find_symbols found, or 0. The kernel tells them only to who
 * may know (CAP_SYSLOG), and those of data only with CONFIG_KALLSYMS_ALL=y.
 */
struct stock_symbols symbols;

/* Whose records list_contexts writes. */
struct listing {
	struct seq_file *seq;
	struct kvm *kvm;
	struct stock_context rec;
};

/* Not memcmp(): the compiler may call it, and there is none to call. */
static __always_inline bool begins_with(const char *s, const char *prefix,
					u32 len)
{
	for (u32 i = 0; i < len; i++)
		if (s[i] != prefix[i])
			return false;
	return true;
}

/* Files of anon_inodefs are named by the kernel alone: no user can fake one. */
static __always_inline struct kvm *kvm_of_file(struct file *file)
{
	struct super_block *sb = BPF_CORE_READ(file, f_inode, i_sb);
	struct kvm_vcpu *vcpu;
	char name[10] = {};
	void *private;

	if (BPF_CORE_READ(sb, s_magic) != ANON_INODE_FS_MAGIC)
		return NULL;
	private = BPF_CORE_READ(file, private_data);
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(file, f_path.dentry,
						d_name.name));
	if (begins_with(name, "kvm-vm", 7))
		return private;
	if (!begins_with(name, "kvm-vcpu:", 9))
		return NULL;
	vcpu = private;
	return BPF_CORE_READ(vcpu, kvm);
}

/* The first entry below @entry, if that is a node; else @entry. */
static __always_inline u64 xa_first(u64 entry)
{
	struct xa_node *node = (void *)(entry - XA_NODE_BITS);

	if ((entry & XA_NODE_MASK) != XA_NODE_BITS)
		return entry;
	return (u64)BPF_CORE_READ(node, slots[0]);
}

/* The first vCPU of @kvm, or NULL. Three levels hold more than there can be. */
static __always_inline struct kvm_vcpu *first_vcpu(struct kvm *kvm)
{
	u64 entry = (u64)BPF_CORE_READ(kvm, vcpu_array.xa_head);

	entry = xa_first(xa_first(xa_first(entry)));
	return entry & XA_NODE_MASK ? NULL : (void *)entry;
}

static __always_inline u64 first_hcr(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu = first_vcpu(kvm);

	return vcpu ? BPF_CORE_READ(vcpu, arch.hcr_el2) : 0;
}

static __always_inline void show_context(struct listing *l,
					 struct kvm_s2_mmu *mmu, u32 nested)
{
	struct kvm_pgtable *pgt = BPF_CORE_READ(mmu, pgt);
	struct kvm *kvm = l->kvm;

	/* Not yet, or no more. */
	if (!pgt)
		return;
	l->rec.id = context_id(vm_id(kvm), nested);
	l->rec.mmu = (u64)mmu;
	l->rec.pgd = (u64)BPF_CORE_READ(pgt, pgd);
	l->rec.pgd_phys = BPF_CORE_READ(mmu, pgd_phys);
	l->rec.root_at =
		(u64)mmu + bpf_core_field_offset(struct kvm_s2_mmu, pgd_phys);
	l->rec.vmid = BPF_CORE_READ(mmu, vmid.id.counter);
	if (bpf_core_field_exists(mmu->vtcr))
		l->rec.vtcr = BPF_CORE_READ(mmu, vtcr);
	else
		l->rec.vtcr = BPF_CORE_READ(kvm, arch.vtcr);
	l->rec.ipa_bits = BPF_CORE_READ(pgt, ia_bits);
	l->rec.start_level = BPF_CORE_READ(pgt, start_level);
	l->rec.nested = nested;
	bpf_seq_write(l->seq, &l->rec, sizeof(l->rec));
}

static long show_nested(u32 i, struct listing *l)
{
	struct kvm_s2_mmu *mmu;

	i += first_nested;
	if (i >= l->rec.nr_nested || i >= STOCK_MAX_NESTED)
		return 1;
	mmu = nested_mmu(l->kvm, i);
	if (mmu)
		show_context(l, mmu, i + 1);
	return 0;
}

SEC("iter/task_file")
int list_contexts(struct bpf_iter__task_file *ctx)
{
	struct listing l = { .seq = ctx->meta->seq };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct kvm *kvm;

	/* Once: the verifier takes each read of ctx for another pointer. */
	if (!task || !file)
		return 0;
	kvm = kvm_of_file(file);
	if (!kvm)
		return 0;
	l.kvm = kvm;
	l.rec.head.size = sizeof(l.rec);
	l.rec.head.type = STOCK_CONTEXT;
	l.rec.kvm = (u64)kvm;
	l.rec.hcr = first_hcr(kvm);
	l.rec.vm = task->tgid;
	l.rec.vcpus = BPF_CORE_READ(kvm, created_vcpus);
	l.rec.nr_nested = nr_nested(kvm);
	l.rec.creator = BPF_CORE_READ(kvm, mm) == task->mm;
	if (!first_nested)
		show_context(&l, main_mmu(kvm), 0);
	bpf_loop(STOCK_NESTED_PER_PASS, show_nested, &l, 0);
	return 0;
}

/* The slots come once for each file of the VM: user space takes the first. */
SEC("iter/task_file")
int list_slots(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct kvm *kvm;

	if (!file)
		return 0;
	kvm = kvm_of_file(file);
	if (kvm && (u64)kvm == slots_kvm)
		show_slots_of(ctx->meta->seq, kvm, slots_mmu);
	return 0;
}

static __always_inline void check_links(struct stock_read *r)
{
	u32 nr = r->nr_links;

	for (u32 k = 0; k < STOCK_LINKS; k++) {
		u64 now = 0;

		if (k >= nr)
			break;
		bpf_probe_read_kernel(&now, sizeof(now), (void *)r->link[k].at);
		if (now == r->link[k].value)
			continue;
		r->broken = k;
		r->now = now;
		return;
	}
	r->broken = nr;
}

static long read_one(u32 i, void *unused)
{
	struct stock_read *r;

	/* A mask, not a test: the verifier sees the bound where it is used. */
	i &= STOCK_BATCH - 1;
	r = &reads[i];
	r->count = 0;
	if (r->count_at)
		bpf_probe_read_kernel(&r->count, sizeof(r->count),
				      (void *)r->count_at);
	r->error = bpf_probe_read_kernel(pages[i], sizeof(pages[i]),
					 (void *)r->at);
	check_links(r);
	return 0;
}

SEC("syscall")
int read_tables(void *unused)
{
	bpf_loop(nr_reads, read_one, NULL, 0);
	return 0;
}

#define FIND(symbol) \
	bpf_kallsyms_lookup_name(#symbol, sizeof(#symbol), 0, &symbols.symbol)

SEC("syscall")
int find_symbols(void *unused)
{
	FIND(vmid_generation);
	FIND(vmid_map);
	FIND(reserved_vmids);
	FIND(__per_cpu_offset);
	return 0;
}
