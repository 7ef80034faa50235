/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding one's way in KVM's own structures, for the programs that read
 * kernels without the s2 tracepoints. All reads are of memory that may go away
 * meanwhile: they fail or give nonsense then, and harm nothing.
 */
#ifndef __S2STAT_STOCK_KVM_H
#define __S2STAT_STOCK_KVM_H

#include "kvm_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "stock.h"

/* Is @p an errno in the place of a pointer? */
#define IS_ERR(p) ((u64)(p) >= (u64)-4095)

/* vCPUs have at most two nested contexts each, and a VM has 512 vCPUs. */
#define STOCK_MAX_NESTED 1024

/*
 * Set before load. nested_mmus is an array of pointers to contexts; else, in
 * kernels before that was so, of contexts. And any number, for ids.
 */
const volatile bool nested_pointers = true;
const volatile __u64 id_key;

/* mmu->arch is embedded in the struct kvm of the VM. */
static __always_inline struct kvm *kvm_of_mmu(struct kvm_s2_mmu *mmu)
{
	struct kvm_arch *arch = BPF_CORE_READ(mmu, arch);

	return (void *)arch - bpf_core_field_offset(struct kvm, arch);
}

static __always_inline struct kvm_s2_mmu *main_mmu(struct kvm *kvm)
{
	return (void *)kvm + bpf_core_field_offset(struct kvm, arch) +
	       bpf_core_field_offset(struct kvm_arch, mmu);
}

static __always_inline u32 nr_nested(struct kvm *kvm)
{
	if (!bpf_core_field_exists(kvm->arch.nested_mmus))
		return 0;
	return BPF_CORE_READ(kvm, arch.nested_mmus_size);
}

/* Nested context @i of @kvm, from 0; NULL when it cannot be read. */
static __always_inline struct kvm_s2_mmu *nested_mmu(struct kvm *kvm, u32 i)
{
	struct kvm_s2_mmu *mmu = NULL;
	void *array;

	if (!bpf_core_field_exists(kvm->arch.nested_mmus))
		return NULL;
	array = BPF_CORE_READ(kvm, arch.nested_mmus);
	if (!array)
		return NULL;
	if (!nested_pointers)
		return array + i * bpf_core_type_size(struct kvm_s2_mmu);
	bpf_probe_read_kernel(&mmu, sizeof(mmu), array + i * sizeof(mmu));
	return mmu;
}

/*
 * An id for a VM that no other ever has: the inode number of its directory in
 * debugfs. Where there is no debugfs, one made of its address, which another VM
 * may get when this one is gone. Both have 40 bits, and a bit for which it is.
 */
static __always_inline u64 vm_id(struct kvm *kvm)
{
	struct dentry *dir = BPF_CORE_READ(kvm, debugfs_dentry);
	u64 ino = 0;

	if (dir && !IS_ERR(dir))
		ino = BPF_CORE_READ(dir, d_inode, i_ino);
	if (ino)
		return ino & ((1ULL << 40) - 1);
	return 1ULL << 40 | (((u64)kvm ^ id_key) * 0x9E3779B97F4A7C15ULL) >> 24;
}

/* @nested: 0 for the VM's own context; else which nested one, from 1. */
static __always_inline u64 context_id(u64 vm, u32 nested)
{
	return vm | (u64)nested << 41;
}

#endif /* __S2STAT_STOCK_KVM_H */
