// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paying the flush debt, and the cache maintenance that goes with it.
 */
#include "count.h"
#include "emit.h"
#include "flush.h"
#include "pte.h"
#include "stat.h"
#include "switch.h"
#include "table.h"

/* Widens a debt by a span with so many leaves. */
void s2_debt_add(struct s2_debt *debt, u64 start, u64 end, u64 leaves,
		 s32 level)
{
	if (s2_debt_empty(debt)) {
		*debt = (struct s2_debt) {
			.start = start,
			.end = end,
			.leaves = leaves,
			.level = level,
		};
		return;
	}

	if (start < debt->start)
		debt->start = start;
	if (end > debt->end)
		debt->end = end;
	if (level != debt->level)
		debt->level = S2_LEVEL_ANY;
	debt->leaves += leaves;
}

/**
 * s2_debt_table() - a table entry was cleared
 * @op:		the operation
 * @ipa:	first IPA the table translates
 * @size:	bytes it translates
 * @leaves:	counted entries it still held
 *
 * If it held some, translations through all of its span may be cached. If it
 * was empty only the walk to it may be: an invalidation without level hint of
 * any one IPA in its span removes that (Arm ARM D8.14.5), and what brought us
 * here has usually opened a debt for such an IPA already.
 */
void s2_debt_table(struct s2_op *op, u64 ipa, u64 size, u64 leaves)
{
	struct s2_debt *debt = &op->debt;

	if (leaves)
		s2_debt_add(debt, ipa, ipa + size, leaves, S2_LEVEL_ANY);
	else if (s2_debt_empty(debt) || debt->end <= ipa ||
		 debt->start >= ipa + size)
		s2_debt_add(debt, ipa, ipa + PAGE_SIZE, 0, S2_LEVEL_ANY);

	debt->tables = true;
}

static u64 vmid_number(u64 id)
{
	return id & (BIT_ULL(s2_port_vmid_bits()) - 1);
}

static u64 vmid_generation(u64 id)
{
	return id >> s2_port_vmid_bits();
}

/* An invalidation has completed. */
static void flushed(struct s2_ctx *ctx, struct kvm_s2_mmu *mmu, u64 op,
		    enum s2_scope scope, u64 raw, s32 level, u64 ipa, u64 size,
		    enum s2_reason reason)
{
	u64 id = s2_port_vmid(mmu);

	s2_stat_flush(ctx, scope);
	s2_count_flush(ctx, reason, scope, size);
	s2_emit(s2_flush, ctx, op, scope, raw, level, ipa, size,
		vmid_number(id), vmid_generation(id), reason, s2_port_cpu());
}

/*
 * An MMU that never had a VMID has nothing in any TLB, and an invalidation
 * with VMID 0 would hit the host's (S25).
 *
 * The barrier pairs with the one behind the assignment of a VMID in vmid.c:
 * either we see the VMID and invalidate, or whoever runs with it walks the
 * tables as we left them.
 */
static bool never_ran(struct s2_ctx *ctx)
{
	smp_mb(); /* our descriptor writes before the read of the VMID */
	return !s2_port_vmid(ctx->pgt.mmu) && !s2_inject(ctx, FLUSH_BEFORE_VMID);
}

static void flush_ipa(struct s2_ctx *ctx, u64 op, u64 ipa, s32 level,
		      enum s2_reason reason)
{
	u64 size = level == S2_LEVEL_ANY ? PAGE_SIZE : s2_level_size(level);
	s32 hint = level == S2_LEVEL_ANY ? S2_PORT_TTL_UNKNOWN : level;
	u64 operand = s2_inject(ctx, FLUSH_UNSHIFTED) ? ipa << 12 : ipa;
	struct kvm_s2_mmu *mmu = s2_inject_flush_mmu(ctx);

	s2_port_tlbi_ipa(mmu, operand, hint);
	flushed(ctx, mmu, op, S2_SCOPE_IPA, (operand >> 12) | s2_port_ttl(hint),
		level, ipa, size, reason);
}

static void flush_range(struct s2_ctx *ctx, u64 op, u64 start, u64 end,
			enum s2_reason reason)
{
	struct kvm_s2_mmu *mmu = s2_inject_flush_mmu(ctx);

