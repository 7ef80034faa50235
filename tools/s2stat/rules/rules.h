/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of one's own (docs/rules.md): assertions over counters and events, per
 * VM or over all, over windows or at points; and waivers, which expire.
 * Pure: fed with a text, then with events.
 */
#ifndef S2STAT_RULES_H
#define S2STAT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "../model/event.h"

struct rules;

/**
 * struct rules_error - what is wrong with a rules file, and where
 */
struct rules_error {
	unsigned int line;
	unsigned int column;
	char text[256];
};

/**
 * struct rules_finding - a rule is broken
 * @rule:	its number
 * @mmu:	0: of all
 * @event:	at which it showed; its type is EV_stream_end at the end
 */
struct rules_finding {
	size_t rule;
	uint64_t mmu;
	int32_t vm;
	const struct event *event;
	const char *what;
};

/**
 * struct rules_host - what rules need from outside
 * @found:	a rule is broken
 * @vm_name:	what a VM is called, or NULL; may be NULL itself
 */
struct rules_host {
	void (*found)(const struct rules_finding *f, void *arg);
	const char *(*vm_name)(int32_t vm, void *arg);
	void *arg;
};

/**
 * enum waiver - does a waiver speak of a finding?
 */
enum waiver {
	WAIVER_NONE,
	WAIVER_VALID,
	WAIVER_EXPIRED,
};

/**
 * struct waived - a waiver, as it is written
 * @until:	last day on which it is valid, as 20261231
 */
struct waived {
	const char *rule;
	const char *vm;
	const char *reason;
	const char *link;
	uint32_t until;
	uint64_t used;
};

int rules_parse(struct rules **rules, const char *text, size_t len,
		struct rules_error *err);
void rules_free(struct rules *r);
void rules_host(struct rules *r, const struct rules_host *host);
int rules_event(struct rules *r, const struct event *e);
int rules_end(struct rules *r, uint64_t now);

size_t rules_nr(const struct rules *r);
const char *rules_name(const struct rules *r, size_t rule);
const char *rules_says(const struct rules *r, size_t rule);
uint32_t rules_needs(const struct rules *r, size_t rule);
bool rules_certain(const struct rules *r, size_t rule);
bool rules_countable(const struct rules *r, size_t rule);

enum waiver rules_waiver(struct rules *r, const char *rule, int32_t vm,
			 uint32_t today);
size_t rules_nr_waivers(const struct rules *r);
struct waived rules_get_waiver(const struct rules *r, size_t waiver);

#endif /* S2STAT_RULES_H */
