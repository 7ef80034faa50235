// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that what a guest writes, the host finds; what the host writes, the
 * guest reads; and what the host assembles, the guest executes, page by page,
 * whatever kind of memory is behind, with one vCPU or with several that fault
 * on the same pages at once.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define VALUE	0x7000000000000001UL
#define CODE	0x00510000U

struct touch {
	struct vm	vm;
	struct mem	mem;
	struct job	job;
	long		vcpus;
	int		error[MAX_VCPUS];
};

struct worker {
	struct touch	*t;
	pthread_t	thread;
	int		index;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	w->t->error[w->index] = vcpu_do(&w->t->vm.vcpu[w->index], &w->t->job);
	return NULL;
}

/* All vCPUs do the same job at the same time. */
static int run_all(struct touch *t)
{
	struct worker workers[MAX_VCPUS];
	int ret = 0;

	for (int i = 0; i < t->vcpus; i++) {
		workers[i] = (struct worker){ .t = t, .index = i };
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (int i = 0; i < t->vcpus; i++) {
		pthread_join(workers[i].thread, NULL);
		if (t->error[i])
			ret = fail("vCPU %d: %s", i, errname(t->error[i]));
	}
	return ret;
}

static uint64_t mismatches(const struct touch *t)
{
	uint64_t bad = 0;

	for (int i = 0; i < t->vcpus; i++)
		bad += t->vm.vcpu[i].mb->bad;
	return bad;
}

static void prepare(struct touch *t, uint64_t job)
{
	t->job = (struct job){
		.job = job, .ipa = DATA_IPA, .count = t->mem.size / PAGE_SIZE,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1,
	};
	if (job == JOB_READ)
		mem_fill(&t->mem, 0, t->mem.size, PAGE_SIZE, VALUE, 1);
	if (job == JOB_EXEC) {
		mem_fill_code(&t->mem, CODE);
		t->job.value = CODE;
	}
}

static int touch(struct touch *t, const char *mode, bool dense, bool keep)
{
	uint64_t bad = 0;
	int ret;

	prepare(t, !strcmp(mode, "write") ? JOB_WRITE :
		   !strcmp(mode, "read") ? JOB_READ : JOB_EXEC);
	if (dense && t->job.job == JOB_WRITE) {
		t->job.stride = 8;
		t->job.count = t->mem.size / 8;
	}
	ret = run_all(t);
	if (ret)
		return ret;
	if (t->job.job == JOB_WRITE)
		bad = mem_differs(t->mem.p, t->mem.size, t->job.stride, VALUE, 1);
	else
		bad = mismatches(t);
	printf("touch mode=%s mb=%zu pages=%zu vcpus=%ld huge_kb=%ld bad=%lu\n",
	       mode, t->mem.size / MB, t->mem.size / PAGE_SIZE, t->vcpus,
	       mem_huge_kb(&t->mem), bad);
	if (keep)
		vm_hold(&t->vm);
	return bad ? fail("%lu words differ", bad) : 0;
}

static int run(int argc, char **argv)
{
	static struct touch t;
	const char *backing = "anon", *mode;
	bool wr = false, rd = false, ex = false, dense = false, keep = false;
	long mb = 16, ipa_bits = 0;
	const struct opt opts[] = {
		{ "mb", .number = &mb },
		{ "backing", .word = &backing },
		{ "write", .flag = &wr },
		{ "read", .flag = &rd },
		{ "exec", .flag = &ex },
		{ "dense", .flag = &dense },
		{ "vcpus", .number = &t.vcpus },
		{ "ipa-bits", .number = &ipa_bits },
		{ "hold", .flag = &keep },
	};
	int ret;

	t.vcpus = 1;
	parse_opts(&scn_touch, argc, argv, opts, ARRAY_SIZE(opts));
	mode = ex ? "exec" : rd ? "read" : "write";
	if (mem_kind(backing) < 0 || t.vcpus < 1 || t.vcpus > MAX_VCPUS)
		return fail("no such backing, or too many vCPUs") + 1;
	ret = mem_alloc(&t.mem, mem_kind(backing), mb * MB);
	if (ret)
		return fail("no %ld MB of %s: %s", mb, backing, errname(ret));
	ret = vm_start(&t.vm, ipa_bits, t.vcpus);
	if (!ret)
		ret = vm_set_slot(&t.vm, 1, DATA_IPA, t.mem.p, t.mem.size, 0);
	ret = ret ? fail("no VM: %s", errname(ret)) : touch(&t, mode, dense, keep);
	vm_close(&t.vm);
	mem_free(&t.mem);
	return ret;
}

const struct scenario scn_touch = {
	.name	= "touch",
	.usage	= "[--mb N] [--backing anon|thp|hugetlb2m|memfd|shmem] [--write|--read|--exec] [--dense] [--vcpus N] [--ipa-bits N] [--hold]",
	.proves	= "What the guest writes the host finds, what the host writes the guest reads\n"
		  "or executes, page by page (--dense: word by word), for each kind of memory,\n"
		  "with N vCPUs faulting on the same pages at once. --hold keeps the VM until\n"
		  "a line is read on stdin or SIGTERM comes.",
	.run	= run,
};