	s2_port_tlbi_range(mmu, start, (end - start) >> PAGE_SHIFT);
	flushed(ctx, mmu, op, S2_SCOPE_RANGE, start >> PAGE_SHIFT, S2_LEVEL_ANY,
		start, end - start, reason);
}

static void flush_vmid(struct s2_ctx *ctx, u64 op, u64 start, u64 end,
		       enum s2_reason reason)
{
	struct kvm_s2_mmu *mmu = s2_inject_flush_mmu(ctx);

	s2_port_tlbi_vmid(mmu);
	flushed(ctx, mmu, op, S2_SCOPE_VMID, 0, S2_LEVEL_ANY, start,
		end - start, reason);
}

/**
 * s2_flush_vmid() - invalidate everything of one VMID, stages 1 and 2
 * @ctx:	whose
 * @op:		id of the operation that pays, for the event
 * @reason:	who caused it
 */
void s2_flush_vmid(struct s2_ctx *ctx, u64 op, enum s2_reason reason)
{
	if (never_ran(ctx) || s2_inject(ctx, FLUSH_SKIPPED))
		return;

	flush_vmid(ctx, op, 0, s2_ipa_limit(&ctx->geo), reason);
}

/**
 * s2_flush_range() - invalidate a range, by whatever is narrowest
 * @ctx:	whose
 * @op:		id of the operation that pays, for the event
 * @start:	first IPA
 * @end:	first IPA behind the range
 * @level:	the level of every leaf to be invalidated, or S2_LEVEL_ANY if
 *		they differ, are not known, or if tables are to go too
 * @reason:	who caused it
 *
 * One entry: by IPA. Else by range where the CPUs can; else a few pages one
 * by one; else the whole VMID.
 */
void s2_flush_range(struct s2_ctx *ctx, u64 op, u64 start, u64 end,
		    s32 level, enum s2_reason reason)
{
	u64 stride = level == S2_LEVEL_ANY ? PAGE_SIZE : s2_level_size(level);

	if (start == end || never_ran(ctx) || s2_inject(ctx, FLUSH_SKIPPED))
		return;
	if (end - start > stride && s2_inject(ctx, FLUSH_HALF))
		end -= (end - start) / 2 & ~(stride - 1);
	if (end - start > stride && s2_inject(ctx, FLUSH_STARTS_LATE))
		start += stride;

	if (end - start > stride && ctx->geo.range &&
	    (end - start) >> PAGE_SHIFT <= S2_PORT_RANGE_PAGES) {
		flush_range(ctx, op, start, end, reason);
		return;
	}

	if (end - start > S2_FLUSH_MAX_PAGES * stride ||
	    s2_inject(ctx, FLUSH_ALWAYS_VMID)) {
		flush_vmid(ctx, op, start, end, reason);
		return;
	}

	for (; start < end; start += stride)
		flush_ipa(ctx, op, start, level, reason);
}

/**
 * s2_flush_local() - drop what this CPU holds for one IPA
 * @op:		the operation
 * @ipa:	the IPA
 * @level:	level of the leaf, or S2_LEVEL_ANY
 *
 * After a permission fault: this CPU's TLB held a translation with fewer
 * permissions than the tables now grant, whoever granted them (U77). Other
 * CPUs find out by faulting themselves.
 */
void s2_flush_local(struct s2_op *op, u64 ipa, s32 level)
{
	s32 hint = level == S2_LEVEL_ANY ? S2_PORT_TTL_UNKNOWN : level;

	s2_port_tlbi_ipa_local(op->mmu, ipa, hint);
	flushed(op->ctx, op->mmu, op->id, S2_SCOPE_IPA_LOCAL,
		(ipa >> 12) | s2_port_ttl(hint), level, ipa,
		level == S2_LEVEL_ANY ? PAGE_SIZE : s2_level_size(level),
		op->reason);
}

/**
 * s2_flush_cpu_context() - make this CPU forget one VMID's translations and
 *	its instruction cache
 * @ctx:	whose
 *
 * When a CPU goes from one vCPU of a VM to another: TLB and I-cache are
 * private to each (VCPUTLB, U55).
 */
