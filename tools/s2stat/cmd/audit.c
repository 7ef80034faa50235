// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat audit: is every table page's reference count right? A table that
 * looks wrong is looked at again before it is accused; see model/vm.c.
 */
#include "../view/json.h"
#include "../view/text_rows.h"
#include "cmd.h"

static const char *const columns[] = {
	"time",	  "mmu",	  "vm",	    "name", "verdict",
	"tables", "looked_again", "unread", NULL,
};

/* The worst of all samples; a mismatch outweighs what is inconclusive. */
static enum vm_verdict worst = VM_AUDIT_OK;

static void remember(enum vm_verdict verdict)
{
	if (worst != VM_AUDIT_MISMATCH && verdict != VM_AUDIT_OK)
		worst = verdict;
}

static int audit_sample(const struct options *o, struct live *live,
			const struct host *host, const bool *chosen,
			struct failure *f)
{
	struct text t = text_for(o);
	size_t shown = 0;

	(void)live;
	(void)f;
	for (size_t i = 0; i < host->nr; i++) {
		const struct vm *vm = host->vm[i];

		if (!chosen[i])
			continue;
		remember(vm_audit(vm));
		if (o->json || o->csv)
			emit(o, host, columns, json_of_audit(vm));
		else
			text_audit(&t, vm);
		shown++;
	}
	if (o->json)
		json_sample(stdout, host, shown, o->interval > 0);
	else if (!o->csv && !shown)
		puts("no VM runs on this host");
	return 0;
}

static int audit_run(const struct options *o)
{
	const struct sampling s = {
		.show = audit_sample,
		.columns = columns,
		.tables = true,
	};
	int rc = sample_loop(o, &s);

	if (worst == VM_AUDIT_MISMATCH && rc != EXIT_ERROR)
		return EXIT_VERDICT;
	if (worst == VM_AUDIT_INCONCLUSIVE && rc == EXIT_FINE)
		return EXIT_INCONCLUSIVE;
	return rc;
}

const struct verb audit_verb = {
	.name = "audit",
	.help = "are the reference counts of all table pages right?",
	.doc = "Counts the entries of every table page, of one VM or of all, and compares with the "
	       "page's reference count, which must be one more. Guests go on meanwhile, so a page "
	       "that looks wrong is looked at again, up to six times, and accused only if it was "
	       "wrong every time and by the same amount at the last looks.\v"
	       "Exit status: 0 all are right; 1 one is wrong; 5 something could not be read, or never "
	       "held still; other codes as ever.\n"
	       "Examples:\n"
	       "  s2stat audit\n"
	       "  s2stat audit web-1 --count 100 --interval 1\n"
	       "  s2stat audit --json >audit.ndjson || echo bad\n",
	.args = "[VM]",
	.json = "audit sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 1,
	.at_once = true,
	.run = audit_run,
};
