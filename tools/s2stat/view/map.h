/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A picture of a VM's IPA space: in text, or as a self-contained SVG.
 */
#ifndef S2STAT_VIEW_MAP_H
#define S2STAT_VIEW_MAP_H

#include "../model/ipamap.h"
#include "text.h"

/* What a cell of the picture mostly is. */
enum map_kind {
	MAP_EMPTY,
	MAP_PAGES,
	MAP_BLOCKS,
	MAP_GIANT, /* blocks of a level above 2 */
	MAP_DEVICE,
};

enum map_kind map_kind(const struct ipa_cell *cell);
bool map_is_old(const struct ipa_cell *cell);
uint64_t map_cell_size(uint64_t size, uint32_t page_shift, unsigned int most);

void map_text(const struct text *t, const struct vm *vm,
	      const struct ipamap *map, int width);

struct map_svg;
struct map_svg *map_svg_begin(FILE *out);
void map_svg_vm(struct map_svg *svg, const struct vm *vm,
		const struct ipamap *map);
void map_svg_end(struct map_svg *svg);

#endif /* S2STAT_VIEW_MAP_H */
