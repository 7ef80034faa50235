// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathers what a VM's IPA space is mapped with (see ipamap.h).
 */
#include "ipamap.h"

#include <stdlib.h>
#include <string.h>

#include "pte.h"

/* Cells that one table's 512 pages may become. */
#define MAX_RUNS 16

/** ipamap_init() - an empty map of @vm; given back with ipamap_free() */
void ipamap_init(struct ipamap *map, const struct host *host,
		 const struct vm *vm)
{
	*map = (struct ipamap){
		.page_shift = host->page_shift,
		.lpa2 = vm->lpa2,
		.fwb = vm->fwb,
	};
}

void ipamap_free(struct ipamap *map)
{
	free(map->cells);
	free(map->slots);
	free(map->regions);
	*map = (struct ipamap){ .page_shift = map->page_shift };
}

/* Room for one more of @size bytes in @array; NULL when memory ran out. */
static void *one_more(struct ipamap *map, void **array, size_t nr, size_t *room,
		      size_t size)
{
	if (nr == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *grown = reallocarray(*array, more, size);

		if (!grown) {
			map->failed = true;
			return NULL;
		}
		*array = grown;
		*room = more;
	}
	return (char *)*array + nr * size;
}

/** ipamap_slot() - a memslot of the VM */
void ipamap_slot(struct ipamap *map, const struct s2r_slot *slot)
{
	struct s2r_slot *s = one_more(map, (void **)&map->slots, map->nr_slots,
				      &map->room_slots, sizeof(*s));

	if (!s || !slot->npages)
		return;
	*s = *slot;
	map->nr_slots++;
}

/** ipa_cell_mapped() - bytes mapped, whatever with */
uint64_t ipa_cell_mapped(const struct ipa_cell *cell)
{
	uint64_t sum = 0;

	for (int l = 0; l < IPA_LEVELS; l++)
		sum += cell->mapped[l];
	return sum;
}

/** ipa_cell_level() - level of the leaves that map most of it; -1 for none */
int ipa_cell_level(const struct ipa_cell *cell)
{
	int most = -1;

	for (int l = 0; l < IPA_LEVELS; l++)
		if (cell->mapped[l] &&
		    (most < 0 || cell->mapped[l] > cell->mapped[most]))
			most = l;
	return most;
}

static void add_cell(struct ipa_cell *to, const struct ipa_cell *c)
{
	for (int l = 0; l < IPA_LEVELS; l++)
		to->mapped[l] += c->mapped[l];
	to->device += c->device;
	to->young += c->young;
	to->writable += c->writable;
}

/* The leaf @pte at @ipa, as a cell of its own. */
static struct ipa_cell leaf_cell(const struct ipamap *map, uint64_t pte,
				 uint64_t ipa, int level)
{
	uint64_t size = vm_level_size(map->page_shift, level);
	struct pte_leaf leaf =
		pte_leaf(pte, size, map->page_shift, map->lpa2, map->fwb);
	struct ipa_cell cell = { .ipa = ipa, .size = size };

	cell.mapped[level & (IPA_LEVELS - 1)] = size;
	cell.device = pte_is_device(&leaf) ? size : 0;
	cell.young = leaf.af ? size : 0;
	cell.writable = leaf.w ? size : 0;
	return cell;
}

/* Is @part of @whole all, none, or not the same as @next's? */
static bool same_share(uint64_t part, uint64_t whole, uint64_t next_part)
{
	return next_part ? part == whole : !part;
}

/* Does the block @c go on where the run of blocks @last ends? */
static bool continues(const struct ipa_cell *last, const struct ipa_cell *c,
		      int level)
{
	return last->ipa + last->size == c->ipa &&
	       last->mapped[level] == last->size &&
	       same_share(last->device, last->size, c->device) &&
	       same_share(last->young, last->size, c->young) &&
	       same_share(last->writable, last->size, c->writable);
}

