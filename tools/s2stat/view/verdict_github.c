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

/** verdict_github() - for a workflow's log */
void verdict_github(FILE *out, const struct verdict *v)
{
	char text[512];

	for (int id = 0; id < NR_INVARIANTS; id++) {
		enum verdict_state state = verdict_state(v, id);

		for (size_t i = 0; i < v->nr_kept[id]; i++) {
			fprintf(out, "::error title=s2stat %s::",
				invariants[id]->name);
			put_text(out, v->kept[id][i].what);
			fputs("%0A", out);
			verdict_where(v, &v->kept[id][i], text, sizeof(text));
			put_text(out, text);
			fputc('\n', out);
		}
		if (state != VERDICT_UNKNOWN && state != VERDICT_LACKS)
			continue;
		verdict_why(v, id, text, sizeof(text));
		fprintf(out, "::error title=s2stat %s::inconclusive: ",
			invariants[id]->name);
		put_text(out, text);
		fputc('\n', out);
	}
	fprintf(out,
		"::notice title=s2stat check::%" PRIu64 " events of %" PRIu64
		" MMUs, %" PRIu64 " lost: %s\n",
		v->bench.replay.events, v->mmus, verdict_lost(v),
		verdict_bad(v)		? "broken" :
		verdict_inconclusive(v) ? "inconclusive" :
					  "all invariants hold");
}
