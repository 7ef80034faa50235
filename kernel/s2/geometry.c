// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choosing the shape of a stage-2 tree.
 */
#include "geometry.h"

/**
 * s2_start_level() - the start level we choose for an IPA size
 * @ipa_bits:	size of the IPA space
 *
 * The lowest tree that up to sixteen concatenated root pages allow, but never
 * fewer than two levels: a start level of 3 would forbid block mappings.
 *
 * Return: the level of the root's entries.
 */
s32 s2_start_level(u32 ipa_bits)
{
	s32 level = S2_LAST_LEVEL - 1;

	while (ipa_bits > s2_level_shift(level) + S2_TABLE_SHIFT + 4)
		level--;

	return level;
}

/**
 * s2_geometry_init() - work out a tree's shape
 * @geo:	filled in; the feature flags are left for the caller
 * @ipa_bits:	size of the IPA space
 * @start_level: level of the root's entries
 *
 * Return: 0, or -EINVAL if the architecture does not allow the combination:
 * an IPA size out of range, a root of more than sixteen pages or of less than
 * two entries, a start level from which nothing can be mapped.
 */
int s2_geometry_init(struct s2_geometry *geo, u32 ipa_bits, s32 start_level)
{
	u32 root_bits;

	if (ipa_bits < S2_MIN_IPA_BITS || ipa_bits > S2_MAX_IPA_BITS)
		return -EINVAL;
	if (start_level < 0 || start_level >= S2_LAST_LEVEL)
		return -EINVAL;
	if (ipa_bits <= s2_level_shift(start_level))
		return -EINVAL;

	root_bits = ipa_bits - s2_level_shift(start_level);
	if (root_bits > S2_TABLE_SHIFT + 4)
		return -EINVAL;

	geo->ipa_bits = ipa_bits;
	geo->start_level = start_level;
	geo->root_pages = root_bits > S2_TABLE_SHIFT ?
			  1U << (root_bits - S2_TABLE_SHIFT) : 1;
	/* Blocks: 1 GB with 4K pages, 32 MB with 16K, 512 MB with 64K. */
	geo->min_block_level = PAGE_SHIFT == 12 ? 1 : 2;

	return 0;
}
