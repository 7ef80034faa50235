// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the dirty log names exactly the pages the guest wrote since it
 * was last asked: on memory that was mapped by blocks when logging began, with
 * pages written and pages only read, when the kernel clears the log itself,
 * when user space clears it page by page (manual protect), when all starts out
 * dirty, and with blocks split eagerly. The writes themselves must arrive too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(8 * MB)
#define PAGES	(SIZE / PAGE_SIZE)
#define WORDS	(PAGES / 64)
#define BASE	0xd100000000000000UL

static struct vm vm;
static struct mem mem;
static uint64_t expected[WORDS], got[WORDS];
static int compared;

static int guest(uint64_t job, uint64_t first, uint64_t every, uint64_t value)
{
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = vcpu_do(vcpu, &(struct job){
		.job = job, .ipa = DATA_IPA + first * PAGE_SIZE,
		.count = (PAGES - first + every - 1) / every,
		.stride = every * PAGE_SIZE, .value = value, .step = every });

	if (ret)
		return fail("guest: %s", errname(ret));
	return vcpu->mb->bad ? fail("%lu words differ", vcpu->mb->bad) : 0;
}

/* The guest writes every @every th page from @first on; note them. */
static int write_pages(uint64_t first, uint64_t every, uint64_t value)
{
	for (uint64_t page = first; page < PAGES; page += every)
		expected[page / 64] |= 1UL << page % 64;
	return guest(JOB_WRITE, first, every, value + first);
}

static int set_logging(bool on)
{
	int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE,
			      on ? KVM_MEM_LOG_DIRTY_PAGES : 0);

	return ret ? fail("logging %d: %s", on, errname(ret)) : 0;
}

/* The log is what we expect, bit for bit. */
static int log_is_exact(const char *what)
{
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = got };
	int missing = 0, extra = 0;

	memset(got, 0, sizeof(got));
	if (ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log))
		return fail("%s: KVM_GET_DIRTY_LOG: %s", what, errname(-errno));
	for (size_t i = 0; i < WORDS; i++) {
		missing += __builtin_popcountl(expected[i] & ~got[i]);
		extra += __builtin_popcountl(got[i] & ~expected[i]);
	}
	compared++;
	if (missing || extra)
		return fail("%s: %d written pages missing, %d not written", what,
			    missing, extra);
	return 0;
}

static void expect_nothing(void)
{
	memset(expected, 0, sizeof(expected));
}

/* Clears and expects clear the pages of [first, first + nr). */
static int clear(uint64_t first, uint64_t nr)
{
	struct kvm_clear_dirty_log log = {
		.slot = 1, .first_page = first, .num_pages = nr,
		.dirty_bitmap = got + first / 64,
	};

	if (ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &log))
		return fail("KVM_CLEAR_DIRTY_LOG: %s", errname(-errno));
	memset(expected + first / 64, 0, nr / 8);
	return 0;
}

/* KVM clears what it reports. */
static int automatic(void)
{
	expect_nothing();
	if (set_logging(true) || log_is_exact("auto: fresh") ||
	    guest(JOB_READ, 0, 1, BASE) || log_is_exact("auto: only read") ||
	    write_pages(3, 7, BASE) || log_is_exact("auto: every 7th"))
		return 1;
	expect_nothing();
	if (log_is_exact("auto: again") || write_pages(0, 5, BASE) ||
	    write_pages(510, 512, BASE) || log_is_exact("auto: two writes"))
		return 1;
	return set_logging(false) || guest(JOB_READ, 0, 1, BASE);
}

/* User space clears, half the slot at a time. */
static int manual(void)
{
	expect_nothing();
	if (set_logging(true) || write_pages(1, 3, BASE) ||
	    log_is_exact("manual: every 3rd") || log_is_exact("manual: kept") ||
	    clear(0, PAGES / 2) || log_is_exact("manual: half cleared") ||
	    write_pages(2, 64, BASE) || log_is_exact("manual: rewritten") ||
	    clear(0, PAGES) || log_is_exact("manual: all cleared"))
		return 1;
	return write_pages(PAGES - 1, 1, BASE) || log_is_exact("manual: last") ||
	       set_logging(false) || guest(JOB_READ, 0, 1, BASE);
}

/* All is dirty at first, and nothing is write-protected before it is cleared. */
static int initially_set(void)
{
	memset(expected, 0xff, sizeof(expected));
	if (set_logging(true) || log_is_exact("set: fresh") ||
	    clear(512, 1024) || log_is_exact("set: middle cleared") ||
	    write_pages(520, 100, BASE) || log_is_exact("set: written"))
		return 1;
	return clear(0, PAGES) || log_is_exact("set: all cleared") ||
	       write_pages(0, 2, BASE) || log_is_exact("set: every 2nd") ||
	       set_logging(false);
}

static int with_vm(const char *what, uint64_t protect, bool eager,
		   int (*scenario)(void))
{
	int ret = vm_open(&vm, 0);

	if (!ret && protect)
		ret = vm_enable_cap(&vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				    protect);
	if (!ret && eager)
		ret = vm_enable_cap(&vm, KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE,
				    BLOCK_SIZE);
	if (!ret)
		ret = vm_ready(&vm, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, 0);
	if (ret)
		return fail("%s: no VM: %s", what, errname(ret));
	ret = guest(JOB_WRITE, 0, 1, BASE) || scenario();
	if (!ret && mem_differs(mem.p, SIZE, PAGE_SIZE, BASE, 1))
		ret = fail("%s: writes are missing", what);
	vm_close(&vm);
	return ret;
}

static int run(int argc, char **argv)
{
	const char *backing = "thp";
	const struct opt opts[] = { { "backing", .word = &backing } };
	const uint64_t enable = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE;
	long huge;
	int ret;

	parse_opts(&scn_dirtylog, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) < 0)
		return fail("no backing %s", backing) + 1;
	ret = mem_alloc(&mem, mem_kind(backing), SIZE);
	if (ret)
		return fail("no memory: %s", errname(ret));
	mem_fill(&mem, 0, SIZE, PAGE_SIZE, 0, 0);
	huge = mem_huge_kb(&mem);
	ret = with_vm("auto", 0, false, automatic) ||
	      with_vm("auto, eager split", 0, true, automatic) ||
	      with_vm("manual", enable, false, manual) ||
	      with_vm("manual, eager split", enable, true, manual) ||
	      with_vm("initially set", enable | KVM_DIRTY_LOG_INITIALLY_SET,
		      false, initially_set) ||
	      with_vm("initially set, eager split",
		      enable | KVM_DIRTY_LOG_INITIALLY_SET, true, initially_set);
	mem_free(&mem);
	printf("dirtylog backing=%s pages=%lu huge_kb=%ld logs_compared=%d\n",
	       backing, PAGES, huge, compared);
	if (!ret && mem_kind(backing) == MEM_THP && huge != SIZE / 1024)
		return fail("the memory was not huge: nothing proved about blocks");
	return ret;
}

const struct scenario scn_dirtylog = {
	.name	= "dirtylog",
	.usage	= "[--backing anon|thp|hugetlb2m|memfd|shmem]",
	.proves	= "KVM_GET_DIRTY_LOG names exactly the pages written, on memory mapped by\n"
		  "blocks, cleared by the kernel or by KVM_CLEAR_DIRTY_LOG, split lazily or\n"
		  "eagerly; and the writes arrive.",
	.run	= run,
};
