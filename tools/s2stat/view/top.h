/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view: its state, what a key does to it, and how it looks. It knows
 * no terminal: keys come in as numbers, the picture goes into a struct screen.
 */
#ifndef S2STAT_VIEW_TOP_H
#define S2STAT_VIEW_TOP_H

#include "../model/history.h"
#include "../model/order.h"
#include "screen.h"

/* The smallest terminal that it is made for. */
#define TOP_ROWS 24
#define TOP_COLS 80

/* Keys that are no character. */
enum top_key {
	TOP_KEY_NONE,
	TOP_KEY_UP = 0x110000,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_LEFT,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_BACKSPACE,
	TOP_KEY_SORT, /* F6 */
	TOP_KEY_OTHER, /* the terminal changed its size, or nothing we know */
};

enum top_page { TOP_LIST, TOP_DETAIL, TOP_SORT, TOP_HELP };
enum top_prompt { TOP_NO_PROMPT, TOP_ASK_DELAY, TOP_ASK_FILTER };

/**
 * struct top - what the person has made of the live view
 * @page, @prompt: what is shown, and what is asked for under it
 * @input:	what was typed so far
 * @filter:	a selector, or a part of a name; empty: all VMs
 * @delay:	seconds between samples
 * @paused:	no samples are taken
 * @quit:	it is over
 * @rates:	rates mean something: the first sample is behind us
 * @selected:	mmu id of the context that the bar is on
 * @first:	lines of the list or the detail that are scrolled off the top
 * @menu:	the line the bar is on in the sort menu
 * @vm, @nr:	the contexts shown, in order; made by top_arrange()
 * @hidden:	contexts that the filter leaves out
 * @gone:	contexts that came to an end in this sample
 */
struct top {
	enum top_page page;
	enum top_prompt prompt;
	char input[64];
	char filter[64];
	const char *complaint;
	double delay;
	bool paused;
	bool quit;
	bool rates;
	enum order order;
	bool reverse;
	uint64_t selected;
	size_t first;
	size_t detail_first;
	int menu;
	int list_rows;
	const struct vm **vm;
	size_t nr;
	size_t room;
	size_t hidden;
	size_t gone;
	struct history history;
};

void top_init(struct top *top, double delay, const char *filter);
void top_free(struct top *top);
int top_sampled(struct top *top, const struct host *host);
int top_arrange(struct top *top, const struct host *host);
void top_key(struct top *top, const struct host *host, int key);
void top_draw(struct top *top, const struct host *host, struct screen *s);

/* top_list.c, top_detail.c: the pages. */
void top_draw_list(struct top *top, const struct host *host, struct screen *s);
const char *top_column_name(enum order order);
const struct vm *top_selected(const struct top *top);
int top_draw_detail(struct top *top, const struct host *host,
		    const struct vm *vm, struct screen *s);

#endif /* S2STAT_VIEW_TOP_H */
