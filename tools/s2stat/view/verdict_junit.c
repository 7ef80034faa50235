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

static void put_case(FILE *out, const struct verdict *v, enum invariant_id id)
{
	enum verdict_state state = verdict_state(v, id);
	char why[512];

	if (state == VERDICT_OFF)
		return;
	fprintf(out, "    <testcase classname=\"s2stat\" name=\"%s\">\n",
		invariants[id]->name);
	/* A test case has one failure; the others are in the text. */
	if (state == VERDICT_BROKEN && v->nr_kept[id])
		put_failure(out, v, &v->kept[id][0]);
	if (state == VERDICT_UNKNOWN || state == VERDICT_LACKS) {
		verdict_why(v, id, why, sizeof(why));
		fputs("      <error message=\"", out);
		put_xml(out, why);
		fputs("\"/>\n", out);
	}
	fputs("    </testcase>\n", out);
}

/** verdict_junit() - for CI servers */
void verdict_junit(FILE *out, const struct verdict *v)
{
	int tests = 0, failures = 0, errors = 0;

	for (int id = 0; id < NR_INVARIANTS; id++) {
		enum verdict_state state = verdict_state(v, id);

		tests += state != VERDICT_OFF;
		failures += state == VERDICT_BROKEN;
		errors += state == VERDICT_UNKNOWN || state == VERDICT_LACKS;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n",
	      out);
	fprintf(out,
		"  <testsuite name=\"s2stat check\" tests=\"%d\" failures=\"%d\" errors=\"%d\">\n",
		tests, failures, errors);
	for (int id = 0; id < NR_INVARIANTS; id++)
		put_case(out, v, id);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
