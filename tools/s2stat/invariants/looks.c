// SPDX-License-Identifier: GPL-2.0-only
/*
 * Judges what looks at a host show. See looks.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "looks.h"

/** looks_offer() - the invariants that looks can decide, by id */
uint32_t looks_offer(int64_t secondary)
{
	return 1u << INV_refs | 1u << INV_vmidx |
	       (secondary >= 0 ? 1u << INV_leak : 0);
}

/** looks_events() - the events that counters stand in for, by type */
uint32_t looks_events(uint32_t offers)
{
	uint32_t events = ON(s2_mmu_free);

	if (offers & OFFER_FLUSHES)
		events |= ON(s2_flush) | ON(s2_vmid_rollover);
	if (offers & OFFER_FAULT_KINDS)
		events |= ON(s2_fault_begin);
	if (offers & OFFER_FAULT_RESULTS)
		events |= ON(s2_fault_end);
	return events;
}

/** looks_init() - nothing was looked at yet */
void looks_init(struct looks *l, struct verdict *v)
{
	*l = (struct looks){ .verdict = v, .before = -1, .after = -1 };
}

/** looks_free() - the verdict is not ours */
void looks_free(struct looks *l)
{
	map_free(&l->known);
	map_free(&l->accused_tables);
	map_free(&l->accused_vmids);
}

/* Bytes of table pages that no context accounts for. */
static int64_t unowned(const struct host *host, int64_t secondary)
{
	int64_t owned = 0;

	for (size_t i = 0; i < host->nr; i++)
		if (host->vm[i]->alive)
			owned += vm_sum(host->vm[i]).tables << host->page_shift;
	return secondary > owned ? secondary - owned : 0;
}

/**
 * looks_before() - one of the looks before anything begins
 * @secondary:	bytes of all secondary page tables; -1: not known
 *
 * Others may be at work, and their tables are not read in the moment in which
 * @secondary was: what several looks agree on counts.
 */
void looks_before(struct looks *l, const struct host *host, int64_t secondary)
{
	int64_t bytes = unowned(host, secondary);

	if (secondary >= 0 && bytes > l->before)
		l->before = bytes;
}

/**
 * looks_after() - one of the looks when all is over
 *
 * Return: true if nothing is left that was not there before; else it is worth
 * while to look again, for a VM may go late.
 */
bool looks_after(struct looks *l, const struct host *host, int64_t secondary)
{
	int64_t bytes = unowned(host, secondary);

	if (secondary < 0)
		return true;
	if (l->after < 0 || bytes < l->after)
		l->after = bytes;
	return l->after <= l->before;
}

static struct finding finding_of(enum invariant_id id, const struct vm *vm,
				 uint64_t now)
{
	return (struct finding){
		.inv = invariants[id],
		.name = invariants[id]->name,
		.mmu = vm ? vm->id : 0,
		.vm = vm ? vm->tgid : 0,
		.at = { .level = NO_LEVEL },
		.event = {
			.type = EV_stream_end,
			.time = now,
			.mmu = vm ? vm->id : 0,
			.vm = vm ? vm->tgid : 0,
			.cpu = -1,
		},
	};
}

/* true: it was not accused before. */
static bool is_new(struct map *accused, uint64_t key)
{
	if (map_get(accused, key))
		return false;
	/* Without memory it is told again. */
	return map_set(accused, key, accused) || true;
}

static void accuse_count(struct looks *l, const struct vm *vm,
			 const struct vm_suspect *s, uint32_t page_shift,
			 uint64_t now)
{
	struct finding f = finding_of(INV_refs, vm, now);

	f.at = (struct place){
		.ipa = s->ipa,
		.size = vm_level_size(page_shift, s->level - 1),
		.table = s->pa,
		.level = s->level,
	};
	snprintf(f.what, sizeof(f.what),
		 "the table's count is %" PRId32 ", its entries make it %" PRIu32
		 ", at %" PRIu32 " looks",
		 s->count, 1 + s->counted, s->looks);
	verdict_found(l->verdict, &f);
}

static void audit(struct looks *l, const struct host *host, const struct vm *vm,
		  uint64_t now)
{
	switch (vm_audit(vm)) {
	case VM_AUDIT_OK:
		l->audited++;
		return;
	case VM_AUDIT_INCONCLUSIVE:
		l->unread++;
		break;
	case VM_AUDIT_MISMATCH:
		break;
	}
	for (size_t i = 0; i < vm->nr_suspects; i++)
		if (suspect_is_wrong(&vm->suspect[i]) &&
		    is_new(&l->accused_tables, vm->suspect[i].pa))
			accuse_count(l, vm, &vm->suspect[i], host->page_shift,
				     now);
}

static int by_vmid(const void *a, const void *b)
{
	const struct vm *x = *(struct vm *const *)a;
	const struct vm *y = *(struct vm *const *)b;

	return (x->vmid_raw > y->vmid_raw) - (x->vmid_raw < y->vmid_raw);
}

