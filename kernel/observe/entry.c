// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries change; table pages are taken, filled and freed.
 */
#include "watch.h"

/* First IPA that the entry translates. */
static u64 place(const struct s2_watch *w, u64 addr, s8 level)
{
	return w->base + ALIGN_DOWN(addr, kvm_granule_size(level));
}

/* A leaf that could be written to and no longer can. */
static bool is_restricted(u64 old, u64 new)
{
	return kvm_pte_valid(old) && kvm_pte_valid(new) &&
	       (old & ~new & KVM_PTE_LEAF_ATTR_LO_S2_S2AP_W);
}

static void tell(const struct kvm_pgtable_visit_ctx *at, u64 old, u64 new,
		 int pending)
{
	struct s2_watch *w = s2_watch_current();
	bool root;
	u64 *table, ipa;
	s32 index, count;

	if (!w)
		return;

	ipa = place(w, at->addr, at->level);
	w->entries++;
	w->restricted += is_restricted(old, new);
	if (kvm_pte_valid(old) && !kvm_pte_valid(new))
		w->unlinked = ipa;
	if (!s2_listening(s2_set) && !s2_listening(s2_clear))
		return;

	root = at->level == w->ctx->geo.start_level;
	table = root ? w->ctx->root : PTR_ALIGN_DOWN(at->ptep, PAGE_SIZE);
	index = (u64 *)at->ptep - table;
	count = pending + s2_port_table_count(table,
					      root ? w->ctx->geo.root_pages : 1);
	if (new)
		s2_emit(s2_set, w->ctx, w->id, ipa, at->level,
			s2_port_pa(table), index, old, new, count);
	else
		s2_emit(s2_clear, w->ctx, w->id, ipa, at->level,
			s2_port_pa(table), index, old, new, count);
}

/**
 * s2_observe_entry() - an entry has changed
 * @at:		the entry; at->old is what it was
 * @new:	what it is now
 * @pending:	what will still be added to the table's count for that
 */
void s2_observe_entry(const struct kvm_pgtable_visit_ctx *at, u64 new,
		      int pending)
{
	tell(at, at->old, new, pending);
}

/**
 * s2_observe_break() - an entry has become the lock marker
 * @at:		the entry; at->old is what it was, still counted
 *
 * Where nothing was, nothing is broken: that is told with what comes there.
 */
void s2_observe_break(const struct kvm_pgtable_visit_ctx *at)
{
	struct s2_watch *w = s2_watch_current();

	if (!at->old)
		return;
	if (w && s2_pte_table(at->old, at->level))
		w->collapsing = true;
	tell(at, at->old, S2_PORT_LOCK_MARK, -1);
}

/**
 * s2_observe_make() - the lock marker is about to give way
 * @at:		the entry; at->old is what was broken
 * @new:	what will be there, already counted
 *
 * Told before, as long as the marker keeps others away: then events of one
 * entry cannot overtake each other.
 */
void s2_observe_make(const struct kvm_pgtable_visit_ctx *at, u64 new)
{
	struct s2_watch *w = s2_watch_current();

	tell(at, at->old ? S2_PORT_LOCK_MARK : 0, new, 0);
	if (w) {
		w->linking = false;
		w->collapsing = false;
	}
}

/**
 * s2_observe_subtree() - what a block maps is mapped again, below a table that
 *	is not linked
 * @at:		the block's entry
 * @built:	false: before; true: after
 */
void s2_observe_subtree(const struct kvm_pgtable_visit_ctx *at, bool built)
{
	struct s2_watch *w = s2_watch_current();

	if (w)
		w->base = built ? 0 : ALIGN_DOWN(at->addr,
						 kvm_granule_size(at->level));
}

/**
 * s2_observe_table_alloc() - a table page is taken
 * @table:	the page
 * @level:	level of the entries it will hold
 * @addr:	an address that it translates
 */
void s2_observe_table_alloc(const void *table, int level, u64 addr)
{
	struct s2_watch *w = s2_watch_current();

	if (!w)
		return;

	w->linking = true;
	atomic64_inc(&w->ctx->tables_alloc);
	s2_emit(s2_table_alloc, w->ctx, w->id, s2_port_pa(table), level,
		place(w, addr, level - 1));
}

/**
 * s2_observe_table_free() - a table page is about to be given back
 * @table:	the page
 * @level:	level of its entries
 * @addr:	an address that it translated
 */
void s2_observe_table_free(const void *table, int level, u64 addr)
{
	struct s2_watch *w = s2_watch_current();
	bool deferred;

	if (!w)
		return;

	deferred = in_softirq() || w->kind == S2_OP_DESTROY;
	atomic64_inc(&w->ctx->tables_freed);
	/* A BPF program that an RCU callback interrupts would miss its event. */
	local_bh_disable();
	s2_emit(s2_table_free, w->ctx, w->id, s2_port_pa(table), level,
		place(w, addr, level - 1), s2_table_count(table), deferred);
	local_bh_enable();
}

/**
 * s2_observe_grace_wait() - an unlinked table will be freed by an RCU callback
 * @page:	the table page; its private word holds @level
 * @level:	level of the entry that it was linked in
 *
 * Whose it is goes into a word that nobody uses of a table page, and what it
 * translates into the upper bits of the private word.
 */
void s2_observe_grace_wait(struct page *page, int level)
{
	struct s2_watch *w = s2_watch_current();

	page_ptdesc(page)->pt_index = (unsigned long)(w ? w->ctx : NULL);
	if (!w)
		return;

	atomic_inc(&s2_observed(w->ctx)->grace);
	set_page_private(page, w->unlinked | (u8)level);
}

/**
 * s2_observe_grace_begin() - and now it is
 * @w:		filled in
 * @page:	the table page
 */
void s2_observe_grace_begin(struct s2_watch *w, struct page *page)
{
	struct s2_ctx *ctx = (void *)page_ptdesc(page)->pt_index;

	*w = (struct s2_watch) {
		.ctx = ctx,
		.base = page_private(page) & PAGE_MASK,
		.kind = S2_OP_MAP,
	};
	if (ctx)
		s2_watch_in_softirq(w);
}

/**
 * s2_observe_grace_end() - it is freed
 * @w:		as filled in
 */
void s2_observe_grace_end(struct s2_watch *w)
{
	if (!w->ctx)
		return;

	s2_watch_in_softirq(NULL);
	atomic_dec(&s2_observed(w->ctx)->grace);
}

/**
 * s2_observe_cache() - a table cache was filled or drained
 * @mmu:	whose tables it feeds
 * @mc:		the cache
 * @before:	pages in it before
 * @result:	0 or -ENOMEM
 */
void s2_observe_cache(struct kvm_s2_mmu *mmu,
		      struct kvm_mmu_memory_cache *mc, int before, int result)
{
	if (mmu->s2 && (result || mc->nobjs != before))
		s2_emit(s2_cache, mmu->s2, (u64)(unsigned long)mc, before,
			mc->nobjs, result);
}
