/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stream of events proves: which invariants and rules hold, which are
 * broken and where, and which could not be judged. Pure: no I/O.
 */
#ifndef S2STAT_VERDICT_H
#define S2STAT_VERDICT_H

#include "../rules/rules.h"
#include "invariant.h"

/* Findings that are kept of each invariant or rule; the others are counted. */
#define VERDICT_KEPT 8

/**
 * enum verdict_state - of one invariant or rule
 * @VERDICT_HOLDS: everywhere, in all events
 * @VERDICT_BROKEN: there are findings
 * @VERDICT_UNKNOWN: nothing was found, but events are missing
 * @VERDICT_LACKS: the stream does not have the events that it takes
 * @VERDICT_OFF: it was not asked for
 * @VERDICT_NOT_OFFERED: this kernel tells nothing that it could be judged by
 */
enum verdict_state {
	VERDICT_HOLDS,
	VERDICT_BROKEN,
	VERDICT_UNKNOWN,
	VERDICT_LACKS,
	VERDICT_OFF,
	VERDICT_NOT_OFFERED,
};

/**
 * struct verdict_rule - findings of one rule
 * @count:	how many
 * @waived:	and how many a waiver speaks of
 * @unjudged:	what was no finding because events are missing
 * @kept:	the first of them
 */
struct verdict_rule {
	uint64_t count;
	uint64_t waived;
	uint64_t unjudged;
	struct finding kept[VERDICT_KEPT];
	size_t nr_kept;
};

/**
 * struct verdict - feed it with verdict_events(), then end it
 * @source:	what is judged, for people
 * @count:	findings by invariant
 * @waived:	and findings that a waiver speaks of
 * @kept:	the first @nr_kept findings, by invariant
 * @rules:	the user's, may be NULL; not ours
 * @today:	as 20261231, for waivers
 * @rule:	by rule
 * @offered:	invariants that can be judged here, by id
 * @looks:	how often was looked, where no events are (looks.h); else 0
 * @mmus:	MMUs seen
 * @unproven:	MMUs of which neither the beginning nor a snapshot was seen
 * @cut:	the stream itself ends too early
 * @vm_name:	what the VM of this tgid is called, or NULL; may be NULL itself
 */
struct verdict {
	struct bench bench;
	const char *source;
	uint64_t count[NR_INVARIANTS];
	uint64_t waived[NR_INVARIANTS];
	struct finding kept[NR_INVARIANTS][VERDICT_KEPT];
	size_t nr_kept[NR_INVARIANTS];
	struct rules *rules;
	uint32_t today;
	struct verdict_rule *rule;
	uint32_t offered;
	uint64_t looks;
	uint64_t mmus;
	uint64_t unproven;
	bool cut;
	const char *(*vm_name)(int32_t vm, void *arg);
	void *arg;
};

/**
 * struct verdict_case - an invariant or a rule, and what became of it
 * @says:	what it demands
 * @unjudged:	suspicions that prove nothing, for events are missing
 * @why:	why it could not be judged, or how it is broken
 */
struct verdict_case {
	const char *name;
	const char *says;
	enum verdict_state state;
	uint64_t count;
	uint64_t waived;
	uint64_t unjudged;
	const struct finding *kept;
	size_t nr_kept;
	char why[512];
};

int verdict_init(struct verdict *v, uint32_t asked, uint32_t events);
int verdict_rules(struct verdict *v, struct rules *rules, uint32_t today);
int verdict_events(struct verdict *v, const struct event *e, size_t nr);
void verdict_found(struct verdict *v, const struct finding *f);
int verdict_end(struct verdict *v);
void verdict_free(struct verdict *v);

enum verdict_state verdict_state(const struct verdict *v, enum invariant_id id);
const char *verdict_state_name(enum verdict_state state);
size_t verdict_cases(const struct verdict *v);
struct verdict_case verdict_case(const struct verdict *v, size_t i);
uint64_t verdict_lost(const struct verdict *v);
uint64_t verdict_findings(const struct verdict *v);
bool verdict_bad(const struct verdict *v);
bool verdict_inconclusive(const struct verdict *v);
const char *verdict_word(const struct verdict *v);
const char *verdict_vm(const struct verdict *v, int32_t vm);
void verdict_why(const struct verdict *v, enum invariant_id id, char *text,
		 size_t size);

#endif /* S2STAT_VERDICT_H */
