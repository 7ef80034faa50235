// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a kernel has its memory map (see layout.h).
 */
#include "layout.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_NAME "VMCOREINFO"
/* The top byte may hold a tag of KASAN's; the linear map has ones there. */
#define TAG (0xffULL << 56)

/* The number behind "@key=" at the start of a line of @text. */
static bool number(const char *text, const char *key, uint64_t *value)
{
	size_t len = strlen(key);
	char *end;

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, len) || at[len] != '=')
			continue;
		*value = strtoull(at + len + 1, &end, 0);
		return end != at + len + 1 && (*end == '\n' || !*end);
	}
	return false;
}

static bool parse(struct layout *l, const char *text)
{
	uint64_t va_bits, phys_offset, page;

	if (!number(text, "PAGESIZE", &page) ||
	    !number(text, "NUMBER(VA_BITS)", &va_bits) ||
	    !number(text, "NUMBER(PHYS_OFFSET)", &phys_offset) ||
	    !number(text, "NUMBER(VMEMMAP_START)", &l->vmemmap) ||
	    !number(text, "SIZE(page)", &l->page_size) ||
	    !number(text, "OFFSET(page._refcount)", &l->refcount))
		return false;
	if (page != 1ULL << l->page_shift || va_bits < 36 || va_bits > 52 ||
	    !l->page_size || l->refcount >= l->page_size)
		return false;
	l->page_offset = -(1ULL << va_bits);
	return l->page_offset - phys_offset == l->offset;
}

/**
 * layout_from_note() - learns from the ELF note VMCOREINFO what is in it
 * @l:		@page_shift and @offset are known, and must agree with the note
 *
 * VMEMMAP_START is in it since 2369f171d5c5 "arm64: crash_core: Export
 * MODULES, VMALLOC, and VMEMMAP ranges" (5.18).
 *
 * Return: @l->counts.
 */
bool layout_from_note(struct layout *l, const char *note, size_t size)
{
	const size_t head = sizeof(Elf64_Nhdr) + sizeof(NOTE_NAME) + 1;
	Elf64_Nhdr nhdr;
	char *text;

	l->counts = false;
	if (size < head)
		return false;
	memcpy(&nhdr, note, sizeof(nhdr));
	if (nhdr.n_namesz != sizeof(NOTE_NAME) || nhdr.n_descsz > size - head ||
	    memcmp(note + sizeof(nhdr), NOTE_NAME, sizeof(NOTE_NAME)))
		return false;
	text = strndup(note + head, nhdr.n_descsz);
	if (!text)
		return false;
	l->counts = parse(l, text);
	free(text);
	return l->counts;
}

/** layout_va() - where the kernel sees physical address @pa */
uint64_t layout_va(const struct layout *l, uint64_t pa)
{
	return pa + l->offset;
}

/**
 * layout_count_at() - address of the reference count of the page at @va of the
 * linear map; 0 when it is not known
 */
uint64_t layout_count_at(const struct layout *l, uint64_t va)
{
	uint64_t index;

	if (!l->counts)
		return 0;
	index = ((va | TAG) - l->page_offset) >> l->page_shift;
	return l->vmemmap + index * l->page_size + l->refcount;
}
