// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict as KTAP version 1 (Documentation/dev-tools/ktap.rst of Linux): a
 * test for each invariant. What is not proved is "not ok", never a skip that
 * a runner would pass over.
 */
#include <inttypes.h>

#include "verdict.h"

static void diagnose(FILE *out, const struct verdict *v, enum invariant_id id)
{
	char where[512];

	for (size_t i = 0; i < v->nr_kept[id]; i++) {
		const struct finding *f = &v->kept[id][i];

		verdict_where(v, f, where, sizeof(where));
		fprintf(out, "# %s: %s\n# %s\n", f->inv->name, f->what, where);
		for (size_t n = 0; n < f->nr_trail; n++) {
			fputs("#   ", out);
			event_print(out, &f->trail[n]);
			fputc('\n', out);
		}
	}
}

/** verdict_ktap() - for kselftest and its like */
void verdict_ktap(FILE *out, const struct verdict *v)
{
	int nr = 0, n = 0;
	char why[512];

	for (int id = 0; id < NR_INVARIANTS; id++)
		nr += verdict_state(v, id) != VERDICT_OFF;
	fprintf(out, "KTAP version 1\n1..%d\n", nr);
	for (int id = 0; id < NR_INVARIANTS; id++) {
		enum verdict_state state = verdict_state(v, id);

		if (state == VERDICT_OFF)
			continue;
		diagnose(out, v, id);
		verdict_why(v, id, why, sizeof(why));
		if (state == VERDICT_UNKNOWN || state == VERDICT_LACKS)
			fprintf(out, "# %s: inconclusive: %s\n",
				invariants[id]->name, why);
		fprintf(out, "%s %d %s\n",
			state == VERDICT_HOLDS ? "ok" : "not ok", ++n,
			invariants[id]->name);
	}
	fprintf(out, "# events %" PRIu64 " mmus %" PRIu64 " lost %" PRIu64 "\n",
		v->bench.replay.events, v->mmus, verdict_lost(v));
}
