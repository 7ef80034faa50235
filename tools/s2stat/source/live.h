/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel as a source of records: attaches the counters, walks the
 * live tables, fills the model.
 */
#ifndef S2STAT_SOURCE_LIVE_H
#define S2STAT_SOURCE_LIVE_H

#include "../model/vm.h"
#include "failure.h"

struct live;

/**
 * struct live_visitor - who looks at every entry of one context
 * @table:	a table page; its entries follow in one or more calls
 * @entries:	@rec->nr descriptors from index @rec->first on
 * @arg:	handed to both
 *
 * A concatenated root that is too large for one read comes in parts: @table is
 * called for the first of them only, the others come after all other tables.
 */
struct live_visitor {
	void (*table)(const struct s2r_table *table, void *arg);
	void (*entries)(const struct s2r_table *table,
			const struct s2r_entries *rec, void *arg);
	void *arg;
};

int live_open(struct live **live, int verbose, struct failure *f);
void live_close(struct live *live);
int live_sample(struct live *live, struct host *host, struct failure *f);
int live_walk(struct live *live, uint64_t mmu, const struct live_visitor *v,
	      struct failure *f);

#endif /* S2STAT_SOURCE_LIVE_H */
