// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live view: its state and its keys, and the pages that are little more
 * than a text (see top.h).
 */
#include "top.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../model/select.h"

/* Nobody reads faster, and each sample costs the host something. */
#define LEAST_DELAY 0.1

/**
 * top_init() - the list, busiest first
 * @filter:	--vm, or NULL
 */
void top_init(struct top *top, double delay, const char *filter)
{
	*top = (struct top){ .delay = fmax(delay, LEAST_DELAY) };
	if (filter)
		snprintf(top->filter, sizeof(top->filter), "%s", filter);
}

void top_free(struct top *top)
{
	free(top->vm);
	history_free(&top->history);
}

/* Contexts that the filter lets through: a selector, else a part of a name. */
static size_t filter(const struct top *top, const struct host *host,
		     bool *chosen)
{
	char glob[sizeof(top->filter) + 8];
	size_t n;

	if (!*top->filter)
		return select_vms(host, NULL, chosen);
	n = select_vms(host, top->filter, chosen);
	if (n)
		return n;
	snprintf(glob, sizeof(glob), "name:*%s*", top->filter);
	return select_vms(host, glob, chosen);
}

/* Drops the dead, who are no rows: thousands may come and go in a sample. */
static void drop_the_dead(struct top *top, const struct host *host,
			  bool *chosen)
{
	top->gone = 0;
	top->hidden = 0;
	for (size_t i = 0; i < host->nr; i++) {
		if (!host->vm[i]->alive) {
			top->gone++;
			chosen[i] = false;
		}
		top->hidden += host->vm[i]->alive && !chosen[i];
	}
}

/** top_selected() - the context that the bar is on; NULL when there is none */
const struct vm *top_selected(const struct top *top)
{
	for (size_t i = 0; i < top->nr; i++)
		if (top->vm[i]->id == top->selected)
			return top->vm[i];
	return NULL;
}

/**
 * top_arrange() - finds what is to be shown, in its order
 *
 * To be called whenever @host, the filter or the order has changed.
 *
 * Return: 0, or -1 when memory ran out.
 */
int top_arrange(struct top *top, const struct host *host)
{
	bool *chosen = calloc(host->nr + 1, sizeof(*chosen));

	if (chosen && top->room < host->nr) {
		free(top->vm);
		top->room = 0;
		top->vm = calloc(2 * host->nr, sizeof(*top->vm));
		top->room = top->vm ? 2 * host->nr : 0;
	}
	top->nr = 0;
	if (!chosen || top->room < host->nr) {
		free(chosen);
		return -1;
	}
	filter(top, host, chosen);
	drop_the_dead(top, host, chosen);
	if (top->room)
		top->nr = order_vms(host, chosen, top->order, top->reverse,
				    top->vm);
	free(chosen);
	if (top->page == TOP_DETAIL)
		return 0;
	if (!top_selected(top))
		top->selected = top->nr ? top->vm[0]->id : 0;
	return 0;
}

/**
 * top_sampled() - a sample was taken
 *
 * Return: 0, or -1 when memory ran out.
 */
int top_sampled(struct top *top, const struct host *host)
{
	if (top->rates && history_sample(&top->history, host))
		return -1;
	return top_arrange(top, host);
}

static void move(struct top *top, long by)
{
	long at = 0;

	for (size_t i = 0; i < top->nr; i++)
		if (top->vm[i]->id == top->selected)
			at = i;
	at += by;
	if (at >= (long)top->nr)
		at = (long)top->nr - 1;
	if (at < 0)
		at = 0;
	if (top->nr)
		top->selected = top->vm[at]->id;
}

static void scroll(struct top *top, long by)
{
	if (by < 0 && top->detail_first < (size_t)-by)
		top->detail_first = 0;
	else
		top->detail_first += by;
}

/* Lines that a key moves by; 0 if it is no such key. */
static long step(const struct top *top, int key)
{
	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		return -1;
	case TOP_KEY_DOWN:
	case 'j':
		return 1;
	case TOP_KEY_PAGE_UP:
		return -top->list_rows;
	case TOP_KEY_PAGE_DOWN:
		return top->list_rows;
	case TOP_KEY_HOME:
		return -1000000;
	case TOP_KEY_END:
		return 1000000;
	}
	return 0;
}

