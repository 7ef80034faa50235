/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events that user space speaks of, and how BPF hands them over.
 *
 * One list, EVENTS(), has every event with its arguments in the order, by the
 * names and of the types of the tracepoints (docs/tracepoints.md); structs,
 * decoders, names, JSON keys and the table in a recording's header are all
 * made of it.
 */
#ifndef __S2STAT_EVENTS_H
#define __S2STAT_EVENTS_H

#include <linux/types.h>

#include "../kernel/s2/abi.h"
#include "records.h"

/*
 * The arguments of each event behind mmu and seq: A(event, type, name,
 * shown as). A type is one of BTF's; how it is shown is an enum event_show.
 */
#define MMU_INIT_ARGS(A, ev)         \
	A(ev, s32, ipa_bits, DEC)    \
	A(ev, s32, start_level, DEC) \
	A(ev, u64, granule, DEC)     \
	A(ev, u64, root_pa, HEX)     \
	A(ev, s32, root_pages, DEC)  \
	A(ev, s32, nested, DEC)      \
	A(ev, s32, features, HEX)

#define MMU_FREE_ARGS(A, ev)          \
	A(ev, u64, root_pa, HEX)      \
	A(ev, u64, tables_alloc, DEC) \
	A(ev, u64, tables_freed, DEC) \
	A(ev, s64, tables_live, DEC)

#define OP_BEGIN_ARGS(A, ev)       \
	A(ev, u64, op, DEC)        \
	A(ev, s32, kind, OP_KIND)  \
	A(ev, s32, reason, REASON) \
	A(ev, u64, ipa, HEX)       \
	A(ev, u64, end, HEX)       \
	A(ev, s32, lock, LOCK)     \
	A(ev, s32, may_block, DEC) \
	A(ev, u64, notifier_seq, DEC)

#define OP_END_ARGS(A, ev)         \
	A(ev, u64, op, DEC)        \
	A(ev, s32, kind, OP_KIND)  \
	A(ev, s32, reason, REASON) \
	A(ev, s32, result, DEC)    \
	A(ev, u64, entries, DEC)   \
	A(ev, u64, resched, DEC)   \
	A(ev, u64, deferred, DEC)

#define TABLE_ALLOC_ARGS(A, ev) \
	A(ev, u64, op, DEC)     \
	A(ev, u64, table, HEX)  \
	A(ev, s32, level, DEC)  \
	A(ev, u64, ipa, HEX)

#define TABLE_FREE_ARGS(A, ev) \
	A(ev, u64, op, DEC)    \
	A(ev, u64, table, HEX) \
	A(ev, s32, level, DEC) \
	A(ev, u64, ipa, HEX)   \
	A(ev, s32, count, DEC) \
	A(ev, s32, deferred, DEC)

#define ENTRY_ARGS(A, ev)      \
	A(ev, u64, op, DEC)    \
	A(ev, u64, ipa, HEX)   \
	A(ev, s32, level, DEC) \
	A(ev, u64, table, HEX) \
	A(ev, s32, index, DEC) \
	A(ev, u64, old, BITS)  \
	A(ev, u64, new, BITS)  \
	A(ev, s32, count, DEC)

#define FLUSH_ARGS(A, ev)           \
	A(ev, u64, op, DEC)         \
	A(ev, s32, scope, SCOPE)    \
	A(ev, u64, raw, HEX)        \
	A(ev, s32, level, DEC)      \
	A(ev, u64, ipa, HEX)        \
	A(ev, u64, size, HEX)       \
	A(ev, u64, vmid, DEC)       \
	A(ev, u64, generation, DEC) \
	A(ev, s32, reason, REASON)  \
	A(ev, s32, cpu, DEC)

#define VMID_ASSIGN_ARGS(A, ev)         \
	A(ev, u64, vmid, DEC)           \
	A(ev, u64, generation, DEC)     \
	A(ev, u64, old_vmid, DEC)       \
	A(ev, u64, old_generation, DEC) \
	A(ev, s32, in_use, DEC)         \
	A(ev, s32, reserved, DEC)       \
	A(ev, s32, cpu, DEC)

#define VMID_ROLLOVER_ARGS(A, ev)       \
	A(ev, u64, generation, DEC)     \
	A(ev, u64, old_generation, DEC) \
	A(ev, s32, in_use, DEC)         \
	A(ev, s32, reserved, DEC)       \
	A(ev, s32, cpu, DEC)

