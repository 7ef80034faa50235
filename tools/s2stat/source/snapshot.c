// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells what is there. See snapshot.h.
 */
#include "snapshot.h"

#include <stdlib.h>
#include <time.h>

#include "../model/pte.h"
#include "backend.h"
#include "bpf.h"

#define LAST_LEVEL 3

/**
 * struct telling - what the passes over the kernel's objects hand on
 * @table:	the last table page: its entries follow
 * @err:	the receiver failed
 */
struct telling {
	struct snapshot *s;
	struct failure *f;
	struct s2r_table table;
	struct snapshot_mmu *mmu;
	int err;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int tell(struct telling *t, struct event *e)
{
	e->time = now();
	t->err = t->s->fn(e, t->s->arg, t->f);
	return t->err;
}

static int tell_mmu(struct telling *t, const struct s2r_mmu *rec)
{
	struct snapshot_mmu *mmu = map_get(&t->s->known, rec->id);
	const uint64_t number = (1ULL << rec->vmid_bits) - 1;
	struct event e = {
		.type = EV_snap_mmu,
		.mmu = rec->id,
		.vm = rec->vm,
		.snap_mmu = {
			.ipa_bits = rec->ipa_bits,
			.start_level = rec->start_level,
			.granule = 1ULL << t->s->page_shift,
			.root_pa = rec->root_pa,
			.root_pages = rec->root_pages,
			.nested = rec->nested,
			.fwb = rec->fwb,
			.lpa2 = rec->lpa2,
			.vcpus = rec->vcpus,
			.tables_alloc = rec->tables_alloc,
			.tables_freed = rec->tables_freed,
		},
	};

	/* Younger than the snapshot: its events tell all of it. */
	if (!mmu)
		return 0;
	e.seq = mmu->seq;
	if (rec->vmid_bits) {
		e.snap_mmu.vmid = rec->vmid & number;
		e.snap_mmu.generation = rec->vmid >> rec->vmid_bits;
	}
	mmu->told = true;
	mmu->root = rec->root_pa;
	mmu->vm = rec->vm;
	return tell(t, &e);
}

static int tell_vmids(struct telling *t, const struct s2r_vmids *rec)
{
	struct event e = {
		.type = EV_snap_vmids,
		.snap_vmids = {
			.generation = rec->generation,
			.bits = rec->bits,
			.in_use = rec->in_use,
			.reserved = rec->reserved,
		},
	};

	return tell(t, &e);
}

static int tell_context(const struct s2r_head *rec, void *arg)
{
	if (rec->type == S2R_MMU)
		return tell_mmu(arg, (const struct s2r_mmu *)rec);
	if (rec->type == S2R_VMIDS)
		return tell_vmids(arg, (const struct s2r_vmids *)rec);
	return 0;
}

static struct snapshot_mmu *find_told(const struct telling *t, uint64_t id)
{
	struct snapshot_mmu *mmu = map_get(&t->s->known, id);

