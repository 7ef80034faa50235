/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs hand to user space: the records that the iterators
 * write into their seq_file, and the values of the counter maps.
 *
 * Both sides are built from this one file, so the layout is free to change;
 * it is no ABI. All members are naturally aligned and padding is explicit.
 */
#ifndef __S2STAT_RECORDS_H
#define __S2STAT_RECORDS_H

#include <linux/types.h>

#include "../kernel/s2/abi.h"

/* Entries that one chunk record carries, and the page the BPF side reads. */
#define S2R_CHUNK 512
/* A concatenated root has at most this many chunks on a 64 KB host. */
#define S2R_MAX_CHUNKS (16 * 16)
/* VMs that can be counted at the same time. */
#define S2R_MAX_VMS 16384
/* Of these, with a row in a map that takes its memory beforehand: see rows.h. */
#define S2R_MAX_SPILLED 2048
/* VMs whose end may fall between two samples, where the kernel counts. */
#define S2R_MAX_ENDED 4096

/* A reference count that the kernel does not show. */
#define S2R_NO_COUNT (-2147483647 - 1)

enum s2r_type {
	S2R_MMU = 1,
	S2R_TABLE,
	S2R_ENTRIES,
	S2R_VMIDS,
	S2R_SLOT,
	S2R_KEPT,
};

/**
 * struct s2r_head - begins every iterator record
 * @size:	bytes of the whole record, this head included
 * @type:	enum s2r_type
 */
struct s2r_head {
	__u32 size;
	__u32 type;
};

/**
 * struct s2r_mmu - one live stage-2 context
 * @id:		its id, never reused
 * @vmid:	kvm_vmid.id as the kernel keeps it: generation above the VMID
 * @root_pa:	physical address of the root
 * @tables_alloc: table pages ever linked, the root's among them
 * @tables_freed: of these, given back
 * @vm:		thread-group id of the owner
 * @vmid_bits:	width of the VMID in @vmid, 0 if the kernel would not say
 * @vcpus:	vCPUs created
 */
struct s2r_mmu {
	struct s2r_head head;
	__u64 id;
	__u64 vmid;
	__u64 root_pa;
	__u64 tables_alloc;
	__u64 tables_freed;
	__s32 vm;
	__u32 vmid_bits;
	__s32 vcpus;
	__u32 ipa_bits;
	__s32 start_level;
	__u32 root_pages;
	__u8 nested;
	__u8 lpa2;
	__u8 fwb;
	__u8 pad[5];
};

/**
 * struct s2r_table - one table page (a concatenated root counts as one)
 * @mmu:	id of its context
 * @ipa:	first IPA it translates
 * @pa:		its physical address
 * @level:	level of its entries
 * @count:	its reference count, or S2R_NO_COUNT
 * @nr:		entries it has room for
 * @leaves:	valid page and block entries
 * @children:	valid table entries
 * @annotations: invalid entries that are not zero
 * @locked:	entries in transition (the transient lock marker): not counted
 * @unread:	entries that could not be read
 */
struct s2r_table {
	struct s2r_head head;
	__u64 mmu;
	__u64 ipa;
	__u64 pa;
	__s32 level;
	__s32 count;
	__u32 nr;
	__u32 leaves;
	__u32 children;
	__u32 annotations;
	__u32 locked;
	__u32 unread;
};

/**
 * struct s2r_entries - the descriptors of (part of) the table written before
 * @first:	index of e[0] in the table
 * @nr:		how many of @e are meant
 */
struct s2r_entries {
	struct s2r_head head;
	__u64 mmu;
	__u64 pa;
	__u32 first;
	__u32 nr;
	__u64 e[S2R_CHUNK];
};

/**
 * struct s2r_vmids - the state of the VMID allocator
 * @generation:	the current one
 * @bits:	width of a VMID
 * @in_use:	numbers taken in the current generation
 * @reserved:	of these, kept over from the generation before
 */
struct s2r_vmids {
	struct s2r_head head;
	__u64 generation;
	__u32 bits;
	__u32 in_use;
	__u32 reserved;
	__u32 pad;
};

/**
 * struct s2r_slot - one memslot of the VM that a context belongs to
 * @mmu:	id of the context
 * @base_gfn:	first guest page
 * @npages:	how many, of the host's page size
 * @hva:	where the VMM has them
 * @flags:	KVM_MEM_*
 * @id:		number of the slot
 * @as_id:	address space
 */
