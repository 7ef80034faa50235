// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds rules against events. See rules.h.
 *
 * A window moves in tenths of its length, so it sees between nine tenths and
 * all of any such span of time.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

bool compare(double a, enum compare how, double b)
{
	switch (how) {
	case EQUAL:
		return a == b;
	case UNEQUAL:
		return a != b;
	case LESS:
		return a < b;
	case LESS_EQUAL:
		return a <= b;
	case GREATER:
		return a > b;
	case GREATER_EQUAL:
		return a >= b;
	}
	return false;
}

const char *compare_name(enum compare how)
{
	static const char *const names[] = { "==", "!=", "<", "<=", ">", ">=" };

	return names[how];
}

/* @value: of each step that asks for one. Dividing by 0 makes 0. */
static double evaluate(const struct expr *e, const double *value)
{
	double stack[MOST_STEPS];
	size_t n = 0;

	for (size_t i = 0; i < e->nr; i++) {
		const struct expr_step *s = &e->step[i];

		if (s->kind == STEP_NUMBER || s->kind == STEP_VALUE) {
			stack[n++] = s->kind == STEP_NUMBER ? s->number :
							      value[i];
			continue;
		}
		n--;
		if (s->kind == STEP_ADD)
			stack[n - 1] += stack[n];
		else if (s->kind == STEP_SUB)
			stack[n - 1] -= stack[n];
		else if (s->kind == STEP_MUL)
			stack[n - 1] *= stack[n];
		else
			stack[n - 1] = stack[n] ? stack[n - 1] / stack[n] : 0;
	}
	return n ? stack[0] : 0;
}

/* The values that both sides ask for; the right side's behind the left's. */
static void read_values(const struct rule *r, const struct counters *c,
			double *value)
{
	for (size_t i = 0; i < r->left.nr; i++)
		if (r->left.step[i].kind == STEP_VALUE)
			value[i] = counter_value(c, r->left.step[i].counter);
	for (size_t i = 0; i < r->right.nr; i++)
		if (r->right.step[i].kind == STEP_VALUE)
			value[MOST_STEPS + i] =
				counter_value(c, r->right.step[i].counter);
}

static void tell(struct rules *rs, size_t rule, const struct subject *s,
		 const struct event *e, const char *what)
{
	const struct rules_finding f = {
		.rule = rule,
		.mmu = s->mmu,
		.vm = s->vm,
		.event = e,
		.what = what,
	};

	if (rs->host.found)
		rs->host.found(&f, rs->host.arg);
}

static bool names_vm(const struct rules *rs, const char *pattern, int32_t vm)
{
	const char *name =
		rs->host.vm_name ? rs->host.vm_name(vm, rs->host.arg) : NULL;
	char tgid[16];

	snprintf(tgid, sizeof(tgid), "%d", vm);
	return !strcmp(pattern, tgid) ||
	       !fnmatch(pattern, name ? name : tgid, 0);
}

/* Is the rule about this subject? */
static bool is_about(const struct rules *rs, const struct rule *r,
		     const struct subject *s)
{
	if (r->all != !s->mmu)
		return false;
	return !r->vm[0] || names_vm(rs, r->vm, s->vm);
}

/* Says what was found; true: the rule holds. */
static bool holds(const struct rule *r, const double *value, char *text,
		  size_t size)
{
	double a = evaluate(&r->left, value);
	double b = evaluate(&r->right, value + MOST_STEPS);

	if (compare(a, r->compare, b))
		return true;
	snprintf(text, size, "%.12g %s %.12g does not hold: %s", a,
		 compare_name(r->compare), b, r->says);
	return false;
}

static void judge_now(struct rules *rs, size_t rule, struct subject *s,
		      const struct event *e)
{
	double value[2 * MOST_STEPS] = { 0 };
	char text[384];

	read_values(&rs->rule[rule], &s->counters, value);
	if (!holds(&rs->rule[rule], value, text, sizeof(text)))
		tell(rs, rule, s, e, text);
}

/* At this point, all rules of this kind that are about the subject. */
static void judge_at(struct rules *rs, enum rule_kind kind, struct subject *s,
		     const struct event *e)
{
	for (size_t i = 0; i < rs->nr; i++)
		if (rs->rule[i].kind == kind && is_about(rs, &rs->rule[i], s))
			judge_now(rs, i, s, e);
}

/* Fewer is a breach only once a whole window has passed. */
static bool wants_more(const struct rule *r)
{
	return r->compare == GREATER || r->compare == GREATER_EQUAL ||
	       r->compare == EQUAL;
}

