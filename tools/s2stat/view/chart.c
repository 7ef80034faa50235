// SPDX-License-Identifier: GPL-2.0-only
/*
 * Curves over time as SVG. See chart.h.
 */
#include "chart.h"

#include <math.h>

#define WIDTH 1000
#define LEFT 76
#define RIGHT 12
#define ABOVE 8
#define BELOW 22

/** put_escaped_text() - text that anybody may have written, into markup */
void put_escaped_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '>')
			fputs("&gt;", out);
		else if (*s == '"')
			fputs("&quot;", out);
		else
			fputc(*s, out);
	}
}

/* 1, 2 or 5 times a power of ten, so that about @n fit into @range. */
static double step(double range, int n)
{
	double raw = range / n, power = pow(10, floor(log10(raw)));

	if (raw <= power)
		return power;
	return raw <= 2 * power ? 2 * power :
	       raw <= 5 * power ? 5 * power :
				  10 * power;
}

/** chart_x() - where a time is */
double chart_x(const struct chart *c, double seconds)
{
	return LEFT + (WIDTH - LEFT - RIGHT) * seconds / c->seconds;
}

/** chart_y() - where a value is */
double chart_y(const struct chart *c, double value)
{
	return ABOVE + c->height * (1 - value / c->top);
}

static void put_time_axis(const struct chart *c)
{
	double by = step(c->seconds, 8);

	for (double t = 0; t <= c->seconds * 1.0001; t += by)
		fprintf(c->out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
			"<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g s</text>\n",
			chart_x(c, t), chart_x(c, t), ABOVE, ABOVE + c->height,
			chart_x(c, t), ABOVE + c->height + 16, t);
}

static void put_value_axis(const struct chart *c)
{
	double by = c->binary ? exp2(ceil(log2(c->top / 4))) : step(c->top, 4);
	char text[48];

	for (double v = 0; c->value && v <= c->top * 1.0001; v += by) {
		c->value(v, text, sizeof(text));
		fprintf(c->out,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			LEFT, WIDTH - RIGHT, chart_y(c, v), chart_y(c, v),
			LEFT - 6, chart_y(c, v) + 4, text);
	}
}

/** chart_begin() - title, frame and axes */
void chart_begin(const struct chart *c, const char *title)
{
	fputs("<figure><figcaption>", c->out);
	put_escaped_text(c->out, title);
	fprintf(c->out,
		"</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		WIDTH, ABOVE + c->height + BELOW);
	put_escaped_text(c->out, title);
	fputs("\">\n", c->out);
	put_time_axis(c);
	put_value_axis(c);
}

void chart_end(const struct chart *c)
{
	fputs("</svg></figure>\n", c->out);
}

/** chart_legend() - what a colour means; between charts */
void chart_legend(FILE *out, unsigned int colour, const char *text)
{
	fprintf(out, "<span class=\"key\"><i class=\"b%u\"></i>",
		colour % CHART_COLOURS);
	put_escaped_text(out, text);
	fputs("</span>\n", out);
}
