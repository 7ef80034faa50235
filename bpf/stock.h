/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stock.bpf.c, which reads kernels without the s2 tracepoints, hands to
 * user space. Both sides are built from this one file: it is no ABI.
 */
#ifndef __S2STAT_STOCK_H
#define __S2STAT_STOCK_H

#include <linux/types.h>

#include "records.h"

/* Types of iterator records, beyond enum s2r_type. */
#define STOCK_CONTEXT 100

/* Nested contexts that one pass of the iterator shows of a VM. */
#define STOCK_NESTED_PER_PASS 256

/**
 * struct stock_context - one stage-2 context, as the kernel keeps it
 * @id:		see vm_id() in stock_kvm.h
 * @kvm:	address of struct kvm
 * @mmu:	address of struct kvm_s2_mmu
 * @pgd:	address of the root
 * @pgd_phys:	physical address of the root ...
 * @root_at:	... and where the kernel keeps that
 * @vmid:	kvm_vmid.id
 * @hcr:	HCR_EL2 of a vCPU; 0: no vCPU has one yet
 * @nested:	0: the VM's own; else which nested one, from 1
 * @nr_nested:	nested ones that the VM has
 * @creator:	the process shown created the VM; else it only has it open
 */
struct stock_context {
	struct s2r_head head;
	__u64 id;
	__u64 kvm;
	__u64 mmu;
	__u64 pgd;
	__u64 pgd_phys;
	__u64 root_at;
	__u64 vmid;
	__u64 vtcr;
	__u64 hcr;
	__s32 vm;
	__s32 vcpus;
	__u32 ipa_bits;
	__s32 start_level;
	__u32 nested;
	__u32 nr_nested;
	__u8 creator;
	__u8 pad[7];
};

/* Reads of one call, and links that one read checks. */
#define STOCK_BATCH 64
#define STOCK_LINKS 6

/**
 * struct stock_link - why we believe that a table is where it is
 * @at:		address of a word
 * @value:	what it must be
 */
struct stock_link {
	__u64 at;
	__u64 value;
};

/**
 * struct stock_read - reads S2R_CHUNK entries, and proves them to be a table's
 * @at:		their address
 * @count_at:	address of the reference count of their page; 0: do not read
 * @link:	from the context's root down to the entry that leads to the
 *		table: all are looked at after the table was read. If they are
 *		what they were before, the table was in use in between
 * @nr_links:	how many of @link are meant
 * @error:	result: 0, or a negative errno
 * @count:	result: the reference count
 * @broken:	result: index of the first link that is another; else nr_links
 * @now:	result: what that link is now
 */
struct stock_read {
	__u64 at;
	__u64 count_at;
	struct stock_link link[STOCK_LINKS];
	__u32 nr_links;
	__s32 error;
	__s32 count;
	__u32 broken;
	__u64 now;
};

/**
 * struct stock_symbols - the VMID allocator's data, arch/arm64/kvm/vmid.c
 * @vmid_generation: an atomic64_t, the generation above the width of a VMID
 * @vmid_map:	pointer to a bit for each VMID that is taken
 * @reserved_vmids: a u64 on each CPU
 * @__per_cpu_offset: where these are
 */
struct stock_symbols {
	__u64 vmid_generation;
	__u64 vmid_map;
	__u64 reserved_vmids;
	__u64 __per_cpu_offset;
};

#endif /* __S2STAT_STOCK_H */
