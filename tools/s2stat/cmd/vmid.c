// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat vmid: who translates under which VMID, how full the generation is,
 * and who made it turn.
 */
#include "../view/json.h"
#include "../view/text_rows.h"
#include "cmd.h"

static const char *const columns[] = {
	"time",	      "mmu",	 "vm",	    "name",	 "vmid",
	"generation", "current", "assigns", "rollovers", NULL,
};

static int vmid_rows(const struct options *o, const struct host *host,
		     const bool *chosen)
{
	bool rates = o->interval > 0;
	size_t shown = 0;

	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		emit(o, host, columns, json_of_vmid(host, host->vm[i], rates));
		shown++;
	}
	if (o->json) {
		json_emit(stdout, json_of_vmids(host, rates));
		json_sample(stdout, host, shown, rates);
	}
	return 0;
}

static int vmid_sample(const struct options *o, struct live *live,
		       const struct host *host, const bool *chosen,
		       struct failure *f)
{
	struct text t = text_for(o);
	size_t shown = 0;

	(void)live;
	(void)f;
	if (o->json || o->csv)
		return vmid_rows(o, host, chosen);
	text_vmids(&t, host);
	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		if (!shown++)
			text_vmid_head(&t);
		text_vmid(&t, host, host->vm[i]);
	}
	if (!shown)
		puts("no VM runs on this host");
	text_warnings(&t, host);
	return 0;
}

static int vmid_run(const struct options *o)
{
	const struct sampling s = { .show = vmid_sample, .columns = columns };

	return sample_loop(o, &s);
}

const struct verb vmid_verb = {
	.name = "vmid",
	.help = "VMIDs: generation, in use, reserved, rollovers and who paid",
	.doc = "Shows the VMID allocator and the VMID of each context. A number is given out when a "
	       "vCPU runs and its VM has none of the current generation; when none is left, a new "
	       "generation begins with an invalidation of everything on every CPU. Who turned it, and "
	       "who had to get a new number, is counted while s2stat watches.\v"
	       "Examples:\n"
	       "  s2stat vmid\n"
	       "  s2stat vmid --interval 10 --count 6\n"
	       "  s2stat vmid --json --interval 0\n",
	.json = "vmid vmids sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 1,
	.run = vmid_run,
};
