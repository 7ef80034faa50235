// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that KVM_PRE_FAULT_MEMORY maps memory ahead: the guest then reads and
 * writes it without one fault at stage 2, by the VM's own statistics, for each
 * kind of memory and at the size the host has it. That it does no more than a
 * read would: zero pages are not replaced, a read-only slot stays read-only, a
 * page under dirty logging is not dirty, and nothing larger than a page is
 * mapped there. That it says how far it came when a signal or the end of the
 * slot stops it, and refuses what cannot be. And that it goes together with
 * another vCPU that does the same, with a host that takes the memory away, and
 * with a slot that comes and goes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "binstat.h"
#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(8 * MB)
#define PAGES	(SIZE / PAGE_SIZE)
#define VALUE	0x9f00000000000000UL

static struct vm vm;
static struct mem mem;
static int stats;
static long interrupted;

static int prefault(struct vcpu *vcpu, uint64_t ipa, uint64_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = ipa, .size = size };
	int ret;

	do {
		ret = vcpu_prefault(vcpu, &range);
	} while (!ret && range.size);
	return ret;
}

static int all_of_it(void)
{
	int ret = prefault(&vm.vcpu[0], DATA_IPA, SIZE);

	return ret ? fail("prefault: %s", errname(ret)) : 0;
}

/* Stops of the guest at stage 2, of whatever kind. */
static uint64_t faults(void)
{
	return binstat(stats, "fault_translation") +
	       binstat(stats, "fault_permission") +
	       binstat(stats, "fault_access_flag") +
	       binstat(stats, "fault_other");
}

static int guest(uint64_t job)
{
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = vcpu_do(vcpu, &(struct job){
		.job = job, .ipa = DATA_IPA, .count = PAGES,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1 });

	if (ret)
		return fail("guest: %s", errname(ret));
	return vcpu->mb->bad ? fail("%lu words differ", vcpu->mb->bad) : 0;
}

/* The job stops at stage 2 to ring the doorbell, and not once besides. */
static int without_faults(const char *what, uint64_t job)
{
	uint64_t before = faults();

	if (guest(job))
		return 1;
	if (faults() != before + 1)
		return fail("%s: %lu faults", what, faults() - before - 1);
	return 0;
}

static int set_slot(unsigned int flags)
{
	int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, flags);

	return ret ? fail("slot: %s", errname(ret)) : 0;
}

/* Fresh memory in the old place: what was mapped is gone. */
static int renew(bool fill)
{
	int ret = mem_remap(&mem, 0, SIZE);

	if (ret)
		return fail("no memory: %s", errname(ret));
	if (fill)
		mem_fill(&mem, 0, SIZE, PAGE_SIZE, VALUE, 1);
	return 0;
}

static int nothing_is_left_to_fault(void)
{
	bool huge = mem.kind == MEM_THP || mem.kind == MEM_HUGETLB2M;
	uint64_t before, blocks;

	if (renew(true) || all_of_it() || without_faults("read", JOB_READ) ||
	    without_faults("write", JOB_WRITE))
		return 1;
	blocks = binstat(stats, "pages_2m");
	if (blocks != (huge ? SIZE / BLOCK_SIZE : 0))
		return fail("%lu blocks, %ld kB are huge", blocks,
			    mem_huge_kb(&mem));
	/* Once more: nothing to do, and nothing is undone. */
	before = binstat(stats, "fault_prefault");
	if (all_of_it() || without_faults("read again", JOB_READ))
		return 1;
	if (binstat(stats, "fault_prefault") - before !=
	    (huge ? SIZE / BLOCK_SIZE : PAGES))
		return fail("%lu steps of prefault",
			    binstat(stats, "fault_prefault") - before);
	return 0;
}

/* As for a read: a page that nobody wrote is still no page of ours. */
static int zero_pages_stay(void)
{
	uint64_t before;

	if (mem.kind != MEM_ANON)
		return 0;
	if (renew(false) || all_of_it())
		return 1;
	before = binstat(stats, "fault_permission");
	if (guest(JOB_WRITE))
		return 1;
	if (binstat(stats, "fault_permission") - before < PAGES)
		return fail("pages that nobody wrote were writable");
	return mem_differs(mem.p, SIZE, PAGE_SIZE, VALUE, 1) ?
	       fail("writes are missing") : 0;
}

static int dirty_pages(void)
{
	uint64_t bitmap[PAGES / 64] = {};
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };
	int nr = 0;

	if (ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log))
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(bitmap); i++)
		nr += __builtin_popcountl(bitmap[i]);
	return nr;
}

