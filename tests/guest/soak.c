// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that VMs see their own memory only, while the scheduler does to their
 * vCPUs whatever it can: many more vCPU threads than CPUs, which yield, move
 * between CPUs, sleep, change their priority and stay in the guest until they
 * are thrown out; VMs that die and are made anew. A wrong word is the symptom
 * of a shared VMID; the verdict on VMIDs comes from the events.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "s2guest.h"
#include "vm.h"

#define VCPU_PAGES	4
#define MAX_SOAK_VCPUS	8
/* Bounds of how many steps a VM lives. */
#define SHORT_LIFE	10
#define LONG_LIFE	150
/* Loads of a long stay in the guest. */
#define LONG_STAY	30000

static struct {
	long		seconds, vcpus;
	struct timespec	end;
	pthread_barrier_t made, begun;
	atomic_long	lives, runs, stays, yields, moves, sleeps, wrong;
	atomic_int	error;
} soak;

/* One VM with its vCPUs' memory, for one life. */
struct life {
	struct vm	vm;
	uint8_t		*data;
	uint64_t	value;
	long		steps;
};

struct worker {
	struct life	*life;
	int		index;
	unsigned int	seed;
};

static bool over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= soak.end.tv_sec || soak.error;
}

static uint64_t own_ipa(const struct worker *w)
{
	return DATA_IPA + w->index * VCPU_PAGES * PAGE_SIZE;
}

static int job(struct worker *w, uint64_t kind)
{
	struct vcpu *vcpu = &w->life->vm.vcpu[w->index];
	int ret = vcpu_do(vcpu, &(struct job){
		.job = kind, .ipa = own_ipa(w), .count = VCPU_PAGES,
		.stride = PAGE_SIZE, .value = w->life->value + w->index * VCPU_PAGES,
		.step = 1 });

	soak.runs++;
	if (!ret && (vcpu->mb->bad || vcpu->mmio_reads + vcpu->mmio_writes))
		soak.wrong++;
	return ret;
}

/* The guest stays in for long, so that it is thrown out by the scheduler. */
static int stay(struct worker *w)
{
	struct vcpu *vcpu = &w->life->vm.vcpu[w->index];
	int ret = vcpu_do(vcpu, &(struct job){
		.job = JOB_READ, .ipa = own_ipa(w), .count = LONG_STAY,
		.value = w->life->value + w->index * VCPU_PAGES });

	soak.stays++;
	if (!ret && vcpu->mb->bad)
		soak.wrong++;
	return ret;
}

