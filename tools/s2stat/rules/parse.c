// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a rules file. The grammar is in docs/rules.md; what is wrong is told
 * with its line and column, and nothing is kept of such a file.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MOST_NESTED 16

/**
 * struct parser - how far it is
 * @t:		the word at hand
 * @depth:	open parentheses
 */
struct parser {
	struct lexer lexer;
	struct token t;
	struct rules *rules;
	struct rules_error *err;
	unsigned int depth;
};

__attribute__((format(printf, 3, 4))) static int
wrong_at(struct parser *p, const struct token *t, const char *fmt, ...)
{
	va_list ap;

	p->err->line = t->line;
	p->err->column = t->column;
	va_start(ap, fmt);
	vsnprintf(p->err->text, sizeof(p->err->text), fmt, ap);
	va_end(ap);
	return -1;
}

#define wrong(p, ...) wrong_at(p, &(p)->t, __VA_ARGS__)

static int next(struct parser *p)
{
	p->t = lex_next(&p->lexer);
	return p->t.kind == TOKEN_BAD ? wrong(p, "%s", p->t.text) : 0;
}

static bool is(const struct parser *p, const char *text)
{
	return (p->t.kind == TOKEN_WORD || p->t.kind == TOKEN_OP) &&
	       !strcmp(p->t.text, text);
}

static const char *shown(const struct parser *p)
{
	return p->t.kind == TOKEN_END ? "the end of the file" : p->t.text;
}

static int expect(struct parser *p, const char *text)
{
	if (!is(p, text))
		return wrong(p, "'%s' is expected here, not '%s'", text,
			     shown(p));
	return next(p);
}

static int take(struct parser *p, enum token_kind kind, const char *what,
		char *into)
{
	if (p->t.kind != kind)
		return wrong(p, "%s is expected here, not '%s'", what,
			     shown(p));
	if (into)
		memcpy(into, p->t.text, TOKEN_MAX);
	return next(p);
}

static int add_step(struct parser *p, struct expr *e, struct expr_step step)
{
	if (e->nr == MOST_STEPS)
		return wrong(p, "this is too long");
	e->step[e->nr++] = step;
	return 0;
}

static int parse_sum(struct parser *p, struct expr *e);

static int parse_operand(struct parser *p, struct expr *e)
{
	struct expr_step step = { .kind = STEP_NUMBER };

	if (is(p, "(")) {
		if (++p->depth > MOST_NESTED)
			return wrong(p, "there are too many parentheses");
		if (next(p) || parse_sum(p, e))
			return -1;
		p->depth--;
		return expect(p, ")");
	}
	if (p->t.kind == TOKEN_NUMBER) {
		step.number = p->t.number;
	} else if (p->t.kind == TOKEN_SPAN) {
		step.number = p->t.number / 1e9;
	} else if (p->t.kind == TOKEN_WORD) {
		step.kind = STEP_VALUE;
		step.counter = counter_find(p->t.text);
		if (step.counter < 0)
			return wrong(p, "there is no counter '%s'", p->t.text);
	} else {
		return wrong(p,
			     "a number or a counter is expected here, not '%s'",
			     shown(p));
	}
	return add_step(p, e, step) || next(p) ? -1 : 0;
}

static int parse_product(struct parser *p, struct expr *e)
{
	if (parse_operand(p, e))
		return -1;
	while (is(p, "*") || is(p, "/")) {
		struct expr_step step = { .kind = is(p, "*") ? STEP_MUL :
							       STEP_DIV };

		if (next(p) || parse_operand(p, e) || add_step(p, e, step))
			return -1;
	}
	return 0;
}

static int parse_sum(struct parser *p, struct expr *e)
{
	if (parse_product(p, e))
		return -1;
	while (is(p, "+") || is(p, "-")) {
		struct expr_step step = { .kind = is(p, "+") ? STEP_ADD :
							       STEP_SUB };

		if (next(p) || parse_product(p, e) || add_step(p, e, step))
			return -1;
	}
	return 0;
}

static int parse_compare(struct parser *p, enum compare *how)
{
	static const enum compare all[] = {
		EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!is(p, compare_name(all[i])))
			continue;
		*how = all[i];
		return next(p);
	}
	return wrong(
		p, "a comparison (== != < <= > >=) is expected here, not '%s'",
		shown(p));
}

