// SPDX-License-Identifier: GPL-2.0-only
/*
 * Provokes the faults of the corpus (tests/faults), an act for each way to come
 * by them. Two VMs do the same; the first one created may have a fault switched
 * on (debugfs s2/inject, "next"), so what happens to it is only told. The other
 * one must not notice: that is what the exit status says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corpus.h"
#include "s2guest.h"

#define HUGETLB_64K	"/sys/kernel/mm/hugepages/hugepages-64kB/nr_hugepages"
/* The emulated host's clock: registers that may be read. */
#define RTC_PA		0x09010000
#define DEFAULT_IPA_END	(1UL << 40)

int side_job(struct side *side, uint64_t job, size_t page, size_t pages)
{
	return vcpu_do(&side->vm.vcpu[0], &(struct job){
		.job = job, .ipa = side->ipa + page * PAGE_SIZE, .count = pages,
		.stride = PAGE_SIZE, .value = page, .step = 1 });
}

int side_slot(struct side *side, uint32_t flags)
{
	const struct act *act = side->act;

	return vm_set_slot(&side->vm, CORPUS_SLOT, side->ipa,
			   side->mem.p + act->shift,
			   act->pages * PAGE_SIZE, flags);
}

static int discard(struct side *side, size_t page, size_t pages)
{
	return madvise(side->mem.p + page * PAGE_SIZE, pages * PAGE_SIZE,
		       MADV_DONTNEED) ? -errno : 0;
}

/* One page, some with neighbours, some across two tables, a whole table. */
static int do_pages(struct side *side)
{
	return side_job(side, JOB_WRITE, 0, 1024) ?:
	       discard(side, 7, 1) ?:
	       side_job(side, JOB_WRITE, 7, 1) ?:
	       discard(side, 259, 16) ?:
	       discard(side, 400, 300) ?:
	       side_job(side, JOB_WRITE, 0, 1024) ?:
	       discard(side, 0, 512) ?:
	       side_job(side, JOB_WRITE, 0, 512) ?:
	       side_job(side, JOB_READ, 0, 1024);
}

/* The host takes pages of which some were never used, for good. */
static int do_zap(struct side *side)
{
	return side_job(side, JOB_WRITE, 0, 64) ?: discard(side, 60, 16);
}

/* A read brings in what is never written. */
static int do_read(struct side *side)
{
	*(volatile char *)side->mem.p = 0;
	return side_job(side, JOB_READ, 0, 1);
}

/* The host has all pages; the guest asks for one. */
static int do_beside(struct side *side)
{
	mem_fill(&side->mem, 0, 2 * BLOCK_SIZE, PAGE_SIZE, 0, 1);
	return side_job(side, JOB_READ, 2, 1);
}

static int do_blocks(struct side *side)
{
	return side_job(side, JOB_WRITE, 0, 1024) ?:
	       discard(side, 3, 1) ?:
	       side_job(side, JOB_WRITE, 0, 512);
}

static int do_exec(struct side *side)
{
	mem_fill_code(&side->mem, 0);
	return side_job(side, JOB_EXEC, 0, 8);
}

/* Written, then logged, written again, then no longer logged. */
static int do_log(struct side *side)
{
	return side_job(side, JOB_WRITE, 0, 64) ?:
	       side_slot(side, KVM_MEM_LOG_DIRTY_PAGES) ?:
	       side_job(side, JOB_WRITE, 0, 32) ?:
	       side_slot(side, 0) ?:
	       side_job(side, JOB_WRITE, 32, 32);
}

/* All is dirty before the guest first runs, and is cleared. */
static int do_clear_log(struct side *side)
{
	static uint64_t bits[1024 / 64];
	struct kvm_clear_dirty_log clear = {
		.slot = CORPUS_SLOT, .num_pages = 1024, .dirty_bitmap = bits,
	};

	memset(bits, 0xff, sizeof(bits));
	vm_enable_cap(&side->vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		      KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
		      KVM_DIRTY_LOG_INITIALLY_SET);
	if (side_slot(side, KVM_MEM_LOG_DIRTY_PAGES) ||
	    ioctl(side->vm.fd, KVM_CLEAR_DIRTY_LOG, &clear))
		return -errno;
	return side_job(side, JOB_WRITE, 0, 4);
}

static int do_slots(struct side *side)
{
	int ret = side_job(side, JOB_WRITE, 0, 16) ?:
		  vm_set_slot(&side->vm, CORPUS_SLOT, side->ipa, side->mem.p,
			      0, 0);

	return ret ?: side_slot(side, 0) ?: side_job(side, JOB_WRITE, 0, 16);
}