static int step(struct worker *w)
{
	unsigned int what = rand_r(&w->seed), how = what >> 8;

	switch (what % 32) {
	case 0:
		soak.yields++;
		sched_yield();
		return 0;
	case 1 ... 2:
		soak.moves++;
		pin_to_cpu(how);
		return 0;
	case 3 ... 4:
		soak.sleeps++;
		usleep(1 + how % 3000);
		return 0;
	case 5:
		setpriority(PRIO_PROCESS, 0, -20 + (int)(how % 40));
		return 0;
	case 6:
		return stay(w);
	default:
		return job(w, how % 2 ? JOB_WRITE : JOB_READ);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int ret = job(w, JOB_WRITE);

	for (long i = 0; !ret && i < w->life->steps && !over(); i++)
		ret = step(w);
	if (ret)
		soak.error = ret;
	return NULL;
}

static long words_wrong(const struct life *life)
{
	size_t own = VCPU_PAGES * PAGE_SIZE;
	long wrong = 0;

	for (int i = 0; i < soak.vcpus; i++) {
		const uint8_t *p = life->data + i * own;

		for (size_t at = 0; at < own; at += 8) {
			uint64_t word = *(volatile const uint64_t *)(p + at);
			uint64_t want = at % PAGE_SIZE ? 0 :
				life->value + i * VCPU_PAGES + at / PAGE_SIZE;

			wrong += word != want;
		}
	}
	return wrong;
}

static void run_life(struct life *life, unsigned int *seed)
{
	struct worker workers[MAX_SOAK_VCPUS];
	pthread_t threads[MAX_SOAK_VCPUS];

	for (int i = 0; i < soak.vcpus; i++) {
		workers[i] = (struct worker){ .life = life, .index = i,
					      .seed = rand_r(seed) };
		pthread_create(&threads[i], NULL, work, &workers[i]);
	}
	for (int i = 0; i < soak.vcpus; i++)
		pthread_join(threads[i], NULL);
}

static size_t data_size(void)
{
	return soak.vcpus * VCPU_PAGES * PAGE_SIZE;
}

static int begin_life(struct life *life, unsigned int *seed)
{
	int ret;

	life->value = 0x5000000000000000UL + ((uint64_t)++soak.lives << 16);
	life->steps = SHORT_LIFE + rand_r(seed) % (LONG_LIFE - SHORT_LIFE);
	life->data = mmap(NULL, data_size(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (life->data == MAP_FAILED)
		return -errno;
	ret = vm_start(&life->vm, 0, soak.vcpus);
	return ret ?: vm_set_slot(&life->vm, 1, DATA_IPA, life->data,
				  data_size(), 0);
}

static void end_life(struct life *life)
{
	soak.wrong += soak.error ? 0 : words_wrong(life);
	vm_close(&life->vm);
	munmap(life->data, data_size());
}

/*
 * A VM's place: whenever the VM there has lived its life, another is made.
 * The first ones begin together.
 */
static void *place(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	struct life life;
	int ret = begin_life(&life, &seed);

	pthread_barrier_wait(&soak.made);
	pthread_barrier_wait(&soak.begun);
	while (!ret) {
		run_life(&life, &seed);
		end_life(&life);
		if (over())
			return NULL;
		ret = begin_life(&life, &seed);
	}
	soak.error = ret;
	return NULL;
}

/* All places, from the moment when the last VM has been made. */
static void run_places(long vms, long seed)
{
	pthread_t *threads = calloc(vms, sizeof(*threads));

	pthread_barrier_init(&soak.made, NULL, vms + 1);
	pthread_barrier_init(&soak.begun, NULL, vms + 1);
	for (long i = 0; i < vms; i++)
		pthread_create(&threads[i], NULL, place, (void *)(seed * vms + i));
	pthread_barrier_wait(&soak.made);
	clock_gettime(CLOCK_MONOTONIC, &soak.end);
	soak.end.tv_sec += soak.seconds;
	pthread_barrier_wait(&soak.begun);
	for (long i = 0; i < vms; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

static int verdict(long vms, long growth)
{
	printf("soak vms=%ld vcpus=%ld cpus=%d seconds=%ld lives=%ld runs=%ld stays=%ld yields=%ld moves=%ld sleeps=%ld wrong=%ld sec_growth_kb=%ld\n",
	       vms, soak.vcpus, nr_cpus(), soak.seconds, soak.lives, soak.runs,
	       soak.stays, soak.yields, soak.moves, soak.sleeps, soak.wrong, growth);
	if (soak.error)
		return fail("a guest could not run: %s", errname(soak.error));
	if (soak.wrong)
		return fail("%ld foreign words", soak.wrong);
	if (growth > 0)
		return fail("%ld kB of tables were left behind", growth);
	return 0;
}

static int run(int argc, char **argv)
{
	long vms = 50, seed = 1, before = meminfo_kb("SecPageTables");
	const struct opt opts[] = {
		{ "vms", .number = &vms },
		{ "vcpus", .number = &soak.vcpus },
		{ "seconds", .number = &soak.seconds },
		{ "seed", .number = &seed },
	};

	soak.vcpus = 2;
	soak.seconds = 20;
	parse_opts(&scn_soak, argc, argv, opts, ARRAY_SIZE(opts));
	if (vms < 1 || soak.vcpus < 1 || soak.vcpus > MAX_SOAK_VCPUS)
		return fail("1 VM or more, of 1 to %d vCPUs", MAX_SOAK_VCPUS) + 1;
	run_places(vms, seed);
	return verdict(vms, sec_growth_kb(before));
}

const struct scenario scn_soak = {
	.name	= "soak",
	.usage	= "[--vms N] [--vcpus N] [--seconds S] [--seed N]",
	.proves	= "Each of many VMs sees its own memory only, while their vCPUs, many more\n"
		  "than there are CPUs, yield, move, sleep and are thrown out, and while VMs\n"
		  "die and are made anew (boot with kvm-arm.vmid_bits=4).",
	.run	= run,
};
