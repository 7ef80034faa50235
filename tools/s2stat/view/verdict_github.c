// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict as workflow commands of GitHub Actions: an annotation for each
 * finding, and for each invariant that could not be judged.
 */
#include <inttypes.h>

#include "verdict.h"

/* The characters that a command's text may not have. */
static void put_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '%':
			fputs("%25", out);
			break;
		case '\r':
			fputs("%0D", out);
			break;
		case '\n':
			fputs("%0A", out);
			break;
		default:
			fputc(*s, out);
		}
	}
}

static void put_case(FILE *out, const struct verdict *v,
		     const struct verdict_case *c)
{
	char text[512];

	for (size_t i = 0; i < c->nr_kept; i++) {
		fprintf(out, "::error title=s2stat %s::", c->name);
		put_text(out, c->kept[i].what);
		fputs("%0A", out);
		verdict_where(v, &c->kept[i], text, sizeof(text));
		put_text(out, text);
		fputc('\n', out);
	}
	if (c->state != VERDICT_UNKNOWN && c->state != VERDICT_LACKS)
		return;
	fprintf(out, "::error title=s2stat %s::inconclusive: ", c->name);
	put_text(out, c->why);
	fputc('\n', out);
}

/** verdict_github() - for a workflow's log */
void verdict_github(FILE *out, const struct verdict *v)
{
	bool good = !verdict_bad(v) && !verdict_inconclusive(v);
	char basis[96];

	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		put_case(out, v, &c);
	}
	verdict_basis(v, basis, sizeof(basis));
	fprintf(out,
		"::%s title=s2stat check::%s, %" PRIu64 " lost: %s\n",
		good ? "notice" : "error", basis, verdict_lost(v),
		verdict_word(v));
}
