// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each kind of stage-2 work many times over, and the time it takes. Two clocks:
 * that on the wall, and the CPU time of the thread that runs the guest, which
 * leaves out whatever else ran meanwhile.
 *
 * The host has every page when the guest asks for it, so that a fault is stage
 * 2's business alone. What the host's memory management does for itself is in
 * "discard", "age" and "young", and is the same on every kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "binstat.h"
#include "clock.h"
#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SLOT		1
#define VALUE		0xbe00000000000000UL
/* Of 64 pages the log has a word of; these two, far apart, are cleared. */
#define SPARSE		(1UL | 1UL << 40)
#define CREATIONS	32

static struct vm vm;
static struct mem mem;
static uint64_t size, pages;
static uint64_t *log_words;
static const char *only;
/* Of the vCPU, while there is one. */
static int vcpu_stats = -1;

struct spent {
	uint64_t	wall;
	uint64_t	cpu;
	uint64_t	exits;
};

static uint64_t exits(void)
{
	return vcpu_stats < 0 ? 0 : binstat(vcpu_stats, "exits");
}

/* The clocks last, for what follows is what is timed. */
static struct spent spent_now(void)
{
	struct spent s = { .exits = exits() };

	s.wall = clock_ns(CLOCK_MONOTONIC);
	s.cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	return s;
}

/* What was done @n times since @from. */
static void tell(const char *phase, struct spent from, uint64_t n)
{
	uint64_t wall = clock_ns(CLOCK_MONOTONIC);
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	if (only && strcmp(only, phase))
		return;
	printf("bench phase=%s n=%lu ns=%lu cpu_ns=%lu exits=%lu\n", phase, n,
	       wall - from.wall, cpu - from.cpu,
	       vcpu_stats < 0 ? 0 : exits() - from.exits);
}

static int guest(uint64_t job, uint64_t stride)
{
	return vcpu_do(&vm.vcpu[0], &(struct job){
		.job = job, .ipa = DATA_IPA, .count = size / stride,
		.stride = stride, .value = VALUE, .step = 1 });
}

static int set_slot(unsigned int flags)
{
	return vm_set_slot(&vm, SLOT, DATA_IPA, mem.p, size, flags);
}

static int delete_slot(void)
{
	return vm_set_slot(&vm, SLOT, DATA_IPA, mem.p, 0, 0);
}

/* The guest does @job on memory; told as @phase, @n times. */
static int timed_guest(const char *phase, uint64_t job, uint64_t stride)
{
	struct spent from = spent_now();
	int ret = guest(job, stride);

	tell(phase, from, size / stride);
	return ret;
}

static int timed_slot(const char *phase, int (*fn)(void), uint64_t n)
{
	struct spent from = spent_now();
	int ret = fn();

	tell(phase, from, n);
	return ret;
}

static int logging(void)
{
	return set_slot(KVM_MEM_LOG_DIRTY_PAGES);
}

/* Idle marks through the physical page numbers, as access tracking does. */
static int for_each_frame(int (*fn)(int fd, uint64_t pfn))
{
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int idle = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR | O_CLOEXEC);
	int ret = map < 0 || idle < 0 ? -errno : 0;
	uint64_t entry;

	for (uint64_t i = 0; !ret && i < pages; i++) {
		off_t at = ((uintptr_t)mem.p / PAGE_SIZE + i) * sizeof(entry);

		if (pread(map, &entry, sizeof(entry), at) != sizeof(entry))
			ret = -EIO;
		else
			ret = fn(idle, entry & ((1UL << 55) - 1));
	}
	if (map >= 0)
		close(map);
	if (idle >= 0)
		close(idle);
	return ret;
}

static int mark_idle(int fd, uint64_t pfn)
{
	uint64_t bit = 1UL << pfn % 64;

	return pwrite(fd, &bit, sizeof(bit), pfn / 64 * 8) == sizeof(bit) ?
		0 : -errno;
}

/* The host takes each page's young mark, and the guest brings it back. */
static int aging(void)
{
	struct spent from = spent_now();
	int ret = for_each_frame(mark_idle);

	tell("age", from, pages);
	return ret ?: timed_guest("young", JOB_READ, PAGE_SIZE);
}

/* As a migration does: all is protected, some of it is written, some cleared. */
static int clear_sparse(void)
{
	struct kvm_dirty_log log = { .slot = SLOT, .dirty_bitmap = log_words };
	struct kvm_clear_dirty_log clear = {
		.slot = SLOT, .num_pages = pages, .dirty_bitmap = log_words,
	};
	struct spent from;

	if (ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log))
		return -errno;
	for (uint64_t i = 0; i < pages / 64; i++)
		log_words[i] &= SPARSE;
	from = spent_now();
	if (ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clear))
		return -errno;
	tell("clear", from, pages / 64 * __builtin_popcountl(SPARSE));
	return 0;
}

