/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The s2 tracepoints: every set, clear and flush of a stage-2 MMU, every
 * birth and death of a table page, every VMID event. This is an ABI; its
 * contract is docs/tracepoints.md.
 *
 * Every event begins with
 *	mmu	the struct kvm_s2_mmu it happened to (BPF programs follow it);
 *		printed as its id: unique for the life of the host, never reused
 *	seq	counts the events of that mmu while somebody listens, so that a
 *		reader who listens to all of them can prove that none is missing
 * and prints vm, the thread-group id of the process that owns the VM, which
 * is right on kswapd and khugepaged too.
 *
 * Call sites use the s2_ev_*() wrappers of trace.h, which take the sequence
 * number only while the event is enabled: off, an event costs its static
 * branch. BPF allows at most twelve arguments (MAX_BPF_FUNC_ARGS).
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM s2

#if !defined(__KVM_ARM64_S2_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define __KVM_ARM64_S2_EVENTS_H

#include <linux/tracepoint.h>
#include <linux/kvm_host.h>

#include "abi.h"
#include "mmu.h"

/*
 * User space decodes the numbers through the event's print format, so the
 * enum constants have to be exported to it by value.
 */
#define S2_DEFINE(sym, name)	TRACE_DEFINE_ENUM(sym);
S2_OP_KINDS(S2_DEFINE)
S2_REASONS(S2_DEFINE)
S2_SCOPES(S2_DEFINE)
S2_LOCKS(S2_DEFINE)
S2_FAULTS(S2_DEFINE)
S2_MEMSLOTS(S2_DEFINE)
S2_CMOS(S2_DEFINE)
#undef S2_DEFINE

#ifndef S2_SHOW
#define S2_SHOW(sym, name)	{ sym, name },
#define s2_show(val, LIST)	__print_symbolic(val, LIST(S2_SHOW) { -1, "?" })
#endif

#define S2_HEAD_FIELDS				\
		__field(u64,	mmu)		\
		__field(u64,	seq)		\
		__field(s32,	vm)
#define S2_HEAD_ASSIGN				\
		__entry->mmu = s2_mmu_id(mmu);	\
		__entry->vm = s2_mmu_vm(mmu);	\
		__entry->seq = seq;
#define S2_HEAD_FMT	"mmu=%llu vm=%d seq=%llu "
#define S2_HEAD_ARGS	__entry->mmu, __entry->vm, __entry->seq

TRACE_EVENT(s2_mmu_init,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, s32 ipa_bits,
		 s32 start_level, u64 granule, u64 root_pa, s32 root_pages,
		 s32 nested, s32 features),
	TP_ARGS(mmu, seq, ipa_bits, start_level, granule, root_pa, root_pages,
		nested, features),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(s32,	ipa_bits)
		__field(s32,	start_level)
		__field(u64,	granule)
		__field(u64,	root_pa)
		__field(s32,	root_pages)
		__field(s32,	nested)
		__field(s32,	features)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->ipa_bits = ipa_bits;
		__entry->start_level = start_level;
		__entry->granule = granule;
		__entry->root_pa = root_pa;
		__entry->root_pages = root_pages;
		__entry->nested = nested;
		__entry->features = features;
	),
	TP_printk(S2_HEAD_FMT "ipa_bits=%d start_level=%d granule=%llu root_pa=0x%llx root_pages=%d nested=%d features=0x%x",
		  S2_HEAD_ARGS, __entry->ipa_bits, __entry->start_level,
		  __entry->granule, __entry->root_pa, __entry->root_pages,
		  __entry->nested, __entry->features)
);

TRACE_EVENT(s2_mmu_free,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 root_pa,
		 u64 tables_alloc, u64 tables_freed, s64 tables_live),
	TP_ARGS(mmu, seq, root_pa, tables_alloc, tables_freed, tables_live),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	root_pa)
		__field(u64,	tables_alloc)
		__field(u64,	tables_freed)
		__field(s64,	tables_live)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->root_pa = root_pa;
		__entry->tables_alloc = tables_alloc;
		__entry->tables_freed = tables_freed;
		__entry->tables_live = tables_live;
	),
	TP_printk(S2_HEAD_FMT "root_pa=0x%llx tables_alloc=%llu tables_freed=%llu tables_live=%lld",
		  S2_HEAD_ARGS, __entry->root_pa, __entry->tables_alloc,
		  __entry->tables_freed, __entry->tables_live)
);

