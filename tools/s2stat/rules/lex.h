/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a rules file.
 */
#ifndef S2STAT_RULES_LEX_H
#define S2STAT_RULES_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
	TOKEN_END,
	TOKEN_WORD, /* letters, digits, _ and . */
	TOKEN_NUMBER,
	TOKEN_SPAN, /* a time: 500ms, 1s, 5m, 1h, in ns */
	TOKEN_DATE, /* 2026-12-31, as 20261231 */
	TOKEN_STRING, /* between quotes */
	TOKEN_OP, /* == != < <= > >= + - * / ( ) , : */
	TOKEN_BAD,
};

#define TOKEN_MAX 128

/**
 * struct token - one word
 * @text:	the word, without quotes; of TOKEN_BAD: what is wrong
 * @line:	where it begins, from 1
 * @column:	likewise, in bytes
 * @number:	the value of a number, a time, a date
 */
struct token {
	enum token_kind kind;
	char text[TOKEN_MAX];
	unsigned int line;
	unsigned int column;
	double number;
};

/**
 * struct lexer - a text and how far it has been read
 */
struct lexer {
	const char *text;
	size_t len;
	size_t at;
	size_t line_start;
	unsigned int line;
};

void lex_begin(struct lexer *l, const char *text, size_t len);
struct token lex_next(struct lexer *l);

#endif /* S2STAT_RULES_LEX_H */