static void ask(struct top *top, enum top_prompt prompt, const char *now)
{
	top->prompt = prompt;
	snprintf(top->input, sizeof(top->input), "%s", now);
}

/* Keys that mean the same on the list and on one VM's page. */
static void common_key(struct top *top, const struct host *host, int key)
{
	char now[32];

	switch (key) {
	case 'h':
	case '?':
		top->page = TOP_HELP;
		break;
	case 's':
		snprintf(now, sizeof(now), "%g", top->delay);
		ask(top, TOP_ASK_DELAY, now);
		break;
	case 'p':
		top->paused = !top->paused;
		break;
	case 'r':
		history_reset(&top->history, host);
		top->complaint = "sums and history begin here";
		break;
	}
}

static void list_key(struct top *top, const struct host *host, int key)
{
	switch (key) {
	case 'q':
		top->quit = true;
		return;
	case 'f':
		ask(top, TOP_ASK_FILTER, top->filter);
		return;
	case 'o':
	case TOP_KEY_SORT:
		top->page = TOP_SORT;
		top->menu = top->order;
		return;
	case TOP_KEY_ENTER:
		top->detail_first = 0;
		if (top_selected(top))
			top->page = TOP_DETAIL;
		return;
	}
	if (step(top, key))
		move(top, step(top, key));
	else
		common_key(top, host, key);
}

static void detail_key(struct top *top, const struct host *host, int key)
{
	switch (key) {
	case 'q':
	case TOP_KEY_ESCAPE:
	case TOP_KEY_LEFT:
	case TOP_KEY_BACKSPACE:
	case TOP_KEY_ENTER:
		top->page = TOP_LIST;
		return;
	}
	if (step(top, key))
		scroll(top, step(top, key));
	else
		common_key(top, host, key);
}

/* The order that was on already is turned round. */
static void choose_order(struct top *top)
{
	top->reverse = (int)top->order == top->menu && !top->reverse;
	top->order = top->menu;
	top->page = TOP_LIST;
}

static void menu_key(struct top *top, int key)
{
	long by = step(top, key);

	if (key == TOP_KEY_ENTER) {
		choose_order(top);
	} else if (by) {
		by += top->menu;
		top->menu = by < 0 ? 0 : by >= NR_ORDERS ? NR_ORDERS - 1 : by;
	} else if (key == 'q' || key == TOP_KEY_ESCAPE || key == TOP_KEY_LEFT) {
		top->page = TOP_LIST;
	}
}

static void answer(struct top *top)
{
	char *end;
	double delay;

	if (top->prompt == TOP_ASK_FILTER) {
		snprintf(top->filter, sizeof(top->filter), "%s", top->input);
		return;
	}
	delay = strtod(top->input, &end);
	if (end == top->input || *end || !isfinite(delay) || delay <= 0 ||
	    delay > 86400)
		top->complaint = "that is no number of seconds";
	else
		top->delay = fmax(delay, LEAST_DELAY);
}

static void prompt_key(struct top *top, int key)
{
	size_t len = strlen(top->input);

	switch (key) {
	case TOP_KEY_ENTER:
		answer(top);
		top->prompt = TOP_NO_PROMPT;
		return;
	case TOP_KEY_ESCAPE:
		top->prompt = TOP_NO_PROMPT;
		return;
	case TOP_KEY_BACKSPACE:
		if (len)
			top->input[len - 1] = '\0';
		return;
	case 'u' & 0x1f:
		top->input[0] = '\0';
		return;
	}
	if (key >= ' ' && key < 0x7f && len + 1 < sizeof(top->input)) {
		top->input[len] = key;
		top->input[len + 1] = '\0';
	}
}

/** top_key() - the person pressed @key, a character or enum top_key */
void top_key(struct top *top, const struct host *host, int key)
{
	if (key == TOP_KEY_NONE || key == TOP_KEY_OTHER)
		return;
	top->complaint = NULL;
	if (top->prompt) {
		prompt_key(top, key);
		return;
	}
	switch (top->page) {
	case TOP_LIST:
		list_key(top, host, key);
		break;
	case TOP_DETAIL:
		detail_key(top, host, key);
		break;
	case TOP_SORT:
		menu_key(top, key);
		break;
	case TOP_HELP:
		top->page = TOP_LIST;
		break;
	}
}

