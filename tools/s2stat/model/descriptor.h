/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bits of a stage-2 descriptor (Arm ARM D8.3.1, D8.3.2), for who looks at
 * millions of them. pte.h reads one for people.
 */
#ifndef S2STAT_MODEL_DESCRIPTOR_H
#define S2STAT_MODEL_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#define PTE_VALID (1ULL << 0)
#define PTE_TYPE (1ULL << 1)
#define PTE_MEMATTR (0xfULL << 2)
#define PTE_READ (1ULL << 6) /* S2AP[0] */
#define PTE_WRITE (1ULL << 7) /* S2AP[1] */
#define PTE_SH (3ULL << 8)
#define PTE_AF (1ULL << 10)
#define PTE_DBM (1ULL << 51)
#define PTE_XN (3ULL << 53)
#define PTE_XN1 (1ULL << 54) /* XN[1]: execution is restricted */
#define PTE_SW (0xfULL << 55)
/*
 * A break-before-make is under way: KVM_INVALID_PTE_LOCKED, and what newer Linux
 * has instead, one of several types of invalid entries (bits 63:60).
 */
#define PTE_LOCK_MARK (1ULL << 10)
#define PTE_LOCK_TYPE (1ULL << 60)

#define PTE_PERMS (PTE_READ | PTE_WRITE | PTE_XN)
/* What may change while an entry stays valid (D8.16.1): BBM. */
#define PTE_IN_PLACE (PTE_PERMS | PTE_AF | PTE_DBM | PTE_SW)

/* MemAttr[3:0] in bits 5:2, as KVM uses it; with FEAT_S2FWB 6 is Normal. */
#define MEMATTR_DEVICE 0x1
#define MEMATTR_NC 0x5
#define MEMATTR_FWB_NORMAL 0x6
#define MEMATTR_NORMAL 0xf

/* Levels of a stage-2 table; -1 only with 52-bit IPAs and 4K pages. */
#define LEVEL_MIN (-1)
#define LEVEL_LAST 3
#define NR_LEVELS 5

static inline bool pte_is_table(uint64_t pte, int level)
{
	return level < LEVEL_LAST &&
	       (pte & (PTE_VALID | PTE_TYPE)) == (PTE_VALID | PTE_TYPE);
}

static inline bool pte_is_leaf(uint64_t pte, int level)
{
	return (pte & PTE_VALID) && !pte_is_table(pte, level);
}

static inline bool pte_is_lock_mark(uint64_t pte)
{
	return pte == PTE_LOCK_MARK || pte == PTE_LOCK_TYPE;
}

/* It holds a reference on its table page. */
static inline bool pte_is_counted(uint64_t pte)
{
	return pte && !pte_is_lock_mark(pte);
}

static inline unsigned int pte_memattr(uint64_t pte)
{
	return (pte & PTE_MEMATTR) >> 2;
}

static inline bool pte_executable(uint64_t pte)
{
	return (pte & PTE_VALID) && !(pte & PTE_XN1);
}

/* Less is allowed than before: a TLB that knows the old one is wrong. */
static inline bool pte_restricts(uint64_t old, uint64_t new)
{
	return (old & ~new &(PTE_READ | PTE_WRITE)) || (new & ~old &PTE_XN1);
}

#endif /* S2STAT_MODEL_DESCRIPTOR_H */
