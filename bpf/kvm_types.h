/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types the BPF programs read, and of each only the members they
 * read. CO-RE finds the real offsets in the running kernel's BTF, so neither
 * order nor padding matters here, only names.
 *
 * Contract: kernel/s2/mmu.h for the s2_* types, linux/kvm_host.h for the rest.
 */
#ifndef __S2STAT_KVM_TYPES_H
#define __S2STAT_KVM_TYPES_H

#include <linux/bpf.h>
#include <stdbool.h>

typedef __u64 u64;
typedef __s64 s64;
typedef __u32 u32;
typedef __s32 s32;
typedef __u16 u16;
typedef __s16 s16;
typedef __u8 u8;
typedef __s8 s8;

struct seq_file;

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

typedef struct {
	s64 counter;
} atomic64_t;

struct kvm_vmid {
	atomic64_t id;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct kvm_memory_slot {
	struct hlist_node id_node[2];
	u64 base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	u32 flags;
	s16 id;
	u16 as_id;
};

struct kvm_memslots {
	struct hlist_head id_hash[128];
	int node_idx;
};

struct s2_geometry {
	u32 ipa_bits;
	s32 start_level;
	u32 root_pages;
	bool lpa2;
	bool fwb;
};

/* Read as it is, see struct s2r_kept_counts. */
struct s2_counts {
	atomic64_t sets;
};

struct s2_ctx {
	u64 id;
	s32 vm;
	bool nested;
	struct s2_geometry geo;
	atomic64_t seq;
	atomic64_t tables_alloc;
	atomic64_t tables_freed;
	struct s2_counts counts;
};

struct vmid_space {
	atomic64_t generation;
	u32 in_use;
	u32 reserved;
};

/*
 * start_level is a s8 since 419edf48d79f "KVM: arm64: Convert translation
 * level parameter to s8" (6.8), and was an u32: its first byte is the same.
 */
struct kvm_pgtable {
	u32 ia_bits;
	s8 start_level;
	u64 *pgd;
};

/*
 * vtcr is here since fe49fd940e22 "KVM: arm64: Move VTCR_EL2 into struct
 * s2_mmu" (6.8), and was in struct kvm_arch. s2 is ours.
 */
struct kvm_s2_mmu {
	struct kvm_vmid vmid;
	u64 pgd_phys;
	struct kvm_pgtable *pgt;
	u64 vtcr;
	struct kvm_arch *arch;
	struct s2_ctx *s2;
};

/*
 * nested_mmus came with 4f128f8e1aaa "KVM: arm64: nv: Support multiple nested
 * Stage-2 mmu structures" (6.11) as an array of contexts; later kernels have
 * an array of pointers to them. Only its address matters here.
 */
struct kvm_arch {
	struct kvm_s2_mmu mmu;
	u64 vtcr;
	void *nested_mmus;
	u64 nested_mmus_size;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	void *slots[64];
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
	struct inode *d_inode;
};

struct path {
	struct dentry *dentry;
};

struct file {
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct mm_struct;

struct task_struct {
	struct mm_struct *mm;
	s32 tgid;
};

struct kvm {
	struct mm_struct *mm;
	struct kvm_memslots *memslots[1];
	struct xarray vcpu_array;
	int created_vcpus;
	struct kvm_arch arch;
	struct dentry *debugfs_dentry;
	s32 userspace_pid;
};

struct kvm_vcpu_fault_info {
	u64 esr_el2;
	u64 hpfar_el2;
};

struct kvm_vcpu_arch {
	struct kvm_s2_mmu *hw_mmu;
	u64 hcr_el2;
	struct kvm_vcpu_fault_info fault;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_vcpu_arch arch;
};

struct s2_table_pos {
	u64 ipa;
	u64 pa;
	u64 *entries;
	s32 level;
	s32 count;
	u32 nr;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct bpf_iter__s2_mmu {
	struct bpf_iter_meta *meta;
	struct kvm_s2_mmu *mmu;
};

struct bpf_iter__s2_table {
	struct bpf_iter_meta *meta;
	struct kvm_s2_mmu *mmu;
	struct s2_table_pos *pos;
};

#pragma clang attribute pop

#endif /* __S2STAT_KVM_TYPES_H */
