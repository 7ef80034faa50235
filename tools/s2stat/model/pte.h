/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a stage-2 descriptor (Arm ARM D8.3): pure, no state.
 */
#ifndef S2STAT_MODEL_PTE_H
#define S2STAT_MODEL_PTE_H

#include <stdbool.h>
#include <stdint.h>

enum pte_kind {
	PTE_NONE, /* zero: not counted */
	PTE_LOCKED, /* in transition: not counted */
	PTE_ANNOTATION, /* invalid, not zero: counted */
	PTE_TABLE,
	PTE_LEAF,
};

/**
 * struct pte_leaf - what a page or block descriptor says
 * @pa:		output address
 * @memattr:	MemAttr[3:0], bits 5:2
 * @memtype:	the same in a word, as FEAT_S2FWB makes of it
 */
struct pte_leaf {
	uint64_t pa;
	bool r;
	bool w;
	bool x;
	bool af;
	unsigned int memattr;
	const char *memtype;
};

enum pte_kind pte_kind(uint64_t pte, int level);
uint64_t pte_address(uint64_t pte, uint32_t page_shift, bool lpa2);
bool pte_is_device(const struct pte_leaf *leaf);
struct pte_leaf pte_leaf(uint64_t pte, uint64_t size, uint32_t page_shift,
			 bool lpa2, bool fwb);

#endif /* S2STAT_MODEL_PTE_H */
