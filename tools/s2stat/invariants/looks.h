/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A verdict from looks at a host, for kernels that tell no events: what can be
 * seen there is judged, what cannot is not offered. Pure: fed with samples.
 *
 *	LEAK	table pages that no context has, more than at the beginning
 *	REFS	a live table's count is not that of its entries, steadily
 *	VMIDX	two live contexts have one number of one generation
 *
 * and rules that ask only for what counters tell (rules_countable()).
 */
#ifndef S2STAT_LOOKS_H
#define S2STAT_LOOKS_H

#include "../model/map.h"
#include "../model/vm.h"
#include "verdict.h"

/**
 * struct looks - judges samples
 * @verdict:	gets what is found
 * @before:	bytes of table pages that no context had at first: the most of
 *		the first looks
 * @after:	and in the end: the least of the last ones. -1: not known
 * @known:	contexts met
 * @accused:	tables and VMIDs, each once
 * @audited:	a context's counts were all right at a look
 * @unread:	and the looks that proved nothing
 */
struct looks {
	struct verdict *verdict;
	int64_t before;
	int64_t after;
	struct map known;
	struct map accused_tables;
	struct map accused_vmids;
	uint64_t audited;
	uint64_t unread;
};

uint32_t looks_offer(int64_t secondary);
void looks_init(struct looks *l, struct verdict *v);
void looks_free(struct looks *l);
void looks_before(struct looks *l, const struct host *host, int64_t secondary);
int looks_take(struct looks *l, const struct host *host, uint64_t now);
bool looks_after(struct looks *l, const struct host *host, int64_t secondary);
void looks_end(struct looks *l, uint64_t now);
uint32_t looks_events(uint32_t offers);

#endif /* S2STAT_LOOKS_H */