TRACE_EVENT(s2_op_begin,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind, s32 reason,
		 u64 ipa, u64 end, s32 lock, s32 may_block, u64 notifier_seq),
	TP_ARGS(mmu, seq, op, kind, reason, ipa, end, lock, may_block,
		notifier_seq),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(s32,	kind)
		__field(s32,	reason)
		__field(u64,	ipa)
		__field(u64,	end)
		__field(s32,	lock)
		__field(s32,	may_block)
		__field(u64,	notifier_seq)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->kind = kind;
		__entry->reason = reason;
		__entry->ipa = ipa;
		__entry->end = end;
		__entry->lock = lock;
		__entry->may_block = may_block;
		__entry->notifier_seq = notifier_seq;
	),
	TP_printk(S2_HEAD_FMT "op=%llu kind=%s reason=%s ipa=0x%llx end=0x%llx lock=%s may_block=%d notifier_seq=%llu",
		  S2_HEAD_ARGS, __entry->op,
		  s2_show(__entry->kind, S2_OP_KINDS),
		  s2_show(__entry->reason, S2_REASONS),
		  __entry->ipa, __entry->end,
		  s2_show(__entry->lock, S2_LOCKS), __entry->may_block,
		  __entry->notifier_seq)
);

TRACE_EVENT(s2_op_end,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind, s32 reason,
		 s32 result, u64 entries, u64 resched, u64 deferred),
	TP_ARGS(mmu, seq, op, kind, reason, result, entries, resched, deferred),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(s32,	kind)
		__field(s32,	reason)
		__field(s32,	result)
		__field(u64,	entries)
		__field(u64,	resched)
		__field(u64,	deferred)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->kind = kind;
		__entry->reason = reason;
		__entry->result = result;
		__entry->entries = entries;
		__entry->resched = resched;
		__entry->deferred = deferred;
	),
	TP_printk(S2_HEAD_FMT "op=%llu kind=%s reason=%s result=%d entries=%llu resched=%llu deferred=%llu",
		  S2_HEAD_ARGS, __entry->op,
		  s2_show(__entry->kind, S2_OP_KINDS),
		  s2_show(__entry->reason, S2_REASONS),
		  __entry->result, __entry->entries, __entry->resched,
		  __entry->deferred)
);

TRACE_EVENT(s2_table_alloc,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 table, s32 level,
		 u64 ipa),
	TP_ARGS(mmu, seq, op, table, level, ipa),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(u64,	table)
		__field(s32,	level)
		__field(u64,	ipa)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->table = table;
		__entry->level = level;
		__entry->ipa = ipa;
	),
	TP_printk(S2_HEAD_FMT "op=%llu table=0x%llx level=%d ipa=0x%llx",
		  S2_HEAD_ARGS, __entry->op, __entry->table, __entry->level,
		  __entry->ipa)
);

TRACE_EVENT(s2_table_free,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 table, s32 level,
		 u64 ipa, s32 count, s32 deferred),
	TP_ARGS(mmu, seq, op, table, level, ipa, count, deferred),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(u64,	table)
		__field(s32,	level)
		__field(u64,	ipa)
		__field(s32,	count)
		__field(s32,	deferred)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->table = table;
		__entry->level = level;
		__entry->ipa = ipa;
		__entry->count = count;
		__entry->deferred = deferred;
	),
	TP_printk(S2_HEAD_FMT "op=%llu table=0x%llx level=%d ipa=0x%llx count=%d deferred=%d",
		  S2_HEAD_ARGS, __entry->op, __entry->table, __entry->level,
		  __entry->ipa, __entry->count, __entry->deferred)
);

