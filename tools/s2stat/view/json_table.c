// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table page ("table") and a counted entry of one ("entry") as JSON.
 */
#include "json.h"

#include <inttypes.h>

#include "../model/pte.h"

/** json_table() - one table page ("table") */
void json_table(FILE *out, const struct s2r_table *rec)
{
	struct json_object *o = json_record("table");

	json_put_u64(o, "mmu", rec->mmu);
	json_put_u64(o, "ipa", rec->ipa);
	json_put_int(o, "level", rec->level);
	json_put_u64(o, "pa", rec->pa);
	if (rec->count == S2R_NO_COUNT)
		json_put_null(o, "count");
	else
		json_put_int(o, "count", rec->count);
	json_put_u64(o, "used", rec->leaves + rec->children + rec->annotations);
	json_put_u64(o, "entries", rec->nr);
	json_put_u64(o, "leaves", rec->leaves);
	json_put_u64(o, "children", rec->children);
	json_put_u64(o, "annotations", rec->annotations);
	json_put_u64(o, "locked", rec->locked);
	json_put_u64(o, "unread", rec->unread);
	json_emit(out, o);
}

static const char *const kinds[] = {
	[PTE_NONE] = NULL,
	[PTE_LOCKED] = NULL,
	[PTE_ANNOTATION] = "annotation",
	[PTE_TABLE] = "table",
	[PTE_LEAF] = "leaf",
};

static void put_pte(struct json_object *o, uint64_t pte)
{
	char hex[24];

	snprintf(hex, sizeof(hex), "0x%016" PRIx64, pte);
	json_put_str(o, "pte", hex);
}

static void put_leaf(struct json_object *o, const struct pte_leaf *leaf)
{
	json_put_u64(o, "pa", leaf->pa);
	json_put_bool(o, "r", leaf->r);
	json_put_bool(o, "w", leaf->w);
	json_put_bool(o, "x", leaf->x);
	json_put_bool(o, "af", leaf->af);
	json_put_u64(o, "memattr", leaf->memattr);
	json_put_str(o, "memtype", leaf->memtype);
}

static void put_place(struct json_object *o, const struct host *host,
		      const struct s2r_table *table, unsigned int index)
{
	uint64_t size = vm_level_size(host->page_shift, table->level);

	json_put_u64(o, "mmu", table->mmu);
	json_put_u64(o, "ipa", table->ipa + index * size);
	json_put_int(o, "level", table->level);
	json_put_u64(o, "size", size);
	json_put_u64(o, "table", table->pa);
	json_put_u64(o, "index", index);
}

/** json_of_entry() - one entry ("entry"); NULL for one that is not counted */
struct json_object *json_of_entry(const struct host *host, const struct vm *vm,
				  const struct s2r_table *table,
				  unsigned int index, uint64_t pte)
{
	uint64_t size = vm_level_size(host->page_shift, table->level);
	enum pte_kind kind = pte_kind(pte, table->level);
	struct json_object *o;
	struct pte_leaf leaf;

	if (!kinds[kind])
		return NULL;
	o = json_record("entry");
	json_put_str(o, "kind", kinds[kind]);
	put_place(o, host, table, index);
	put_pte(o, pte);
	if (kind == PTE_LEAF) {
		leaf = pte_leaf(pte, size, host->page_shift, vm->lpa2, vm->fwb);
		put_leaf(o, &leaf);
	} else if (kind == PTE_TABLE) {
		json_put_u64(o, "pa",
			     pte_address(pte, host->page_shift, vm->lpa2));
	}
	return o;
}

/** json_entries() - "entry" for each counted entry of @rec */
void json_entries(FILE *out, const struct host *host, const struct vm *vm,
		  const struct s2r_table *table, const struct s2r_entries *rec)
{
	struct json_object *o;

	for (unsigned int i = 0; i < rec->nr && i < S2R_CHUNK; i++) {
		o = json_of_entry(host, vm, table, rec->first + i, rec->e[i]);
		if (o)
			json_emit(out, o);
	}
}