static void draw_help(struct screen *s)
{
	static const char *const lines[][2] = {
		{ "up, down, j, k",
		  "choose a VM; Page up, Page down, Home, End" },
		{ "Enter", "all about it; again, q or Escape: back" },
		{ "o, F6",
		  "what to sort by; the same again: the other way round" },
		{ "f",
		  "filter: a tgid, an mmu id, a name, a glob, a part of a name" },
		{ "s", "seconds between samples" },
		{ "p", "pause, and on" },
		{ "r", "reset: sums and history of the VM pages begin here" },
		{ "q", "quit" },
		{ "", "" },
		{ "MAPPED", "guest memory that is mapped" },
		{ "TABLES",
		  "table pages; FILL: entries used of those they have" },
		{ "BLK", "part of what is mapped that blocks map, not pages" },
		{ "CNT",
		  "are the tables' reference counts right? BAD: s2stat audit" },
		{ "FLT SET CLR FLU",
		  "a second: faults, entries set and cleared, flushes" },
		{ "WHY",
		  "the reason and scope of most flushes, and their share" },
	};
	const size_t nr = sizeof(lines) / sizeof(lines[0]);

	screen_put(s, 0, 0, STYLE_BOLD, "s2stat top: help");
	for (size_t i = 0; i < nr; i++) {
		screen_put(s, 2 + i, 2, STYLE_KEY, lines[i][0]);
		screen_put(s, 2 + i, 20, STYLE_PLAIN, lines[i][1]);
	}
	screen_put(s, s->rows - 1, 0, STYLE_DIM, "any key: back");
}

static void draw_menu(const struct top *top, struct screen *s)
{
	screen_put(s, 0, 0, STYLE_BOLD, "s2stat top: sort by");
	for (int i = 0; i < NR_ORDERS; i++) {
		enum style style = i == top->menu ? STYLE_SELECTED :
						    STYLE_PLAIN;
		const char *mark = "";

		if (i == (int)top->order)
			mark = top->reverse ? "  (now, the other way round)" :
					      "  (now)";
		screen_printf(s, 2 + i, 2, style, " %-34s", top_column_name(i));
		screen_put(s, 2 + i, 37, STYLE_DIM, mark);
	}
	screen_put(
		s, s->rows - 1, 0, STYLE_DIM,
		"up, down and Enter choose; the one that is on is turned round; Escape: back");
}

static void draw_prompt(const struct top *top, struct screen *s)
{
	const char *what =
		top->prompt == TOP_ASK_DELAY ?
			"seconds between samples: " :
			"filter (tgid, mmu id, name, glob; empty: all): ";
	int col;

	for (col = 0; col < s->cols; col++)
		screen_put(s, s->rows - 1, col, STYLE_PLAIN, " ");
	col = screen_put(s, s->rows - 1, 0, STYLE_BOLD, what);
	col = screen_put(s, s->rows - 1, col, STYLE_PLAIN, top->input);
	screen_put(s, s->rows - 1, col, STYLE_SELECTED, " ");
}

/** top_draw() - the page as it is now */
void top_draw(struct top *top, const struct host *host, struct screen *s)
{
	const struct vm *vm;

	screen_clear(s);
	if (s->rows < TOP_ROWS || s->cols < TOP_COLS) {
		screen_printf(s, 0, 0, STYLE_BAD, "%dx%d: top needs %dx%d",
			      s->cols, s->rows, TOP_COLS, TOP_ROWS);
		return;
	}
	vm = host_find(host, top->selected);
	switch (top->page) {
	case TOP_DETAIL:
		top_draw_detail(top, host, vm && vm->alive ? vm : NULL, s);
		break;
	case TOP_SORT:
		draw_menu(top, s);
		break;
	case TOP_HELP:
		draw_help(s);
		break;
	case TOP_LIST:
		top_draw_list(top, host, s);
		break;
	}
	if (top->prompt)
		draw_prompt(top, s);
}
