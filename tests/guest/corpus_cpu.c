// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acts of the corpus that are about vCPUs, VMIDs and caches.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "corpus.h"
#include "s2guest.h"

#define GIC_DIST_IPA	0x08000000UL
#define GIC_CPU_IPA	0x08010000UL
/* With kvm-arm.vmid_bits=4 there are fifteen numbers. */
#define CROWD		15
#define ROUNDS		51
/* An identity map of 1 GB blocks: normal memory, shared, accessed. */
#define STAGE1_BLOCK	(1 | 3 << 8 | 1 << 10)

static int nop(struct vcpu *vcpu)
{
	return vcpu_do(vcpu, &(struct job){ .job = JOB_NOP });
}

/* Two vCPUs, one after the other on one CPU. */
static int do_turns(struct side *side)
{
	int ret = 0;

	pin_to_cpu(0);
	for (int i = 0; i < 6 && !ret; i++)
		ret = vcpu_do(&side->vm.vcpu[i & 1], &(struct job){
			.job = JOB_WRITE, .ipa = side->ipa + i * PAGE_SIZE,
			.count = 1, .stride = PAGE_SIZE });
	return ret;
}

/* Work for two vCPUs on two CPUs that begin at the same moment. */
struct pace {
	struct side	*side;
	int		nr;
	size_t		from;
	atomic_int	*gate;
	int		ret;
};

static void *touch_same(void *arg)
{
	struct pace *p = arg;

	pin_to_cpu(p->nr);
	atomic_fetch_sub(p->gate, 1);
	while (atomic_load(p->gate))
		;
	p->ret = vcpu_do(&p->side->vm.vcpu[p->nr], &(struct job){
		.job = JOB_WRITE, .ipa = p->side->ipa + p->from * PAGE_SIZE,
		.count = 256, .stride = PAGE_SIZE });
	return NULL;
}

static int together(struct side *side, size_t from)
{
	atomic_int gate = 2;
	struct pace p[2] = {
		{ .side = side, .nr = 0, .from = from, .gate = &gate },
		{ .side = side, .nr = 1, .from = from, .gate = &gate },
	};
	pthread_t thread;

	pthread_create(&thread, NULL, touch_same, &p[1]);
	touch_same(&p[0]);
	pthread_join(thread, NULL);
	return p[0].ret ?: p[1].ret;
}

/* Both fault at the same pages: absent ones, then write-protected ones. */
static int do_same_pages(struct side *side)
{
	int ret = 0;

	for (int i = 0; i < 4 && !ret; i++)
		ret = together(side, i * 256);
	for (int i = 0; i < 4 && !ret; i++)
		ret = side_slot(side, 0) ?:
		      side_slot(side, KVM_MEM_LOG_DIRTY_PAGES) ?:
		      together(side, i * 256);
	return ret;
}

static struct vm crowd[CROWD];

static int for_crowd(int (*fn)(struct vm *vm))
{
	int ret = 0;

	for (int i = 0; i < CROWD && !ret; i++)
		ret = fn(&crowd[i]);
	return ret;
}

static int start_one(struct vm *vm)
{
	return vm_start(vm, 0, 1);
}

static int run_one(struct vm *vm)
{
	return nop(&vm->vcpu[0]);
}

static int close_one(struct vm *vm)
{
	vm_close(vm);
	return 0;
}

/*
 * Seventeen VMs in turn, and fifteen numbers, or fourteen where one is kept for a
 * VM elsewhere: each in its turn finds none left, this side's among them. (Of
 * sixteen only every second would, as sixteen and fourteen are even.)
 */
static int do_vmids(struct side *side)
{
	static struct vm last;
	int ret;

	pin_to_cpu(0);
	ret = for_crowd(start_one) ?: start_one(&last);
	for (int i = 0; i < ROUNDS && !ret; i++)
		ret = nop(&side->vm.vcpu[0]) ?: for_crowd(run_one) ?:
		      run_one(&last);
	for_crowd(close_one);
	close_one(&last);
	return ret;
}

static void *spin_aside(void *arg)
{
	struct vm *vm = arg;

	pin_to_cpu(1);
	vcpu_do(&vm->vcpu[0], &(struct job){
		.job = JOB_SPIN, .ipa = CTL_IPA + 15 * PAGE_SIZE, .value = 7 });
	return NULL;
}

