/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A screenful of characters in memory: composed by the views, painted by
 * term/term.c, read by tests. Writing beyond an edge is cut off.
 */
#ifndef S2STAT_VIEW_SCREEN_H
#define S2STAT_VIEW_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_HEAD, /* column heads */
	STYLE_SORTED, /* the head of the column that sorts */
	STYLE_SELECTED,
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_KEY, /* a key that does something */
	NR_STYLES,
};

/**
 * struct cell - one place on the screen
 * @text:	a UTF-8 character; empty: the right half of a wide one before
 */
struct cell {
	char text[5];
	uint8_t style;
};

struct screen {
	int rows;
	int cols;
	bool unicode;
	struct cell *cells;
};

int screen_init(struct screen *s, int rows, int cols, bool unicode);
void screen_free(struct screen *s);
void screen_clear(struct screen *s);
int screen_put(struct screen *s, int row, int col, enum style style,
	       const char *text);
__attribute__((format(printf, 5, 6))) int screen_printf(struct screen *s,
							int row, int col,
							enum style style,
							const char *fmt, ...);
void screen_style(struct screen *s, int row, enum style style);
void screen_copy_row(struct screen *to, int to_row, const struct screen *from,
		     int from_row);
void screen_line(const struct screen *s, int row, char *buf, size_t size);

#endif /* S2STAT_VIEW_SCREEN_H */