static struct ipa_cell *new_cell(struct ipamap *map)
{
	struct ipa_cell *cell = one_more(map, (void **)&map->cells,
					 map->nr_cells, &map->room_cells,
					 sizeof(*cell));

	map->nr_cells += !!cell;
	return cell;
}

static void add_block(struct ipamap *map, const struct ipa_cell *c, int level)
{
	struct ipa_cell *last = map->nr_cells ? &map->cells[map->nr_cells - 1] :
						NULL;
	struct ipa_cell *cell;

	if (last && continues(last, c, level)) {
		last->size += c->size;
		add_cell(last, c);
		return;
	}
	cell = new_cell(map);
	if (cell)
		*cell = *c;
}

/* Adds the page or block @pte at @ipa: alone, or to the run it continues. */
static void add_leaf(struct ipamap *map, uint64_t pte, uint64_t ipa, int level)
{
	struct ipa_cell c;

	if (pte_kind(pte, level) != PTE_LEAF)
		return;
	c = leaf_cell(map, pte, ipa, level);
	add_block(map, &c, level & (IPA_LEVELS - 1));
}

/* How often a page in @rec does not go on where the one before it ended. */
static unsigned int runs(const struct s2r_entries *rec)
{
	const uint64_t attributes = ~((1ULL << 50) - 1) | 0xfff;
	uint64_t last = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < rec->nr && i < S2R_CHUNK; i++) {
		n += rec->e[i] && (rec->e[i] & attributes) != last;
		last = rec->e[i] & attributes;
	}
	return n;
}

/* Pages in too many small runs: as many cells as there may be, no more. */
static void add_parts(struct ipamap *map, const struct s2r_table *table,
		      const struct s2r_entries *rec)
{
	unsigned int nr = rec->nr < S2R_CHUNK ? rec->nr : S2R_CHUNK;
	uint64_t page = 1ULL << map->page_shift;
	struct ipa_cell *cell = NULL;

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t ipa = table->ipa + (rec->first + i) * page;
		struct ipa_cell c;

		if (i % (S2R_CHUNK / MAX_RUNS) == 0) {
			cell = new_cell(map);
			if (!cell)
				return;
			*cell = (struct ipa_cell){
				.ipa = ipa,
				.size = page * (S2R_CHUNK / MAX_RUNS),
			};
		}
		if (pte_kind(rec->e[i], VM_LAST_LEVEL) != PTE_LEAF)
			continue;
		c = leaf_cell(map, rec->e[i], ipa, VM_LAST_LEVEL);
		add_cell(cell, &c);
	}
}

/** ipamap_entries() - the leaves among @rec, entries of @table */
void ipamap_entries(struct ipamap *map, const struct s2r_table *table,
		    const struct s2r_entries *rec)
{
	uint64_t size = vm_level_size(map->page_shift, table->level);

	if (table->level == VM_LAST_LEVEL && runs(rec) > MAX_RUNS) {
		add_parts(map, table, rec);
		return;
	}
	for (unsigned int i = 0; i < rec->nr && i < S2R_CHUNK; i++)
		add_leaf(map, rec->e[i], table->ipa + (rec->first + i) * size,
			 table->level);
}

static int by_ipa(const void *a, const void *b)
{
	const struct ipa_cell *x = a, *y = b;

	return x->ipa < y->ipa ? -1 : x->ipa > y->ipa;
}

static int by_gfn(const void *a, const void *b)
{
	const struct s2r_slot *x = a, *y = b;

	return x->base_gfn < y->base_gfn ? -1 : x->base_gfn > y->base_gfn;
}

static int by_start(const void *a, const void *b)
{
	const struct ipa_region *x = a, *y = b;

	return x->ipa < y->ipa ? -1 : x->ipa > y->ipa;
}

/* A slot read while it changed may be there twice. */
static void drop_doubles(struct ipamap *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->nr_slots; i++)
		if (!kept ||
		    map->slots[kept - 1].base_gfn != map->slots[i].base_gfn)
			map->slots[kept++] = map->slots[i];
	map->nr_slots = kept;
}

