/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage-2 descriptor: encode, decode, compare. Pure.
 *
 * Field positions: Arm ARM DDI 0487, D8.3.1 (table, block and page
 * descriptors) and D8.3.2 (stage 2 attributes); 52-bit output addresses with
 * FEAT_LPA2 (bits 51:50 in 9:8, no shareability) and with 64K pages (bits
 * 51:48 in 15:12).
 */
#ifndef __KVM_ARM64_S2_PTE_H
#define __KVM_ARM64_S2_PTE_H

#include "geometry.h"

#define S2_PTE_VALID		BIT_ULL(0)
/* Above the last level: a table, not a block. At the last level: a page. */
#define S2_PTE_TYPE		BIT_ULL(1)
#define S2_PTE_MEMATTR		GENMASK_ULL(5, 2)
#define S2_PTE_READ		BIT_ULL(6)	/* S2AP[0] */
#define S2_PTE_WRITE		BIT_ULL(7)	/* S2AP[1] */
#define S2_PTE_SH		GENMASK_ULL(9, 8)
#define S2_PTE_SH_INNER		(3ULL << 8)
#define S2_PTE_AF		BIT_ULL(10)
#define S2_PTE_XN		BIT_ULL(54)	/* XN[1]: no EL1, no EL0 */
#define S2_PTE_SW		GENMASK_ULL(58, 55)

#define S2_PTE_PERMS		(S2_PTE_READ | S2_PTE_WRITE | S2_PTE_XN)

/* MemAttr[3:0] without FEAT_S2FWB (D8.5.5) and with it (D8.5.6). */
#define S2_MEMATTR_NORMAL	(0xfULL << 2)
#define S2_MEMATTR_NC		(0x5ULL << 2)
#define S2_MEMATTR_DEVICE	(0x1ULL << 2)
#define S2_MEMATTR_FWB_NORMAL	(0x6ULL << 2)
#define S2_MEMATTR_FWB_NC	(0x5ULL << 2)
#define S2_MEMATTR_FWB_DEVICE	(0x1ULL << 2)

/*
 * What a mapping is to allow and be. Software bits are passed in place
 * (S2_PTE_SW).
 */
#define S2_PROT_R		BIT_ULL(0)
#define S2_PROT_W		BIT_ULL(1)
#define S2_PROT_X		BIT_ULL(2)
#define S2_PROT_DEVICE		BIT_ULL(3)
#define S2_PROT_NC		BIT_ULL(4)
#define S2_PROT_OLD		BIT_ULL(5)	/* not accessed yet */

static inline bool s2_pte_valid(u64 pte)
{
	return pte & S2_PTE_VALID;
}

/*
 * Counted entries hold a reference on their table page. We never leave a
 * marker in an invalid entry, so counted and non-zero are the same.
 */
static inline bool s2_pte_counted(u64 pte)
{
	return pte != 0;
}

static inline bool s2_pte_table(u64 pte, s32 level)
{
	return level < S2_LAST_LEVEL &&
	       (pte & (S2_PTE_VALID | S2_PTE_TYPE)) ==
	       (S2_PTE_VALID | S2_PTE_TYPE);
}

static inline bool s2_pte_leaf(u64 pte, s32 level)
{
	return s2_pte_valid(pte) && !s2_pte_table(pte, level);
}

static inline bool s2_pte_executable(u64 pte)
{
	return s2_pte_valid(pte) && !(pte & S2_PTE_XN);
}

/* Descriptor bits that hold the output address. */
static inline u64 s2_pte_addr_mask(const struct s2_geometry *geo)
{
	if (geo->lpa2)
		return GENMASK_ULL(49, PAGE_SHIFT) | GENMASK_ULL(9, 8);
	if (PAGE_SHIFT == 16)
		return GENMASK_ULL(47, PAGE_SHIFT) | GENMASK_ULL(15, 12);
	return GENMASK_ULL(47, PAGE_SHIFT);
}

static inline u64 s2_pte_pa(const struct s2_geometry *geo, u64 pte)
{
	if (geo->lpa2)
		return (pte & GENMASK_ULL(49, PAGE_SHIFT)) |
		       ((pte & GENMASK_ULL(9, 8)) << (50 - 8));
	if (PAGE_SHIFT == 16)
		return (pte & GENMASK_ULL(47, PAGE_SHIFT)) |
		       ((pte & GENMASK_ULL(15, 12)) << (48 - 12));
	return pte & GENMASK_ULL(47, PAGE_SHIFT);
}

