// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts events for rules. See counter.h.
 */
#include <errno.h>
#include <string.h>

#include "counter.h"

#define REASON(sym, word) [COUNT_FLUSH_REASON + sym] = "flushes.reasons." word,
#define SCOPE(sym, word) [COUNT_FLUSH_SCOPE + sym] = "flushes.scopes." word,
#define FAULT(sym, word) [COUNT_FAULT_KIND + sym] = "faults." word,
static const char *const names[NR_VALUES] = {
	[COUNT_SETS] = "sets",
	[COUNT_CLEARS] = "clears",
	[COUNT_TABLES_ALLOC] = "tables_alloc",
	[COUNT_TABLES_FREED] = "tables_freed",
	[COUNT_VMID_ASSIGNS] = "vmid_assigns",
	[COUNT_ROLLOVERS] = "vmid_rollovers",
	[COUNT_FLUSHES] = "flushes.total",
	[COUNT_FLUSH_PAGES] = "flushes.pages",
	S2_REASONS(REASON) S2_SCOPES(SCOPE)[COUNT_FAULTS] = "faults.total",
	S2_FAULTS(FAULT)[COUNT_FAULTS_AGAIN] = "faults.again",
	[COUNT_FAULTS_FAILED] = "faults.failed",
	[VALUE_TABLES_LIVE] = "tables_live",
	[VALUE_LIFETIME] = "lifetime",
	[VALUE_FAULT_EVENTS_P50] = "fault_events.p50",
	[VALUE_FAULT_EVENTS_P90] = "fault_events.p90",
	[VALUE_FAULT_EVENTS_P99] = "fault_events.p99",
	[VALUE_FAULT_EVENTS_MAX] = "fault_events.max",
};
#undef REASON
#undef SCOPE
#undef FAULT

/** counter_find() - by name, or -1 */
int counter_find(const char *name)
{
	for (int i = 0; i < NR_VALUES; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

/** counter_name() - the name of a counter or value below NR_VALUES */
const char *counter_name(int counter)
{
	return names[counter];
}

/** counter_is_sum() - it only grows, so it has a difference over a window */
bool counter_is_sum(int counter)
{
	return counter < NR_COUNTS;
}

static unsigned int step_of(uint64_t n)
{
	unsigned int log;

	if (n < 64)
		return n;
	log = 63 - __builtin_clzll(n);
	n = 64 + (log - 6) * 8 + (n >> (log - 3) & 7);
	return n < NR_STEPS ? n : NR_STEPS - 1;
}

/* The greatest number that falls on a step. */
static uint64_t step_top(unsigned int step)
{
	unsigned int log;

	if (step < 64)
		return step;
	log = 6 + (step - 64) / 8;
	return ((9ULL + (step - 64) % 8) << (log - 3)) - 1;
}

static double percentile(const struct counters *c, unsigned int percent)
{
	uint64_t want = (c->faults_ended * percent + 99) / 100, seen = 0;

	for (unsigned int i = 0; i < NR_STEPS && want; i++) {
		seen += c->step[i];
		if (seen >= want)
			return step_top(i) < c->longest ? step_top(i) :
							  c->longest;
	}
	return 0;
}

/** counter_value() - what it is now */
double counter_value(const struct counters *c, int counter)
{
	switch (counter) {
	case VALUE_TABLES_LIVE:
		return c->tables_live;
	case VALUE_LIFETIME:
		return (c->now - c->begun) / 1e9;
	case VALUE_FAULT_EVENTS_P50:
		return percentile(c, 50);
	case VALUE_FAULT_EVENTS_P90:
		return percentile(c, 90);
	case VALUE_FAULT_EVENTS_P99:
		return percentile(c, 99);
	case VALUE_FAULT_EVENTS_MAX:
		return c->longest;
	default:
		return c->count[counter];
	}
}

static void count_flush(struct counters *c, const struct event *e)
{
	const uint32_t reason = e->s2_flush.reason, scope = e->s2_flush.scope;

	c->count[COUNT_FLUSHES]++;
	if (reason < S2_NR_REASONS)
		c->count[COUNT_FLUSH_REASON + reason]++;
	if (scope < S2_NR_SCOPES)
		c->count[COUNT_FLUSH_SCOPE + scope]++;
	if (scope <= S2_SCOPE_RANGE)
		c->count[COUNT_FLUSH_PAGES] += e->s2_flush.size >> 12;
}

static void count_fault_end(struct counters *c, const struct event *e)
{
	const int32_t result = e->s2_fault_end.result;

	if (result == -EAGAIN || result == -ESTALE)
		c->count[COUNT_FAULTS_AGAIN]++;
	else if (result < 0)
		c->count[COUNT_FAULTS_FAILED]++;
}

/** counters_event() - one event more */
void counters_event(struct counters *c, const struct event *e)
{
	if (!c->begun)
		c->begun = e->time;
	if (e->time > c->now)
		c->now = e->time;
	switch (e->type) {
	case EV_s2_set:
		c->count[COUNT_SETS]++;
		break;
	case EV_s2_clear:
		c->count[COUNT_CLEARS]++;
		break;
	case EV_s2_table_alloc:
		c->count[COUNT_TABLES_ALLOC]++;
		c->tables_live++;
		break;
	case EV_s2_table_free:
		c->count[COUNT_TABLES_FREED]++;
		c->tables_live--;
		break;
	case EV_s2_vmid_assign:
		c->count[COUNT_VMID_ASSIGNS]++;
		break;
	case EV_s2_vmid_rollover:
		c->count[COUNT_ROLLOVERS]++;
		break;
	case EV_s2_flush:
		count_flush(c, e);
		break;
	case EV_s2_fault_begin:
		c->count[COUNT_FAULTS]++;
		if ((uint32_t)e->s2_fault_begin.kind < S2_NR_FAULTS)
			c->count[COUNT_FAULT_KIND + e->s2_fault_begin.kind]++;
		break;
	case EV_s2_fault_end:
		count_fault_end(c, e);
		break;
	case EV_snap_mmu:
		c->tables_live +=
			e->snap_mmu.tables_alloc - e->snap_mmu.tables_freed;
		break;
	}
}

/** counters_fault() - a fault took so many events of its MMU */
void counters_fault(struct counters *c, uint64_t events)
{
	c->step[step_of(events)]++;
	c->faults_ended++;
	if (events > c->longest)
		c->longest = events;
}