/* Fresh memory, all of it there. */
static int memory(enum backing kind)
{
	int ret = mem_alloc(&mem, kind, size);

	if (!ret)
		mem_fill(&mem, 0, size, PAGE_SIZE, VALUE, 1);
	return ret;
}

static int discard(void)
{
	return madvise(mem.p, size, MADV_DONTNEED) ? -errno : 0;
}

static int by_pages(void)
{
	int ret = memory(MEM_ANON) ?: set_slot(0);

	ret = ret ?: timed_guest("fault", JOB_WRITE, PAGE_SIZE);
	ret = ret ?: aging();
	ret = ret ?: timed_slot("protect", logging, pages);
	ret = ret ?: timed_guest("permission", JOB_WRITE, PAGE_SIZE);
	ret = ret ?: clear_sparse();
	ret = ret ?: timed_slot("unmap", delete_slot, pages);
	ret = ret ?: set_slot(0) ?: guest(JOB_READ, PAGE_SIZE);
	ret = ret ?: timed_slot("discard", discard, pages);
	ret = ret ?: delete_slot();
	mem_free(&mem);
	return ret;
}

static int by_blocks(void)
{
	int ret = memory(MEM_THP) ?: set_slot(0);

	if (!ret && mem_huge_kb(&mem) != (long)size / 1024)
		return fail("the host has no huge pages");
	ret = ret ?: timed_guest("fault_block", JOB_WRITE, BLOCK_SIZE);
	ret = ret ?: timed_slot("split", logging, size / BLOCK_SIZE);
	ret = ret ?: timed_slot("unmap_split", delete_slot, pages);
	mem_free(&mem);
	return ret;
}

/* Eager splitting and manual clearing must be asked for before there is memory. */
static int start(void)
{
	int ret = vm_open(&vm, 0);

	ret = ret ?: vm_enable_cap(&vm, KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE,
				   BLOCK_SIZE);
	ret = ret ?: vm_enable_cap(&vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, 1);
	ret = ret ?: vm_ready(&vm, 1);
	if (!ret)
		vcpu_stats = binstat_open(vm.vcpu[0].fd);
	return ret ?: vcpu_stats < 0 ? vcpu_stats : 0;
}

static void stop(void)
{
	if (vcpu_stats >= 0)
		close(vcpu_stats);
	vcpu_stats = -1;
	vm_close(&vm);
}

static int teardown(void)
{
	int ret = memory(MEM_ANON) ?: start();
	struct spent from;

	ret = ret ?: set_slot(0) ?: guest(JOB_WRITE, PAGE_SIZE);
	if (ret)
		return ret;
	printf("bench phase=tables n=%lu kb=%ld\n", pages,
	       meminfo_kb("SecPageTables"));
	from = spent_now();
	stop();
	tell("teardown", from, pages);
	mem_free(&mem);
	return 0;
}

static int creation(void)
{
	struct spent from = spent_now();

	for (int i = 0; i < CREATIONS; i++) {
		int ret = vm_start(&vm, 0, 1);

		if (ret)
			return ret;
		vm_close(&vm);
	}
	tell("create", from, CREATIONS);
	return 0;
}

/* Faults alone, to see what looking on adds to them. */
static int only_faults(void)
{
	struct spent from = spent_now(), now;
	int ret = set_slot(0) ?: guest(JOB_WRITE, PAGE_SIZE);

	ret = ret ?: delete_slot();
	now = spent_now();
	printf("bench phase=round n=%lu ns=%lu cpu_ns=%lu\n", pages,
	       now.wall - from.wall, now.cpu - from.cpu);
	return ret;
}

static int one_round(bool faults)
{
	int ret;

	if (faults)
		return only_faults();
	ret = start() ?: by_pages() ?: by_blocks();
	stop();
	return ret ?: teardown() ?: creation();
}

static int run(int argc, char **argv)
{
	long rounds = 3, mb = 32;
	bool faults = false;
	const struct opt opts[] = {
		{ "rounds", .number = &rounds },
		{ "mb", .number = &mb },
		{ "phase", .word = &only },
		{ "faults", .flag = &faults },
	};
	int ret = 0;

	parse_opts(&scn_bench, argc, argv, opts, ARRAY_SIZE(opts));
	size = mb * MB;
	pages = size / PAGE_SIZE;
	log_words = calloc(pages / 64, 8);
	if (!log_words)
		return fail("no memory");
	if (faults)
		ret = memory(MEM_ANON) ?: start();
	while (!ret && rounds-- > 0)
		ret = one_round(faults);
	if (faults)
		stop();
	return ret ? fail("%s", errname(ret)) : 0;
}

const struct scenario scn_bench = {
	.name	= "bench",
	.usage	= "[--rounds N] [--mb N] [--phase NAME] [--faults]",
	.proves	= "Nothing by itself: does each kind of stage-2 work, and says how often it\n"
		  "did it and how long it took: ns= on the wall, cpu_ns= of the thread alone,\n"
		  "exits= how often the vCPU stopped.\n"
		  "--faults: rounds of a slot that comes, is written by the guest, and goes.",
	.run	= run,
};