static void judge_window(struct rules *rs, size_t rule, struct subject *s,
			 const struct event *e)
{
	const struct rule *r = &rs->rule[rule];
	struct window *w = &s->window[rule];
	const double *from = w->sum[(w->parts + 1) % PARTS];
	double value[2 * MOST_STEPS] = { 0 };
	char text[384];

	read_values(r, &s->counters, value);
	for (size_t i = 0; w->parts >= PARTS - 1 && i < 2 * MOST_STEPS; i++)
		value[i] -= from[i];
	if (w->parts < PARTS && wants_more(r))
		return;
	if (holds(r, value, text, sizeof(text))) {
		w->broken = false;
	} else if (!w->broken) {
		w->broken = true;
		tell(rs, rule, s, e, text);
	}
}

/* A part of the window has ended: its sums are kept. */
static void end_part(struct rules *rs, size_t rule, struct subject *s,
		     const struct event *e)
{
	const struct rule *r = &rs->rule[rule];
	struct window *w = &s->window[rule];
	uint64_t part = r->window / PARTS, missed;

	judge_window(rs, rule, s, e);
	w->parts++;
	read_values(r, &s->counters, w->sum[w->parts % PARTS]);
	w->next += part;
	/* Nothing happened for long: the window is empty, and was judged. */
	missed = e->time >= w->next ? (e->time - w->next) / part + 1 : 0;
	for (uint64_t i = 0; i < missed && i < PARTS; i++) {
		w->parts++;
		memcpy(w->sum[w->parts % PARTS], w->sum[(w->parts - 1) % PARTS],
		       sizeof(*w->sum));
		judge_window(rs, rule, s, e);
	}
	w->next += missed * part;
}

static int begin_window(struct window *w, uint64_t part, uint64_t now)
{
	w->sum = calloc(PARTS, sizeof(*w->sum));
	w->next = now + part;
	return w->sum ? 0 : -ENOMEM;
}

static int pass_windows(struct rules *rs, struct subject *s,
			const struct event *e)
{
	for (size_t i = 0; i < rs->nr; i++) {
		const struct rule *r = &rs->rule[i];
		struct window *w = &s->window[i];

		if (r->kind != RULE_OVER || !is_about(rs, r, s))
			continue;
		if (!w->sum && begin_window(w, r->window / PARTS, e->time))
			return -ENOMEM;
		if (e->time >= w->next)
			end_part(rs, i, s, e);
	}
	return 0;
}

/*
 * The last part is not over when the subject is: what was too much in it, is.
 * Too little it may have been for want of time.
 */
static void end_windows(struct rules *rs, struct subject *s,
			const struct event *e)
{
	for (size_t i = 0; s->window && i < rs->nr; i++)
		if (s->window[i].sum && !wants_more(&rs->rule[i]))
			judge_window(rs, i, s, e);
}

static bool meets(const struct rule *r, const struct event *e)
{
	for (size_t i = 0; i < r->nr_conditions; i++) {
		const struct condition *c = &r->condition[i];
		uint64_t raw = event_arg(e, c->arg);
		double v = c->arg->type == ARG_u64 ? (double)raw :
						     (double)(int64_t)raw;

		if (!compare(v, c->compare, c->value))
			return false;
	}
	return true;
}

static void judge_event(struct rules *rs, struct subject *s,
			const struct event *e)
{
	for (size_t i = 0; i < rs->nr; i++) {
		const struct rule *r = &rs->rule[i];

		if (r->kind == RULE_NEVER && (uint32_t)r->event == e->type &&
		    (r->all || is_about(rs, r, s)) && meets(r, e))
			tell(rs, i, s, e, r->says);
	}
}

/* How many events of the MMU a fault took, by their numbers. */
static int time_fault(struct rules *rs, struct subject *s,
		      const struct event *e)
{
	uintptr_t from;

	if (e->type == EV_s2_fault_begin)
		return map_set(&s->fault, (uint32_t)e->pid,
			       (void *)(uintptr_t)(e->seq ? e->seq : 1));
	if (e->type != EV_s2_fault_end)
		return 0;
	from = (uintptr_t)map_get(&s->fault, (uint32_t)e->pid);
	map_del(&s->fault, (uint32_t)e->pid);
	if (!from || e->seq < from)
		return 0;
	counters_fault(&s->counters, e->seq - from);
	counters_fault(&rs->all.counters, e->seq - from);
	return 0;
}

