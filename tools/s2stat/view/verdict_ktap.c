// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict as KTAP version 1 (Documentation/dev-tools/ktap.rst of Linux): a
 * test for each invariant. What is not proved is "not ok", never a skip that
 * a runner would pass over; but what this kernel does not offer is one.
 */
#include <inttypes.h>

#include "verdict.h"

static void diagnose(FILE *out, const struct verdict *v,
		     const struct verdict_case *c)
{
	char where[512];

	for (size_t i = 0; i < c->nr_kept; i++) {
		const struct finding *f = &c->kept[i];

		verdict_where(v, f, where, sizeof(where));
		fprintf(out, "# %s: %s\n# %s\n", f->name, f->what, where);
		for (size_t n = 0; n < f->nr_trail; n++) {
			fputs("#   ", out);
			event_print(out, &f->trail[n]);
			fputc('\n', out);
		}
	}
}

static bool is_good(enum verdict_state state)
{
	return state == VERDICT_HOLDS || state == VERDICT_NOT_OFFERED;
}

/** verdict_ktap() - for kselftest and its like */
void verdict_ktap(FILE *out, const struct verdict *v)
{
	char basis[96];
	int nr = 0, n = 0;

	for (size_t i = 0; i < verdict_cases(v); i++)
		nr += verdict_case(v, i).state != VERDICT_OFF;
	fprintf(out, "KTAP version 1\n1..%d\n", nr + 1);
	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		if (c.state == VERDICT_OFF)
			continue;
		diagnose(out, v, &c);
		if (c.state == VERDICT_UNKNOWN || c.state == VERDICT_LACKS)
			fprintf(out, "# %s: inconclusive: %s\n", c.name, c.why);
		fprintf(out, "%s %d %s", is_good(c.state) ? "ok" : "not ok",
			++n, c.name);
		if (c.state == VERDICT_NOT_OFFERED)
			fprintf(out, " # SKIP %s", c.why);
		fputc('\n', out);
	}
	/* What is wrong with no one of them: losses, expired waivers. */
	verdict_basis(v, basis, sizeof(basis));
	fprintf(out, "# %s, %" PRIu64 " lost\n", basis, verdict_lost(v));
	fprintf(out, "%s %d verdict %s\n",
		verdict_bad(v) || verdict_inconclusive(v) ? "not ok" : "ok",
		nr + 1, verdict_word(v));
}
