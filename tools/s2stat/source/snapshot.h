/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is there when a stream begins, told as events: see SNAP_MMU_ARGS in
 * bpf/events.h.
 */
#ifndef S2STAT_SOURCE_SNAPSHOT_H
#define S2STAT_SOURCE_SNAPSHOT_H

#include "../model/map.h"
#include "stream.h"

/**
 * struct snapshot - how far it is
 * @known:	MMUs to be told of, by id: struct snapshot_mmu
 * @fn:		gets the events
 * @busy:	called often while tables are read
 * @page_shift:	log2 of the host's page size
 */
struct snapshot {
	struct map known;
	stream_fn fn;
	void *arg;
	void (*busy)(void *arg);
	void *busy_arg;
	uint32_t page_shift;
	void *backend;
};

/**
 * struct snapshot_mmu - one MMU that is to be told of
 * @seq:	the number it had given out last when the reading began
 * @end:	and when it ended, 0 if it was gone
 * @told:	there is a snap_mmu of it
 * @root:	its address; a large one comes in parts
 */
struct snapshot_mmu {
	uint64_t id;
	uint64_t seq;
	uint64_t end;
	uint64_t root;
	uint64_t tables;
	uint64_t entries;
	int32_t vm;
	bool told;
};

int snapshot_open(struct snapshot *s, struct failure *f);
int snapshot_tell(struct snapshot *s, struct failure *f);
int snapshot_ends(struct snapshot *s, struct failure *f);
void snapshot_close(struct snapshot *s);

#endif /* S2STAT_SOURCE_SNAPSHOT_H */
