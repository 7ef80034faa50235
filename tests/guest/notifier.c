// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the guest follows its host memory, word by word, through all that
 * the host does to it under the mapped guest: discarding, protecting, replacing,
 * copying on write after a fork, splitting and collapsing huge pages, swapping
 * out, merging equal pages. What stays must stay, what goes must be gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(4 * MB)
#define HOLE	(1 * MB + 3 * PAGE_SIZE)
#define HOLE_SZ	(1 * MB)

static struct vm vm;
static struct mem mem;
static int steps;
static long paged_out_kb, merged_pages;

/* A different pattern each time, so that a stale page cannot look right. */
static uint64_t pattern(void)
{
	return 0x4e00000000000000UL + ((uint64_t)++steps << 32);
}

static int guest(uint64_t job, size_t at, size_t size, uint64_t value,
		 uint64_t step)
{
	return vcpu_do(&vm.vcpu[0], &(struct job){
		.job = job, .ipa = DATA_IPA + at, .count = size / 8, .stride = 8,
		.value = value, .step = step });
}

static int guest_writes(uint64_t value)
{
	int ret = guest(JOB_WRITE, 0, SIZE, value, 1);

	return ret ? fail("guest write: %s", errname(ret)) : 0;
}

static int guest_reads(const char *what, size_t at, size_t size, uint64_t value,
		       uint64_t step)
{
	int ret = guest(JOB_READ, at, size, value, step);
	struct mailbox *mb = vm.vcpu[0].mb;

	if (ret)
		return fail("%s: guest read: %s", what, errname(ret));
	if (mb->bad)
		return fail("%s: %lu words differ, the last at %#lx: %#lx", what,
			    mb->bad, mb->bad_ipa, mb->got);
	return 0;
}

static int host_reads(const char *what, uint64_t value)
{
	uint64_t bad = mem_differs(mem.p, SIZE, 8, value, 1);

	return bad ? fail("%s: the host finds %lu words wrong", what, bad) : 0;
}

/* What is outside the hole is @value's pattern, inside it is zero. */
static int hole_is_zero(const char *what, uint64_t value)
{
	size_t end = HOLE + HOLE_SZ;

	return guest_reads(what, 0, HOLE, value, 1) ||
	       guest_reads(what, HOLE, HOLE_SZ, 0, 0) ||
	       guest_reads(what, end, SIZE - end, value + end / 8, 1);
}

static int discard(void)
{
	uint64_t value = pattern();
	int ret;

	if (guest_writes(value))
		return 1;
	ret = mem_discard(&mem, HOLE, HOLE_SZ);
	if (ret)
		return fail("discard: %s", errname(ret));
	return hole_is_zero("discarded", value);
}

/* While the host may not write, the guest may not; then both may. */
static int protect(void)
{
	uint64_t old = pattern(), new = pattern();
	int ret;

	if (guest_writes(old))
		return 1;
	mprotect(mem.p, SIZE, PROT_READ);
	if (guest_reads("protected", 0, SIZE, old, 1))
		return 1;
	ret = guest(JOB_WRITE, 0, SIZE, new, 1);
	if (ret != -EFAULT)
		return fail("write to protected memory: %s", errname(ret));
	if (host_reads("protected", old))
		return 1;
	mprotect(mem.p, SIZE, PROT_READ | PROT_WRITE);
	ret = vcpu_finish(&vm.vcpu[0]);
	if (ret)
		return fail("write after protection: %s", errname(ret));
	return host_reads("unprotected", new) ||
	       guest_reads("unprotected", 0, SIZE, new, 1);
}

static int no_access(void)
{
	uint64_t value = pattern();
	int ret;

	if (guest_writes(value))
		return 1;
	mprotect(mem.p + HOLE, HOLE_SZ, PROT_NONE);
	ret = guest(JOB_READ, HOLE, HOLE_SZ, value + HOLE / 8, 1);
	if (ret != -EFAULT)
		return fail("read of inaccessible memory: %s", errname(ret));
	mprotect(mem.p + HOLE, HOLE_SZ, PROT_READ | PROT_WRITE);
	ret = vcpu_finish(&vm.vcpu[0]);
	if (ret || vm.vcpu[0].mb->bad)
		return fail("accessible again: %s", errname(ret));
	return guest_reads("accessible again", 0, SIZE, value, 1);
}

