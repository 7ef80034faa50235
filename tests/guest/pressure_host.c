// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pressure from the host's memory management: discarding, protecting, merging,
 * splitting, collapsing, moving, swapping, forking, and allocations that fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject.h"
#include "pressure.h"
#include "s2guest.h"

#define CGROUP	"/sys/fs/cgroup/"
#define OURS	CGROUP "pressure/"

static int keep_all(struct crew *c)
{
	c->keeps = true;
	return 0;
}

static int may_lose(struct crew *c)
{
	return 0;
}

/* All memory is fresh, all vCPUs write and reread it at once, all is exact. */
static int afresh_blow(struct crew *c)
{
	int ret = mem_discard(&c->mem, 0, c->mem.size);

	if (ret)
		return fail("discard: %s", errname(ret));
	crew_pass(c);
	c->lost += c->error ? 0 : crew_wrong(c, true);
	return 0;
}

/* Parallel faults -------------------------------------------------------- */

static int faults_prepare(struct crew *c)
{
	c->keeps = true;
	c->lockstep = true;
	return 0;
}

static int faults_blow(struct crew *c)
{
	pressure->happened++;
	return afresh_blow(c);
}

/* Discard, unmap, protect ------------------------------------------------ */

static int balloon_blow(struct crew *c)
{
	size_t at, size;

	somewhere(c, &at, &size);
	pressure->happened++;
	usleep(dice(3000));
	return mem_discard(&c->mem, at, dice(2) ? size : PAGE_SIZE) ?
	       fail("discard: %s", errname(-errno)) : 0;
}

static int may_refuse(struct crew *c)
{
	c->refusals[0] = EFAULT;
	return 0;
}

/* The address stays reserved, so that nobody else's mapping gets there. */
static int unmap_blow(struct crew *c)
{
	size_t at, size;
	void *p;

	somewhere(c, &at, &size);
	p = mmap(c->mem.p + at, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	usleep(dice(3000));
	pressure->happened = c->refused;
	return p == MAP_FAILED || mem_remap(&c->mem, at, size) ?
	       fail("unmap: %s", errname(-errno)) : 0;
}

static int protect_prepare(struct crew *c)
{
	c->keeps = true;
	return may_refuse(c);
}

static int protect_blow(struct crew *c)
{
	size_t at, size;
	int ret;

	somewhere(c, &at, &size);
	ret = mprotect(c->mem.p + at, size, dice(2) ? PROT_READ : PROT_NONE);
	usleep(dice(3000));
	pressure->happened = c->refused;
	ret |= mprotect(c->mem.p + at, size, PROT_READ | PROT_WRITE);
	return ret ? fail("mprotect: %s", errname(-errno)) : 0;
}

/* Merge ------------------------------------------------------------------ */

static int merge_prepare(struct crew *c)
{
	c->keeps = true;
	c->same = true;
	c->hold = true;
	if (madvise(c->mem.p, c->mem.size, MADV_MERGEABLE))
		return fail("MADV_MERGEABLE: %s", errname(-errno));
	ksm_run(true);
	return 0;
}

/*
 * What is only reread merges. Written again it parts, page by page, and what is
 * still merged then parts all at once.
 */
static int merge_blow(struct crew *c)
{
	long half = c->mem.size / PAGE_SIZE / 2;

	c->hold = true;
	for (int i = 0; i < 600 && !c->error && ksm_sharing() < half; i++)
		usleep(50000);
	pressure->happened += ksm_sharing() / half;
	c->hold = false;
	usleep(dice(40000));
	if (madvise(c->mem.p, c->mem.size, MADV_UNMERGEABLE) ||
	    madvise(c->mem.p, c->mem.size, MADV_MERGEABLE))
		return fail("unmerge: %s", errname(-errno));
	return 0;
}

static void merge_relax(struct crew *c)
{
	ksm_run(false);
	madvise(c->mem.p, c->mem.size, MADV_UNMERGEABLE);
}

/* Split and collapse ----------------------------------------------------- */

/* Splits what is huge in the host, the pages and not only their mapping. */
static int huge_blow(struct crew *c)
{
	long huge;
	int ret;

	/* It may find a page in use: then that is left alone. */
	madvise(c->mem.p, c->mem.size, MADV_COLLAPSE);
	huge = mem_huge_kb(&c->mem);
	usleep(dice(3000));
	ret = write_text("/sys/kernel/debug/split_huge_pages", "%d,0x%lx,0x%lx",
			 getpid(), (unsigned long)c->mem.p,
			 (unsigned long)(c->mem.p + c->mem.size));
	if (ret)
		return fail("split_huge_pages: %s", errname(ret));
	pressure->happened += huge - mem_huge_kb(&c->mem);
	return 0;
}

/* Compaction ------------------------------------------------------------- */

#define MAX_PAGES	(8 * MB / PAGE_SIZE)

/* Which host pages are behind the memory now. */
static int where(struct crew *c, uint64_t *entries)
{
	size_t size = c->mem.size / PAGE_SIZE * sizeof(*entries);
	off_t at = (uintptr_t)c->mem.p / PAGE_SIZE * sizeof(*entries);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, entries, size, at);

	close(fd);
	return n == (ssize_t)size ? 0 : fail("pagemap: %s", errname(-errno));
}

