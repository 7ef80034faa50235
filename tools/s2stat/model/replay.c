// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the stream, one event after the other. See replay.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "apply.h"

/* An event that is missing comes within so much time, or never. */
#define PATIENCE_NS 1000000000ULL
/* An operation that is older than the stream is over by then. */
#define OLD_OPS_NS 10000000000ULL
/* Events between two looks whether somebody waits too long. */
#define TICK 4096
/* So many events ahead memory is fetched. */
#define FAR 24
#define NEAR 12

/* Kernels of before they were told show them in their leaves. */
static void learn_features(struct mmu *mmu, int32_t features)
{
	if (!(features & 1 << S2_FEATURE_TOLD))
		return;
	mmu->told = true;
	mmu->fwb = features >> S2_FEATURE_FWB & 1;
	mmu->lpa2 = features >> S2_FEATURE_LPA2 & 1;
	mmu->bbm2 = features >> S2_FEATURE_BBM2 & 1;
}

static int init_mmu(struct step *s)
{
	const struct event *e = s->e;
	struct mmu *mmu = s->mmu;

	if (mmu->root)
		return 0;
	mmu->nested = e->s2_mmu_init.nested;
	learn_features(mmu, e->s2_mmu_init.features);
	if (mmu_shape(mmu, e->s2_mmu_init.granule, e->s2_mmu_init.ipa_bits,
		      e->s2_mmu_init.start_level))
		return 0;
	return mmu_root(s->r, mmu, e->s2_mmu_init.root_pa);
}

static int assign(struct step *s)
{
	struct mmu_vmid *v = &s->mmu->vmid;

	s->mmu->has_vmid = true;
	v->old_vmid = v->vmid;
	v->old_generation = v->generation;
	v->vmid = s->e->s2_vmid_assign.vmid;
	v->generation = s->e->s2_vmid_assign.generation;
	v->assigned = s->e->seq;
	v->odd_generation = 0;
	return 0;
}

static int load(struct step *s)
{
	struct mmu_vmid *v = &s->mmu->vmid;
	const uint64_t vmid = s->e->s2_vmid_load.vmid;
	const uint64_t gen = s->e->s2_vmid_load.generation;

	s->mmu->has_vmid = true;
	if ((vmid == v->vmid && gen == v->generation) ||
	    (vmid == v->old_vmid && gen == v->old_generation))
		return 0;
	v->odd_vmid = vmid;
	v->odd_generation = gen;
	return 0;
}

/* What the event meets, before it changes anything. */
static void find(struct step *s)
{
	s->op = mmu_op(s->mmu, event_op(s->e));
	switch (s->e->type) {
	case EV_s2_set:
	case EV_s2_clear:
		find_entry(s);
		break;
	case EV_s2_table_alloc:
	case EV_s2_table_free:
		find_table(s);
		break;
	}
}

static int apply(struct step *s)
{
	switch (s->e->type) {
	case EV_s2_set:
	case EV_s2_clear:
		return apply_entry(s);
	case EV_s2_table_alloc:
		return apply_table_alloc(s);
	case EV_s2_table_free:
		return apply_table_free(s);
	case EV_s2_op_begin:
		return apply_op_begin(s);
	case EV_s2_op_end:
		return apply_op_end(s);
	case EV_s2_flush:
		return apply_flush(s);
	case EV_s2_cmo:
		return apply_cmo(s);
	case EV_s2_cache:
		return apply_cache(s);
	case EV_s2_fault_begin:
		return apply_fault_begin(s);
	case EV_s2_fault_end:
		return apply_fault_end(s);
	case EV_s2_memslot:
		return apply_memslot(s);
	case EV_s2_mmu_init:
		return init_mmu(s);
	case EV_s2_vmid_assign:
		return assign(s);
	case EV_s2_vmid_load:
		return load(s);
	case EV_s2_mmu_free:
		s->mmu->over = true;
		return 0;
	}
	return 0;
}

/* Nothing is under way: what adds up only at the end must add up now. */
static void be_quiet(struct step *s)
{
	ask(s, AFTER, POINT_QUIET);
	s->mmu->nr_swaps = 0;
	s->mmu->nr_touched = 0;
	s->mmu->crowd = 0;
	s->mmu->window++;
	if (s->mmu->old_ops && s->r->now - s->mmu->met > OLD_OPS_NS)
		s->mmu->old_ops = false;
}