static void subject_free(struct rules *rs, struct subject *s)
{
	for (size_t i = 0; s->window && i < rs->nr; i++)
		free(s->window[i].sum);
	free(s->window);
	map_free(&s->fault);
}

static struct subject *subject_of(struct rules *rs, const struct event *e)
{
	struct subject *s = map_get(&rs->subjects, e->mmu);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->mmu = e->mmu;
	s->vm = e->vm;
	s->window = calloc(rs->nr + 1, sizeof(*s->window));
	if (!s->window || map_set(&rs->subjects, e->mmu, s)) {
		subject_free(rs, s);
		free(s);
		return NULL;
	}
	return s;
}

static void destroy(struct rules *rs, struct subject *s, const struct event *e)
{
	end_windows(rs, s, e);
	judge_at(rs, RULE_AT_DESTROY, s, e);
	judge_at(rs, RULE_AT_END, s, e);
	map_del(&rs->subjects, s->mmu);
	subject_free(rs, s);
	free(s);
}

/** rules_host() - whom to tell, and whom to ask for names */
void rules_host(struct rules *r, const struct rules_host *host)
{
	r->host = *host;
}

/**
 * rules_event() - the next event of the stream
 *
 * Return: 0 or -ENOMEM.
 */
int rules_event(struct rules *rs, const struct event *e)
{
	struct subject *s;

	if (!event_is_s2(e) && e->type != EV_snap_mmu)
		return 0;
	if (!rs->all.window) {
		rs->all.window = calloc(rs->nr + 1, sizeof(*rs->all.window));
		if (!rs->all.window)
			return -ENOMEM;
	}
	s = subject_of(rs, e);
	if (!s || pass_windows(rs, s, e) || pass_windows(rs, &rs->all, e))
		return -ENOMEM;
	counters_event(&s->counters, e);
	counters_event(&rs->all.counters, e);
	if (time_fault(rs, s, e))
		return -ENOMEM;
	judge_event(rs, s, e);
	if (e->type == EV_s2_mmu_free)
		destroy(rs, s, e);
	return 0;
}

static int compare_subjects(const void *a, const void *b)
{
	const struct subject *x = *(struct subject *const *)a;
	const struct subject *y = *(struct subject *const *)b;

	return (x->mmu > y->mmu) - (x->mmu < y->mmu);
}

/**
 * rules_end() - the stream is over
 *
 * Return: 0 or -ENOMEM.
 */
int rules_end(struct rules *rs, uint64_t now)
{
	struct subject **s = calloc(rs->subjects.used + 1, sizeof(*s));
	struct event end = { .type = EV_stream_end, .time = now };
	size_t n = 0, i;

	if (!s)
		return -ENOMEM;
	map_for_each(i, &rs->subjects) s[n++] = rs->subjects.slot[i].value;
	qsort(s, n, sizeof(*s), compare_subjects);
	for (i = 0; i < n; i++) {
		end.mmu = s[i]->mmu;
		end.vm = s[i]->vm;
		end_windows(rs, s[i], &end);
		judge_at(rs, RULE_AT_END, s[i], &end);
	}
	free(s);
	end.mmu = end.vm = 0;
	end_windows(rs, &rs->all, &end);
	judge_at(rs, RULE_AT_END, &rs->all, &end);
	return 0;
}

/** rules_free() - frees the rules and what they counted */
void rules_free(struct rules *r)
{
	size_t i;

	if (!r)
		return;
	map_for_each(i, &r->subjects)
	{
		subject_free(r, r->subjects.slot[i].value);
		free(r->subjects.slot[i].value);
	}
	map_free(&r->subjects);
	subject_free(r, &r->all);
	free(r->rule);
	free(r->waiver);
	free(r);
}

/** rules_nr() - how many rules there are */
size_t rules_nr(const struct rules *r)
{
	return r->nr;
}

/** rules_name() - the name of one */
const char *rules_name(const struct rules *r, size_t rule)
{
	return r->rule[rule].name;
}

/** rules_says() - its assertion, as it is written */
const char *rules_says(const struct rules *r, size_t rule)
{
	return r->rule[rule].says;
}

