// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a permission fault is resolved by what the host has now, not by
 * the leaf that denied the access: between the two the host may have put single
 * pages, that do not lie side by side, where a huge page was.
 *
 * mmap_lock brings that about every time. One thread holds it for reading
 * (MADV_POPULATE_WRITE of something large), a second waits for writing (mremap
 * of single pages over the huge page), the vCPU's write to a write-protected
 * block comes then and queues behind both. Afterwards the guest must find, word by
 * word, the pages that were moved in, and in one of them what it wrote itself.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

#define LARGE		(128 * MB)
#define PAGES		(BLOCK_SIZE / PAGE_SIZE)
#define OLD		0x01d0000000000000UL
#define NEW		0x0e30000000000000UL
#define WRITTEN		0x3117000000000000UL
/* Odd, so that it visits each page once, and never two neighbours in turn. */
#define SHUFFLE		197

struct stale {
	struct vm	vm;
	struct mem	mem;
	uint8_t		*large;
	uint8_t		*single;
	atomic_int	mover;	/* thread id; 0: not there yet, -1: done */
	int		error;
};

static int slot(struct stale *s, unsigned int flags)
{
	return vm_set_slot(&s->vm, 1, DATA_IPA, s->mem.p, BLOCK_SIZE, flags);
}

static void *hold_lock(void *arg)
{
	struct stale *s = arg;

	if (madvise(s->large, LARGE, MADV_POPULATE_WRITE))
		s->error = fail("MADV_POPULATE_WRITE");
	return NULL;
}

static void *replace(void *arg)
{
	struct stale *s = arg;

	s->mover = gettid();
	if (mremap(s->single, BLOCK_SIZE, BLOCK_SIZE,
		   MREMAP_MAYMOVE | MREMAP_FIXED, s->mem.p) != s->mem.p)
		s->error = fail("mremap");
	s->mover = -1;
	return NULL;
}

/* Is this thread of ours waiting for a lock of the kernel? */
static bool sleeps(int tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(f);
	return state == 'D';
}

/* A write that came before would be moved away with the page that it went to. */
static void wait_for_mover(struct stale *s)
{
	int tid;

	while ((tid = s->mover) != -1 && !(tid && sleeps(tid)))
		usleep(500);
}

/* Pages of their own, allocated in an order that scatters them. */
static int scatter(struct stale *s)
{
	s->single = mmap(NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->single == MAP_FAILED)
		return fail("no memory");
	madvise(s->single, BLOCK_SIZE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++) {
		size_t page = i * SHUFFLE % PAGES;

		*(uint64_t *)(s->single + page * PAGE_SIZE) = NEW + page;
	}
	return 0;
}

/* The block is there, and write-protected, but its slot logs no more. */
static int protect_block(struct stale *s)
{
	const struct job touch = {
		.job = JOB_WRITE, .ipa = DATA_IPA, .count = PAGES,
		.stride = PAGE_SIZE, .value = OLD, .step = 1 };

	if (mem_remap(&s->mem, 0, BLOCK_SIZE))
		return fail("no memory");
	mem_fill(&s->mem, 0, BLOCK_SIZE, PAGE_SIZE, OLD, 1);
	if (mem_huge_kb(&s->mem) != BLOCK_SIZE / 1024)
		return fail("the host gave no huge page");
	if (vcpu_do(&s->vm.vcpu[0], &touch))
		return fail("the guest cannot write");
	if (slot(s, KVM_MEM_LOG_DIRTY_PAGES) || slot(s, 0))
		return fail("the slot's flags cannot change");
	return 0;
}

static uint64_t compare(struct stale *s, size_t page)
{
	struct vcpu *vcpu = &s->vm.vcpu[0];
	uint64_t bad = 0;

	for (size_t i = 0; i < PAGES; i++) {
		struct job read = {
			.job = JOB_READ, .ipa = DATA_IPA + i * PAGE_SIZE,
			.count = 1, .stride = PAGE_SIZE,
			.value = i == page ? WRITTEN : NEW + i };
		uint64_t *word = (uint64_t *)(s->mem.p + i * PAGE_SIZE);

		if (vcpu_do(vcpu, &read) || vcpu->mmio_reads)
			return PAGES;
		bad += vcpu->mb->bad + (*word != read.value);
	}
	return bad;
}

static int race(struct stale *s, size_t page)
{
	const struct job write = {
		.job = JOB_WRITE, .ipa = DATA_IPA + page * PAGE_SIZE,
		.count = 1, .stride = PAGE_SIZE, .value = WRITTEN };
	pthread_t holder, mover;
	int ret;

	pthread_create(&holder, NULL, hold_lock, s);
	usleep(5000);
	s->mover = 0;
	pthread_create(&mover, NULL, replace, s);
	wait_for_mover(s);
	ret = vcpu_do(&s->vm.vcpu[0], &write);
	pthread_join(mover, NULL);
	pthread_join(holder, NULL);
	madvise(s->large, LARGE, MADV_DONTNEED);
	return ret ? fail("the guest cannot write: %s", errname(ret)) : s->error;
}

static int rounds_of(struct stale *s, long rounds, uint64_t *bad)
{
	int ret = 0;

	for (long i = 0; !ret && i < rounds; i++) {
		size_t page = i * 71 % PAGES;

		ret = protect_block(s);
		if (!ret)
			ret = scatter(s);
		if (!ret)
			ret = race(s, page);
		if (!ret)
			*bad += compare(s, page);
	}
	return ret;
}

static int run(int argc, char **argv)
{
	static struct stale s;
	long rounds = 8;
	const struct opt opts[] = {
		{ "rounds", .number = &rounds },
	};
	uint64_t bad = 0;
	int ret;

	parse_opts(&scn_stale, argc, argv, opts, ARRAY_SIZE(opts));
	s.large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s.large == MAP_FAILED)
		return fail("no memory");
	madvise(s.large, LARGE, MADV_NOHUGEPAGE);
	ret = mem_alloc(&s.mem, MEM_THP, BLOCK_SIZE);
	if (!ret)
		ret = vm_open(&s.vm, 0);
	/* A block that is split when logging begins denies nothing later. */
	if (!ret)
		ret = vm_enable_cap(&s.vm, KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, 0);
	if (!ret)
		ret = vm_ready(&s.vm, 1);
	if (!ret)
		ret = slot(&s, 0);
	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = rounds_of(&s, rounds, &bad);
	vm_close(&s.vm);
	mem_free(&s.mem);
	printf("stale rounds=%ld bad=%lu\n", rounds, bad);
	return ret ?: bad ? fail("%lu words differ", bad) : 0;
}

const struct scenario scn_stale = {
	.name	= "stale",
	.usage	= "[--rounds N]",
	.proves	= "a permission fault on a block that the host replaced by scattered pages\n"
		  "meanwhile maps those pages.",
	.run	= run,
};