static void accuse_vmid(struct looks *l, const struct vm *vm,
			const struct vm *other, uint64_t now)
{
	struct finding f = finding_of(INV_vmidx, vm, now);

	if (!is_new(&l->accused_vmids, vm->vmid_raw))
		return;
	snprintf(f.what, sizeof(f.what),
		 "mmu %" PRIu64 " of VM %" PRId32
		 " has the same VMID %" PRIu64 " of generation %" PRIu64,
		 other->id, other->tgid, vm_vmid(vm), vm_generation(vm));
	verdict_found(l->verdict, &f);
}

/*
 * A number of a generation is given to one context for good (kept over a
 * rollover it belongs to the next generation), so no two reads need to be of
 * one moment.
 */
static int compare_vmids(struct looks *l, const struct host *host, uint64_t now)
{
	struct vm **vm = calloc(host->nr + 1, sizeof(*vm));
	size_t n = 0;

	if (!vm)
		return -ENOMEM;
	for (size_t i = 0; i < host->nr; i++)
		if (host->vm[i]->alive && host->vm[i]->vmid_bits &&
		    vm_generation(host->vm[i]))
			vm[n++] = host->vm[i];
	qsort(vm, n, sizeof(*vm), by_vmid);
	for (size_t i = 1; i < n; i++)
		if (vm[i]->vmid_raw == vm[i - 1]->vmid_raw)
			accuse_vmid(l, vm[i - 1], vm[i], now);
	free(vm);
	return 0;
}

/* What rules count, as so many events at this moment. */
static int tell_times(struct looks *l, struct event *e, uint64_t times)
{
	int err = 0;

	for (uint64_t n = 0; n < times && !err; n++)
		err = rules_event(l->verdict->rules, e);
	return err;
}

static int tell_flushes(struct looks *l, struct event *e, const struct vm *vm,
			uint32_t page_shift)
{
	int err = 0;

	e->type = EV_s2_flush;
	for (unsigned int r = 0; r <= S2_NR_REASONS; r++) {
		for (unsigned int s = 0; s <= S2_NR_SCOPES && !err; s++) {
			uint64_t n = vm->delta.flushes[r][s];

			e->s2_flush.reason = r;
			e->s2_flush.scope = s;
			/* The pages of all of them are the first one's. */
			e->s2_flush.size = vm->delta.flush_pages[r][s]
					   << page_shift;
			err = tell_times(l, e, n ? 1 : 0);
			e->s2_flush.size = 0;
			if (!err)
				err = tell_times(l, e, n ? n - 1 : 0);
		}
	}
	return err;
}

static int tell_faults(struct looks *l, struct event *e, const struct vm *vm)
{
	int err = 0;

	e->type = EV_s2_fault_begin;
	for (unsigned int k = 0; k <= S2_NR_FAULTS && !err; k++) {
		e->s2_fault_begin.kind = k;
		err = tell_times(l, e, vm->delta.faults[k]);
	}
	e->type = EV_s2_fault_end;
	e->s2_fault_end.result = -EFAULT;
	return err ?: tell_times(l, e, vm->delta.faults_failed);
}

static int tell_counts(struct looks *l, const struct host *host,
		       const struct vm *vm, uint64_t now)
{
	struct event e = { .time = now, .mmu = vm->id, .vm = vm->tgid };
	int err;

	err = tell_flushes(l, &e, vm, host->page_shift);
	if (!err)
		err = tell_faults(l, &e, vm);
	e.type = EV_s2_vmid_rollover;
	if (!err)
		err = tell_times(l, &e, vm->delta.rollovers);
	e.type = EV_s2_mmu_free;
	if (!err && !vm->alive)
		err = tell_times(l, &e, 1);
	return err;
}

/**
 * looks_take() - one look
 * @now:	CLOCK_MONOTONIC, in ns
 *
 * Return: 0 or -ENOMEM.
 */
int looks_take(struct looks *l, const struct host *host, uint64_t now)
{
	struct verdict *v = l->verdict;
	int err = 0;

	v->looks++;
	/* Only rules go by counters. */
	v->cut |= host->dropped && v->rules && rules_nr(v->rules);
	for (size_t i = 0; i < host->nr && !err; i++) {
		struct vm *vm = host->vm[i];

		if (!map_get(&l->known, vm->id)) {
			err = map_set(&l->known, vm->id, l);
			v->mmus++;
		}
		if (vm->uncounted)
			v->offered &= ~(1u << INV_refs);
		if (vm->alive)
			audit(l, host, vm, now);
		if (!err && v->rules)
			err = tell_counts(l, host, vm, now);
	}
	return err ?: compare_vmids(l, host, now);
}

/** looks_end() - when all looks were taken: what is left is told */
void looks_end(struct looks *l, uint64_t now)
{
	struct verdict *v = l->verdict;
	struct finding f = finding_of(INV_leak, NULL, now);

	v->bench.replay.now = now;
	/* No context held still for as long as one look takes. */
	if (l->unread && !l->audited)
		v->bench.unjudged[INV_refs] += l->unread;
	if (l->after <= l->before || l->before < 0)
		return;
	snprintf(f.what, sizeof(f.what),
		 "%" PRId64
		 " kB of stage-2 table pages are left that no VM has (%" PRId64
		 " kB before, %" PRId64 " kB now)",
		 (l->after - l->before) >> 10, l->before >> 10, l->after >> 10);
	verdict_found(v, &f);
}
