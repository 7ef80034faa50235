/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What live.c asks of a way to read a running kernel. There is one for kernels
 * with the s2 tracepoints (s2.c), and one for all others (stock.c); both hand
 * over the records of bpf/records.h.
 */
#ifndef S2STAT_SOURCE_BACKEND_H
#define S2STAT_SOURCE_BACKEND_H

#include "live.h"

/* Who gets the records of one pass; what it returns below 0 ends the pass. */
typedef int (*record_fn)(const struct s2r_head *rec, void *arg);

/**
 * struct table_query - which table pages
 * @mmu:	of this context; 0: of all
 * @first:	that translate any IPA from here ...
 * @last:	... to here
 * @entries:	each followed by its entries, in S2R_ENTRIES
 */
struct table_query {
	uint64_t mmu;
	uint64_t first;
	uint64_t last;
	bool entries;
};

/**
 * struct backend - one way to read a running kernel
 * @open:	attaches what @wants needs; @self is given back with @close,
 *		also when this fails
 * @contexts:	a S2R_MMU for each live context, and perhaps a S2R_VMIDS
 * @tables:	a S2R_TABLE for each live table page: preorder in a context.
 *		One too large for a read may come again, with later entries
 * @slots:	a S2R_SLOT for each memslot of @mmu's VM
 * @counts:	host_counts() for each context that anything happened to, and
 *		the counters of the host
 * @explain:	what is offered and how, and why something is not; after a sample
 *		(in @host). NULL: all is
 * @hot:	the 2 MB regions in which guests faulted, since the attach
 *
 * What it cannot tell, @open leaves out of @offers (enum offer); a function
 * for what is not offered may be NULL. All but @close return 0, or -1 with the
 * failure filled.
 */
struct backend {
	int (*open)(void **self, const struct live_wants *wants,
		    uint32_t *offers, struct failure *f);
	void (*close)(void *self);
	int (*contexts)(void *self, record_fn fn, void *arg, struct failure *f);
	int (*tables)(void *self, const struct table_query *q, record_fn fn,
		      void *arg, struct failure *f);
	int (*slots)(void *self, uint64_t mmu, record_fn fn, void *arg,
		     struct failure *f);
	int (*counts)(void *self, struct host *host, struct failure *f);
	void (*explain)(void *self, const struct host *host, live_check_fn fn,
			void *arg);
	int (*hot)(void *self, live_hot_fn fn, void *arg, uint64_t *cold,
		   struct failure *f);
};

extern const struct backend s2_backend, stock_backend;

#endif /* S2STAT_SOURCE_BACKEND_H */
