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

enum s2r_type {
	S2R_MMU = 1,
	S2R_TABLE,
	S2R_ENTRIES,
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
 * @count:	its reference count
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
 * struct s2r_counts - what happened to one context since the attach
 * @flushes:	by reason and scope; the last row and column take what this
 *		build does not know by name
 * @flush_pages: pages covered by flushes of a bounded scope
 * @faults:	by kind, the last for what this build does not know
 * @faults_again: ended with -EAGAIN: lost a race, the guest tries again
 * @faults_failed: ended with another error
 * @freed:	the context is gone; nothing will be counted any more
 * @vm:		owner, as a context may live and die between two samples
 */
struct s2r_counts {
	__u64 sets;
	__u64 clears;
	__u64 tables_alloc;
	__u64 tables_freed;
	__u64 flush_pages;
	__u64 flushes[S2_NR_REASONS + 1][S2_NR_SCOPES + 1];
	__u64 faults[S2_NR_FAULTS + 1];
	__u64 faults_again;
	__u64 faults_failed;
	__u64 vmid_assigns;
	__u64 freed;
	__u64 vm;
};

/**
 * struct s2r_global - what belongs to no single context
 * @rollovers:	VMID generations turned
 * @dropped:	events not counted because the map of contexts was full
 */
struct s2r_global {
	__u64 rollovers;
	__u64 dropped;
};

#endif /* __S2STAT_RECORDS_H */
