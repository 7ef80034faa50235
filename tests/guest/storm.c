// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the tables stay right while everything happens at once: vCPUs
 * keep writing all of the memory while the host discards and collapses it,
 * pages it out, switches dirty logging on and off, and deletes and recreates
 * the slot. When the storm is over each vCPU must find, word by word, what was
 * written last. The events tell whether the protocol was kept meanwhile.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(4 * MB)
#define VALUE	0x5700000000000000UL

struct storm {
	struct vm	vm;
	struct mem	mem;
	uint64_t	bitmap[SIZE / PAGE_SIZE / 64];
	unsigned int	seed;
	atomic_bool	over;
	atomic_long	passes;
	atomic_int	error;
};

struct worker {
	struct storm	*s;
	pthread_t	thread;
	int		index;
};

static struct job all_pages(uint64_t kind)
{
	return (struct job){
		.job = kind, .ipa = DATA_IPA, .count = SIZE / PAGE_SIZE,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1 };
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job job = all_pages(JOB_WRITE);

	pin_to_cpu(w->index);
	while (!w->s->over && !w->s->error) {
		int ret = vcpu_do(&w->s->vm.vcpu[w->index], &job);

		if (ret)
			w->s->error = ret;
		w->s->passes++;
	}
	return NULL;
}

static int slot(struct storm *s, uint64_t size, unsigned int flags)
{
	return vm_set_slot(&s->vm, 1, DATA_IPA, s->mem.p, size, flags);
}

static int log_once(struct storm *s)
{
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = s->bitmap };
	int ret = slot(s, SIZE, KVM_MEM_LOG_DIRTY_PAGES);

	for (int i = 0; !ret && i < 2; i++)
		ret = ioctl(s->vm.fd, KVM_GET_DIRTY_LOG, &log);
	return ret ?: slot(s, SIZE, 0);
}

/* One blow, wherever it falls. */
static int blow(struct storm *s)
{
	size_t at = rand_r(&s->seed) % (SIZE / PAGE_SIZE) * PAGE_SIZE;
	size_t size = rand_r(&s->seed) % (SIZE - at) / PAGE_SIZE * PAGE_SIZE;

	switch (rand_r(&s->seed) % 6) {
	case 0:
		return mem_discard(&s->mem, at, size);
	case 1:
		return mem_discard(&s->mem, at, PAGE_SIZE);
	case 2:
		/* May find a page in use: then it is left alone. */
		madvise(s->mem.p, SIZE, MADV_COLLAPSE);
		return 0;
	case 3:
		madvise(s->mem.p + at, size, MADV_PAGEOUT);
		return 0;
	case 4:
		return log_once(s);
	default:
		return slot(s, 0, 0) ?: slot(s, SIZE, 0);
	}
}

/* Every vCPU writes it all once more, in turn, and all find it. */
static uint64_t calm(struct storm *s)
{
	struct job write = all_pages(JOB_WRITE), read = all_pages(JOB_READ);
	uint64_t bad = 0;

	for (int i = 0; i < s->vm.nr_vcpus; i++) {
		struct vcpu *vcpu = &s->vm.vcpu[i];

		if (vcpu_do(vcpu, &write) || vcpu->mmio_writes)
			bad++;
		bad += mem_differs(s->mem.p, SIZE, PAGE_SIZE, VALUE, 1);
	}
	for (int i = 0; i < s->vm.nr_vcpus; i++) {
		struct vcpu *vcpu = &s->vm.vcpu[i];

		if (vcpu_do(vcpu, &read) || vcpu->mmio_reads)
			bad++;
		bad += vcpu->mb->bad;
	}
	return bad;
}

/* The vCPUs write between the blows, or there is no storm. */
static void wait_for_passes(struct storm *s, long more)
{
	long enough = s->passes + more;

	while (!s->error && s->passes < enough)
		usleep(100);
}

static int rage(struct storm *s, long rounds)
{
	struct worker workers[MAX_VCPUS];
	int ret = 0;

	for (int i = 0; i < s->vm.nr_vcpus; i++) {
		workers[i] = (struct worker){ .s = s, .index = i };
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	wait_for_passes(s, s->vm.nr_vcpus);
	for (long i = 0; !ret && !s->error && i < rounds; i++) {
		ret = blow(s);
		wait_for_passes(s, 1);
	}
	s->over = true;
	for (int i = 0; i < s->vm.nr_vcpus; i++)
		pthread_join(workers[i].thread, NULL);
	if (ret)
		return fail("a blow failed");
	return s->error ? fail("a vCPU stopped: %s", errname(s->error)) : 0;
}

static int run(int argc, char **argv)
{
	static struct storm s;
	const char *backing = "thp";
	long rounds = 200, vcpus = 4, seed = 1;
	const struct opt opts[] = {
		{ "rounds", .number = &rounds },
		{ "vcpus", .number = &vcpus },
		{ "seed", .number = &seed },
		{ "backing", .word = &backing },
	};
	uint64_t bad;
	int ret;

	parse_opts(&scn_storm, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) < 0 || vcpus < 1 || vcpus > MAX_VCPUS)
		return fail("no such backing, or too many vCPUs") + 1;
	s.seed = seed;
	ret = mem_alloc(&s.mem, mem_kind(backing), SIZE);
	if (!ret)
		ret = vm_start(&s.vm, 0, vcpus);
	if (!ret)
		ret = slot(&s, SIZE, 0);
	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = rage(&s, rounds);
	bad = ret ? 0 : calm(&s);
	vm_close(&s.vm);
	mem_free(&s.mem);
	printf("storm backing=%s vcpus=%ld rounds=%ld seed=%ld passes=%ld bad=%lu\n",
	       backing, vcpus, rounds, seed, s.passes, bad);
	return ret ?: bad ? fail("%lu words differ", bad) : 0;
}

const struct scenario scn_storm = {
	.name	= "storm",
	.usage	= "[--rounds N] [--vcpus N] [--seed N] [--backing anon|thp|memfd|shmem]",
	.proves	= "vCPUs write while the host discards, collapses, pages out, logs and\n"
		  "replaces their memory; when it is over every word is right.",
	.run	= run,
};
