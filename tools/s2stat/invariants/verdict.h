/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stream of events proves: which invariants hold, which are broken and
 * where, and which could not be judged. Pure: no I/O.
 */
#ifndef S2STAT_VERDICT_H
#define S2STAT_VERDICT_H

#include "invariant.h"

/* Findings that are kept of each invariant; the others are counted. */
#define VERDICT_KEPT 8

/**
 * enum verdict_state - of one invariant
 * @VERDICT_HOLDS: everywhere, in all events
 * @VERDICT_BROKEN: there are findings
 * @VERDICT_UNKNOWN: nothing was found, but events are missing
 * @VERDICT_LACKS: the stream does not have the events that it takes
 * @VERDICT_OFF: it was not asked for
 */
enum verdict_state {
	VERDICT_HOLDS,
	VERDICT_BROKEN,
	VERDICT_UNKNOWN,
	VERDICT_LACKS,
	VERDICT_OFF,
};

/**
 * struct verdict - feed it with verdict_events(), then end it
 * @source:	what is judged, for people
 * @kept:	by invariant, the first @nr_kept
 * @mmus:	MMUs seen
 * @unproven:	MMUs of which neither the beginning nor a snapshot was seen
 * @cut:	the stream itself ends too early
 * @vm_name:	what the VM of this tgid is called, or NULL; may be NULL itself
 */
struct verdict {
	struct bench bench;
	const char *source;
	struct finding kept[NR_INVARIANTS][VERDICT_KEPT];
	size_t nr_kept[NR_INVARIANTS];
	uint64_t mmus;
	uint64_t unproven;
	bool cut;
	const char *(*vm_name)(int32_t vm, void *arg);
	void *arg;
};

int verdict_init(struct verdict *v, uint32_t asked, uint32_t events);
int verdict_events(struct verdict *v, const struct event *e, size_t nr);
int verdict_end(struct verdict *v);
void verdict_free(struct verdict *v);

enum verdict_state verdict_state(const struct verdict *v, enum invariant_id id);
const char *verdict_state_name(enum verdict_state state);
uint64_t verdict_lost(const struct verdict *v);
bool verdict_bad(const struct verdict *v);
bool verdict_inconclusive(const struct verdict *v);
const char *verdict_vm(const struct verdict *v, int32_t vm);
void verdict_why(const struct verdict *v, enum invariant_id id, char *text,
		 size_t size);

#endif /* S2STAT_VERDICT_H */
