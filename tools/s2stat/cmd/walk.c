// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat walk VM: its stage-2 tables, page by page and entry by entry.
 */
#include "../model/range.h"
#include "../view/json.h"
#include "cmd.h"

enum { KEY_IPA = KEY_OF_VERB };

static struct {
	uint64_t first;
	uint64_t last;
} asked = { .last = UINT64_MAX };

/* Of --csv: entries only. */
static const char *const columns[] = {
	"time", "mmu", "kind", "ipa", "level", "size", "table",	  "index",
	"pte",	"pa",  "r",    "w",   "x",     "af",   "memtype", NULL,
};

struct walk {
	const struct options *o;
	const struct host *host;
	const struct vm *vm;
	struct text text;
	size_t tables;
};

static void show_table(const struct s2r_table *table, void *arg)
{
	struct walk *w = arg;

	w->tables++;
	if (w->o->json)
		json_table(stdout, table);
	else if (!w->o->csv)
		text_table(&w->text, table);
}

/* Does entry @index of @table translate any IPA that was asked for? */
static bool is_asked(const struct walk *w, const struct s2r_table *table,
		     unsigned int index)
{
	uint64_t size = vm_level_size(w->host->page_shift, table->level);
	uint64_t ipa = table->ipa + index * size;

	return ipa <= asked.last && ipa + size - 1 >= asked.first;
}

static void show_entry(struct walk *w, const struct s2r_table *table,
		       unsigned int index, uint64_t pte)
{
	struct json_object *row;

	if (!pte || !is_asked(w, table, index))
		return;
	if (!w->o->json && !w->o->csv) {
		text_entry(&w->text, w->host, w->vm, table, index, pte);
		return;
	}
	row = json_of_entry(w->host, w->vm, table, index, pte);
	if (row)
		emit(w->o, w->host, columns, row);
}

static void show_entries(const struct s2r_table *table,
			 const struct s2r_entries *rec, void *arg)
{
	for (unsigned int i = 0; i < rec->nr && i < S2R_CHUNK; i++)
		show_entry(arg, table, rec->first + i, rec->e[i]);
}

static int walk_vm(struct walk *w, struct live *live, struct failure *f)
{
	const struct live_visitor visitor = {
		.table = show_table,
		.entries = show_entries,
		.arg = w,
		.first = asked.first,
		.last = asked.last,
	};

	if (!w->o->json && !w->o->csv)
		text_title(&w->text, w->vm);
	return live_walk(live, w->vm->id, &visitor, f);
}

static int walk_sample(const struct options *o, struct live *live,
		       const struct host *host, const bool *chosen,
		       struct failure *f)
{
	struct walk w = { .o = o, .host = host, .text = text_for(o) };

	for (size_t i = 0; i < host->nr; i++) {
		if (!chosen[i])
			continue;
		w.vm = host->vm[i];
		if (walk_vm(&w, live, f))
			return -1;
	}
	if (o->json)
		json_sample(stdout, host, w.tables, o->interval > 0);
	return 0;
}

static int walk_run(const struct options *o)
{
	const struct sampling s = {
		.show = walk_sample,
		.columns = columns,
		.one_vm = true,
	};

	return sample_loop(o, &s);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != KEY_IPA)
		return ARGP_ERR_UNKNOWN;
	if (!range_parse(arg, &asked.first, &asked.last))
		argp_error(state,
			   "'%s' is no range: ADDRESS, FROM-END or FROM+SIZE",
			   arg);
	return 0;
}

static const struct argp_option options[] = {
	{ "ipa", KEY_IPA, "RANGE", 0,
	  "Only what translates any of this: ADDRESS, FROM-END (without END) or FROM+SIZE; sizes may end in K, M, G, T",
	  0 },
	{},
};

const struct verb walk_verb = {
	.name = "walk",
	.help = "the tables of one VM: every page, every entry",
	.doc = "Walks a VM's stage-2 tables and shows each table page with its reference count and "
	       "each entry with what it maps: output address, size, permissions, access flag, memory "
	       "type. The VM goes on meanwhile: a table is read in one go, all of them are not.\v"
	       "Examples:\n"
	       "  s2stat walk web-1\n"
	       "  s2stat walk 4711 --ipa 0x40000000+2M    what translates these 2 MB\n"
	       "  s2stat walk mmu:3 --csv >entries.csv\n",
	.args = "VM",
	.json = "table entry sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 1,
	.at_once = true,
	.options = options,
	.parse = parse,
	.run = walk_run,
};
