/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a kernel has its memory map: from a physical address to the linear map
 * and to the struct page. Pure; told by the kernel's own note for crash dumps
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst).
 */
#ifndef S2STAT_SOURCE_LAYOUT_H
#define S2STAT_SOURCE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct layout - of a running arm64 kernel
 * @page_shift:	log2 of its page size
 * @offset:	from a physical address to the linear map
 * @counts:	the members below are known; else only @offset is
 * @page_offset: where the linear map starts
 * @vmemmap:	struct page of @page_offset
 * @page_size:	bytes of a struct page
 * @refcount:	where in it the reference count is
 */
struct layout {
	uint32_t page_shift;
	uint64_t offset;
	bool counts;
	uint64_t page_offset;
	uint64_t vmemmap;
	uint64_t page_size;
	uint64_t refcount;
};

bool layout_from_note(struct layout *l, const char *note, size_t size);
uint64_t layout_va(const struct layout *l, uint64_t pa);
uint64_t layout_count_at(const struct layout *l, uint64_t va);

#endif /* S2STAT_SOURCE_LAYOUT_H */
