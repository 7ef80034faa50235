// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat show VM: all about one VM's stage-2 contexts; with --entries every
 * table page and leaf.
 */
#include "../view/json.h"
#include "cmd.h"

enum { KEY_ENTRIES = KEY_OF_VERB };

static bool with_entries;

struct show {
	const struct options *o;
	const struct host *host;
	const struct vm *vm;
	struct text text;
};

static void show_table(const struct s2r_table *table, void *arg)
{
	const struct show *s = arg;

	if (s->o->json)
		json_table(stdout, table);
	else
		text_table(&s->text, table);
}

static void show_entries(const struct s2r_table *table,
			 const struct s2r_entries *rec, void *arg)
{
	const struct show *s = arg;

	if (s->o->json)
		json_entries(stdout, s->host, s->vm, table, rec);
	else
		text_entries(&s->text, s->host, s->vm, table, rec);
}

static int show_vm(struct show *s, struct live *live, struct failure *f)
{
	const struct live_visitor visitor = {
		.table = show_table,
		.entries = show_entries,
		.arg = s,
	};

	if (s->o->json)
		json_vm(stdout, s->host, s->vm, s->o->interval > 0);
	else
		text_show(&s->text, s->host, s->vm);
	if (!with_entries || !s->vm->alive)
		return 0;
	return live_walk(live, s->vm->id, &visitor, f);
}

static int show_sample(const struct options *o, struct live *live,
		       const struct host *host, const bool *chosen,
		       struct failure *f)
{
	struct show s = { .o = o, .host = host, .text = text_for(o) };
	size_t shown = 0;

	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		if (shown++ && !o->json)
			putchar('\n');
		s.vm = host->vm[i];
		if (show_vm(&s, live, f))
			return -1;
	}
	if (o->json)
		json_sample(stdout, host, shown, o->interval > 0);
	else
		text_warnings(&s.text, host);
	return 0;
}

static int show_run(const struct options *o)
{
	const struct sampling s = {
		.show = show_sample,
		.one_vm = true,
		.tables = true,
	};

	return sample_loop(o, &s);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	if (key != KEY_ENTRIES)
		return ARGP_ERR_UNKNOWN;
	with_entries = true;
	return 0;
}

static const struct argp_option options[] = {
	{ "entries", KEY_ENTRIES, NULL, 0,
	  "Every table page and every entry as well", 0 },
	{},
};

const struct verb show_verb = {
	.name = "show",
	.help = "all about one VM; --entries: every table page and leaf",
	.doc = "Shows all about a VM's stage-2 contexts: geometry, VMID, occupancy level by "
	       "level, the audit of table page counts, events, flushes by reason and scope. VM "
	       "is a tgid, an mmu id, a name or a glob.\v"
	       "Examples:\n"
	       "  s2stat show web-1\n"
	       "  s2stat show 4711 --interval 10\n"
	       "  s2stat show mmu:3 --json --entries --interval 0\n",
	.args = "VM",
	.json = "vm table entry sample error",
	.takes = TAKES_VM | TAKES_SAMPLES,
	.count = 1,
	.options = options,
	.parse = parse,
	.run = show_run,
};