#define VMID_CPU_ARGS(A, ev)        \
	A(ev, u64, vmid, DEC)       \
	A(ev, u64, generation, DEC) \
	A(ev, s32, cpu, DEC)        \
	A(ev, s32, vcpu, DEC)       \
	A(ev, u64, root_pa, HEX)

#define FAULT_BEGIN_ARGS(A, ev) \
	A(ev, s32, vcpu, DEC)   \
	A(ev, u64, ipa, HEX)    \
	A(ev, s32, kind, FAULT) \
	A(ev, s32, write, DEC)  \
	A(ev, s32, exec, DEC)   \
	A(ev, u64, notifier_seq, DEC)

#define FAULT_END_ARGS(A, ev)         \
	A(ev, s32, vcpu, DEC)         \
	A(ev, u64, ipa, HEX)          \
	A(ev, s32, result, DEC)       \
	A(ev, u64, pfn, HEX)          \
	A(ev, u64, size, HEX)         \
	A(ev, u64, notifier_seq, DEC) \
	A(ev, s32, refs_taken, DEC)   \
	A(ev, s32, refs_put, DEC)     \
	A(ev, s32, page, HEX)         \
	A(ev, u64, page_seq, DEC)

#define MEMSLOT_ARGS(A, ev)           \
	A(ev, s32, change, MEMSLOT)   \
	A(ev, s32, slot, DEC)         \
	A(ev, u64, base_gfn, HEX)     \
	A(ev, u64, npages, DEC)       \
	A(ev, u64, hva, HEX)          \
	A(ev, u64, flags, HEX)        \
	A(ev, u64, old_base_gfn, HEX) \
	A(ev, u64, old_flags, HEX)    \
	A(ev, s32, result, DEC)

#define CACHE_ARGS(A, ev)       \
	A(ev, u64, cache, BITS) \
	A(ev, s32, before, DEC) \
	A(ev, s32, after, DEC)  \
	A(ev, s32, result, DEC)

#define CMO_ARGS(A, ev)       \
	A(ev, u64, op, DEC)   \
	A(ev, s32, kind, CMO) \
	A(ev, u64, pa, HEX)   \
	A(ev, u64, size, HEX)

/*
 * A stream that begins late begins with what is there: for each MMU a
 * snap_mmu, its memslots, its tables, each followed by those of its entries
 * that are not zero, and a snap_end. They come before all other events of
 * their MMU; those of several MMUs may be mixed.
 *
 * The seq of snap_mmu is the number that the MMU had given out when the
 * reading began, that of snap_end the one when all was read, or 0 if the MMU
 * was gone by then; the others have none. Changes numbered up to the first are
 * in what was read and are not told again; the first event is the one with the
 * next number. Changes up to the second may be in what was read, and are told:
 * as an event tells what an entry is now, to hear of it twice does no harm.
 */
#define SNAP_MMU_ARGS(A, ev)          \
	A(ev, s32, ipa_bits, DEC)     \
	A(ev, s32, start_level, DEC)  \
	A(ev, u64, granule, DEC)      \
	A(ev, u64, root_pa, HEX)      \
	A(ev, s32, root_pages, DEC)   \
	A(ev, s32, nested, DEC)       \
	A(ev, s32, fwb, DEC)          \
	A(ev, s32, lpa2, DEC)         \
	A(ev, s32, vcpus, DEC)        \
	A(ev, u64, vmid, DEC)         \
	A(ev, u64, generation, DEC)   \
	A(ev, u64, tables_alloc, DEC) \
	A(ev, u64, tables_freed, DEC)

#define SNAP_TABLE_ARGS(A, ev) \
	A(ev, u64, table, HEX) \
	A(ev, s32, level, DEC) \
	A(ev, u64, ipa, HEX)   \
	A(ev, s32, count, DEC) \
	A(ev, s32, nr, DEC)

#define SNAP_ENTRY_ARGS(A, ev) \
	A(ev, u64, table, HEX) \
	A(ev, s32, level, DEC) \
	A(ev, s32, index, DEC) \
	A(ev, u64, ipa, HEX)   \
	A(ev, u64, pte, BITS)

#define SNAP_SLOT_ARGS(A, ev)     \
	A(ev, s32, slot, DEC)     \
	A(ev, u64, base_gfn, HEX) \
	A(ev, u64, npages, DEC)   \
	A(ev, u64, hva, HEX)      \
	A(ev, u64, flags, HEX)