DECLARE_EVENT_CLASS(s2_entry,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		 u64 table, s32 index, u64 old, u64 new, s32 count),
	TP_ARGS(mmu, seq, op, ipa, level, table, index, old, new, count),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(u64,	ipa)
		__field(s32,	level)
		__field(u64,	table)
		__field(s32,	index)
		__field(u64,	old)
		__field(u64,	new)
		__field(s32,	count)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->ipa = ipa;
		__entry->level = level;
		__entry->table = table;
		__entry->index = index;
		__entry->old = old;
		__entry->new = new;
		__entry->count = count;
	),
	TP_printk(S2_HEAD_FMT "op=%llu ipa=0x%llx level=%d table=0x%llx index=%d old=0x%llx new=0x%llx count=%d",
		  S2_HEAD_ARGS, __entry->op, __entry->ipa, __entry->level,
		  __entry->table, __entry->index, __entry->old, __entry->new,
		  __entry->count)
);

DEFINE_EVENT(s2_entry, s2_set,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		 u64 table, s32 index, u64 old, u64 new, s32 count),
	TP_ARGS(mmu, seq, op, ipa, level, table, index, old, new, count)
);

DEFINE_EVENT(s2_entry, s2_clear,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		 u64 table, s32 index, u64 old, u64 new, s32 count),
	TP_ARGS(mmu, seq, op, ipa, level, table, index, old, new, count)
);

TRACE_EVENT(s2_flush,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 scope, u64 raw,
		 s32 level, u64 ipa, u64 size, u64 vmid, u64 generation,
		 s32 reason, s32 cpu),
	TP_ARGS(mmu, seq, op, scope, raw, level, ipa, size, vmid, generation,
		reason, cpu),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(s32,	scope)
		__field(u64,	raw)
		__field(s32,	level)
		__field(u64,	ipa)
		__field(u64,	size)
		__field(u64,	vmid)
		__field(u64,	generation)
		__field(s32,	reason)
		__field(s32,	cpu)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->scope = scope;
		__entry->raw = raw;
		__entry->level = level;
		__entry->ipa = ipa;
		__entry->size = size;
		__entry->vmid = vmid;
		__entry->generation = generation;
		__entry->reason = reason;
		__entry->cpu = cpu;
	),
	TP_printk(S2_HEAD_FMT "op=%llu scope=%s raw=0x%llx level=%d ipa=0x%llx size=0x%llx vmid=%llu generation=%llu reason=%s cpu=%d",
		  S2_HEAD_ARGS, __entry->op,
		  s2_show(__entry->scope, S2_SCOPES), __entry->raw,
		  __entry->level, __entry->ipa, __entry->size, __entry->vmid,
		  __entry->generation, s2_show(__entry->reason, S2_REASONS),
		  __entry->cpu)
);

TRACE_EVENT(s2_vmid_assign,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid, u64 generation,
		 u64 old_vmid, u64 old_generation, s32 in_use, s32 reserved,
		 s32 cpu),
	TP_ARGS(mmu, seq, vmid, generation, old_vmid, old_generation, in_use,
		reserved, cpu),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	vmid)
		__field(u64,	generation)
		__field(u64,	old_vmid)
		__field(u64,	old_generation)
		__field(s32,	in_use)
		__field(s32,	reserved)
		__field(s32,	cpu)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->vmid = vmid;
		__entry->generation = generation;
		__entry->old_vmid = old_vmid;
		__entry->old_generation = old_generation;
		__entry->in_use = in_use;
		__entry->reserved = reserved;
		__entry->cpu = cpu;
	),
	TP_printk(S2_HEAD_FMT "vmid=%llu generation=%llu old_vmid=%llu old_generation=%llu in_use=%d reserved=%d cpu=%d",
		  S2_HEAD_ARGS, __entry->vmid, __entry->generation,
		  __entry->old_vmid, __entry->old_generation, __entry->in_use,
		  __entry->reserved, __entry->cpu)
);