static inline u64 s2_pte_from_pa(const struct s2_geometry *geo, u64 pa)
{
	if (geo->lpa2)
		return (pa & GENMASK_ULL(49, PAGE_SHIFT)) |
		       ((pa & GENMASK_ULL(51, 50)) >> (50 - 8));
	if (PAGE_SHIFT == 16)
		return (pa & GENMASK_ULL(47, PAGE_SHIFT)) |
		       ((pa & GENMASK_ULL(51, 48)) >> (48 - 12));
	return pa & GENMASK_ULL(47, PAGE_SHIFT);
}

static inline u64 s2_memattr(const struct s2_geometry *geo, u64 prot)
{
	if (prot & S2_PROT_DEVICE)
		return geo->fwb ? S2_MEMATTR_FWB_DEVICE : S2_MEMATTR_DEVICE;
	if (prot & S2_PROT_NC)
		return geo->fwb ? S2_MEMATTR_FWB_NC : S2_MEMATTR_NC;
	return geo->fwb ? S2_MEMATTR_FWB_NORMAL : S2_MEMATTR_NORMAL;
}

/* The mapping is Normal Write-Back: its lines may sit in the caches. */
static inline bool s2_pte_cacheable(const struct s2_geometry *geo, u64 pte)
{
	return s2_pte_valid(pte) &&
	       (pte & S2_PTE_MEMATTR) == s2_memattr(geo, 0);
}

/* The permission and software bits of @prot, in descriptor form. */
static inline u64 s2_prot_bits(u64 prot)
{
	u64 bits = prot & S2_PTE_SW;

	if (prot & S2_PROT_R)
		bits |= S2_PTE_READ;
	if (prot & S2_PROT_W)
		bits |= S2_PTE_WRITE;
	if (!(prot & S2_PROT_X))
		bits |= S2_PTE_XN;
	return bits;
}

/* A leaf of @level that maps @pa. */
static inline u64 s2_pte_make_leaf(const struct s2_geometry *geo, u64 pa,
				   s32 level, u64 prot)
{
	u64 pte = S2_PTE_VALID;

	if (!(prot & S2_PROT_OLD))
		pte |= S2_PTE_AF;
	if (level == S2_LAST_LEVEL)
		pte |= S2_PTE_TYPE;
	/* With LPA2 shareability moves to VTCR_EL2.SH0: the bits are address */
	if (!geo->lpa2)
		pte |= S2_PTE_SH_INNER;

	return pte | s2_memattr(geo, prot) | s2_prot_bits(prot) |
	       s2_pte_from_pa(geo, pa);
}

static inline u64 s2_pte_make_table(const struct s2_geometry *geo, u64 pa)
{
	return S2_PTE_VALID | S2_PTE_TYPE | s2_pte_from_pa(geo, pa);
}

/* The leaf that maps part @index of the block @pte, one level further down. */
static inline u64 s2_pte_split(const struct s2_geometry *geo, u64 pte,
			       s32 level, u32 index)
{
	u64 mask = s2_pte_addr_mask(geo);
	u64 pa = s2_pte_pa(geo, pte) + index * s2_level_size(level + 1);
	u64 part = (pte & ~mask) | s2_pte_from_pa(geo, pa);

	return level + 1 == S2_LAST_LEVEL ? part | S2_PTE_TYPE : part;
}

/*
 * True if going from @old to @new (valid leaves of one level) changes nothing
 * but permissions, the access flag and software bits: what the architecture
 * lets us change in place when the permissions only grow (D8.16.1).
 */
static inline bool s2_pte_same_mapping(u64 old, u64 new)
{
	return !((old ^ new) & ~(S2_PTE_PERMS | S2_PTE_AF | S2_PTE_SW));
}

/*
 * @old with every permission that either has, young if either is, @new's
 * software bits.
 */
static inline u64 s2_pte_relax(u64 old, u64 new)
{
	u64 pte = old & ~S2_PTE_SW;

	pte |= new & (S2_PTE_READ | S2_PTE_WRITE | S2_PTE_AF | S2_PTE_SW);
	if (!(new & S2_PTE_XN))
		pte &= ~S2_PTE_XN;
	return pte;
}

#endif /* __KVM_ARM64_S2_PTE_H */