void s2_flush_cpu_context(struct s2_ctx *ctx)
{
	s2_port_tlbi_cpu_context(ctx->pgt.mmu);
	flushed(ctx, ctx->pgt.mmu, 0, S2_SCOPE_CPU_CONTEXT, 0, S2_LEVEL_ANY, 0,
		s2_ipa_limit(&ctx->geo), S2_REASON_VCPU_MIGRATE);
}

/**
 * s2_flush_all() - invalidate every guest context on every CPU
 * @ctx:	the context whose need of a VMID turned the generation
 */
void s2_flush_all(struct s2_ctx *ctx)
{
	s2_port_tlbi_all();
	flushed(ctx, ctx->pgt.mmu, 0, S2_SCOPE_ALL, 0, S2_LEVEL_ANY, 0, 0,
		S2_REASON_ROLLOVER);
}

static void cmo(struct s2_op *op, enum s2_cmo_kind kind, u64 pa, u64 size)
{
	if (kind == S2_CMO_DCACHE)
		s2_port_dcache_clean_inval(pa, size);
	else
		s2_port_icache_inval(pa, size);

	s2_emit(s2_cmo, op->ctx, op->id, kind, pa, size);
}

/**
 * s2_cmo_clean() - clean and invalidate the lines of what a leaf maps
 * @op:		the operation
 * @pte:	the leaf
 * @level:	its level
 *
 * Nothing to do with FEAT_S2FWB, which forces guest accesses to be cacheable,
 * and for what is not mapped Normal Write-Back.
 */
void s2_cmo_clean(struct s2_op *op, u64 pte, s32 level)
{
	const struct s2_geometry *geo = &op->ctx->geo;

	if (geo->has_cmo && s2_pte_cacheable(geo, pte))
		cmo(op, S2_CMO_DCACHE, s2_pte_pa(geo, pte),
		    s2_level_size(level));
}

/**
 * s2_cmo_before() - maintenance before a leaf becomes visible (CMO)
 * @op:		the operation
 * @old:	the entry as it is
 * @new:	the leaf as it will be
 * @level:	its level
 *
 * The data cache is cleaned when the memory is new to the guest: it may look
 * at it with its caches off. The instruction cache is invalidated over the
 * whole span when execution becomes possible (U41).
 */
void s2_cmo_before(struct s2_op *op, u64 old, u64 new, s32 level)
{
	const struct s2_geometry *geo = &op->ctx->geo;

	if (!s2_pte_valid(old) && !s2_inject(op->ctx, MAP_WITHOUT_CLEAN))
		s2_cmo_clean(op, new, level);
	if (s2_pte_executable(new) && !s2_pte_executable(old))
		cmo(op, S2_CMO_ICACHE, s2_pte_pa(geo, new),
		    s2_inject(op->ctx, ICACHE_ONE_PAGE) ? PAGE_SIZE :
		    s2_level_size(level));
}

/**
 * s2_cmo_owed() - is what this operation unmaps to be cleaned?
 * @op:		the operation
 *
 * Not with FEAT_S2FWB; and not when the whole MMU goes, with the VMM's mm or
 * with the VM, as Linux never did. Whoever shares memory with a guest and
 * outlives it reads what they would have read a moment before; who gets the
 * pages next writes to them first, through the caches. It would be a clean and
 * invalidate of each line of all the guest's memory.
 * kvm-arm.s2_clean_at_end=1 has it done.
 */
bool s2_cmo_owed(const struct s2_op *op)
{
	return op->ctx->geo.has_cmo &&
	       (op->kind != S2_OP_DESTROY || s2_switches.clean_at_end) &&
	       !s2_inject(op->ctx, UNMAP_WITHOUT_CLEAN);
}

/**
 * s2_cmo_after() - maintenance after a leaf was cleared and its debt paid
 * @op:		the operation
 * @old:	the leaf as it was
 * @level:	its level
 *
 * The guest may have used the memory uncached; lines that were filled before
 * by speculation must not survive, or the host would read old data (U11).
 */
void s2_cmo_after(struct s2_op *op, u64 old, s32 level)
{
	if (s2_cmo_owed(op))
		s2_cmo_clean(op, old, level);
}