/* A word of the argument's enumeration, or a number. */
static int parse_value(struct parser *p, struct condition *c)
{
	if (p->t.kind == TOKEN_NUMBER) {
		c->value = p->t.number;
		return next(p);
	}
	if (p->t.kind != TOKEN_WORD)
		return wrong(p, "a value is expected here, not '%s'", shown(p));
	for (uint64_t n = 0;; n++) {
		const char *word = event_word(c->arg->show, n);

		if (!word)
			return wrong(p, "'%s' is no %s", p->t.text,
				     c->arg->name);
		if (strcmp(word, p->t.text))
			continue;
		c->value = n;
		return next(p);
	}
}

static int parse_condition(struct parser *p, struct rule *r)
{
	const struct event_desc *desc = &event_descs[r->event];
	struct condition *c = &r->condition[r->nr_conditions];

	if (r->nr_conditions == MOST_CONDITIONS)
		return wrong(p, "there are too many conditions");
	for (size_t i = 0; i < desc->nr_args && !c->arg; i++)
		if (p->t.kind == TOKEN_WORD &&
		    !strcmp(desc->arg[i].name, p->t.text))
			c->arg = &desc->arg[i];
	if (!c->arg)
		return wrong(p, "%s has no argument '%s'", desc->name,
			     shown(p));
	r->nr_conditions++;
	return next(p) || parse_compare(p, &c->compare) || parse_value(p, c) ?
		       -1 :
		       0;
}

/* never EVENT [with CONDITION {and CONDITION}] */
static int parse_never(struct parser *p, struct rule *r)
{
	r->kind = RULE_NEVER;
	if (next(p))
		return -1;
	r->event = p->t.kind == TOKEN_WORD ? event_find(p->t.text) : -1;
	if (r->event < 0 || r->event >= EV_NR_S2)
		return wrong(p, "there is no event '%s'", shown(p));
	if (next(p))
		return -1;
	if (!is(p, "with"))
		return 0;
	do {
		if (next(p) || parse_condition(p, r))
			return -1;
	} while (is(p, "and"));
	return 0;
}

static int check_sums(struct parser *p, const struct token *at,
		      const struct expr *e)
{
	for (size_t i = 0; i < e->nr; i++)
		if (e->step[i].kind == STEP_VALUE &&
		    !counter_is_sum(e->step[i].counter))
			return wrong_at(
				p, at,
				"%s is a value of the moment: it has no window",
				counter_name(e->step[i].counter));
	return 0;
}

/* at destroy, at end, over TIME */
static int parse_when(struct parser *p, struct rule *r, const struct token *at)
{
	if (is(p, "at")) {
		if (next(p))
			return -1;
		if (!is(p, "destroy") && !is(p, "end"))
			return wrong(
				p,
				"'destroy' or 'end' is expected here, not '%s'",
				shown(p));
		r->kind = is(p, "destroy") ? RULE_AT_DESTROY : RULE_AT_END;
		if (r->all && r->kind == RULE_AT_DESTROY)
			return wrong(
				p,
				"'for all' has no destruction: say 'at end'");
		return next(p);
	}
	if (expect(p, "over"))
		return -1;
	r->kind = RULE_OVER;
	if (p->t.kind != TOKEN_SPAN || p->t.number < 1e6 ||
	    p->t.number > 86400e9)
		return wrong(
			p, "a time from 1ms to 24h is expected here, not '%s'",
			shown(p));
	r->window = p->t.number;
	if (check_sums(p, at, &r->left) || check_sums(p, at, &r->right))
		return -1;
	return next(p);
}

static int parse_assertion(struct parser *p, struct rule *r)
{
	const struct token at = p->t;

	if (is(p, "never"))
		return parse_never(p, r);
	if (parse_sum(p, &r->left) || parse_compare(p, &r->compare) ||
	    parse_sum(p, &r->right))
		return -1;
	return parse_when(p, r, &at);
}

/* for vm "PATTERN", for each, for all */
static int parse_whom(struct parser *p, struct rule *r)
{
	if (!is(p, "for"))
		return 0;
	if (next(p))
		return -1;
	if (is(p, "each") || is(p, "all")) {
		r->all = is(p, "all");
		return next(p);
	}
	if (expect(p, "vm"))
		return -1;
	return take(p, TOKEN_STRING, "a pattern in quotes", r->vm);
}