/* An event whose turn it is in its MMU. */
static int take(struct replay *r, struct mmu *mmu, const struct event *e)
{
	struct step s = { .r = r, .e = e, .mmu = mmu };
	int err;

	trail_add(&mmu->trail, e);
	if (mmu->over) {
		ask(&s, BEFORE, POINT_GHOST);
		return 0;
	}
	find(&s);
	ask(&s, BEFORE, e->type);
	err = apply(&s);
	if (err)
		return err;
	if (s.op)
		s.op->last = e->seq;
	ask(&s, AFTER, e->type);
	if (e->type == EV_s2_op_end && !mmu->nr_ops)
		be_quiet(&s);
	return 0;
}

/* What follows, once the event that was missing is there. */
static int take_held(struct replay *r, struct mmu *mmu)
{
	const struct event *e;
	int err = 0;

	while (!err && (e = reorder_take(&mmu->order))) {
		struct event copy = *e;

		err = take(r, mmu, &copy);
	}
	return err;
}

/**
 * replay_give_up() - what is missing is lost
 * @e:		the event that shows it; the first one not missing, if none is
 *		held
 *
 * Return: as replay_event().
 */
int replay_give_up(struct replay *r, struct mmu *mmu, const struct event *e)
{
	uint64_t missing = reorder_skip(&mmu->order, e->seq);
	const struct step s = { .r = r, .e = e, .mmu = mmu, .missing = missing };

	r->lost += missing;
	ask(&s, BEFORE, POINT_LOST);
	mmu_forget(r, mmu);
	return take_held(r, mmu);
}

/* In the MMU's own order. */
static int put_in_order(struct replay *r, struct mmu *mmu,
			const struct event *e)
{
	int err = 0;

	while (!err) {
		switch (reorder_offer(&mmu->order, e)) {
		case REORDER_DUE:
			err = take(r, mmu, e);
			return err || !mmu->order.nr ? err : take_held(r, mmu);
		case REORDER_HELD:
			r->holding = true;
			return 0;
		case REORDER_OLD:
			/* The snapshot has it. */
			r->stale += !mmu->late;
			return 0;
		case REORDER_MEMORY:
			return -ENOMEM;
		case REORDER_FAR:
			err = replay_give_up(r, mmu, e);
			break;
		}
	}
	return err;
}

/* Who is heard of first by anything but its beginning is older than that. */
static struct mmu *meet(struct replay *r, const struct event *e)
{
	struct mmu *mmu = mmu_new(r, e->mmu, e->vm);

	if (mmu)
		mmu->met = e->time;
	if (mmu && e->type != EV_s2_mmu_init) {
		r->late = true;
		mmu->late = true;
		mmu->old_ops = true;
		mmu->has_vmid = true;
	}
	return mmu;
}

static struct mmu *find_mmu(struct replay *r, const struct event *e)
{
	struct mmu *mmu = r->last;

	if (mmu && mmu->id == e->mmu)
		return mmu;
	mmu = map_get(&r->mmu, e->mmu);
	if (!mmu && map_get(&r->dead, e->mmu))
		return NULL;
	if (!mmu) {
		mmu = meet(r, e);
		if (!mmu)
			r->err = -ENOMEM;
	}
	r->last = mmu;
	return mmu;
}

/* An event of an MMU that was freed: there is no state to go with it. */
static void meet_ghost(struct replay *r, const struct event *e)
{
	struct mmu ghost = { .id = e->mmu, .vm = e->vm };
	const struct step s = { .r = r, .e = e, .mmu = &ghost };

	ask(&s, BEFORE, POINT_GHOST);
}

/* Freed, and nothing of it is awaited: that it was is all that is kept. */
static int bury(struct replay *r, struct mmu *mmu)
{
	uint64_t id = mmu->id;

	if (!mmu->over || mmu->order.nr)
		return 0;
	mmu_free(r, mmu);
	return map_set(&r->dead, id, r);
}

/**
 * replay_event() - the next event of the stream
 * @e:		event of any MMU; copied where it is kept
 *
 * Return: 0; -ENOMEM; -E2BIG. After an error the model takes no more.
 */
int replay_event(struct replay *r, const struct event *e)
{
	struct step s = { .r = r, .e = e };

	if (r->err)
		return r->err;
	if (e->time > r->now)
		r->now = e->time;
	if (!event_is_s2(e))
		return r->err = replay_stream_event(r, e);
	r->events++;
	s.mmu = find_mmu(r, e);
	if (r->err)
		return r->err;
	if (!s.mmu) {
		meet_ghost(r, e);
		return 0;
	}
	ask(&s, ON_ARRIVAL, e->type);
	r->err = vmids_event(&r->vmids, &s.mmu->vmid, e);
	if (!r->err)
		r->err = put_in_order(r, s.mmu, e);
	if (!r->err && s.mmu->over)
		r->err = bury(r, s.mmu);
	if (!r->err && r->holding && !(r->events % TICK))
		r->err = replay_tick(r);
	return r->err;
}

