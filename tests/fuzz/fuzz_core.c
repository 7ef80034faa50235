// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer on the core: the first byte chooses the shape of the tables, the
 * others the operations; the reference, the checker and the TLBs judge.
 */
#include "drive.h"

static const struct { u8 bits; signed char level; } shapes[] = {
	{ 32, 1 }, { 32, 2 }, { 36, 1 }, { 40, 0 }, { 40, 1 }, { 48, 0 },
	{ 52, 0 },
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct host_mmu_type type = { };
	struct world *w;
	u8 shape;

	if (size < 3)
		return -1;

	shape = data[0] % ARRAY_SIZE(shapes);
	type.ipa_bits = shapes[shape].bits;
	type.start_level = shapes[shape].level;
	type.fwb = data[1] & 1;
	type.range = data[1] & 2;
	type.lpa2 = type.ipa_bits > 48 || data[1] & 8;

	w = calloc(1, sizeof(*w));
	w->src = (struct source) {
		.fuzz = true,
		.bytes = data + 2,
		.left = size - 2,
	};
	world_init(w, &type, data[1] & 4);
	while (!source_empty(&w->src))
		world_step(w);
	world_fini(w);
	free(w);
	return 0;
}