/* Other memory at the same host address. */
static int replace(void)
{
	uint64_t value = pattern(), other = pattern();
	int ret;

	if (guest_writes(value))
		return 1;
	munmap(mem.p + HOLE, HOLE_SZ);
	ret = mmap(mem.p + HOLE, HOLE_SZ, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
	if (ret)
		return fail("mmap: %s", errname(-errno));
	if (hole_is_zero("replaced", value))
		return 1;
	mem_fill(&mem, HOLE, HOLE_SZ, 8, other, 1);
	if (guest_reads("refilled", HOLE, HOLE_SZ, other, 1))
		return 1;
	return mem_remap(&mem, HOLE, HOLE_SZ) ? fail("remap") : 0;
}

/* In the child: its copy is the old one, whatever the parent's guest writes. */
static int child(int go, uint64_t old)
{
	char c;

	mem_fill(&mem, 0, PAGE_SIZE, 8, 0x6368696c64, 0);
	if (read(go, &c, 1) != 1)
		return 2;
	return mem_differs(mem.p + PAGE_SIZE, SIZE - PAGE_SIZE, 8,
			   old + PAGE_SIZE / 8, 1) ? 1 : 0;
}

static int fork_cow(void)
{
	uint64_t old = pattern(), new = pattern();
	int go[2], status, ret;
	pid_t pid;

	if (mem.fd >= 0 || mem.kind == MEM_SHMEM)
		return 0;
	if (guest_writes(old) || pipe(go))
		return 1;
	pid = fork();
	if (!pid)
		_exit(child(go[0], old));
	ret = guest_reads("forked", 0, SIZE, old, 1) || guest_writes(new) ||
	      host_reads("copied", new);
	if (write(go[1], "x", 1) != 1 || waitpid(pid, &status, 0) != pid || status)
		ret = fail("the child lost its copy (%#x)", status);
	close(go[0]);
	close(go[1]);
	return ret || guest_reads("copied", 0, SIZE, new, 1);
}

/* A hole of one page splits a huge page; collapsing makes it huge again. */
static int split_collapse(void)
{
	uint64_t value = pattern(), new = pattern();
	long huge;

	if (mem.kind != MEM_THP)
		return 0;
	madvise(mem.p, SIZE, MADV_COLLAPSE);
	if (guest_writes(value))
		return 1;
	huge = mem_huge_kb(&mem);
	mprotect(mem.p + PAGE_SIZE, PAGE_SIZE, PROT_READ);
	if (guest_reads("split", 0, SIZE, value, 1))
		return 1;
	mprotect(mem.p + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
	if (huge != SIZE / 1024 || mem_huge_kb(&mem) >= huge)
		return fail("nothing was split: %ld of %ld kB huge",
			    mem_huge_kb(&mem), huge);
	if (guest_writes(new) || host_reads("split", new))
		return 1;
	if (madvise(mem.p, SIZE, MADV_COLLAPSE))
		return fail("collapse: %s", errname(-errno));
	if (mem_huge_kb(&mem) != SIZE / 1024)
		return fail("nothing was collapsed");
	return guest_reads("collapsed", 0, SIZE, new, 1) ||
	       guest_writes(value) || host_reads("collapsed", value) ||
	       guest_reads("collapsed", 0, SIZE, value, 1);
}

/* With swap, pages go out; without it, at least they are aged and unmapped. */
static int pageout(void)
{
	uint64_t value = pattern();

	if (guest_writes(value))
		return 1;
	madvise(mem.p, SIZE, MADV_PAGEOUT);
	paged_out_kb = swapped_kb();
	return guest_reads("paged out", 0, SIZE, value, 1) ||
	       host_reads("paged out", value);
}

/* The host finds that all pages are equal, and keeps one of them. */
static int merge(void)
{
	uint64_t same = pattern(), new = pattern();
	int ret;

	if (mem.kind != MEM_ANON)
		return 0;
	ret = guest(JOB_WRITE, 0, SIZE, same, 0);
	if (ret)
		return fail("guest write: %s", errname(ret));
	if (madvise(mem.p, SIZE, MADV_MERGEABLE))
		return fail("MADV_MERGEABLE: %s", errname(-errno));
	ksm_run(true);
	for (int i = 0; i < 300 && merged_pages < (long)(SIZE / PAGE_SIZE / 2); i++) {
		usleep(100 * 1000);
		merged_pages = ksm_sharing();
	}
	ret = guest_reads("merged", 0, SIZE, same, 0) || guest_writes(new) ||
	      host_reads("unmerged", new) ||
	      guest_reads("unmerged", 0, SIZE, new, 1);
	ksm_run(false);
	madvise(mem.p, SIZE, MADV_UNMERGEABLE);
	return ret ?: merged_pages ? 0 : fail("nothing was merged");
}

static int all(void)
{
	return discard() || protect() || no_access() || fork_cow() ||
	       split_collapse() || replace() || pageout() || merge();
}

static int run(int argc, char **argv)
{
	const char *backing = "anon";
	const struct opt opts[] = { { "backing", .word = &backing } };
	int ret;

	parse_opts(&scn_notifier, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) < 0 || mem_kind(backing) == MEM_HUGETLB2M)
		return fail("no such backing here: %s", backing) + 1;
	ret = mem_alloc(&mem, mem_kind(backing), SIZE);
	if (!ret)
		ret = vm_start(&vm, 0, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, 0);
	ret = ret ? fail("no VM: %s", errname(ret)) : all();
	printf("notifier backing=%s words=%lu patterns=%d paged_out_kb=%ld merged=%ld\n",
	       backing, SIZE / 8, steps, paged_out_kb, merged_pages);
	vm_close(&vm);
	mem_free(&mem);
	return ret;
}

const struct scenario scn_notifier = {
	.name	= "notifier",
	.usage	= "[--backing anon|thp|memfd|shmem]",
	.proves	= "The guest follows its host memory, word by word: discarded, protected,\n"
		  "replaced, copied on write after fork, split, collapsed, paged out, merged.",
	.run	= run,
};