static int expect_dirty(const char *when, int want)
{
	int have = dirty_pages();

	return have == want ? 0 :
	       fail("%s: %d dirty pages, not %d", when, have, want);
}

static int a_logged_page_is_not_dirty(void)
{
	if (renew(true) || set_slot(KVM_MEM_LOG_DIRTY_PAGES) || all_of_it() ||
	    expect_dirty("prefault", 0) ||
	    without_faults("read, logged", JOB_READ) ||
	    expect_dirty("read", 0))
		return 1;
	if (binstat(stats, "pages_2m"))
		return fail("blocks in a slot that is logged");
	return guest(JOB_WRITE) || expect_dirty("write", PAGES) ||
	       all_of_it() || expect_dirty("prefault again", 0) || set_slot(0);
}

static int a_read_only_slot_stays(void)
{
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, 0, 0);

	if (ret || renew(true) || set_slot(KVM_MEM_READONLY) || all_of_it() ||
	    without_faults("read, read-only", JOB_READ) || guest(JOB_WRITE))
		return ret ? fail("slot: %s", errname(ret)) : 1;
	if (vcpu->mmio_writes != PAGES)
		return fail("%lu of %lu writes left a read-only slot",
			    vcpu->mmio_writes, PAGES);
	ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, 0, 0);
	return ret ? fail("slot: %s", errname(ret)) : set_slot(0);
}

static int expect(const char *what, uint64_t gpa, uint64_t size, uint64_t flags,
		  int want)
{
	struct kvm_pre_fault_memory range = {
		.gpa = gpa, .size = size, .flags = flags,
	};
	struct kvm_pre_fault_memory before = range;
	int ret = vcpu_prefault(&vm.vcpu[0], &range);

	if (ret != want)
		return fail("%s: %s, not %s", what, errname(ret),
			    errname(want));
	if (ret && memcmp(&before, &range, sizeof(range)))
		return fail("%s: the range was changed", what);
	return 0;
}

static int nonsense_is_refused(void)
{
	const uint64_t end = DATA_IPA + SIZE;
	struct kvm_pre_fault_memory range = {
		.gpa = end - 2 * PAGE_SIZE, .size = 4 * PAGE_SIZE };

	if (expect("no size", DATA_IPA, 0, 0, -EINVAL) |
	    expect("odd address", DATA_IPA + 8, PAGE_SIZE, 0, -EINVAL) |
	    expect("odd size", DATA_IPA, PAGE_SIZE + 8, 0, -EINVAL) |
	    expect("a flag", DATA_IPA, PAGE_SIZE, 1, -EINVAL) |
	    expect("a range that wraps", DATA_IPA, -DATA_IPA, 0, -EINVAL) |
	    expect("a hole", end, PAGE_SIZE, 0, -ENOENT) |
	    expect("a device", DOORBELL_IPA, PAGE_SIZE, 0, -ENOENT) |
	    expect("beyond the IPA space", 1UL << 52, PAGE_SIZE, 0, -ENOENT))
		return 1;
	if (ioctl(vm.vcpu[0].fd, KVM_PRE_FAULT_MEMORY, NULL) != -1 ||
	    errno != EFAULT)
		return fail("no range: no EFAULT");
	/* What is there comes first; only then the hole is an error. */
	if (vcpu_prefault(&vm.vcpu[0], &range) || range.gpa != end ||
	    range.size != 2 * PAGE_SIZE)
		return fail("up to a hole: %#lx bytes left at %#lx",
			    (long)range.size, (long)range.gpa);
	return expect("at the hole", range.gpa, range.size, 0, -ENOENT);
}

static int unreadable_memory_is_refused(void)
{
	int ret;

	if (mprotect(mem.p, SIZE, PROT_NONE))
		return fail("mprotect: %s", errname(-errno));
	ret = expect("memory without permission", DATA_IPA, PAGE_SIZE, 0,
		     -EFAULT);
	mprotect(mem.p, SIZE, PROT_READ | PROT_WRITE);
	return ret;
}

static void on_alarm(int sig)
{
}

/* Signals stop it; where it stopped it can go on. */
static int signals_interrupt(void)
{
	struct kvm_pre_fault_memory range;
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval timer = {
		.it_value.tv_usec = 300, .it_interval.tv_usec = 300 };
	uint64_t left;
	int ret = 0;

	if (mem.kind != MEM_ANON)
		return 0;
	sigaction(SIGALRM, &act, NULL);
	for (int i = 0; i < 100 && interrupted < 3; i++) {
		if (renew(true))
			return 1;
		range = (struct kvm_pre_fault_memory){
			.gpa = DATA_IPA, .size = SIZE };
		setitimer(ITIMER_REAL, &timer, NULL);
		do {
			left = range.size;
			ret = vcpu_prefault(&vm.vcpu[0], &range);
			interrupted += range.size != 0;
			if (!ret && range.size >= left)
				ret = -EPROTO;
		} while (range.size && (!ret || ret == -EINTR));
		setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
		if (ret)
			return fail("with signals: %s", errname(ret));
	}
	if (!interrupted)
		return fail("no signal came in between");
	return without_faults("read after signals", JOB_READ);
}

