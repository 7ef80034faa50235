/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The half of the backend for kernels without the s2 tracepoints (stock.c)
 * that counts events.
 */
#ifndef S2STAT_SOURCE_STOCK_H
#define S2STAT_SOURCE_STOCK_H

#include "backend.h"
#include "probe.h"

/**
 * struct stock_wants - what stock_events_open() goes by
 * @id_key:	as for the programs that list contexts
 */
struct stock_wants {
	const struct live_wants *live;
	const struct probe *probe;
	uint64_t id_key;
};

struct stock_events;

int stock_events_open(struct stock_events **events,
		      const struct stock_wants *wants, uint32_t *offers,
		      struct failure *f);
void stock_events_close(struct stock_events *events);
int stock_events_counts(struct stock_events *events, struct host *host,
			struct failure *f);
int stock_events_hot(struct stock_events *events, live_hot_fn fn, void *arg,
		     uint64_t *cold, struct failure *f);
void stock_events_explain(const struct stock_events *events,
			  const struct probe *probe, live_check_fn fn,
			  void *arg);

#endif /* S2STAT_SOURCE_STOCK_H */
