/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VM's IPA space is mapped with, coarse enough to be drawn: one cell for
 * each run of equal pages or blocks, and no more than 16 for a table, so it
 * takes less memory than the tables it tells of.
 *
 * Pure: fed with records in any order, then finished.
 */
#ifndef S2STAT_MODEL_IPAMAP_H
#define S2STAT_MODEL_IPAMAP_H

#include "vm.h"

#define IPA_LEVELS 4

/**
 * struct ipa_cell - a part of the IPA space
 * @mapped:	bytes in it that leaves of each level map
 * @device:	of all of these: bytes mapped as device memory
 * @young:	with the access flag set
 * @writable:	writable
 */
struct ipa_cell {
	uint64_t ipa;
	uint64_t size;
	uint64_t mapped[IPA_LEVELS];
	uint64_t device;
	uint64_t young;
	uint64_t writable;
};

/**
 * struct ipa_region - a stretch to be drawn as one
 * @slot:	the memslot it is, or NULL: something is mapped outside of any
 * @ipa, @size:	where
 */
struct ipa_region {
	const struct s2r_slot *slot;
	uint64_t ipa;
	uint64_t size;
};

/**
 * struct ipamap - the IPA space of one context
 * @failed:	memory ran out: the map is not whole
 * @cells:	in the order of @ipa once finished; they do not overlap
 * @slots:	in the order of @base_gfn once finished
 * @regions:	in the order of @ipa once finished
 */
struct ipamap {
	uint32_t page_shift;
	bool lpa2;
	bool fwb;
	bool failed;
	struct ipa_cell *cells;
	size_t nr_cells;
	size_t room_cells;
	struct s2r_slot *slots;
	size_t nr_slots;
	size_t room_slots;
	struct ipa_region *regions;
	size_t nr_regions;
};

void ipamap_init(struct ipamap *map, const struct host *host,
		 const struct vm *vm);
void ipamap_free(struct ipamap *map);
void ipamap_slot(struct ipamap *map, const struct s2r_slot *slot);
void ipamap_entries(struct ipamap *map, const struct s2r_table *table,
		    const struct s2r_entries *rec);
void ipamap_finish(struct ipamap *map);
struct ipa_cell ipamap_sum(const struct ipamap *map, uint64_t ipa,
			   uint64_t size);
uint64_t ipa_cell_mapped(const struct ipa_cell *cell);
int ipa_cell_level(const struct ipa_cell *cell);

#endif /* S2STAT_MODEL_IPAMAP_H */
