/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory of a chosen kind, aligned to a 2 MB block.
 */
#ifndef S2GUEST_MEM_H
#define S2GUEST_MEM_H

#include <stddef.h>
#include <stdint.h>

/* What an older C library does not know. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

enum backing { MEM_ANON, MEM_THP, MEM_HUGETLB2M, MEM_MEMFD, MEM_SHMEM };

/**
 * struct mem - one aligned mapping
 * @p:		its first byte
 * @fd:		the file behind it, or -1
 */
struct mem {
	enum backing	kind;
	uint8_t		*p;
	size_t		size;
	int		fd;
};

/* -1 if there is no such kind. */
int mem_kind(const char *name);
/* @size in bytes, a multiple of 2 MB for huge kinds. 0 or -errno. */
int mem_alloc(struct mem *mem, enum backing kind, size_t size);
void mem_free(struct mem *mem);
/* Maps fresh memory of the same kind in the old place. */
int mem_remap(struct mem *mem, size_t offset, size_t size);
/* Gives the pages of a range back: what is read there next is zero. */
int mem_discard(struct mem *mem, size_t offset, size_t size);
/* How much of it huge pages back now, in kB (smaps). */
long mem_huge_kb(const struct mem *mem);

/* Word @i of the mapping becomes value + i * step, every @stride bytes. */
void mem_fill(struct mem *mem, size_t offset, size_t size, size_t stride,
	      uint64_t value, uint64_t step);
/* How many of those words differ. */
uint64_t mem_differs(const void *p, size_t size, size_t stride,
		     uint64_t value, uint64_t step);
/* Like mem_fill() with 4096: a function that returns the value, a page. */
void mem_fill_code(struct mem *mem, uint32_t value);

#endif
