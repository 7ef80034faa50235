// SPDX-License-Identifier: GPL-2.0-only
/*
 * A screenful of characters in memory (see screen.h).
 */
#include "screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/**
 * screen_init() - an empty screen; given back with screen_free()
 * @unicode:	the terminal shows more than ASCII
 *
 * Return: 0, or -1 when memory ran out.
 */
int screen_init(struct screen *s, int rows, int cols, bool unicode)
{
	*s = (struct screen){ .rows = rows, .cols = cols, .unicode = unicode };
	s->cells = calloc((size_t)rows * cols + 1, sizeof(*s->cells));
	if (!s->cells)
		return -1;
	screen_clear(s);
	return 0;
}

void screen_free(struct screen *s)
{
	free(s->cells);
	s->cells = NULL;
}

/** screen_clear() - spaces everywhere */
void screen_clear(struct screen *s)
{
	for (int i = 0; i < s->rows * s->cols; i++)
		s->cells[i] = (struct cell){ " ", STYLE_PLAIN };
}

/* The character at @s, well-formed UTF-8, in @cp; how many bytes it has. */
static size_t decode(const char *s, wchar_t *cp)
{
	unsigned char c = *s;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	*cp = len == 1 ? c : c & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return i;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	return len;
}

/* Columns that @cp takes; what this terminal cannot show takes one. */
static int columns(const struct screen *s, wchar_t cp)
{
	int n = s->unicode ? wcwidth(cp) : 1;

	return n < 0 ? 1 : n;
}

/* What is overwritten at @col may be one half of a wide character. */
static void cut_halves(struct screen *s, int row, int col, int width)
{
	struct cell *cells = &s->cells[row * s->cols];

	if (!*cells[col].text && col)
		strcpy(cells[col - 1].text, " ");
	if (col + width < s->cols && !*cells[col + width].text)
		strcpy(cells[col + width].text, " ");
}

/**
 * screen_put() - writes @text, which must be printable UTF-8
 *
 * Where the terminal knows no more than ASCII the rest becomes '?'.
 *
 * Return: the column behind it.
 */
int screen_put(struct screen *s, int row, int col, enum style style,
	       const char *text)
{
	while (*text) {
		wchar_t cp = 0;
		size_t len = decode(text, &cp);
		int width = columns(s, cp);
		struct cell *cell = &s->cells[row * s->cols + col];

		if (row < 0 || row >= s->rows || col < 0 ||
		    col + width > s->cols)
			return col;
		if (width) {
			cut_halves(s, row, col, width);
			memset(cell->text, 0, sizeof(cell->text));
			if (cp < 0x80 || s->unicode)
				memcpy(cell->text, text, len);
			else
				cell->text[0] = '?';
			cell->style = style;
		}
		if (width == 2)
			cell[1] = (struct cell){ "", style };
		col += width;
		text += len;
	}
	return col;
}

/** screen_printf() - screen_put(), formatted */
int screen_printf(struct screen *s, int row, int col, enum style style,
		  const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return screen_put(s, row, col, style, text);
}

/** screen_style() - the whole row in @style */
void screen_style(struct screen *s, int row, enum style style)
{
	if (row < 0 || row >= s->rows)
		return;
	for (int col = 0; col < s->cols; col++)
		s->cells[row * s->cols + col].style = style;
}

/** screen_copy_row() - both screens must be equally wide */
void screen_copy_row(struct screen *to, int to_row, const struct screen *from,
		     int from_row)
{
	memcpy(&to->cells[to_row * to->cols],
	       &from->cells[from_row * from->cols],
	       to->cols * sizeof(*to->cells));
}

/** screen_line() - the text of a row, without what is blank at its end */
void screen_line(const struct screen *s, int row, char *buf, size_t size)
{
	size_t n = 0;

	for (int col = 0; col < s->cols; col++) {
		const char *text = s->cells[row * s->cols + col].text;
		size_t len = strlen(text);

		if (n + len >= size)
			break;
		memcpy(buf + n, text, len);
		n += len;
	}
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
}
