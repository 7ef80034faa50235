/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memslots of a VM, read without a lock: what the VMM gave its guest as
 * memory. A slot that is changed meanwhile may be seen twice or not at all.
 *
 * Slots are in a hash by their id (a54d806688fe "KVM: Keep memslots in
 * tree-based structures instead of array-based ones", 5.17). Each has two
 * sets of nodes; node_idx tells which one links the active slots.
 */
#ifndef __S2STAT_SLOTS_H
#define __S2STAT_SLOTS_H

#include "kvm_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "records.h"

/* The hash of struct kvm_memslots, and a bound for one of its chains. */
#define SLOT_BUCKETS 128
#define SLOT_CHAIN 1024

struct slot_walk {
	struct seq_file *seq;
	struct kvm_memslots *slots;
	struct hlist_node *node;
	u64 mmu;
	u32 which;
};

/* The slot whose id_node[@which] is @node. */
static __always_inline struct kvm_memory_slot *slot_of(struct hlist_node *node,
						       u32 which)
{
	u64 at = bpf_core_field_offset(struct kvm_memory_slot, id_node) +
		 which * bpf_core_type_size(struct hlist_node);

	return (void *)node - at;
}

static long show_slot(u32 i, struct slot_walk *w)
{
	struct hlist_node *node = w->node;
	struct kvm_memory_slot *slot;
	struct s2r_slot rec = {};

	if (!node)
		return 1;
	slot = slot_of(node, w->which);
	rec.head.size = sizeof(rec);
	rec.head.type = S2R_SLOT;
	rec.mmu = w->mmu;
	rec.base_gfn = BPF_CORE_READ(slot, base_gfn);
	rec.npages = BPF_CORE_READ(slot, npages);
	rec.hva = BPF_CORE_READ(slot, userspace_addr);
	rec.flags = BPF_CORE_READ(slot, flags);
	rec.id = BPF_CORE_READ(slot, id);
	rec.as_id = BPF_CORE_READ(slot, as_id);
	bpf_seq_write(w->seq, &rec, sizeof(rec));
	w->node = BPF_CORE_READ(node, next);
	return 0;
}

static long show_bucket(u32 i, struct slot_walk *w)
{
	struct hlist_head *head;
	u64 at = bpf_core_field_offset(struct kvm_memslots, id_hash) +
		 i * bpf_core_type_size(struct hlist_head);

	head = (void *)w->slots + at;
	w->node = BPF_CORE_READ(head, first);
	bpf_loop(SLOT_CHAIN, show_slot, w, 0);
	return 0;
}

/* Writes a S2R_SLOT for each memslot of @kvm. Arm has one address space. */
static __always_inline void show_slots_of(struct seq_file *seq, struct kvm *kvm,
					  u64 mmu)
{
	struct kvm_memslots *slots = BPF_CORE_READ(kvm, memslots[0]);
	struct slot_walk w = { .seq = seq, .slots = slots, .mmu = mmu };

	if (!slots)
		return;
	w.which = BPF_CORE_READ(slots, node_idx) & 1;
	bpf_loop(SLOT_BUCKETS, show_bucket, &w, 0);
}

#endif /* __S2STAT_SLOTS_H */
