// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a stage-2 descriptor (see pte.h).
 */
#include "descriptor.h"
#include "pte.h"

#define VALID (1ULL << 0)
#define TABLE (1ULL << 1)
#define S2AP_R (1ULL << 6)
#define S2AP_W (1ULL << 7)
#define AF (1ULL << 10)
#define XN (1ULL << 54)
#define LAST_LEVEL 3

/** pte_kind() - what the descriptor @pte in a table of @level is */
enum pte_kind pte_kind(uint64_t pte, int level)
{
	if (!pte)
		return PTE_NONE;
	if (pte_is_lock_mark(pte))
		return PTE_LOCKED;
	if (!(pte & VALID))
		return PTE_ANNOTATION;
	return level < LAST_LEVEL && (pte & TABLE) ? PTE_TABLE : PTE_LEAF;
}

/* Bits @hi to @lo of @pte, in place. */
static uint64_t bits(uint64_t pte, unsigned int hi, unsigned int lo)
{
	return pte & ((~0ULL >> (63 - hi)) & (~0ULL << lo));
}

/**
 * pte_address() - output address of a valid descriptor
 *
 * With FEAT_LPA2 bits 51:50 are kept in 9:8 (4K and 16K pages); with 64K pages
 * FEAT_LPA keeps bits 51:48 in 15:12, which are zero without it.
 */
uint64_t pte_address(uint64_t pte, uint32_t page_shift, bool lpa2)
{
	if (lpa2 && page_shift < 16)
		return bits(pte, 49, page_shift) | bits(pte, 9, 8) << 42;
	if (page_shift == 16)
		return bits(pte, 47, 16) | bits(pte, 15, 12) << 36;
	return bits(pte, 47, page_shift);
}

/* MemAttr as KVM uses it: MT_S2_* and MT_S2_FWB_* of asm/memory.h. */
static const char *memtype(unsigned int memattr, bool fwb)
{
	switch (memattr) {
	case 0x1:
		return "device";
	case 0x5:
		return "normal_nc";
	case 0x6:
		return fwb ? "normal" : "other";
	case 0xf:
		return fwb ? "other" : "normal";
	}
	return "other";
}

/** pte_is_device() - is the memory it maps a device's? */
bool pte_is_device(const struct pte_leaf *leaf)
{
	return leaf->memattr < 4;
}

/**
 * pte_leaf() - what a page or block descriptor says
 * @size:	bytes it maps: a block has other uses for the low address bits
 */
struct pte_leaf pte_leaf(uint64_t pte, uint64_t size, uint32_t page_shift,
			 bool lpa2, bool fwb)
{
	unsigned int memattr = bits(pte, 5, 2) >> 2;

	return (struct pte_leaf){
		.pa = pte_address(pte, page_shift, lpa2) & ~(size - 1),
		.r = pte & S2AP_R,
		.w = pte & S2AP_W,
		.x = !(pte & XN),
		.af = pte & AF,
		.memattr = memattr,
		.memtype = memtype(memattr, fwb),
	};
}