/* The last 2 MB of the IPA space can be had, and nothing behind. */
static int do_ends(struct side *side)
{
	int ret = vm_set_slot(&side->vm, 2, DEFAULT_IPA_END - BLOCK_SIZE,
			      side->mem.p, BLOCK_SIZE, 0);
	int beyond = vm_set_slot(&side->vm, 3, DEFAULT_IPA_END, side->mem.p,
				 BLOCK_SIZE, 0);

	return ret ?: beyond == -EFAULT ? 0 : -EEXIST;
}

/* Pages of 64 KB, which no leaf has: smaller leaves will do. */
static int do_odd(struct side *side)
{
	void *p;

	write_text(HUGETLB_64K, "%d", 64);
	p = mmap(side->mem.p, BLOCK_SIZE / 2, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB |
		 16 << MAP_HUGE_SHIFT, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	return side_job(side, JOB_WRITE, 0, 16);
}

/* Registers, mapped for a guest as vfio does. */
static int do_device(struct side *side)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC), ret;
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       RTC_PA);

	if (fd < 0 || p == MAP_FAILED)
		return -errno;
	ret = vm_set_slot(&side->vm, 2, side->ipa, p, PAGE_SIZE, 0);
	if (!ret)
		ret = vcpu_do(&side->vm.vcpu[0], &(struct job){
			.job = JOB_READ32, .ipa = side->ipa });
	/* The slot goes first. */
	vm_set_slot(&side->vm, 2, side->ipa, p, 0, 0);
	munmap(p, PAGE_SIZE);
	close(fd);
	return ret;
}

static uint64_t frame_of(const void *p)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (pread(fd, &entry, 8, (uintptr_t)p / PAGE_SIZE * 8) != 8)
		entry = 0;
	close(fd);
	return entry & ((1UL << 55) - 1);
}

/* The host asks of a huge page whether the guest, which has pages, used it. */
static int do_age(struct side *side)
{
	uint64_t frame, bits = ~0UL;
	int fd = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR);
	int ret = side_job(side, JOB_WRITE, 0, 1024) ?:
		  side_slot(side, KVM_MEM_LOG_DIRTY_PAGES) ?:
		  side_job(side, JOB_WRITE, 0, 1024);

	frame = frame_of(side->mem.p);
	if (fd < 0 || !frame)
		return -ENODEV;
	/* Young, as the guest has just left it, and then idle. */
	for (int i = 0; !ret && i < 2; i++)
		if (pwrite(fd, &bits, 8, frame / 64 * 8) != 8)
			ret = -errno;
	close(fd);
	return ret;
}

/* The host takes pages away while the guest reads them. */
static atomic_bool stop;

static void *discarder(void *arg)
{
	struct side *side = arg;

	while (!stop)
		discard(side, 0, 64);
	return NULL;
}

static int do_race(struct side *side)
{
	pthread_t thread;
	int ret = 0;

	stop = false;
	pthread_create(&thread, NULL, discarder, side);
	for (int i = 0; i < 20 && !ret; i++)
		ret = vcpu_do(&side->vm.vcpu[0], &(struct job){
			.job = JOB_READ, .ipa = side->ipa, .count = 8,
			.stride = PAGE_SIZE });
	stop = true;
	pthread_join(thread, NULL);
	return ret;
}

static const struct act acts[] = {
	{ "pages", MEM_ANON, 1024, DATA_IPA, .run = do_pages },
	{ "zap", MEM_ANON, 1024, DATA_IPA, .run = do_zap },
	{ "high", MEM_ANON, 1024, 1UL << 39, .run = do_pages },
	{ "read", MEM_ANON, 1024, DATA_IPA, .run = do_read },
	{ "beside", MEM_ANON, 8, DATA_IPA, .shift = 4 * PAGE_SIZE,
	  .run = do_beside },
	{ "beside-log", MEM_ANON, 512, DATA_IPA,
	  .flags = KVM_MEM_LOG_DIRTY_PAGES, .run = do_beside },
	{ "beside-readonly", MEM_ANON, 512, DATA_IPA,
	  .flags = KVM_MEM_READONLY, .run = do_beside },
	{ "blocks", MEM_THP, 1024, DATA_IPA, .run = do_blocks },
	{ "unfit", MEM_THP, 600, DATA_IPA, .shift = PAGE_SIZE, .run = do_log },
	{ "exec", MEM_THP, 1024, DATA_IPA, .run = do_exec },
	{ "log", MEM_ANON, 1024, DATA_IPA, .run = do_log },
	{ "log-eager", MEM_THP, 1024, DATA_IPA, .run = do_log },
	{ "log-lazy", MEM_THP, 1024, DATA_IPA, .no_eager = true,
	  .run = do_log },
	{ "clear-log", MEM_ANON, 1024, DATA_IPA, .run = do_clear_log },
	{ "slots", MEM_ANON, 1024, DATA_IPA, .run = do_slots },
	{ "ends", MEM_ANON, 512, DATA_IPA, .run = do_ends },
	{ "odd", MEM_ANON, 512, DATA_IPA, .run = do_odd },
	{ "device", MEM_ANON, 0, DATA_IPA, .run = do_device },
	{ "age", MEM_THP, 1024, DATA_IPA, .run = do_age },
	{ "race", MEM_ANON, 1024, DATA_IPA, .run = do_race },
};

