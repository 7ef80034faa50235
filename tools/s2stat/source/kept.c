// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel has counted of each context since the attach (see kept.h).
 */
#include "kept.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(sizeof(struct s2r_kept_counts) % sizeof(__u64) == 0,
	       "counts are words and nothing else");

void kept_free(struct kept *k)
{
	free(k->base);
	*k = (struct kept){};
}

/**
 * kept_base() - notes what was counted of a context before
 * @rec:	of contexts with ever higher ids
 *
 * Return: 0, or -ENOMEM.
 */
int kept_base(struct kept *k, const struct s2r_kept *rec)
{
	if (k->nr == k->room) {
		size_t room = k->room ? 2 * k->room : 16;
		struct s2r_kept *p = reallocarray(k->base, room, sizeof(*p));

		if (!p)
			return -ENOMEM;
		k->base = p;
		k->room = room;
	}
	k->base[k->nr++] = *rec;
	return 0;
}

static int by_id(const void *id, const void *rec)
{
	const uint64_t a = *(const uint64_t *)id;
	const uint64_t b = ((const struct s2r_kept *)rec)->mmu;

	return a < b ? -1 : a > b;
}

static void subtract(struct s2r_kept *now, const struct s2r_kept *base)
{
	const __u64 *b = (const __u64 *)&base->counts;
	__u64 *n = (__u64 *)&now->counts;

	now->tables_alloc -= base->tables_alloc;
	now->tables_freed -= base->tables_freed;
	for (size_t i = 0; i < sizeof(now->counts) / sizeof(*n); i++)
		n[i] -= b[i];
}

static void flushes_of(const struct s2r_kept_counts *k, struct s2r_counts *c)
{
	for (size_t r = 0; r < S2_NR_REASONS; r++) {
		for (size_t s = 0; s < S2_NR_SCOPES; s++) {
			c->flushes[r][s] = k->flushes[r][s];
			c->flush_pages[r][s] = k->flush_pages[r][s];
		}
	}
}

static void faults_of(const struct s2r_kept_counts *k, struct s2r_counts *c)
{
	__u64 *const ends[S2R_NR_FAULT_ENDS] = {
		[S2R_FAULT_HANDLED] = &c->faults_handled,
		[S2R_FAULT_USER] = &c->faults_user,
		[S2R_FAULT_AGAIN] = &c->faults_again,
		[S2R_FAULT_FAILED] = &c->faults_failed,
	};

	for (size_t kind = 0; kind < S2_NR_FAULTS; kind++)
		c->faults[kind] = k->faults[kind];
	for (size_t end = 0; end < S2R_NR_FAULT_ENDS; end++) {
		for (size_t level = 0; level <= S2R_NR_LEVELS; level++) {
			*ends[end] += k->faults_ended[end][level];
			if (level < S2R_NR_LEVELS)
				c->fault_sizes[level] +=
					k->faults_ended[end][level];
		}
	}
}

/**
 * kept_since() - what happened to a context since the attach
 * @rec:	what the kernel has counted of it up to now
 * @c:		filled
 */
void kept_since(const struct kept *k, const struct s2r_kept *rec,
		struct s2r_counts *c)
{
	const struct s2r_kept *base =
		k->nr ? bsearch(&rec->mmu, k->base, k->nr, sizeof(*base),
				by_id) :
			NULL;
	struct s2r_kept now = *rec;

	if (base)
		subtract(&now, base);
	*c = (struct s2r_counts){
		.sets = now.counts.sets,
		.clears = now.counts.clears,
		.tables_alloc = now.tables_alloc,
		.tables_freed = now.tables_freed,
		.vmid_assigns = now.counts.vmid_assigns,
		.rollovers = now.counts.rollovers,
		.vm = now.vm,
	};
	flushes_of(&now.counts, c);
	faults_of(&now.counts, c);
}