TRACE_EVENT(s2_vmid_rollover,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 generation,
		 u64 old_generation, s32 in_use, s32 reserved, s32 cpu),
	TP_ARGS(mmu, seq, generation, old_generation, in_use, reserved, cpu),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	generation)
		__field(u64,	old_generation)
		__field(s32,	in_use)
		__field(s32,	reserved)
		__field(s32,	cpu)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->generation = generation;
		__entry->old_generation = old_generation;
		__entry->in_use = in_use;
		__entry->reserved = reserved;
		__entry->cpu = cpu;
	),
	TP_printk(S2_HEAD_FMT "generation=%llu old_generation=%llu in_use=%d reserved=%d cpu=%d",
		  S2_HEAD_ARGS, __entry->generation, __entry->old_generation,
		  __entry->in_use, __entry->reserved, __entry->cpu)
);

DECLARE_EVENT_CLASS(s2_vmid_cpu,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid, u64 generation,
		 s32 cpu, s32 vcpu, u64 root_pa),
	TP_ARGS(mmu, seq, vmid, generation, cpu, vcpu, root_pa),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	vmid)
		__field(u64,	generation)
		__field(s32,	cpu)
		__field(s32,	vcpu)
		__field(u64,	root_pa)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->vmid = vmid;
		__entry->generation = generation;
		__entry->cpu = cpu;
		__entry->vcpu = vcpu;
		__entry->root_pa = root_pa;
	),
	TP_printk(S2_HEAD_FMT "vmid=%llu generation=%llu cpu=%d vcpu=%d root_pa=0x%llx",
		  S2_HEAD_ARGS, __entry->vmid, __entry->generation,
		  __entry->cpu, __entry->vcpu, __entry->root_pa)
);

/*
 * The pair brackets the time a CPU may use a VMID from the inside: load comes
 * after the VMID is active on the CPU, put before it is given up. Two VMs
 * whose brackets overlap with one VMID and generation really shared it.
 */
DEFINE_EVENT(s2_vmid_cpu, s2_vmid_load,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid, u64 generation,
		 s32 cpu, s32 vcpu, u64 root_pa),
	TP_ARGS(mmu, seq, vmid, generation, cpu, vcpu, root_pa)
);

DEFINE_EVENT(s2_vmid_cpu, s2_vmid_put,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid, u64 generation,
		 s32 cpu, s32 vcpu, u64 root_pa),
	TP_ARGS(mmu, seq, vmid, generation, cpu, vcpu, root_pa)
);

TRACE_EVENT(s2_fault_begin,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa, s32 kind,
		 s32 write, s32 exec, u64 notifier_seq),
	TP_ARGS(mmu, seq, vcpu, ipa, kind, write, exec, notifier_seq),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(s32,	vcpu)
		__field(u64,	ipa)
		__field(s32,	kind)
		__field(s32,	write)
		__field(s32,	exec)
		__field(u64,	notifier_seq)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->vcpu = vcpu;
		__entry->ipa = ipa;
		__entry->kind = kind;
		__entry->write = write;
		__entry->exec = exec;
		__entry->notifier_seq = notifier_seq;
	),
	TP_printk(S2_HEAD_FMT "vcpu=%d ipa=0x%llx kind=%s write=%d exec=%d notifier_seq=%llu",
		  S2_HEAD_ARGS, __entry->vcpu, __entry->ipa,
		  s2_show(__entry->kind, S2_FAULTS), __entry->write,
		  __entry->exec, __entry->notifier_seq)
);

TRACE_EVENT(s2_fault_end,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, s32 vcpu, u64 ipa, s32 result,
		 u64 pfn, u64 size, u64 notifier_seq, s32 refs_taken,
		 s32 refs_put, s32 page, u64 page_seq),
	TP_ARGS(mmu, seq, vcpu, ipa, result, pfn, size, notifier_seq,
		refs_taken, refs_put, page, page_seq),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(s32,	vcpu)
		__field(u64,	ipa)
		__field(s32,	result)
		__field(u64,	pfn)
		__field(u64,	size)
		__field(u64,	notifier_seq)
		__field(s32,	refs_taken)
		__field(s32,	refs_put)
		__field(s32,	page)
		__field(u64,	page_seq)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->vcpu = vcpu;
		__entry->ipa = ipa;
		__entry->result = result;
		__entry->pfn = pfn;
		__entry->size = size;
		__entry->notifier_seq = notifier_seq;
		__entry->refs_taken = refs_taken;
		__entry->refs_put = refs_put;
		__entry->page = page;
		__entry->page_seq = page_seq;
	),
	TP_printk(S2_HEAD_FMT "vcpu=%d ipa=0x%llx result=%d pfn=0x%llx size=0x%llx notifier_seq=%llu refs_taken=%d refs_put=%d page=0x%x page_seq=%llu",
		  S2_HEAD_ARGS, __entry->vcpu, __entry->ipa, __entry->result,
		  __entry->pfn, __entry->size, __entry->notifier_seq,
		  __entry->refs_taken, __entry->refs_put, __entry->page,
		  __entry->page_seq)
);