/* Company -------------------------------------------------------------- */

struct other {
	pthread_t	thread;
	int		vcpu;
	atomic_bool	stop;
	long		rounds;
	int		error;
};

static void *prefault_on(void *arg)
{
	struct other *o = arg;

	while (!o->stop) {
		int ret = prefault(&vm.vcpu[o->vcpu], DATA_IPA, SIZE);

		if (ret && ret != -EAGAIN && ret != -ENOENT && ret != -EINTR)
			o->error = ret;
		o->rounds++;
		/* A trace has to hold it all. */
		usleep(5000);
	}
	return NULL;
}

static int in_company(const char *what, int (*disturb)(void))
{
	struct other others[2] = { { .vcpu = 0 }, { .vcpu = 1 } };
	int ret;

	for (int i = 0; i < 2; i++)
		pthread_create(&others[i].thread, NULL, prefault_on, &others[i]);
	ret = disturb();
	for (int i = 0; i < 2; i++)
		others[i].stop = true;
	for (int i = 0; i < 2; i++) {
		pthread_join(others[i].thread, NULL);
		if (others[i].error)
			ret = fail("%s: %s", what, errname(others[i].error));
		if (!others[i].rounds)
			ret = fail("%s: nobody prefaulted", what);
	}
	return ret || renew(true) || guest(JOB_READ);
}

static int host_takes_memory(void)
{
	for (int i = 0; i < 20; i++) {
		size_t at = i % 4 * BLOCK_SIZE;

		madvise(mem.p + at, i % 3 ? PAGE_SIZE : BLOCK_SIZE,
			mem.fd < 0 ? MADV_DONTNEED : MADV_REMOVE);
		mem_fill(&mem, at, BLOCK_SIZE, PAGE_SIZE,
			 VALUE + at / PAGE_SIZE, 1);
		usleep(1000);
	}
	return 0;
}

static int slot_comes_and_goes(void)
{
	for (int i = 0; i < 12; i++) {
		int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, 0, 0);

		if (!ret)
			ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, 0);
		if (ret)
			return fail("slot: %s", errname(ret));
		usleep(1000);
	}
	return 0;
}

static int run(int argc, char **argv)
{
	const char *backing = "anon";
	const struct opt opts[] = { { "backing", .word = &backing } };
	int ret;

	parse_opts(&scn_prefault, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) < 0)
		return fail("no backing %s", backing) + 1;
	if (ioctl(kvm_dev(), KVM_CHECK_EXTENSION, KVM_CAP_PRE_FAULT_MEMORY) != 1)
		return fail("KVM_CAP_PRE_FAULT_MEMORY is not offered");
	ret = mem_alloc(&mem, mem_kind(backing), SIZE);
	if (!ret)
		ret = vm_start(&vm, 0, 2);
	if (ret)
		return fail("no VM: %s", errname(ret));
	stats = binstat_open(vm.fd);
	/* The guest's own page and mailbox are mapped first. */
	if (stats < 0 || vcpu_do(&vm.vcpu[0], &(struct job){ .job = JOB_NOP }))
		return fail("the guest does not run");
	ret = set_slot(0) || nothing_is_left_to_fault() || zero_pages_stay() ||
	      a_logged_page_is_not_dirty() || a_read_only_slot_stays() ||
	      nonsense_is_refused() || unreadable_memory_is_refused() ||
	      signals_interrupt() ||
	      in_company("memory is taken away", host_takes_memory) ||
	      in_company("the slot goes", slot_comes_and_goes);
	if (!ret)
		printf("prefault backing=%s interrupted=%ld steps=%lu\n",
		       backing, interrupted, binstat(stats, "fault_prefault"));
	close(stats);
	vm_close(&vm);
	mem_free(&mem);
	return ret;
}

const struct scenario scn_prefault = {
	.name	= "prefault",
	.usage	= "[--backing anon|thp|hugetlb2m|memfd|shmem]",
	.proves	= "KVM_PRE_FAULT_MEMORY maps memory so that the guest stops no more, does no\n"
		  "more than a read would, says how far it came, refuses what cannot be, and\n"
		  "bears company.",
	.run	= run,
};
