/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descends a stage-2 tree that changes meanwhile, with no lock held: pure but
 * for the reader it is given.
 */
#ifndef S2STAT_SOURCE_DESCEND_H
#define S2STAT_SOURCE_DESCEND_H

#include "../../../bpf/stock.h"
#include "backend.h"
#include "layout.h"

/**
 * struct descend_reader - reads kernel memory in batches
 * @reads:	STOCK_BATCH of them, what to read and what came of it
 * @pages:	as many: what was read
 * @go:		does the first @nr; returns 0 or -errno
 */
struct descend_reader {
	struct stock_read *reads;
	__u64 (*pages)[S2R_CHUNK];
	int (*go)(void *arg, uint32_t nr);
	void *arg;
};

/**
 * struct descend_tree - a stage-2 context
 * @id:		its id
 * @root:	address of the root
 * @root_pa:	its physical address ...
 * @root_at:	... and where the kernel keeps that: another value there means
 *		that the tree is no more
 * @lpa2:	the descriptors' format
 */
struct descend_tree {
	uint64_t id;
	uint64_t root;
	uint64_t root_pa;
	uint64_t root_at;
	uint32_t root_pages;
	int start_level;
	bool lpa2;
};

int descend(const struct descend_reader *reader, const struct layout *layout,
	    const struct descend_tree *tree, const struct table_query *q,
	    bool again, record_fn fn, void *arg);

#endif /* S2STAT_SOURCE_DESCEND_H */
