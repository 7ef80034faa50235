// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict as JUnit XML: a test case for each invariant; a finding is a
 * failure, what could not be judged an error.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "verdict.h"

/* Text that XML may have: control characters become question marks. */
static void put_xml(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*s < ' ' && *s != '\n' ? '?' : *s,
			      out);
		}
	}
}

static void put_events(FILE *out, const struct finding *f)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return;
	for (size_t i = 0; i < f->nr_trail; i++) {
		event_print(mem, &f->trail[i]);
		fputc('\n', mem);
	}
	fclose(mem);
	put_xml(out, text);
	free(text);
}

static void put_failure(FILE *out, const struct verdict *v,
			const struct finding *f)
{
	char where[512];

	verdict_where(v, f, where, sizeof(where));
	fputs("      <failure message=\"", out);
	put_xml(out, f->what);
	fputs("\">", out);
	put_xml(out, where);
	fputc('\n', out);
	put_events(out, f);
	fputs("</failure>\n", out);
}

static void put_error(FILE *out, const char *why)
{
	fputs("      <error message=\"", out);
	put_xml(out, why);
	fputs("\"/>\n", out);
}

static void put_case(FILE *out, const struct verdict *v,
		     const struct verdict_case *c)
{
	if (c->state == VERDICT_OFF)
		return;
	fputs("    <testcase classname=\"s2stat\" name=\"", out);
	put_xml(out, c->name);
	fputs("\">\n", out);
	/* A test case has one failure; the others are in the text. */
	if (c->state == VERDICT_BROKEN && c->nr_kept)
		put_failure(out, v, &c->kept[0]);
	if (c->state == VERDICT_UNKNOWN || c->state == VERDICT_LACKS)
		put_error(out, c->why);
	if (c->state == VERDICT_NOT_OFFERED) {
		fputs("      <skipped message=\"", out);
		put_xml(out, c->why);
		fputs("\"/>\n", out);
	}
	fputs("    </testcase>\n", out);
}

/* What is wrong with no one of them: losses, expired waivers. */
static void put_whole(FILE *out, const struct verdict *v)
{
	fputs("    <testcase classname=\"s2stat\" name=\"verdict\">\n", out);
	if (verdict_bad(v) || verdict_inconclusive(v))
		put_error(out, verdict_word(v));
	fputs("    </testcase>\n", out);
}

/** verdict_junit() - for CI servers */
void verdict_junit(FILE *out, const struct verdict *v)
{
	int tests = 1, failures = 0, skipped = 0;
	int errors = verdict_bad(v) || verdict_inconclusive(v);

	for (size_t i = 0; i < verdict_cases(v); i++) {
		enum verdict_state state = verdict_case(v, i).state;

		tests += state != VERDICT_OFF;
		failures += state == VERDICT_BROKEN;
		skipped += state == VERDICT_NOT_OFFERED;
		errors += state == VERDICT_UNKNOWN || state == VERDICT_LACKS;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n",
	      out);
	fprintf(out,
		"  <testsuite name=\"s2stat check\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n",
		tests, failures, errors, skipped);
	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		put_case(out, v, &c);
	}
	put_whole(out, v);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
