/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Curves over time as SVG inside a page: a frame with axes, and what is drawn
 * in it. Colours come from the page's style.
 */
#ifndef S2STAT_VIEW_CHART_H
#define S2STAT_VIEW_CHART_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Colours of the page: class c0 to c11. */
#define CHART_COLOURS 12

/**
 * struct chart - one picture
 * @seconds:	that it is wide
 * @top:	greatest value
 * @height:	of the plot, in pixels
 * @value:	a value as text, for the axis
 * @binary:	values are bytes: the axis goes in powers of two
 */
struct chart {
	FILE *out;
	double seconds;
	double top;
	int height;
	void (*value)(double v, char *text, size_t size);
	bool binary;
};

void chart_begin(const struct chart *c, const char *title);
void chart_end(const struct chart *c);
double chart_x(const struct chart *c, double seconds);
double chart_y(const struct chart *c, double value);
void chart_legend(FILE *out, unsigned int colour, const char *text);
void put_escaped_text(FILE *out, const char *s);

#endif /* S2STAT_VIEW_CHART_H */
