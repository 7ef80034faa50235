// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat flush: every TLB invalidation by VM, reason and scope.
 */
#include <stdlib.h>

#include "../view/json.h"
#include "../view/text_rows.h"
#include "cmd.h"

static const char *const columns[] = {
	"time",	 "mmu",	  "vm",	  "name",  "reason",
	"scope", "count", "rate", "pages", "pages_per_flush",
	NULL,
};

#define MAX_ROWS ((S2_NR_REASONS + 1) * (S2_NR_SCOPES + 1))

struct row {
	uint64_t count;
	unsigned int reason;
	unsigned int scope;
};

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

/* The reasons and scopes of @vm's flushes, the most frequent first. */
static size_t sort_rows(const struct vm *vm, struct row *rows)
{
	size_t n = 0;

	for (unsigned int r = 0; r <= S2_NR_REASONS; r++)
		for (unsigned int s = 0; s <= S2_NR_SCOPES; s++)
			if (vm->total.flushes[r][s])
				rows[n++] =
					(struct row){ vm->total.flushes[r][s],
						      r, s };
	qsort(rows, n, sizeof(*rows), by_count);
	return n;
}

static size_t show_vm(const struct options *o, const struct text *t,
		      const struct host *host, const struct vm *vm)
{
	struct row rows[MAX_ROWS];
	size_t n = sort_rows(vm, rows);

	for (size_t i = 0; i < n; i++) {
		unsigned int r = rows[i].reason, s = rows[i].scope;

		if (o->json || o->csv)
			emit(o, host, columns, json_of_flush(host, vm, r, s));
		else
			text_flush(t, host, vm, r, s);
	}
	return n;
}

static int flush_sample(const struct options *o, struct live *live,
			const struct host *host, const bool *chosen,
			struct failure *f)
{
	struct text t = text_for(o);
	size_t shown = 0;

	(void)live;
	(void)f;
	if (!o->json && !o->csv)
		text_flush_head(&t, host);
	for (size_t i = 0; i < host->nr; i++)
		if (chosen[i])
			shown += show_vm(o, &t, host, host->vm[i]);
	if (o->json)
		json_sample(stdout, host, shown, true);
	else if (!o->csv && !shown)
		puts("nothing was invalidated");
	if (!o->json && !o->csv)
		text_warnings(&t, host);
	return 0;
}

static int flush_run(const struct options *o)
{
	const struct sampling s = {
		.show = flush_sample,
		.columns = columns,
		.keep_gone = true,
		.needs = OFFER_FLUSHES,
		.lacks = "this kernel does not show invalidations (s2stat doctor tells why)",
	};

	return sample_loop(o, &s);
}

const struct verb flush_verb = {
	.name = "flush",
	.help = "TLB invalidations by VM, reason and scope, and how far they reach",
	.doc = "Shows every invalidation since s2stat began: whose, why, by which scope, and for the "
	       "scopes that name their pages how many one covers. Scopes, narrow to wide: ipa, "
	       "ipa_local, range, vmid (all of one VM), cpu_context (all of one VM on one CPU), all "
	       "(everything on every CPU).\v"
	       "Examples:\n"
	       "  s2stat flush\n"
	       "  s2stat flush --vm web-1 --interval 10\n"
	       "  s2stat flush --csv --count 60 >flushes.csv\n",
	.json = "flush sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.needs_time = true,
	.count = 1,
	.run = flush_run,
};
