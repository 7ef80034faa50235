/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of a stage-2 table tree: how an IPA splits into indices, how many
 * pages the root takes, what one entry of a level spans.
 *
 * Pure arithmetic on 64-bit IPAs. Every index is bounded by the table it goes
 * into, the concatenated root included (S19, U08).
 */
#ifndef __KVM_ARM64_S2_GEOMETRY_H
#define __KVM_ARM64_S2_GEOMETRY_H

#include "abi.h"
#include "port.h"

/* Level of page descriptors; levels count down to the root (Arm ARM D8.2). */
#define S2_LAST_LEVEL		3
/* Stage 2 may concatenate at most 16 tables at the start level (D8.2.2). */
#define S2_MAX_ROOT_PAGES	16
/* Index bits that one table page resolves. */
#define S2_TABLE_SHIFT		(PAGE_SHIFT - 3)
#define S2_TABLE_ENTRIES	BIT(S2_TABLE_SHIFT)
/* Fewest bits of IPA that KVM's ABI lets a VM ask for. */
#define S2_MIN_IPA_BITS		32
#define S2_MAX_IPA_BITS		52

/**
 * struct s2_geometry - shape of one stage-2 tree
 * @ipa_bits:	size of the IPA space
 * @start_level: level of the root's entries
 * @root_pages:	pages of the root, a power of two up to S2_MAX_ROOT_PAGES
 * @min_block_level: lowest level (largest size) that may hold a block
 * @lpa2:	descriptors carry a 52-bit output address with 4K or 16K pages
 * @fwb:	FEAT_S2FWB is in force: memory attributes are encoded its way
 *		and guest memory needs no cache maintenance
 * @has_cmo:	the context maintains caches over guest memory (!@fwb)
 * @range:	the CPUs invalidate by range (FEAT_TLBIRANGE)
 * @hw_af:	the CPUs set access flags themselves (FEAT_HAFDBS)
 */
struct s2_geometry {
	u32	ipa_bits;
	s32	start_level;
	u32	root_pages;
	s32	min_block_level;
	bool	lpa2;
	bool	fwb;
	bool	has_cmo;
	bool	range;
	bool	hw_af;
};

/* log2 of the bytes that one entry of @level spans. */
static inline u32 s2_level_shift(s32 level)
{
	return PAGE_SHIFT + S2_TABLE_SHIFT * (S2_LAST_LEVEL - level);
}

/* Bytes that one entry of @level spans. */
static inline u64 s2_level_size(s32 level)
{
	return 1ULL << s2_level_shift(level);
}

/* As s2_mmu_init tells them. Blocks and tables are always broken (BBM). */
static inline s32 s2_features(const struct s2_geometry *geo)
{
	return BIT(S2_FEATURE_TOLD) | (u32)geo->fwb << S2_FEATURE_FWB |
	       (u32)geo->lpa2 << S2_FEATURE_LPA2;
}

/* First byte behind the IPA space. */
static inline u64 s2_ipa_limit(const struct s2_geometry *geo)
{
	return 1ULL << geo->ipa_bits;
}

/* Number of entries in the table that holds entries of @level. */
static inline u32 s2_entries(const struct s2_geometry *geo, s32 level)
{
	if (level > geo->start_level)
		return S2_TABLE_ENTRIES;

	return 1U << (geo->ipa_bits - s2_level_shift(level));
}

/*
 * Index of @ipa in the table that holds entries of @level. At the start level
 * the mask covers the concatenated pages too.
 */
static inline u32 s2_index(const struct s2_geometry *geo, s32 level, u64 ipa)
{
	return (ipa >> s2_level_shift(level)) & (s2_entries(geo, level) - 1);
}

/* First IPA behind the entry of @level that holds @ipa. Strictly above @ipa. */
static inline u64 s2_next(s32 level, u64 ipa)
{
	return (ipa | (s2_level_size(level) - 1)) + 1;
}

/* The same, but at most @end. Safe at the top of the 64-bit space. */
static inline u64 s2_next_or_end(s32 level, u64 ipa, u64 end)
{
	u64 next = s2_next(level, ipa);

	return next - 1 < end - 1 ? next : end;
}

/* Bytes that a whole table page (not a concatenated root) translates. */
static inline u64 s2_table_span(s32 level)
{
	return s2_level_size(level - 1);
}

int s2_geometry_init(struct s2_geometry *geo, u32 ipa_bits, s32 start_level);
s32 s2_start_level(u32 ipa_bits);

#endif /* __KVM_ARM64_S2_GEOMETRY_H */