static uint32_t needs_of(const struct expr *e)
{
	const uint32_t faults = 1u << EV_s2_fault_begin | 1u << EV_s2_fault_end;
	uint32_t needs = 0;

	for (size_t i = 0; i < e->nr; i++) {
		int c = e->step[i].counter;

		if (e->step[i].kind != STEP_VALUE)
			continue;
		if (c == COUNT_SETS)
			needs |= 1u << EV_s2_set;
		else if (c == COUNT_CLEARS)
			needs |= 1u << EV_s2_clear;
		else if (c == COUNT_TABLES_ALLOC || c == COUNT_TABLES_FREED ||
			 c == VALUE_TABLES_LIVE)
			needs |= 1u << EV_s2_table_alloc |
				 1u << EV_s2_table_free;
		else if (c == COUNT_VMID_ASSIGNS)
			needs |= 1u << EV_s2_vmid_assign;
		else if (c == COUNT_ROLLOVERS)
			needs |= 1u << EV_s2_vmid_rollover;
		else if (c >= COUNT_FLUSHES && c < COUNT_FAULTS)
			needs |= 1u << EV_s2_flush;
		else if (c != VALUE_LIFETIME)
			needs |= faults;
	}
	return needs;
}

/** rules_needs() - events without which a rule cannot be judged, by type */
uint32_t rules_needs(const struct rules *r, size_t rule)
{
	const struct rule *one = &r->rule[rule];
	uint32_t needs = needs_of(&one->left) | needs_of(&one->right);

	if (one->kind == RULE_NEVER)
		needs |= 1u << one->event;
	if (one->kind == RULE_AT_DESTROY)
		needs |= 1u << EV_s2_mmu_free;
	return needs;
}

/* Events only add to it. */
static bool only_grows(const struct expr *e)
{
	for (size_t i = 0; i < e->nr; i++)
		if ((e->step[i].kind == STEP_VALUE &&
		     !counter_is_sum(e->step[i].counter)) ||
		    e->step[i].kind == STEP_SUB || e->step[i].kind == STEP_DIV)
			return false;
	return true;
}

static bool is_number(const struct expr *e)
{
	for (size_t i = 0; i < e->nr; i++)
		if (e->step[i].kind == STEP_VALUE)
			return false;
	return true;
}

/**
 * rules_certain() - is a finding one whatever events are missing?
 *
 * So it is if an event itself is the breach, and if there was too much already.
 */
bool rules_certain(const struct rules *r, size_t rule)
{
	const struct rule *one = &r->rule[rule];

	return one->kind == RULE_NEVER ||
	       ((one->compare == LESS || one->compare == LESS_EQUAL) &&
		only_grows(&one->left) && is_number(&one->right));
}

/* Why a flush was made, and what lies within a fault, no counter tells. */
static bool is_counted(const struct expr *e)
{
	for (size_t i = 0; i < e->nr; i++) {
		int c = e->step[i].counter;

		if (e->step[i].kind != STEP_VALUE)
			continue;
		if ((c >= COUNT_FLUSH_REASON && c < COUNT_FLUSH_SCOPE) ||
		    c == COUNT_FAULTS_AGAIN ||
		    (c > VALUE_LIFETIME && c < NR_VALUES))
			return false;
	}
	return true;
}

/**
 * rules_countable() - can the rule be judged by the sums of flushes and faults,
 * without the events themselves?
 */
bool rules_countable(const struct rules *r, size_t rule)
{
	const struct rule *one = &r->rule[rule];

	return one->kind != RULE_NEVER && is_counted(&one->left) &&
	       is_counted(&one->right);
}

/**
 * rules_waiver() - is a finding waived?
 * @rule:	name of the rule or invariant
 * @vm:		whose finding it is
 * @today:	as 20261231
 */
enum waiver rules_waiver(struct rules *r, const char *rule, int32_t vm,
			 uint32_t today)
{
	enum waiver found = WAIVER_NONE;

	for (size_t i = 0; i < r->nr_waivers; i++) {
		struct waiver_rule *w = &r->waiver[i];

		if (strcmp(w->rule, rule) || !names_vm(r, w->vm, vm))
			continue;
		w->used++;
		if (w->until >= today)
			return WAIVER_VALID;
		found = WAIVER_EXPIRED;
	}
	return found;
}

/** rules_nr_waivers() - how many there are */
size_t rules_nr_waivers(const struct rules *r)
{
	return r->nr_waivers;
}

/** rules_get_waiver() - one of them */
struct waived rules_get_waiver(const struct rules *r, size_t waiver)
{
	const struct waiver_rule *w = &r->waiver[waiver];

	return (struct waived){
		.rule = w->rule,
		.vm = w->vm,
		.reason = w->reason,
		.link = w->link,
		.until = w->until,
		.used = w->used,
	};
}
