// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat map VM: a picture of its IPA space.
 */
#include "../view/json.h"
#include "../view/map.h"
#include "../view/outfile.h"
#include "cmd.h"

enum { KEY_SVG = KEY_OF_VERB };

static const char *svg_path;

static const char *const columns[] = {
	"time",	  "mmu",    "vm",    "name",	 "ipa", "size",
	"mapped", "device", "young", "writable", NULL,
};

static void take_slot(const struct s2r_slot *slot, void *map)
{
	ipamap_slot(map, slot);
}

static void take_table(const struct s2r_table *table, void *map)
{
	(void)table;
	(void)map;
}

static void take_entries(const struct s2r_table *table,
			 const struct s2r_entries *rec, void *map)
{
	ipamap_entries(map, table, rec);
}

/* Fills @map, which is to be freed also when this fails. */
static int read_map(struct live *live, const struct host *host,
		    const struct vm *vm, struct ipamap *map, struct failure *f)
{
	const struct live_visitor visitor = {
		.table = take_table,
		.entries = take_entries,
		.arg = map,
	};

	ipamap_init(map, host, vm);
	/* Memslots are of the VM's own IPA space; a nested guest's is another. */
	if (host->offers & OFFER_SLOTS && !vm->nested &&
	    live_slots(live, vm->id, take_slot, map, f))
		return -1;
	if (live_walk(live, vm->id, &visitor, f))
		return -1;
	ipamap_finish(map);
	return map->failed ? failed(f, EXIT_ERROR, "out of memory") : 0;
}

static void rows(const struct options *o, const struct host *host,
		 const struct vm *vm, const struct ipamap *map)
{
	for (size_t i = 0; o->json && i < map->nr_slots; i++)
		json_emit(stdout, json_of_slot(vm, host, &map->slots[i]));
	for (size_t i = 0; i < map->nr_cells; i++)
		if (ipa_cell_mapped(&map->cells[i]))
			emit(o, host, columns,
			     json_of_span(vm, map, &map->cells[i]));
}

static void show_map(const struct options *o, const struct host *host,
		     const struct vm *vm, const struct ipamap *map,
		     struct map_svg *svg)
{
	const struct text t = text_for(o);
	int width = 80;

	if (svg) {
		map_svg_vm(svg, vm, map);
	} else if (o->json || o->csv) {
		rows(o, host, vm, map);
	} else {
		terminal_width(&width);
		map_text(&t, vm, map, width);
	}
}

static int map_all(const struct options *o, struct live *live,
		   const struct host *host, const bool *chosen,
		   struct map_svg *svg, struct failure *f)
{
	size_t shown = 0;

	for (size_t i = 0; i < host->nr; i++) {
		struct ipamap map;
		int err;

		if (!chosen[i])
			continue;
		err = read_map(live, host, host->vm[i], &map, f);
		if (!err)
			show_map(o, host, host->vm[i], &map, svg);
		ipamap_free(&map);
		if (err)
			return -1;
		shown++;
	}
	if (o->json && !svg)
		json_sample(stdout, host, shown, o->interval > 0);
	return 0;
}

/* The file appears whole or not at all. */
static int map_file(const struct options *o, struct live *live,
		    const struct host *host, const bool *chosen,
		    struct failure *f)
{
	struct outfile file;
	struct map_svg *svg;
	int err;

	if (outfile_open(&file, svg_path, f))
		return -1;
	svg = map_svg_begin(file.out);
	if (!svg) {
		outfile_abort(&file);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	err = map_all(o, live, host, chosen, svg, f);
	map_svg_end(svg);
	if (err) {
		outfile_abort(&file);
		return -1;
	}
	return outfile_commit(&file, f);
}

static int map_sample(const struct options *o, struct live *live,
		      const struct host *host, const bool *chosen,
		      struct failure *f)
{
	if (svg_path)
		return map_file(o, live, host, chosen, f);
	return map_all(o, live, host, chosen, NULL, f);
}

static int map_run(const struct options *o)
{
	const struct sampling s = {
		.show = map_sample,
		.columns = columns,
		.one_vm = true,
	};

	return sample_loop(o, &s);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct options *o = state->input;

	if (key == ARGP_KEY_END && svg_path && (o->json || o->csv))
		argp_error(state, "--svg, --json or --csv: one of them");
	if (key != KEY_SVG)
		return ARGP_ERR_UNKNOWN;
	svg_path = arg;
	return 0;
}

static const struct argp_option options[] = {
	{ "svg", KEY_SVG, "FILE", 0,
	  "Draw into this file, which appears whole or not at all", 0 },
	{},
};

const struct verb map_verb = {
	.name = "map",
	.help = "a picture of one VM's IPA space; --svg FILE",
	.doc = "Draws what a VM's IPA space is mapped with: memslots and holes, pages, blocks, devices, "
	       "how much of each is mapped, and what is old (no access flag, as far as the host takes "
	       "it away). With --json a span for each run of equal leaves, at most 16 for a table.\v"
	       "Examples:\n"
	       "  s2stat map web-1\n"
	       "  s2stat map web-1 --svg web-1.svg\n"
	       "  s2stat map mmu:3 --json\n",
	.args = "VM",
	.json = "slot span sample error",
	.takes = TAKES_VM | TAKES_SAMPLES | TAKES_CSV,
	.count = 1,
	.at_once = true,
	.options = options,
	.parse = parse,
	.run = map_run,
};
