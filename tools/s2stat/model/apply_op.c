// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations begin and end; invalidations and cache maintenance complete.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"

/** make_room() - see apply.h. Return: 0 or -ENOMEM */
int make_room(void **array, size_t *room, size_t nr, size_t size)
{
	size_t more = *room ? *room * 2 : 4;
	char *p;

	if (nr < *room)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	memset(p + *room * size, 0, (more - *room) * size);
	*array = p;
	*room = more;
	return 0;
}

/* Who holds mmu_lock for write and sees another begin has dropped it. */
static void note_yields(struct mmu *mmu)
{
	for (size_t i = 0; i < mmu->nr_ops; i++)
		if (mmu->op[i].lock == S2_LOCK_WRITE)
			mmu->op[i].yielded = true;
}

int apply_op_begin(struct step *s)
{
	const struct event *e = s->e;
	struct mmu *mmu = s->mmu;
	struct op *op, old;

	note_yields(mmu);
	if (make_room((void **)&mmu->op, &mmu->room_ops, mmu->nr_ops,
		      sizeof(*mmu->op)))
		return -ENOMEM;
	op = &mmu->op[mmu->nr_ops++];
	old = *op;
	*op = (struct op){
		.id = e->s2_op_begin.op,
		.ipa = e->s2_op_begin.ipa,
		.end = e->s2_op_begin.end,
		.kind = e->s2_op_begin.kind,
		.reason = e->s2_op_begin.reason,
		.lock = e->s2_op_begin.lock,
		.may_block = e->s2_op_begin.may_block,
		.notifier_seq = e->s2_op_begin.notifier_seq,
		.pid = e->pid,
		.begun = origin_of(e),
		/* Their memory is used again. */
		.lines = { .span = old.lines.span, .room = old.lines.room },
		.amid = { .span = old.amid.span, .room = old.amid.room },
	};
	s->op = op;
	if (mmu->nr_ops > mmu->crowd)
		mmu->crowd = mmu->nr_ops;
	if (!mmu->first_op)
		mmu->first_op = op->id;
	if (op->lock == S2_LOCK_SHARED)
		s->r->shared = true;
	if (op->reason == S2_REASON_NOTIFIER_UNMAP)
		mmu->piece = (struct piece){
			.told = mmu->told,
			.pid = e->pid,
			.end = op->end,
			.notifier_seq = op->notifier_seq,
			.begun = op->begun,
		};
	if (op->kind == S2_OP_WRPROTECT && op->reason == S2_REASON_DIRTY_LOG)
		slots_begin_log(&mmu->slots, op->ipa, op->end);
	return 0;
}

/* The last one takes the place of who goes; memory goes to the free end. */
static void remove_op(struct mmu *mmu, struct op *op)
{
	struct op *last = &mmu->op[--mmu->nr_ops], gone = *op;

	*op = *last;
	*last = gone;
	last->id = 0;
}

int apply_op_end(struct step *s)
{
	struct mmu *mmu = s->mmu;
	bool defer = s->e->s2_op_end.deferred;

	debts_end(&mmu->debts, s->e->s2_op_end.op, defer);
	if (!s->op)
		return 0;
	switch (s->op->kind) {
	case S2_OP_UNMAP:
		if (s->op->reason == S2_REASON_NOTIFIER_UNMAP)
			mmu->seq_bump = true;
		/* fall through */
	case S2_OP_WRPROTECT:
	case S2_OP_AGE:
		mmu->changes++;
		break;
	case S2_OP_DESTROY:
		mmu->down = true;
		break;
	}
	remove_op(mmu, s->op);
	s->op = NULL;
	return 0;
}

/*
 * An invalidation goes by the VMID that the MMU has. While one is given, on
 * another CPU, either of the two may be named.
 */
static bool flush_is_ours(const struct mmu *mmu, const struct event *e)
{
	const uint64_t vmid = e->s2_flush.vmid, gen = e->s2_flush.generation;

	if (!mmu->vmid.generation || gen > mmu->vmid.generation)
		return true;
	return (vmid == mmu->vmid.vmid && gen == mmu->vmid.generation) ||
	       (vmid == mmu->vmid.old_vmid && gen == mmu->vmid.old_generation);
}

/* Not by themselves: what they invalidate next may be owed no more. */
static void excuse_ops(struct mmu *mmu, const struct op *but)
{
	for (size_t i = 0; i < mmu->nr_ops; i++)
		if (&mmu->op[i] != but)
			mmu->op[i].excused = true;
}

static void flush_all(struct replay *r)
{
	const struct payment all = { .all = true };
	size_t i;

	map_for_each(i, &r->mmu)
	{
		struct mmu *mmu = r->mmu.slot[i].value;

		excuse_ops(mmu, NULL);
		if (mmu->debts.nr || mmu->debts.nr_tables)
			debts_pay(&mmu->debts, &all);
	}
}

int apply_flush(struct step *s)
{
	const struct event *e = s->e;
	struct op *op = s->op;
	struct payment p = {
		.all = e->s2_flush.scope == S2_SCOPE_VMID,
		.point = e->s2_flush.scope == S2_SCOPE_IPA,
		.level = e->s2_flush.level,
		.ipa = e->s2_flush.ipa,
		.end = e->s2_flush.ipa + e->s2_flush.size,
	};

	if (op && e->s2_flush.ipa <= op->ipa && op->ipa < p.end)
		op->renewed = true;
	switch (e->s2_flush.scope) {
	case S2_SCOPE_ALL:
		flush_all(s->r);
		return 0;
	case S2_SCOPE_IPA_LOCAL:
	case S2_SCOPE_CPU_CONTEXT:
		return 0;
	}
	if (op)
		op->flushes++;
	if (p.end < p.ipa)
		p.end = UINT64_MAX;
	if (flush_is_ours(s->mmu, e))
		s->useful = debts_pay(&s->mmu->debts, &p);
	if (s->useful)
		excuse_ops(s->mmu, op);
	return 0;
}

int apply_cmo(struct step *s)
{
	const uint64_t pa = s->e->s2_cmo.pa & PA_48;
	const struct span span = { pa, pa + s->e->s2_cmo.size };

	if (!s->op)
		return 0;
	if (s->e->s2_cmo.kind == S2_CMO_ICACHE) {
		s->op->synced = span;
		return 0;
	}
	s->op->cleaned = span;
	s->op->cleaned_bytes += s->e->s2_cmo.size;
	/* Before the invalidation the guest can still fill the lines again. */
	if (debts_of(&s->mmu->debts, s->op->id) || !s->op->lines.nr)
		return 0;
	return spans_cut(&s->op->lines, span.start, span.end);
}

/* What a cache was left with, and one more: a map has no room for NULL. */
int apply_cache(struct step *s)
{
	uint64_t id = s->e->s2_cache.cache;
	int32_t after = s->e->s2_cache.after;

	if (after <= 0) {
		map_del(&s->r->cache, id);
		return 0;
	}
	return map_set(&s->r->cache, id, (void *)((uintptr_t)after + 1));
}