	return mmu && mmu->told ? mmu : NULL;
}

static int tell_slot(const struct s2r_head *rec, void *arg)
{
	const struct s2r_slot *slot = (const struct s2r_slot *)rec;
	struct telling *t = arg;
	struct snapshot_mmu *mmu;
	struct event e = { .type = EV_snap_slot };

	if (rec->type != S2R_SLOT)
		return 0;
	mmu = find_told(t, slot->mmu);
	/* A slot without pages is one that was deleted. */
	if (!mmu || !slot->npages)
		return 0;
	e.mmu = mmu->id;
	e.vm = mmu->vm;
	e.snap_slot.slot = slot->id | slot->as_id << 16;
	e.snap_slot.base_gfn = slot->base_gfn;
	e.snap_slot.npages = slot->npages;
	e.snap_slot.hva = slot->hva;
	e.snap_slot.flags = slot->flags;
	return tell(t, &e);
}

/* A large root comes again with later entries: it is told of once. */
static int tell_table(struct telling *t, const struct s2r_table *rec)
{
	struct snapshot_mmu *mmu = find_told(t, rec->mmu);
	struct event e = { .type = EV_snap_table };

	t->table = *rec;
	t->mmu = mmu;
	if (!mmu || (rec->pa == mmu->root && mmu->tables))
		return 0;
	mmu->tables++;
	e.mmu = mmu->id;
	e.vm = mmu->vm;
	e.snap_table.table = rec->pa;
	e.snap_table.level = rec->level;
	e.snap_table.ipa = rec->ipa;
	e.snap_table.count = rec->count;
	e.snap_table.nr = rec->nr;
	return tell(t, &e);
}

static uint64_t entry_size(const struct telling *t)
{
	const uint32_t shift = t->s->page_shift;

	return 1ULL << (shift + (shift - 3) * (LAST_LEVEL - t->table.level));
}

static int tell_entries(struct telling *t, const struct s2r_entries *rec)
{
	struct event e = { .type = EV_snap_entry };

	if (!t->mmu)
		return 0;
	e.mmu = t->mmu->id;
	e.vm = t->mmu->vm;
	e.snap_entry.table = t->table.pa;
	e.snap_entry.level = t->table.level;
	for (uint32_t i = 0; i < rec->nr && i < S2R_CHUNK; i++) {
		/* An entry in transition is about to be told of. */
		if (pte_kind(rec->e[i], t->table.level) <= PTE_LOCKED)
			continue;
		e.snap_entry.index = rec->first + i;
		e.snap_entry.ipa =
			t->table.ipa + (rec->first + i) * entry_size(t);
		e.snap_entry.pte = rec->e[i];
		t->mmu->entries++;
		if (tell(t, &e))
			return -1;
	}
	return 0;
}

static int tell_tables(const struct s2r_head *rec, void *arg)
{
	struct telling *t = arg;

	t->s->busy(t->s->busy_arg);
	if (rec->type == S2R_TABLE)
		return tell_table(t, (const struct s2r_table *)rec);
	if (rec->type == S2R_ENTRIES)
		return tell_entries(t, (const struct s2r_entries *)rec);
	return 0;
}

/* A pass that ends because the receiver failed has its failure filled. */
static int finish(struct telling *t, int err, struct failure *passed)
{
	if (err && !t->err)
		*t->f = *passed;
	return err;
}

static int tell_all(struct telling *t, void *backend)
{
	const struct table_query all = { .last = UINT64_MAX, .entries = true };
	struct failure f;
	int err;

	err = s2_backend.contexts(backend, tell_context, t, &f) ||
	      s2_backend.slots(backend, 0, tell_slot, t, &f) ||
	      s2_backend.tables(backend, &all, tell_tables, t, &f);
	return finish(t, err ? -1 : 0, &f);
}

/**
 * snapshot_open() - attaches what the snapshot is read with
 *
 * Return: 0, or -1 with @f filled; snapshot_close() in any case.
 */
int snapshot_open(struct snapshot *s, struct failure *f)
{
	const struct live_wants wants = {};
	uint32_t offers = 0;

	s->page_shift = bpf_page_shift();
	return s2_backend.open(&s->backend, &wants, &offers, f);
}

/**
 * snapshot_tell() - all but the snap_ends
 * @s:		@known filled, with ids and numbers
 *
 * Return: 0, or -1 with @f filled.
 */
int snapshot_tell(struct snapshot *s, struct failure *f)
{
	struct telling t = { .s = s, .f = f };

	return tell_all(&t, s->backend);
}

/** snapshot_ends() - the snap_ends; @end filled. Return: as snapshot_tell() */
int snapshot_ends(struct snapshot *s, struct failure *f)
{
	struct telling t = { .s = s, .f = f };
	size_t i;

	map_for_each(i, &s->known)
	{
		const struct snapshot_mmu *mmu = s->known.slot[i].value;
		struct event e = {
			.type = EV_snap_end,
			.mmu = mmu->id,
			.vm = mmu->vm,
			.seq = mmu->end,
			.snap_end = { .tables = mmu->tables,
				      .entries = mmu->entries },
		};

		if (mmu->told && tell(&t, &e))
			return -1;
	}
	return 0;
}

/** snapshot_close() - gives all back */
void snapshot_close(struct snapshot *s)
{
	size_t i;

	s2_backend.close(s->backend);
	s->backend = NULL;
	map_for_each(i, &s->known) free(s->known.slot[i].value);
	map_free(&s->known);
}