/**
 * s2_cmo_table() - as s2_cmo_after(), for all that a table of pages maps
 * @op:		the operation
 * @table:	first entry; unlinked, and the debt paid
 *
 * Pages that lie one behind the other are cleaned together.
 */
void s2_cmo_table(struct s2_op *op, const u64 *table)
{
	const struct s2_geometry *geo = &op->ctx->geo;
	u64 pa, start = 0, end = 0;
	u32 i;

	for (i = 0; i < S2_TABLE_ENTRIES; i++) {
		if (!s2_pte_cacheable(geo, table[i]))
			continue;

		pa = s2_pte_pa(geo, table[i]);
		if (pa != end) {
			if (end != start)
				cmo(op, S2_CMO_DCACHE, start, end - start);
			start = pa;
		}
		end = pa + PAGE_SIZE;
	}
	if (end != start)
		cmo(op, S2_CMO_DCACHE, start, end - start);
}

/**
 * s2_cmo_later() - note a cleared leaf for s2_cmo_after(), once paid
 * @op:		the operation; the debt for the leaf is already recorded
 * @old:	the leaf as it was
 * @level:	its level
 *
 * When the notes are full the debt is paid on the spot.
 */
void s2_cmo_later(struct s2_op *op, u64 old, s32 level)
{
	const struct s2_geometry *geo = &op->ctx->geo;
	u64 pa, size = s2_level_size(level);

	if (!s2_cmo_owed(op) || !s2_pte_cacheable(geo, old))
		return;

	pa = s2_pte_pa(geo, old);
	if (op->nr_cmo && op->cmo[op->nr_cmo - 1].pa +
			  op->cmo[op->nr_cmo - 1].size == pa) {
		op->cmo[op->nr_cmo - 1].size += size;
		return;
	}

	op->cmo[op->nr_cmo].pa = pa;
	op->cmo[op->nr_cmo].size = size;
	if (++op->nr_cmo == ARRAY_SIZE(op->cmo))
		s2_debt_pay(op);
}

/**
 * s2_debt_pay() - invalidate what the operation owes, then do the cache
 *	maintenance that waited for it
 * @op:		the operation
 */
void s2_debt_pay(struct s2_op *op)
{
	struct s2_debt debt = op->debt;
	u32 i;

	op->debt = (struct s2_debt) { };
	if (debt.level == S2_LAST_LEVEL && s2_inject(op->ctx, FLUSH_WRONG_LEVEL))
		debt.level--;
	s2_flush_range(op->ctx, op->id, debt.start, debt.end,
		       debt.tables ? S2_LEVEL_ANY : debt.level, op->reason);

	for (i = 0; i < op->nr_cmo; i++)
		cmo(op, S2_CMO_DCACHE, op->cmo[i].pa, op->cmo[i].size);
	op->nr_cmo = 0;
}

/**
 * s2_debt_settle() - pay, then free what was unlinked
 * @op:		the operation
 *
 * Clear, flush, free: the only place where the second becomes the third.
 */
void s2_debt_settle(struct s2_op *op)
{
	if (!list_empty(&op->dead) && s2_inject(op->ctx, FREE_BEFORE_FLUSH))
		s2_table_reap(op);
	s2_debt_pay(op);
	s2_table_reap(op);
}

/**
 * s2_debt_settle_as() - settle, and say why
 * @op:		the operation, with no debt from before
 * @reason:	what in the operation opened the debt
 */
void s2_debt_settle_as(struct s2_op *op, enum s2_reason reason)
{
	enum s2_reason asked = op->reason;

	op->reason = reason;
	s2_debt_settle(op);
	op->reason = asked;
}

/**
 * s2_debt_defer() - leave the debt to KVM
 * @op:		an operation that only restricted leaves, under mmu_lock held
 *		for write
 *
 * For the entries after which KVM flushes the range or the VM itself once it
 * dropped mmu_lock, many of our operations in one. The event says how much.
 */
void s2_debt_defer(struct s2_op *op)
{
	if (WARN_ON_ONCE(op->debt.tables || op->nr_cmo))
		return;

	op->deferred += op->debt.leaves;
	op->debt = (struct s2_debt) { };
}
