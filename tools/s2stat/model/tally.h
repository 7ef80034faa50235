/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a stream of events whole? Counts the events of each MMU against their
 * sequence numbers, in whatever order they come.
 */
#ifndef S2STAT_MODEL_TALLY_H
#define S2STAT_MODEL_TALLY_H

#include "event.h"
#include "map.h"

/**
 * struct tally_mmu - one MMU
 * @base:	the number before the first one that should be there
 * @top:	the greatest that was seen, or told of
 * @events:	with numbers above @base
 * @late:	the stream has neither its beginning nor a snapshot of it
 * @freed:	it is gone
 */
struct tally_mmu {
	uint64_t id;
	int32_t vm;
	uint64_t base;
	uint64_t top;
	uint64_t events;
	bool late;
	bool freed;
};

/**
 * struct tally - all zero: no event has come yet
 * @mmu:	those that are alive, or miss something
 * @events:	of the kernel
 * @by_type:	of all sorts
 * @mmus:	ever seen
 * @told:	losses that the stream itself tells of
 * @unknown:	it tells of such without a number
 */
struct tally {
	struct map mmu;
	struct tally_mmu *last;
	uint64_t events;
	uint64_t by_type[EV_NR];
	uint64_t mmus;
	uint64_t told;
	bool unknown;
};

int tally_event(struct tally *t, const struct event *e);
struct tally_mmu *tally_find(const struct tally *t, uint64_t mmu);
uint64_t tally_missing(const struct tally_mmu *m);
uint64_t tally_lost(const struct tally *t);
bool tally_whole(const struct tally *t);
void tally_free(struct tally *t);

#endif /* S2STAT_MODEL_TALLY_H */
