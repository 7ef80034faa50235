/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parser makes of a rules file and the evaluation goes by.
 */
#ifndef S2STAT_RULES_INTERNAL_H
#define S2STAT_RULES_INTERNAL_H

#include "../model/map.h"
#include "counter.h"
#include "lex.h"
#include "rules.h"

#define MOST_STEPS 32 /* of an expression */
#define MOST_CONDITIONS 8
#define MOST_RULES 256
#define MOST_WAIVERS 1024
/* A window moves by so many parts of itself. */
#define PARTS 10

enum compare { EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL };

/* An expression, operands before what is done with them. */
struct expr_step {
	enum {
		STEP_NUMBER,
		STEP_VALUE,
		STEP_ADD,
		STEP_SUB,
		STEP_MUL,
		STEP_DIV
	} kind;
	double number;
	int counter;
};

struct expr {
	struct expr_step step[MOST_STEPS];
	size_t nr;
};

/* An argument of an event against a number. */
struct condition {
	const struct event_arg *arg;
	enum compare compare;
	double value;
};

enum rule_kind {
	RULE_AT_DESTROY,
	RULE_AT_END,
	RULE_OVER,
	RULE_NEVER,
};

/**
 * struct rule - one assertion
 * @says:	as it is written
 * @vm:		pattern; empty: each
 * @all:	the host's sums
 * @window:	of RULE_OVER, in ns
 * @event:	of RULE_NEVER
 */
struct rule {
	char name[TOKEN_MAX];
	char says[256];
	char vm[TOKEN_MAX];
	bool all;
	enum rule_kind kind;
	struct expr left;
	struct expr right;
	enum compare compare;
	uint64_t window;
	int event;
	struct condition condition[MOST_CONDITIONS];
	size_t nr_conditions;
};

struct waiver_rule {
	char rule[TOKEN_MAX];
	char vm[TOKEN_MAX];
	char reason[TOKEN_MAX];
	char link[TOKEN_MAX];
	uint32_t until;
	uint64_t used;
};

/**
 * struct window - sums of one rule at the ends of the last parts
 * @sum:	by part, for each step of the two expressions
 * @parts:	that have ended
 * @next:	when the present one does
 * @broken:	it was in the last one: told once, until it holds again
 */
struct window {
	double (*sum)[2 * MOST_STEPS];
	uint64_t parts;
	uint64_t next;
	bool broken;
};

/**
 * struct subject - what rules are about: one MMU, or all
 * @fault:	by pid, number of the s2_fault_begin's event
 * @window:	by rule
 */
struct subject {
	uint64_t mmu;
	int32_t vm;
	struct counters counters;
	struct map fault;
	struct window *window;
};

struct rules {
	struct rule *rule;
	size_t nr;
	struct waiver_rule *waiver;
	size_t nr_waivers;
	struct rules_host host;
	struct subject all;
	struct map subjects;
	bool over;
};

bool compare(double a, enum compare how, double b);
const char *compare_name(enum compare how);

#endif /* S2STAT_RULES_INTERNAL_H */
