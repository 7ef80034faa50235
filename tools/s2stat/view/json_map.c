// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPA space of a context as JSON: "slot" and "span".
 */
#include "json.h"

#include <inttypes.h>

/** json_of_slot() - a memslot ("slot") */
struct json_object *json_of_slot(const struct vm *vm, const struct host *host,
				 const struct s2r_slot *slot)
{
	struct json_object *o = json_record("slot");

	json_put_identity(o, vm);
	json_put_int(o, "slot", slot->id);
	json_put_u64(o, "ipa", slot->base_gfn << host->page_shift);
	json_put_u64(o, "size", slot->npages << host->page_shift);
	json_put_u64(o, "hva", slot->hva);
	json_put_u64(o, "flags", slot->flags);
	return o;
}

/** json_of_span() - a part of the IPA space in which something is mapped */
struct json_object *json_of_span(const struct vm *vm, const struct ipamap *map,
				 const struct ipa_cell *cell)
{
	struct json_object *o = json_record("span"), *sizes;

	json_put_identity(o, vm);
	json_put_u64(o, "ipa", cell->ipa);
	json_put_u64(o, "size", cell->size);
	json_put_u64(o, "mapped", ipa_cell_mapped(cell));
	sizes = json_put_object(o, "sizes");
	for (int l = VM_LAST_LEVEL; l > 0; l--) {
		char key[24];

		snprintf(key, sizeof(key), "%" PRIu64,
			 vm_level_size(map->page_shift, l));
		json_put_u64(sizes, key, cell->mapped[l]);
	}
	json_put_u64(o, "device", cell->device);
	json_put_u64(o, "young", cell->young);
	json_put_u64(o, "writable", cell->writable);
	return o;
}