#define SNAP_END_ARGS(A, ev)    \
	A(ev, u64, tables, DEC) \
	A(ev, u64, entries, DEC)

/* The VMID allocator: of no MMU, so mmu is 0. */
#define SNAP_VMIDS_ARGS(A, ev)      \
	A(ev, u64, generation, DEC) \
	A(ev, s32, bits, DEC)       \
	A(ev, s32, in_use, DEC)     \
	A(ev, s32, reserved, DEC)

/*
 * Events are missing: @count of them, since @since, on the event's cpu, before
 * this one. mmu is whose they are if they are all of one, else 0.
 */
#define LOST_ARGS(A, ev)       \
	A(ev, u64, count, DEC) \
	A(ev, u64, since, DEC)

/*
 * The stream ends here for an MMU that is alive. Its seq is the number that it
 * had given out last: who has not met it has lost the last events.
 */
#define STREAM_END_ARGS(A, ev) A(ev, s32, vcpus, DEC)

/* The tracepoints: X(name, arguments). Only ever added to, at the end. */
#define S2_EVENTS(X)                            \
	X(s2_mmu_init, MMU_INIT_ARGS)           \
	X(s2_mmu_free, MMU_FREE_ARGS)           \
	X(s2_op_begin, OP_BEGIN_ARGS)           \
	X(s2_op_end, OP_END_ARGS)               \
	X(s2_table_alloc, TABLE_ALLOC_ARGS)     \
	X(s2_table_free, TABLE_FREE_ARGS)       \
	X(s2_set, ENTRY_ARGS)                   \
	X(s2_clear, ENTRY_ARGS)                 \
	X(s2_flush, FLUSH_ARGS)                 \
	X(s2_vmid_assign, VMID_ASSIGN_ARGS)     \
	X(s2_vmid_rollover, VMID_ROLLOVER_ARGS) \
	X(s2_vmid_load, VMID_CPU_ARGS)          \
	X(s2_vmid_put, VMID_CPU_ARGS)           \
	X(s2_fault_begin, FAULT_BEGIN_ARGS)     \
	X(s2_fault_end, FAULT_END_ARGS)         \
	X(s2_memslot, MEMSLOT_ARGS)             \
	X(s2_cache, CACHE_ARGS)                 \
	X(s2_cmo, CMO_ARGS)

/* The stream's own. */
#define STREAM_EVENTS(X)               \
	X(snap_mmu, SNAP_MMU_ARGS)     \
	X(snap_table, SNAP_TABLE_ARGS) \
	X(snap_entry, SNAP_ENTRY_ARGS) \
	X(snap_slot, SNAP_SLOT_ARGS)   \
	X(snap_end, SNAP_END_ARGS)     \
	X(snap_vmids, SNAP_VMIDS_ARGS) \
	X(lost, LOST_ARGS)             \
	X(stream_end, STREAM_END_ARGS)

#define EVENTS(X)    \
	S2_EVENTS(X) \
	STREAM_EVENTS(X)

enum event_type {
#define EVENT_ENUM(name, args) EV_##name,
	EVENTS(EVENT_ENUM)
#undef EVENT_ENUM
		EV_NR,
	EV_NR_S2 = EV_snap_mmu,
};

/* No tracepoint has more arguments: BPF takes twelve, mmu and seq among them. */
#define EVENT_RECORD_ARGS 10

/**
 * struct event_record - an event in the ring buffer
 * @time:	bpf_ktime_get_ns()
 * @type:	enum event_type
 * @nr:		arguments behind this head
 * @arg:	as the kernel passes them: a s32 has no meaning above bit 31
 */
struct event_record {
	__u64 time;
	__u64 mmu;
	__u64 seq;
	__s32 vm;
	__s32 pid;
	__u32 cpu;
	__u16 type;
	__u16 nr;
	__u64 arg[];
};

/**
 * struct event_loss - what a CPU could not put into the ring buffer
 * @total:	ever
 * @told:	of these, in the stream
 * @since:	when the first was lost that was not told
 * @mmu:	whose those are that were not told, if all are of one, else 0
 */
struct event_loss {
	__u64 total;
	__u64 told;
	__u64 since;
	__u64 mmu;
	__s32 vm;
	__u32 pad;
};

/**
 * struct event_seq - the number that an MMU has given out last
 */
struct event_seq {
	struct s2r_head head;
	__u64 mmu;
	__u64 seq;
	__s32 vm;
	__s32 vcpus;
};

#endif /* __S2STAT_EVENTS_H */
