// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal, by ncurses (see term.h). What ncurses knows of it beyond
 * colours and keys is not used: the views compose, this paints.
 */
#include "term.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../view/top.h"

static SCREEN *terminal;
static bool unicode;
static bool closed;
static chtype attributes[NR_STYLES] = {
	[STYLE_BOLD] = A_BOLD,
	[STYLE_DIM] = A_DIM,
	[STYLE_HEAD] = A_REVERSE,
	[STYLE_SORTED] = A_REVERSE | A_BOLD | A_UNDERLINE,
	[STYLE_SELECTED] = A_REVERSE | A_BOLD,
	[STYLE_BAD] = A_BOLD,
	[STYLE_KEY] = A_BOLD,
};

static void use_colors(void)
{
	static const struct {
		enum style style;
		short fg;
		short bg;
		chtype more;
	} colors[] = {
		{ STYLE_HEAD, COLOR_BLACK, COLOR_GREEN, 0 },
		{ STYLE_SORTED, COLOR_BLACK, COLOR_CYAN, 0 },
		{ STYLE_SELECTED, COLOR_BLACK, COLOR_WHITE, 0 },
		{ STYLE_GOOD, COLOR_GREEN, -1, 0 },
		{ STYLE_BAD, COLOR_RED, -1, A_BOLD },
		{ STYLE_KEY, COLOR_CYAN, -1, 0 },
	};

	if (!has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
		init_pair(i + 1, colors[i].fg, colors[i].bg);
		attributes[colors[i].style] = COLOR_PAIR(i + 1) |
					      colors[i].more;
	}
}

/**
 * term_open() - takes the terminal over; term_close() gives it back
 *
 * Return: 0, or -1 with @f filled and the terminal as it was.
 */
int term_open(bool color, struct failure *f)
{
	const char *type = getenv("TERM");
	int rows, cols;

	setlocale(LC_CTYPE, "");
	unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return failed(
			f, EXIT_ERROR,
			"terminals of the type '%s' are not known here (TERM; package ncurses-base); s2stat top --once needs none",
			type ? type : "");
	set_term(terminal);
	term_size(&rows, &cols);
	if (rows < TOP_ROWS || cols < TOP_COLS) {
		term_close();
		return failed(
			f, EXIT_ERROR,
			"top needs a terminal of %d by %d characters, this one has %d by %d; s2stat top --once needs none",
			TOP_COLS, TOP_ROWS, cols, rows);
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	if (color)
		use_colors();
	return 0;
}

/** term_close() - gives the terminal back; harmless when it was never taken */
void term_close(void)
{
	if (!terminal)
		return;
	endwin();
	delscreen(terminal);
	terminal = NULL;
}

void term_size(int *rows, int *cols)
{
	getmaxyx(stdscr, *rows, *cols);
}

/** term_unicode() - does it show more than ASCII? */
bool term_unicode(void)
{
	return unicode;
}

/** term_paint() - makes the terminal look like @s */
void term_paint(const struct screen *s)
{
	int rows, cols;

	term_size(&rows, &cols);
	for (int row = 0; row < s->rows && row < rows; row++) {
		for (int col = 0; col < s->cols && col < cols; col++) {
			const struct cell *c = &s->cells[row * s->cols + col];

			if (!*c->text)
				continue;
			attrset(attributes[c->style]);
			mvaddstr(row, col, c->text);
		}
	}
	refresh();
}

static int translate(int key)
{
	static const struct {
		int from;
		int to;
	} keys[] = {
		{ KEY_UP, TOP_KEY_UP },
		{ KEY_DOWN, TOP_KEY_DOWN },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP },
		{ KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME },
		{ KEY_END, TOP_KEY_END },
		{ KEY_LEFT, TOP_KEY_LEFT },
		{ KEY_ENTER, TOP_KEY_ENTER },
		{ '\r', TOP_KEY_ENTER },
		{ '\n', TOP_KEY_ENTER },
		{ 27, TOP_KEY_ESCAPE },
		{ KEY_BACKSPACE, TOP_KEY_BACKSPACE },
		{ 127, TOP_KEY_BACKSPACE },
		{ '\b', TOP_KEY_BACKSPACE },
		{ KEY_F(6), TOP_KEY_SORT },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (key == keys[i].from)
			return keys[i].to;
	return key < KEY_MIN ? key : TOP_KEY_OTHER;
}

/**
 * term_key() - waits for a key
 * @seconds:	at most so long
 *
 * Return: a character or enum top_key; TOP_KEY_NONE when the time is over, a
 * signal came, or the terminal is no more (then 'q').
 */
int term_key(double seconds)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	static int idle;
	int key = getch();

	if (key != ERR)
		return translate(key);
	if (closed)
		return 'q';
	poll(&fd, 1, seconds > 0 ? (int)ceil(seconds * 1000) : 0);
	key = getch();
	if (key != ERR)
		return translate(key);
	/* Readable, but there is nothing to read, again and again: its end. */
	idle = fd.revents & POLLIN ? idle + 1 : 0;
	closed = fd.revents & (POLLHUP | POLLERR) || idle > 10;
	return TOP_KEY_NONE;
}
