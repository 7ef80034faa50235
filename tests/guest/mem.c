// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory of a chosen kind, aligned to a 2 MB block.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "s2guest.h"

#define NR_HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

static const char *const kinds[] = {
	[MEM_ANON]	= "anon",
	[MEM_THP]	= "thp",
	[MEM_HUGETLB2M]	= "hugetlb2m",
	[MEM_MEMFD]	= "memfd",
	[MEM_SHMEM]	= "shmem",
};

int mem_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(name, kinds[i]))
			return i;
	}
	return -1;
}

/* @size bytes of address space that start at a block boundary. */
static void *reserve(size_t size)
{
	uint8_t *p, *start;

	p = mmap(NULL, size + BLOCK_SIZE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	start = (uint8_t *)(((uintptr_t)p + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1));
	if (start > p)
		munmap(p, start - p);
	munmap(start + size, p + BLOCK_SIZE - start);
	return start;
}

static int open_file(enum backing kind, size_t size)
{
	unsigned int flags = MFD_CLOEXEC;
	int fd;

	if (kind == MEM_HUGETLB2M) {
		long have = read_long(NR_HUGEPAGES, 0);

		write_text(NR_HUGEPAGES, "%ld", have + (long)(size / BLOCK_SIZE));
		flags |= MFD_HUGETLB | MFD_HUGE_2MB;
	}
	fd = memfd_create("s2guest", flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size)) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

int mem_remap(struct mem *mem, size_t offset, size_t size)
{
	int flags = MAP_FIXED;
	void *p;

	if (mem->fd >= 0 || mem->kind == MEM_SHMEM)
		flags |= MAP_SHARED;
	else
		flags |= MAP_PRIVATE;
	if (mem->fd < 0)
		flags |= MAP_ANONYMOUS;
	p = mmap(mem->p + offset, size, PROT_READ | PROT_WRITE, flags, mem->fd,
		 mem->fd < 0 ? 0 : offset);
	if (p == MAP_FAILED)
		return -errno;
	if (mem->kind == MEM_ANON)
		madvise(p, size, MADV_NOHUGEPAGE);
	if (mem->kind == MEM_THP && madvise(p, size, MADV_HUGEPAGE))
		return -errno;
	return 0;
}

int mem_alloc(struct mem *mem, enum backing kind, size_t size)
{
	int ret;

	*mem = (struct mem){ .kind = kind, .size = size, .fd = -1 };
	if (kind == MEM_HUGETLB2M || kind == MEM_MEMFD) {
		mem->fd = open_file(kind, size);
		if (mem->fd < 0)
			return mem->fd;
	}
	mem->p = reserve(size);
	ret = mem->p ? mem_remap(mem, 0, size) : -ENOMEM;
	if (ret)
		mem_free(mem);
	return ret;
}

void mem_free(struct mem *mem)
{
	if (mem->p)
		munmap(mem->p, mem->size);
	if (mem->fd >= 0)
		close(mem->fd);
	if (mem->kind == MEM_HUGETLB2M && mem->p) {
		long have = read_long(NR_HUGEPAGES, 0);

		write_text(NR_HUGEPAGES, "%ld",
			   have - (long)(mem->size / BLOCK_SIZE));
	}
	mem->p = NULL;
	mem->fd = -1;
}

int mem_discard(struct mem *mem, size_t offset, size_t size)
{
	int advice = mem->fd >= 0 || mem->kind == MEM_SHMEM ? MADV_REMOVE :
							      MADV_DONTNEED;

	return madvise(mem->p + offset, size, advice) ? -errno : 0;
}

/* Sums AnonHugePages, ShmemPmdMapped and hugetlb over the mapping's areas. */
long mem_huge_kb(const struct mem *mem)
{
	char line[256];
	unsigned long start, end;
	bool ours = false;
	long kb, sum = 0;
	FILE *f = fopen("/proc/self/smaps", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			ours = start < (uintptr_t)mem->p + mem->size &&
			       end > (uintptr_t)mem->p;
		else if (ours &&
			 (sscanf(line, "AnonHugePages: %ld", &kb) == 1 ||
			  sscanf(line, "ShmemPmdMapped: %ld", &kb) == 1 ||
			  sscanf(line, "Shared_Hugetlb: %ld", &kb) == 1 ||
			  sscanf(line, "Private_Hugetlb: %ld", &kb) == 1))
			sum += kb;
	}
	fclose(f);
	return sum;
}

void mem_fill(struct mem *mem, size_t offset, size_t size, size_t stride,
	      uint64_t value, uint64_t step)
{
	for (size_t at = 0; at < size; at += stride, value += step)
		*(volatile uint64_t *)(mem->p + offset + at) = value;
}

uint64_t mem_differs(const void *p, size_t size, size_t stride,
		     uint64_t value, uint64_t step)
{
	uint64_t bad = 0;

	for (size_t at = 0; at < size; at += stride, value += step)
		bad += *(volatile const uint64_t *)((const uint8_t *)p + at) != value;
	return bad;
}

/* movz w0, #low; movk w0, #high, lsl #16; ret */
void mem_fill_code(struct mem *mem, uint32_t value)
{
	for (size_t at = 0; at < mem->size; at += PAGE_SIZE, value++) {
		volatile uint32_t *code = (uint32_t *)(mem->p + at);

		code[0] = 0x52800000 | (value & 0xffff) << 5;
		code[1] = 0x72a00000 | (value >> 16) << 5;
		code[2] = 0xd65f03c0;
		__builtin___clear_cache((char *)code, (char *)(code + 3));
	}
}
