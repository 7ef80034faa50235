// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the text picture and the SVG have in common (see map.h).
 */
#include "map.h"

/** map_kind() - what most of the mapped part of @cell is */
enum map_kind map_kind(const struct ipa_cell *cell)
{
	uint64_t mapped = ipa_cell_mapped(cell);

	if (!mapped)
		return MAP_EMPTY;
	if (2 * cell->device >= mapped)
		return MAP_DEVICE;
	switch (ipa_cell_level(cell)) {
	case VM_LAST_LEVEL:
		return MAP_PAGES;
	case VM_LAST_LEVEL - 1:
		return MAP_BLOCKS;
	}
	return MAP_GIANT;
}

/** map_is_old() - has most of it no access flag? */
bool map_is_old(const struct ipa_cell *cell)
{
	return 2 * cell->young < ipa_cell_mapped(cell);
}

/** map_cell_size() - a power of two, so that @size takes at most @most cells */
uint64_t map_cell_size(uint64_t size, uint32_t page_shift, unsigned int most)
{
	uint64_t cell = 1ULL << page_shift;

	while (size / cell > most && cell << 1)
		cell <<= 1;
	return cell;
}
