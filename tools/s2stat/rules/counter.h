/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a rule can ask for: counters by the keys that s2stat's JSON has below
 * `events` (docs/s2stat-json.md), and a few values of the moment.
 */
#ifndef S2STAT_RULES_COUNTER_H
#define S2STAT_RULES_COUNTER_H

#include "../model/event.h"

enum counter {
	COUNT_SETS,
	COUNT_CLEARS,
	COUNT_TABLES_ALLOC,
	COUNT_TABLES_FREED,
	COUNT_VMID_ASSIGNS,
	COUNT_ROLLOVERS,
	COUNT_FLUSHES,
	COUNT_FLUSH_PAGES,
	COUNT_FLUSH_REASON,
	COUNT_FLUSH_SCOPE = COUNT_FLUSH_REASON + S2_NR_REASONS,
	COUNT_FAULTS = COUNT_FLUSH_SCOPE + S2_NR_SCOPES,
	COUNT_FAULT_KIND,
	COUNT_FAULTS_AGAIN = COUNT_FAULT_KIND + S2_NR_FAULTS,
	COUNT_FAULTS_FAILED,
	NR_COUNTS,
	/* What is now; not to be asked over a window. */
	VALUE_TABLES_LIVE = NR_COUNTS,
	VALUE_LIFETIME,
	VALUE_FAULT_EVENTS_P50,
	VALUE_FAULT_EVENTS_P90,
	VALUE_FAULT_EVENTS_P99,
	VALUE_FAULT_EVENTS_MAX,
	NR_VALUES,
};

/* Up to 64 events each for itself, above that eight steps to a doubling. */
#define NR_STEPS 256

/**
 * struct counters - of one MMU, or of the host
 * @begun:	time of the first event
 * @now:	and of the last
 * @step:	faults by the number of events of the MMU that they took
 */
struct counters {
	uint64_t count[NR_COUNTS];
	int64_t tables_live;
	uint64_t begun;
	uint64_t now;
	uint64_t step[NR_STEPS];
	uint64_t faults_ended;
	uint64_t longest;
};

int counter_find(const char *name);
const char *counter_name(int counter);
bool counter_is_sum(int counter);
double counter_value(const struct counters *c, int counter);
void counters_event(struct counters *c, const struct event *e);
void counters_fault(struct counters *c, uint64_t events);

#endif /* S2STAT_RULES_COUNTER_H */