static int begin(struct side *side, const struct act *act)
{
	int ret = act->kind == MEM_THP || act->pages ?
		  mem_alloc(&side->mem, act->kind, 2 * BLOCK_SIZE) : 0;

	side->act = act;
	side->ipa = act->ipa;
	if (!ret)
		ret = vm_open(&side->vm, 0);
	if (!ret && act->no_eager)
		ret = vm_enable_cap(&side->vm,
				    KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, 0);
	if (!ret)
		ret = vm_ready(&side->vm, act->vcpus ?: 1);
	if (!ret && act->pages && act->run != do_clear_log)
		ret = side_slot(side, act->flags);
	return ret;
}

static void end(struct side *side)
{
	vm_close(&side->vm);
	mem_free(&side->mem);
}

static int perform(const struct act *act)
{
	static struct side armed, beside;
	int ret = begin(&armed, act) ?: begin(&beside, act), first;

	if (ret)
		return fail("no VMs for %s: %s", act->name, errname(ret));
	/* Who might hang comes last. */
	ret = act->run(&beside);
	printf("corpus act=%s beside=%s\n", act->name, errname(ret));
	fflush(stdout);
	first = act->run(&armed);
	printf("corpus armed=%s\n", errname(first));
	fflush(stdout);
	end(&armed);
	end(&beside);
	return ret ? fail("the VM beside: %s", errname(ret)) : 0;
}

/* As the host does with who is out of memory: its pages go, it must not wait. */
static int reap(const struct act *act)
{
	static struct side side[2];
	struct sched_param high = { .sched_priority = 1 };
	int pipes[2], status, pidfd, ret;
	pid_t child;
	char c;

	if (pipe(pipes))
		return fail("no pipe");
	pin_to_cpu(0);
	child = fork();
	if (!child) {
		ret = begin(&side[0], act) ?: begin(&side[1], act) ?:
		      side_job(&side[0], JOB_WRITE, 0, 1024) ?:
		      side_job(&side[1], JOB_WRITE, 0, 1024);
		if (write(pipes[1], ret ? "x" : "y", 1) == 1)
			pause();
		_exit(1);
	}
	if (read(pipes[0], &c, 1) != 1 || c != 'y')
		return fail("no VMs in the child");
	pidfd = syscall(SYS_pidfd_open, child, 0);
	/* The child shares our CPU, so it cannot go before we have reaped. */
	sched_setscheduler(0, SCHED_FIFO, &high);
	kill(child, SIGKILL);
	ret = syscall(SYS_process_mrelease, pidfd, 0) ? -errno : 0;
	waitpid(child, &status, 0);
	printf("corpus act=%s beside=%s\n", act->name, errname(ret));
	return ret ? fail("process_mrelease: %s", errname(ret)) : 0;
}

/* 4 MB across a 1 GB boundary. */
static const struct act reap_act = {
	.name = "reap", .kind = MEM_ANON, .pages = 1024,
	.ipa = DATA_IPA + (1UL << 30) - BLOCK_SIZE,
};

static int run(int argc, char **argv)
{
	const char *name = "";
	const struct opt opts[] = { { "act", .word = &name } };

	parse_opts(&scn_corpus, argc, argv, opts, ARRAY_SIZE(opts));
	/* What hangs with its fault is over then. */
	alarm(30);
	if (!strcmp(name, reap_act.name))
		return reap(&reap_act);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		if (!strcmp(name, acts[i].name))
			return perform(&acts[i]);
	for (size_t i = 0; i < corpus_nr_cpu_acts; i++)
		if (!strcmp(name, corpus_cpu_acts[i].name))
			return perform(&corpus_cpu_acts[i]);
	return fail("there is no act '%s'", name) + 1;
}

const struct scenario scn_corpus = {
	.name	= "corpus",
	.usage	= "--act NAME",
	.proves	= "A VM beside one with a fault switched on (tests/faults) does not notice.",
	.run	= run,
};