/* The slot that @ipa is in, or NULL. */
static const struct s2r_slot *slot_at(const struct ipamap *map, uint64_t ipa)
{
	uint64_t gfn = ipa >> map->page_shift;
	size_t lo = 0, hi = map->nr_slots;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct s2r_slot *s = &map->slots[mid];

		if (gfn < s->base_gfn)
			hi = mid;
		else if (gfn - s->base_gfn >= s->npages)
			lo = mid + 1;
		else
			return s;
	}
	return NULL;
}

/* What is mapped outside of all slots: stretches next to each other as one. */
static size_t stray_regions(const struct ipamap *map, struct ipa_region *to)
{
	size_t n = 0;

	for (size_t i = 0; i < map->nr_cells; i++) {
		const struct ipa_cell *c = &map->cells[i];

		if (!ipa_cell_mapped(c) || slot_at(map, c->ipa) ||
		    slot_at(map, c->ipa + c->size - 1))
			continue;
		if (n && to[n - 1].ipa + to[n - 1].size == c->ipa) {
			to[n - 1].size += c->size;
			continue;
		}
		to[n++] = (struct ipa_region){ .ipa = c->ipa, .size = c->size };
	}
	return n;
}

/** ipamap_finish() - all was fed: sorts, and finds the regions */
void ipamap_finish(struct ipamap *map)
{
	size_t n = 0;

	if (map->nr_cells)
		qsort(map->cells, map->nr_cells, sizeof(*map->cells), by_ipa);
	if (map->nr_slots)
		qsort(map->slots, map->nr_slots, sizeof(*map->slots), by_gfn);
	drop_doubles(map);
	map->regions = calloc(map->nr_slots + map->nr_cells + 1,
			      sizeof(*map->regions));
	if (!map->regions) {
		map->failed = true;
		return;
	}
	for (; n < map->nr_slots; n++)
		map->regions[n] = (struct ipa_region){
			.slot = &map->slots[n],
			.ipa = map->slots[n].base_gfn << map->page_shift,
			.size = map->slots[n].npages << map->page_shift,
		};
	map->nr_regions = n + stray_regions(map, map->regions + n);
	qsort(map->regions, map->nr_regions, sizeof(*map->regions), by_start);
}

/* The part of @value that falls to @part of @whole bytes. */
static uint64_t share(uint64_t value, uint64_t part, uint64_t whole)
{
	if (part == whole || value == whole)
		return value == whole ? part : value;
	return (uint64_t)((double)value * part / whole);
}

/* Adds what of @c lies between @lo and @hi, as if it were spread evenly. */
static void add_part(struct ipa_cell *sum, const struct ipa_cell *c,
		     uint64_t lo, uint64_t hi)
{
	uint64_t from = c->ipa > lo ? c->ipa : lo;
	uint64_t to = c->ipa + c->size < hi ? c->ipa + c->size : hi;
	uint64_t part = to - from;

	for (int l = 0; l < IPA_LEVELS; l++)
		sum->mapped[l] += share(c->mapped[l], part, c->size);
	sum->device += share(c->device, part, c->size);
	sum->young += share(c->young, part, c->size);
	sum->writable += share(c->writable, part, c->size);
}

/**
 * ipamap_sum() - what is mapped in a part of the IPA space
 *
 * The map must be finished. A part that is finer than its cells gets its share
 * of them.
 */
struct ipa_cell ipamap_sum(const struct ipamap *map, uint64_t ipa,
			   uint64_t size)
{
	struct ipa_cell sum = { .ipa = ipa, .size = size };
	size_t lo = 0, hi = map->nr_cells;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (map->cells[mid].ipa + map->cells[mid].size <= ipa)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < map->nr_cells && map->cells[lo].ipa < ipa + size; lo++)
		add_part(&sum, &map->cells[lo], ipa, ipa + size);
	return sum;
}