/* Where an event's table page is looked up, and the page, in good time. */
static void prefetch_slot(const struct replay *r, const struct event *e)
{
	const struct map *m = &r->table;

	if (m->used)
		__builtin_prefetch(&m->slot[map_home(m, e->s2_set.table)]);
}

static void prefetch_table(const struct replay *r, const struct event *e)
{
	const struct table *t = map_get(&r->table, e->s2_set.table);

	if (!t)
		return;
	__builtin_prefetch(t);
	__builtin_prefetch(&t->counted);
	/* An index from a recording may be anything; an address may, too. */
	__builtin_prefetch(&t->word[(uint32_t)e->s2_set.index & 0xffff]);
}

static bool changes_entry(const struct event *e)
{
	return e->type == EV_s2_set || e->type == EV_s2_clear;
}

/**
 * replay_batch() - events in a row
 *
 * What the model knows of a large guest is in no cache. With the events at
 * hand it can be fetched ahead.
 *
 * Return: as replay_event().
 */
int replay_batch(struct replay *r, const struct event *e, size_t nr)
{
	for (size_t i = 0; i < nr && !r->err; i++) {
		if (i + FAR < nr && changes_entry(&e[i + FAR]))
			prefetch_slot(r, &e[i + FAR]);
		if (i + NEAR < nr && changes_entry(&e[i + NEAR]))
			prefetch_table(r, &e[i + NEAR]);
		replay_event(r, &e[i]);
	}
	return r->err;
}

static int compare_mmus(const void *a, const void *b)
{
	const struct mmu *x = *(struct mmu *const *)a;
	const struct mmu *y = *(struct mmu *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

/* All MMUs by rising id: what is said of them must not depend on chance. */
static struct mmu **all_mmus(const struct replay *r)
{
	struct mmu **all = calloc(r->mmu.used + 1, sizeof(*all));
	size_t n = 0, i;

	if (!all)
		return NULL;
	map_for_each(i, &r->mmu) all[n++] = r->mmu.slot[i].value;
	qsort(all, n, sizeof(*all), compare_mmus);
	return all;
}

/**
 * replay_tick() - give up on what has been missing for too long
 *
 * Called now and then where events come slowly.
 *
 * Return: as replay_event().
 */
int replay_tick(struct replay *r)
{
	struct mmu **all = all_mmus(r);
	bool holding = false;

	if (!all)
		return r->err = -ENOMEM;
	for (size_t i = 0; all[i] && !r->err; i++) {
		const struct event now = { .mmu = all[i]->id, .time = r->now };

		if (!all[i]->order.nr)
			continue;
		if (r->now - all[i]->order.since > PATIENCE_NS)
			r->err = replay_give_up(r, all[i], &now);
		holding |= all[i]->order.nr;
		if (!r->err)
			r->err = bury(r, all[i]);
	}
	free(all);
	r->holding = holding;
	return r->err;
}

/**
 * replay_end() - the stream is over
 *
 * Return: as replay_event().
 */
int replay_end(struct replay *r)
{
	struct mmu **all = all_mmus(r);

	if (!all)
		return r->err = -ENOMEM;
	for (size_t i = 0; all[i] && !r->err; i++) {
		const struct event end = { .mmu = all[i]->id, .time = r->now };
		const struct step s = { .r = r, .e = &end, .mmu = all[i] };

		while (all[i]->order.nr && !r->err)
			r->err = replay_give_up(r, all[i], &end);
		if (!r->err && !all[i]->over)
			ask(&s, AFTER, POINT_END);
		if (!r->err)
			r->err = bury(r, all[i]);
	}
	free(all);
	return r->err;
}

/** replay_free() - frees everything */
void replay_free(struct replay *r)
{
	struct mmu *mmu;
	size_t i;

	for (i = 0; i < map_size(&r->mmu); i++) {
		/* What is behind moves up when one is gone. */
		while ((mmu = r->mmu.slot[i].value)) {
			/* All tables go at once, below. */
			mmu->tables = 0;
			mmu->root = NULL;
			mmu_free(r, mmu);
		}
	}
	map_free(&r->mmu);
	map_free(&r->dead);
	map_free(&r->table);
	map_free(&r->cache);
	table_pool_free(&r->pool);
	vmids_free(&r->vmids);
}