/* The same beside a VM that keeps running, and its number, on another CPU. */
static int do_vmids_aside(struct side *side)
{
	static struct vm aside;
	pthread_t thread;
	int ret = vm_start(&aside, 0, 1);

	if (ret)
		return ret;
	pthread_create(&thread, NULL, spin_aside, &aside);
	while (!*(volatile uint64_t *)&aside.vcpu[0].mb->rounds)
		usleep(1000);
	ret = do_vmids(side);
	*(volatile uint64_t *)&aside.vcpu[0].mb->stop = 1;
	pthread_join(thread, NULL);
	vm_close(&aside);
	return ret;
}

/* Put on another CPU, long before the others run out of numbers. */
static int do_vmids_later(struct side *side)
{
	int ret;

	pin_to_cpu(1);
	ret = nop(&side->vm.vcpu[0]);
	pin_to_cpu(0);
	usleep(1300000);
	ret = ret ?: for_crowd(start_one);
	for (int i = 0; i < 2 && !ret; i++)
		ret = for_crowd(run_one);
	for_crowd(close_one);
	return ret;
}

static atomic_bool about_to_load;

static void *load_aside(void *arg)
{
	struct pace *p = arg;

	pin_to_cpu(1);
	about_to_load = true;
	p->ret = nop(&p->side->vm.vcpu[1]);
	return NULL;
}

/*
 * When the numbers have run out one vCPU gets the next one, and the other is
 * loaded at that moment, on a CPU that has turned the generation itself.
 */
static int load_together(struct side *side)
{
	struct pace p = { .side = side };
	pthread_t thread;
	int ret = for_crowd(run_one);

	about_to_load = false;
	pthread_create(&thread, NULL, load_aside, &p);
	while (!about_to_load)
		;
	usleep(20000);
	ret = ret ?: nop(&side->vm.vcpu[0]);
	pthread_join(thread, NULL);
	return ret ?: p.ret;
}

static int do_vmids_together(struct side *side)
{
	int ret;

	pin_to_cpu(0);
	ret = nop(&side->vm.vcpu[0]) ?: for_crowd(start_one);
	for (int i = 0; i < 8 && !ret; i++)
		ret = load_together(side);
	for_crowd(close_one);
	return ret;
}

static int turn_caches_on(struct side *side)
{
	uint64_t *table = (uint64_t *)side->mem.p;

	table[0] = STAGE1_BLOCK;
	table[1] = 1UL << 30 | STAGE1_BLOCK;
	return vcpu_do(&side->vm.vcpu[0], &(struct job){
		.job = JOB_MMU, .ipa = side->ipa });
}

/* With memory mapped already the guest turns its caches on. */
static int do_caches(struct side *side)
{
	return side_job(side, JOB_WRITE, 1, 16) ?: turn_caches_on(side) ?:
	       side_job(side, JOB_READ, 1, 16);
}

/* Its own tables lie in memory that it can only read. */
static int do_readonly_tables(struct side *side)
{
	return turn_caches_on(side);
}

/*
 * Memory where the GIC's CPU interface is to be, and mapped: the window is
 * refused.
 */
static int do_window(struct side *side)
{
	struct kvm_pre_fault_memory range = {
		.gpa = side->ipa, .size = PAGE_SIZE,
	};
	int ret;

	if (ioctl(side->vm.vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range))
		return -errno;
	ret = gicv2_add(&side->vm, GIC_DIST_IPA, side->ipa) ?:
	      nop(&side->vm.vcpu[0]);
	return ret == -EEXIST ? 0 : ret ?: -EADDRINUSE;
}

const struct act corpus_cpu_acts[] = {
	{ "window", MEM_ANON, 16, GIC_CPU_IPA, .run = do_window },
	{ "turns", MEM_ANON, 1024, DATA_IPA, .vcpus = 2, .run = do_turns },
	{ "same-pages", MEM_ANON, 1024, DATA_IPA, .vcpus = 2,
	  .run = do_same_pages },
	{ "vmids", MEM_ANON, 0, DATA_IPA, .run = do_vmids },
	{ "vmids-aside", MEM_ANON, 0, DATA_IPA, .run = do_vmids_aside },
	{ "vmids-later", MEM_ANON, 0, DATA_IPA, .run = do_vmids_later },
	{ "vmids-together", MEM_ANON, 0, DATA_IPA, .vcpus = 2,
	  .run = do_vmids_together },
	{ "caches", MEM_ANON, 1024, DATA_IPA, .run = do_caches },
	{ "readonly-tables", MEM_ANON, 1024, DATA_IPA,
	  .flags = KVM_MEM_READONLY, .run = do_readonly_tables },
};

const size_t corpus_nr_cpu_acts = ARRAY_SIZE(corpus_cpu_acts);
