// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a rules file word by word. See lex.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lex.h"

void lex_begin(struct lexer *l, const char *text, size_t len)
{
	*l = (struct lexer){ .text = text, .len = len, .line = 1 };
}

static int peek(const struct lexer *l, size_t ahead)
{
	size_t at = l->at + ahead;

	return at < l->len ? (unsigned char)l->text[at] : -1;
}

static void newline(struct lexer *l)
{
	l->line++;
	l->line_start = l->at + 1;
}

static void skip_blanks(struct lexer *l)
{
	for (; l->at < l->len; l->at++) {
		int c = peek(l, 0);

		if (c == '#')
			while (peek(l, 1) >= 0 && peek(l, 1) != '\n')
				l->at++;
		else if (c == '\n')
			newline(l);
		else if (c != ' ' && c != '\t' && c != '\r')
			return;
	}
}

static void bad(struct token *t, const char *what)
{
	t->kind = TOKEN_BAD;
	snprintf(t->text, sizeof(t->text), "%s", what);
}

static bool is_word(int c)
{
	return c >= 0 && (isalnum(c) || c == '_' || c == '.');
}

/* The bytes from here on that belong together; false: too many. */
static bool take_word(struct lexer *l, struct token *t)
{
	size_t n = 0;

	while (is_word(peek(l, 0))) {
		if (n == TOKEN_MAX - 1)
			return false;
		t->text[n++] = peek(l, 0);
		l->at++;
	}
	t->text[n] = 0;
	return true;
}

/* A date has two more parts: YYYY-MM-DD. */
static bool take_date(struct lexer *l, struct token *t)
{
	unsigned int y, m, d;
	char text[11] = "";

	for (int i = 0; i < 10; i++) {
		if (peek(l, i) < 0)
			return false;
		text[i] = peek(l, i);
		if (i == 4 || i == 7 ? text[i] != '-' :
				       !isdigit((unsigned char)text[i]))
			return false;
	}
	if (is_word(peek(l, 10)))
		return false;
	sscanf(text, "%4u-%2u-%2u", &y, &m, &d);
	l->at += 10;
	memcpy(t->text, text, sizeof(text));
	t->kind = TOKEN_DATE;
	t->number = y * 10000 + m * 100 + d;
	if (!m || m > 12 || !d || d > 31)
		bad(t, "there is no such date");
	return true;
}

/* A number, or a number with a unit of time. */
static void take_number(struct lexer *l, struct token *t)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 },  { "us", 1e3 }, { "ms", 1e6 },
		      { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 } };
	char *end;

	if (take_date(l, t))
		return;
	if (!take_word(l, t)) {
		bad(t, "a number is too long");
		return;
	}
	t->number = strncasecmp(t->text, "0x", 2) ?
			    strtod(t->text, &end) :
			    (double)strtoull(t->text, &end, 16);
	t->kind = TOKEN_NUMBER;
	if (!*end)
		return;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name))
			continue;
		t->kind = TOKEN_SPAN;
		t->number *= units[i].ns;
		return;
	}
	bad(t, "this is neither a number nor a time (500ms, 1s, 5m, 1h)");
}

static void take_string(struct lexer *l, struct token *t)
{
	size_t n = 0;

	t->kind = TOKEN_STRING;
	for (l->at++; peek(l, 0) != '"'; l->at++) {
		if (peek(l, 0) < 0 || peek(l, 0) == '\n') {
			bad(t, "a quote is missing at the end of this");
			return;
		}
		if (n == TOKEN_MAX - 1) {
			bad(t, "this is too long");
			return;
		}
		t->text[n++] = peek(l, 0);
	}
	t->text[n] = 0;
	l->at++;
}

static void take_op(struct lexer *l, struct token *t)
{
	int c = peek(l, 0), next = peek(l, 1);

	t->kind = TOKEN_OP;
	t->text[0] = c;
	t->text[1] = 0;
	l->at++;
	if (strchr("=!<>", c) && next == '=') {
		t->text[1] = '=';
		t->text[2] = 0;
		l->at++;
	} else if (c <= 0 || !strchr("<>+-*/(),:", c)) {
		bad(t, "this character means nothing here");
	}
}

/** lex_next() - the next word; TOKEN_END from the end of the text on */
struct token lex_next(struct lexer *l)
{
	struct token t = { .kind = TOKEN_END };
	int c;

	skip_blanks(l);
	t.line = l->line;
	t.column = l->at - l->line_start + 1;
	c = peek(l, 0);
	if (c < 0)
		return t;
	if (isdigit(c)) {
		take_number(l, &t);
	} else if (c == '"') {
		take_string(l, &t);
	} else if (is_word(c)) {
		t.kind = TOKEN_WORD;
		if (!take_word(l, &t))
			bad(&t, "this word is too long");
	} else {
		take_op(l, &t);
	}
	return t;
}
