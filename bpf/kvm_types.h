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

struct seq_file;

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

typedef struct {
	s64 counter;
} atomic64_t;

struct kvm_vmid {
	atomic64_t id;
};

struct kvm_arch {
	u64 vtcr;
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

struct kvm {
	int created_vcpus;
	struct kvm_memslots *memslots[1];
	struct kvm_arch arch;
};

struct s2_geometry {
	u32 ipa_bits;
	s32 start_level;
	u32 root_pages;
	bool lpa2;
	bool fwb;
};

struct s2_ctx {
	u64 id;
	s32 vm;
	bool nested;
	struct s2_geometry geo;
	atomic64_t seq;
	atomic64_t tables_alloc;
	atomic64_t tables_freed;
};

struct vmid_space {
	atomic64_t generation;
	u32 in_use;
	u32 reserved;
};

struct kvm_s2_mmu {
	struct kvm_vmid vmid;
	u64 pgd_phys;
	struct kvm_arch *arch;
	struct s2_ctx *s2;
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
