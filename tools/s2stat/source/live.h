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
struct probe;

/**
 * struct live_wants - what a verb needs of the kernel
 * @verbose:	1 shows libbpf's warnings, 2 all it says
 * @counts:	events are counted
 * @tables:	a sample reads all table pages; else it costs nothing for each
 * @hot:	faults are counted by region, too
 * @progress:	say on stderr how far it is with what takes long
 * @probe:	what the kernel offers; filled in by live_open_for()
 */
struct live_wants {
	int verbose;
	bool counts;
	bool tables;
	bool hot;
	bool progress;
	const struct probe *probe;
};

/**
 * struct live_visitor - who looks at every entry of one context
 * @table:	a table page; its entries follow in one or more calls
 * @entries:	@rec->nr descriptors from index @rec->first on
 * @arg:	handed to both
 * @first:	only tables that translate any IPA from here ...
 * @last:	... to here; 0: to the end
 *
 * A concatenated root that is too large for one read comes in parts: @table is
 * called for the first of them only, the others come after all other tables.
 */
struct live_visitor {
	void (*table)(const struct s2r_table *table, void *arg);
	void (*entries)(const struct s2r_table *table,
			const struct s2r_entries *rec, void *arg);
	void *arg;
	uint64_t first;
	uint64_t last;
};

enum live_state {
	LIVE_OK,
	LIVE_MISSING, /* and something can be done about it */
	LIVE_UNKNOWN,
	LIVE_NOT_OFFERED, /* by this kernel; s2stat works without */
};

/* What was found out about this kernel; @remedy may be NULL. */
typedef void (*live_check_fn)(const char *name, enum live_state state,
			      const char *detail, const char *remedy,
			      void *arg);
typedef void (*live_slot_fn)(const struct s2r_slot *slot, void *arg);
/* Returns 0, or -errno to stop. */
typedef int (*live_hot_fn)(const struct s2r_hot_key *key,
			   const struct s2r_hot *hot, void *arg);

int live_open(struct live **live, int verbose, struct failure *f);
int live_open_for(struct live **live, const struct live_wants *wants,
		  struct failure *f);
uint32_t live_offers(const struct live *live);
void live_close(struct live *live);
int live_sample(struct live *live, struct host *host, struct failure *f);
void live_explain(struct live *live, const struct host *host, live_check_fn fn,
		  void *arg);
int live_walk(struct live *live, uint64_t mmu, const struct live_visitor *v,
	      struct failure *f);
int live_slots(struct live *live, uint64_t mmu, live_slot_fn fn, void *arg,
	       struct failure *f);
int live_hot(struct live *live, live_hot_fn fn, void *arg, uint64_t *cold,
	     struct failure *f);

#endif /* S2STAT_SOURCE_LIVE_H */