TRACE_EVENT(s2_memslot,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, s32 change, s32 slot,
		 u64 base_gfn, u64 npages, u64 hva, u64 flags, u64 old_base_gfn,
		 u64 old_flags, s32 result),
	TP_ARGS(mmu, seq, change, slot, base_gfn, npages, hva, flags,
		old_base_gfn, old_flags, result),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(s32,	change)
		__field(s32,	slot)
		__field(u64,	base_gfn)
		__field(u64,	npages)
		__field(u64,	hva)
		__field(u64,	flags)
		__field(u64,	old_base_gfn)
		__field(u64,	old_flags)
		__field(s32,	result)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->change = change;
		__entry->slot = slot;
		__entry->base_gfn = base_gfn;
		__entry->npages = npages;
		__entry->hva = hva;
		__entry->flags = flags;
		__entry->old_base_gfn = old_base_gfn;
		__entry->old_flags = old_flags;
		__entry->result = result;
	),
	TP_printk(S2_HEAD_FMT "change=%s slot=%d base_gfn=0x%llx npages=%llu hva=0x%llx flags=0x%llx old_base_gfn=0x%llx old_flags=0x%llx result=%d",
		  S2_HEAD_ARGS, s2_show(__entry->change, S2_MEMSLOTS),
		  __entry->slot, __entry->base_gfn, __entry->npages,
		  __entry->hva, __entry->flags, __entry->old_base_gfn,
		  __entry->old_flags, __entry->result)
);

TRACE_EVENT(s2_cache,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 cache, s32 before,
		 s32 after, s32 result),
	TP_ARGS(mmu, seq, cache, before, after, result),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	cache)
		__field(s32,	before)
		__field(s32,	after)
		__field(s32,	result)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->cache = cache;
		__entry->before = before;
		__entry->after = after;
		__entry->result = result;
	),
	TP_printk(S2_HEAD_FMT "cache=0x%llx before=%d after=%d result=%d",
		  S2_HEAD_ARGS, __entry->cache, __entry->before,
		  __entry->after, __entry->result)
);

TRACE_EVENT(s2_cmo,
	TP_PROTO(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind, u64 pa,
		 u64 size),
	TP_ARGS(mmu, seq, op, kind, pa, size),
	TP_STRUCT__entry(
		S2_HEAD_FIELDS
		__field(u64,	op)
		__field(s32,	kind)
		__field(u64,	pa)
		__field(u64,	size)
	),
	TP_fast_assign(
		S2_HEAD_ASSIGN
		__entry->op = op;
		__entry->kind = kind;
		__entry->pa = pa;
		__entry->size = size;
	),
	TP_printk(S2_HEAD_FMT "op=%llu kind=%s pa=0x%llx size=0x%llx",
		  S2_HEAD_ARGS, __entry->op, s2_show(__entry->kind, S2_CMOS),
		  __entry->pa, __entry->size)
);

#ifndef CONFIG_KVM_ARM64_S2_OBSERVE
/*
 * While somebody listens to this, each context counts its other events
 * (count.h); what it has counted is told with its end, and read before that by
 * a program of the s2_mmu iterator. For BPF programs only: it has no place in a
 * trace, so no number and no format.
 */
DECLARE_TRACE(s2_counts,
	TP_PROTO(struct kvm_s2_mmu *mmu, const struct s2_counts *counts),
	TP_ARGS(mmu, counts));
#endif

#endif /* __KVM_ARM64_S2_EVENTS_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE events

/* This part must be outside protection */
#include <trace/define_trace.h>
