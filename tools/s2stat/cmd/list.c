// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat list: every stage-2 context of the host in one line each.
 */
#include "../view/json.h"
#include "cmd.h"

const char *const vm_columns[] = {
	"time",
	"mmu",
	"vm",
	"name",
	"vmm",
	"alive",
	"nested",
	"vcpus",
	"vmid",
	"generation",
	"tables.pages",
	"tables.entries",
	"tables.used",
	"mapped.bytes",
	"tables.levels.3.leaves",
	"tables.levels.2.leaves",
	"tables.levels.1.leaves",
	"audit.verdict",
	"rates.faults",
	"rates.sets",
	"rates.clears",
	"rates.flushes",
	NULL,
};

static void list_rows(const struct options *o, const struct host *host,
		      const bool *chosen)
{
	bool rates = o->interval > 0;
	size_t shown = 0;

	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		emit(o, host, vm_columns, json_of_vm(host, host->vm[i], rates));
		shown++;
	}
	if (o->json)
		json_sample(stdout, host, shown, rates);
}

static int list_sample(const struct options *o, struct live *live,
		       const struct host *host, const bool *chosen,
		       struct failure *f)
{
	struct text t = text_for(o);
	size_t shown = 0;

	(void)live;
	(void)f;
	if (o->json || o->csv) {
		list_rows(o, host, chosen);
		return 0;
	}
	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		if (!shown++)
			text_list_head(&t, host);
		text_list_row(&t, host, host->vm[i]);
	}
	if (!shown)
		puts("no VM runs on this host");
	text_warnings(&t, host);
	return 0;
}

static int list_run(const struct options *o)
{
	const struct sampling s = {
		.show = list_sample,
		.columns = vm_columns,
		.keep_gone = true,
		.tables = true,
	};

	return sample_loop(o, &s);
}

const struct verb list_verb = {
	.name = "list",
	.help = "every VM in a line: tables, mapped memory, rates, count audit",
	.doc = "Shows every stage-2 context of this host, also those older than s2stat: "
	       "table pages, entries used of those available, mapped memory by leaf size, "
	       "rates of faults, sets, clears and flushes, VMID and generation, and whether "
	       "every table page's count is right.\v"
	       "Examples:\n"
	       "  s2stat list                     all VMs, rates over one second\n"
	       "  s2stat list --interval 0        at once, without rates\n"
	       "  s2stat list --vm 'web-*' -i 10  some VMs, rates over ten seconds\n"
	       "  s2stat list --json --count 60   a minute for a script\n",
	.json = "vm sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 1,
	.run = list_run,
};