/*
 * Compaction moves pages up into holes. Blocks of which every other page is
 * given back are both what it empties and what it fills.
 */
static int compact_blow(struct crew *c)
{
	static uint64_t before[MAX_PAGES], after[MAX_PAGES];
	const size_t filler = 32 * MB;
	uint8_t *p = mmap(NULL, filler, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (p == MAP_FAILED || where(c, before))
		return fail("mmap: %s", errname(-errno));
	madvise(p, filler, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < filler; at += PAGE_SIZE)
		*(volatile uint8_t *)(p + at) = 1;
	for (size_t at = 0; at < filler; at += 2 * PAGE_SIZE)
		madvise(p + at, PAGE_SIZE, MADV_DONTNEED);
	ret = write_text("/proc/sys/vm/compact_memory", "1");
	munmap(p, filler);
	if (ret || where(c, after))
		return fail("compact_memory: %s", errname(ret));
	for (size_t i = 0; i < c->mem.size / PAGE_SIZE; i++)
		pressure->happened += before[i] != after[i];
	return 0;
}

/* Memory limit and swap -------------------------------------------------- */

static int swap_prepare(struct crew *c)
{
	int ret = write_text(CGROUP "cgroup.subtree_control", "+memory");

	if (mkdir(OURS, 0755) && errno != EEXIST)
		return fail("no control group: %s", errname(-errno));
	ret = ret ?: write_text(OURS "cgroup.procs", "%d", getpid());
	if (ret)
		return fail("control group: %s", errname(ret));
	c->keeps = true;
	return mem_discard(&c->mem, 0, c->mem.size);
}

/*
 * Half of the guest's memory does not fit any more. memory.high and not .max:
 * what is over it is reclaimed until it fits, and nobody is killed.
 */
static int swap_blow(struct crew *c)
{
	long half = c->mem.size / 2, now = read_long(OURS "memory.current", 0);
	int ret = write_text(OURS "memory.high", "%ld", now > half ? now - half : 0);

	if (ret)
		return fail("memory.high: %s", errname(ret));
	/* -EAGAIN: not all that much could be reclaimed. */
	write_text(OURS "memory.reclaim", "%ld", half);
	pressure->happened += swapped_kb();
	ret = write_text(OURS "memory.high", "max");
	crew_wait(c, c->vm.nr_vcpus);
	return ret ? fail("memory.high: %s", errname(ret)) : 0;
}

static void swap_relax(struct crew *c)
{
	write_text(OURS "memory.high", "max");
	write_text(CGROUP "cgroup.procs", "%d", getpid());
	rmdir(OURS);
}

/* Fork ------------------------------------------------------------------- */

/* In the child: its copy is nobody else's, so nothing in it changes. */
static void child(struct crew *c, bool exec)
{
	volatile const uint64_t *p = (volatile const uint64_t *)c->mem.p;
	uint64_t sum[2] = {};

	for (int i = 0; i < 2; i++) {
		for (size_t at = 0; at < c->mem.size / 8; at++)
			sum[i] = sum[i] * 0x100000001b3 + p[at];
		usleep(2000);
	}
	if (sum[0] != sum[1])
		_exit(9);
	/* And it may be written without anybody else seeing it. */
	memset(c->mem.p, 0xcc, c->mem.size);
	if (exec)
		execl("/bin/true", "true", (char *)NULL);
	_exit(exec ? 10 : 0);
}

static int fork_blow(struct crew *c)
{
	bool exec = dice(2);
	pid_t pid = fork();
	int status;

	if (!pid)
		child(c, exec);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return fail("fork: %s", errname(-errno));
	if (status)
		return fail("in the child memory changed (%#x)", status);
	pressure->happened++;
	return 0;
}

/* Allocations that fail -------------------------------------------------- */

static int oom_prepare(struct crew *c)
{
	faults_prepare(c);
	c->refusals[0] = ENOMEM;
	c->refusals[1] = EFAULT;
	c->enter = inject_this_thread;
	return inject_allow() ?: inject_rate(10) ? fail("no injection") : 0;
}

static int oom_blow(struct crew *c)
{
	int ret = afresh_blow(c);

	pressure->happened = c->refused;
	return ret;
}

static void oom_relax(struct crew *c)
{
	inject_rate(0);
}

struct pressure host_cases[] = {
	{
		.name = "faults", .backing = MEM_ANON, .mb = 1, .rounds = 3,
		.asserts = "vCPUs that fault on the same fresh page get one page: no write is lost",
		.prepare = faults_prepare, .blow = faults_blow,
	},
	{
		.name = "faultshuge", .backing = MEM_THP, .mb = 4, .rounds = 12,
		.asserts = "the same with blocks",
		.prepare = faults_prepare, .blow = faults_blow,
	},
	{
		.name = "balloon", .backing = MEM_ANON, .mb = 1, .rounds = 40,
		.asserts = "what is given back while it is used reads zero or what was written since",
		.prepare = may_lose, .blow = balloon_blow,
	},
	{
		.name = "balloonhuge", .backing = MEM_THP, .mb = 4, .rounds = 20,
		.asserts = "the same with blocks",
		.prepare = may_lose, .blow = balloon_blow,
	},
	{
		.name = "unmap", .backing = MEM_ANON, .mb = 1, .rounds = 25,
		.asserts = "what is not mapped in the host is refused, then fresh",
		.prepare = may_refuse, .blow = unmap_blow,
	},
	{
		.name = "protect", .backing = MEM_ANON, .mb = 1, .rounds = 25,
		.asserts = "what the host may not write the guest does not; no write is lost",
		.prepare = protect_prepare, .blow = protect_blow,
	},
	{
		.name = "merge", .backing = MEM_ANON, .mb = 1, .rounds = 2,
		.asserts = "pages merge and part under reads and writes, no write is lost",
		.prepare = merge_prepare, .blow = merge_blow, .relax = merge_relax,
	},
	{
		.name = "huge", .backing = MEM_THP, .mb = 4, .rounds = 5,
		.asserts = "huge pages collapse and split, no write is lost",
		.prepare = keep_all, .blow = huge_blow,
	},
	{
		.name = "compact", .backing = MEM_ANON, .mb = 2, .rounds = 2,
		.asserts = "pages move, no write is lost",
		.prepare = keep_all, .blow = compact_blow,
	},
	{
		.name = "swap", .backing = MEM_ANON, .mb = 2, .rounds = 3,
		.asserts = "pages go to compressed swap and come back, no write is lost",
		.prepare = swap_prepare, .blow = swap_blow, .relax = swap_relax,
	},
	{
		.name = "fork", .backing = MEM_ANON, .mb = 1, .rounds = 5,
		.asserts = "the child of a fork keeps its copy, the guest loses no write",
		.prepare = keep_all, .blow = fork_blow,
	},
	{
		.name = "oom", .backing = MEM_ANON, .mb = 1, .rounds = 3,
		.asserts = "any allocation may fail: no write is lost",
		.prepare = oom_prepare, .blow = oom_blow, .relax = oom_relax,
	},
	{}
};