/* The text of the rule, blanks and comments as they are, in one line. */
static void quote(const struct parser *p, struct rule *r, size_t from)
{
	size_t n = 0, to = p->lexer.at - strlen(p->t.text);

	if (p->t.kind == TOKEN_END)
		to = p->lexer.len;
	while (from < to && (unsigned char)p->lexer.text[from] <= ' ')
		from++;
	for (; from < to && n < sizeof(r->says) - 1; from++) {
		char c = p->lexer.text[from];

		if (c == '\n' || c == '#')
			break;
		if ((unsigned char)c < ' ')
			c = ' ';
		r->says[n++] = c;
	}
	while (n && r->says[n - 1] == ' ')
		n--;
	r->says[n] = 0;
}

static int parse_rule(struct parser *p)
{
	struct rules *rs = p->rules;
	struct rule *r = &rs->rule[rs->nr];
	struct token name;
	size_t from;

	if (rs->nr == MOST_RULES)
		return wrong(p, "there are more than %d rules", MOST_RULES);
	if (next(p))
		return -1;
	name = p->t;
	if (take(p, TOKEN_WORD, "the rule's name", r->name))
		return -1;
	for (size_t i = 0; i < rs->nr; i++)
		if (!strcmp(rs->rule[i].name, r->name))
			return wrong_at(p, &name,
					"there is a rule '%s' already",
					r->name);
	if (parse_whom(p, r))
		return -1;
	from = p->lexer.at + 1;
	if (expect(p, ":") || parse_assertion(p, r))
		return -1;
	quote(p, r, from);
	rs->nr++;
	return 0;
}

/* waive NAME for "VM" until DATE because "REASON" [see "LINK"] */
static int parse_waiver(struct parser *p)
{
	struct rules *rs = p->rules;
	struct waiver_rule *w = &rs->waiver[rs->nr_waivers];

	if (rs->nr_waivers == MOST_WAIVERS)
		return wrong(p, "there are more than %d waivers", MOST_WAIVERS);
	if (next(p) || take(p, TOKEN_WORD, "a rule or invariant", w->rule) ||
	    expect(p, "for") ||
	    take(p, TOKEN_STRING, "a pattern of VMs in quotes", w->vm) ||
	    expect(p, "until"))
		return -1;
	w->until = p->t.number;
	if (take(p, TOKEN_DATE, "a date (2026-12-31)", NULL) ||
	    expect(p, "because") ||
	    take(p, TOKEN_STRING, "a reason in quotes", w->reason))
		return -1;
	if (!w->reason[0])
		return wrong(p, "a waiver needs a reason");
	if (is(p, "see") &&
	    (next(p) || take(p, TOKEN_STRING, "a link in quotes", w->link)))
		return -1;
	rs->nr_waivers++;
	return 0;
}

static int parse_file(struct parser *p)
{
	if (next(p))
		return -1;
	while (p->t.kind != TOKEN_END) {
		int err;

		if (is(p, "rule"))
			err = parse_rule(p);
		else if (is(p, "waive"))
			err = parse_waiver(p);
		else
			err = wrong(
				p,
				"'rule' or 'waive' is expected here, not '%s'",
				shown(p));
		if (err)
			return err;
	}
	return 0;
}

/**
 * rules_parse() - reads a rules file
 * @text:	anything at all
 * @err:	filled if it is wrong
 *
 * Return: 0 or -1.
 */
int rules_parse(struct rules **rules, const char *text, size_t len,
		struct rules_error *err)
{
	struct rules *r = calloc(1, sizeof(*r));
	struct parser p = { .rules = r, .err = err };

	*err = (struct rules_error){ .line = 1, .column = 1 };
	if (r) {
		r->rule = calloc(MOST_RULES + 1, sizeof(*r->rule));
		r->waiver = calloc(MOST_WAIVERS + 1, sizeof(*r->waiver));
	}
	if (!r || !r->rule || !r->waiver) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		rules_free(r);
		return -1;
	}
	lex_begin(&p.lexer, text, len);
	if (parse_file(&p)) {
		rules_free(r);
		return -1;
	}
	*rules = r;
	return 0;
}