struct s2r_slot {
	struct s2r_head head;
	__u64 mmu;
	__u64 base_gfn;
	__u64 npages;
	__u64 hva;
	__u32 flags;
	__s32 id;
	__u32 as_id;
	__u32 pad;
};

/* Leaf sizes a fault may ask for, by level; the last for any other. */
#define S2R_NR_LEVELS 4

/**
 * struct s2r_counts - what happened to one context since the attach
 * @flushes:	by reason and scope; the last row and column take what this
 *		build does not know by name
 * @flush_pages: pages covered by these, where the scope is bounded
 * @faults:	by kind, the last for what this build does not know
 * @fault_sizes: by the level of the leaf that was wanted, where one was;
 *		[0] for a size that is no level's
 * @faults_handled: ended with the guest going on
 * @faults_user: ended in user space: MMIO
 * @faults_again: ended with -EAGAIN or -ESTALE: lost a race, tried again
 * @faults_failed: ended with another error
 * @rollovers:	VMID generations turned because this one needed a number
 * @freed:	the context is gone; nothing will be counted any more
 * @vm:		owner, as a context may live and die between two samples
 */
struct s2r_counts {
	__u64 sets;
	__u64 clears;
	__u64 tables_alloc;
	__u64 tables_freed;
	__u64 flushes[S2_NR_REASONS + 1][S2_NR_SCOPES + 1];
	__u64 flush_pages[S2_NR_REASONS + 1][S2_NR_SCOPES + 1];
	__u64 faults[S2_NR_FAULTS + 1];
	__u64 fault_sizes[S2R_NR_LEVELS];
	__u64 faults_handled;
	__u64 faults_user;
	__u64 faults_again;
	__u64 faults_failed;
	__u64 vmid_assigns;
	__u64 rollovers;
	__u64 freed;
	__u64 vm;
};

/* How a fault may end, as the kernel counts it (enum s2_fault_end). */
enum s2r_fault_end {
	S2R_FAULT_HANDLED,
	S2R_FAULT_USER,
	S2R_FAULT_AGAIN,
	S2R_FAULT_FAILED,
	S2R_NR_FAULT_ENDS,
};

/**
 * struct s2r_kept_counts - struct s2_counts of kernel/s2/mmu.h, as it is
 * @faults_ended: by enum s2r_fault_end, and by the level of the leaf that was
 *		wanted; the last for those that came to want none
 *
 * s2stat reads it only where it is as large as this (probe.h).
 */
struct s2r_kept_counts {
	__u64 sets;
	__u64 clears;
	__u64 faults[S2_NR_FAULTS];
	__u64 faults_ended[S2R_NR_FAULT_ENDS][S2R_NR_LEVELS + 1];
	__u64 vmid_assigns;
	__u64 rollovers;
	__u64 flushes[S2_NR_REASONS][S2_NR_SCOPES];
	__u64 flush_pages[S2_NR_REASONS][S2_NR_SCOPES];
};

/**
 * struct s2r_kept - what the kernel has counted of one context
 * @mmu:	its id
 * @tables_alloc: table pages ever linked, whether anybody listened or not
 * @tables_freed: of these, given back
 * @counts:	the rest, while anybody listened
 * @vm:		owner
 */
struct s2r_kept {
	struct s2r_head head;
	__u64 mmu;
	__u64 tables_alloc;
	__u64 tables_freed;
	struct s2r_kept_counts counts;
	__s32 vm;
	__u32 pad;
};

/* Granularity in which hot spots are counted, as a shift: 2 MB. */
#define S2R_HOT_SHIFT 21
/* Hot spots that are counted; faults elsewhere are counted together. */
#define S2R_MAX_HOT 65536

/**
 * struct s2r_hot_key - 2 MB of a context's IPA space
 * @region:	IPA >> S2R_HOT_SHIFT
 */
struct s2r_hot_key {
	__u64 mmu;
	__u64 region;
};

/**
 * struct s2r_hot - guest aborts in one such region
 * @writes:	of @faults, to write
 * @last:	IPA of the last one
 */
struct s2r_hot {
	__u64 faults;
	__u64 writes;
	__u64 last;
};

/**
 * struct s2r_global - what belongs to no single context
 * @rollovers:	VMID generations turned
 * @leaked:	table pages that were still there when their context was freed
 * @dropped:	events not counted because the map of contexts was full
 * @cold:	faults for whose region there was no room among the hot spots
 */
struct s2r_global {
	__u64 rollovers;
	__u64 leaked;
	__u64 dropped;
	__u64 cold;
};

#endif /* __S2STAT_RECORDS_H */
