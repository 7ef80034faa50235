// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that blocks are split when dirty logging begins, without being asked
 * for; that it takes one table page for each block and nothing for what is
 * mapped by pages or not at all; that user space may turn it off, and then each
 * block is split by the first write to it; that with all pages dirty at first
 * it happens where they are cleared; and that blocks are blocks again, and
 * their tables gone, when logging ends.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "binstat.h"
#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(16 * MB)
#define PAGES	(SIZE / PAGE_SIZE)
#define BLOCKS	(SIZE / BLOCK_SIZE)
#define VALUE	0xea90000000000000UL
/* The guest's code and one mailbox, in one table. */
#define CTL_LEAVES	2

static struct vm vm;
static struct mem mem;
static int stats, compared;

static int expect(const char *when, uint64_t pages, uint64_t blocks,
		  uint64_t tables)
{
	uint64_t p = binstat(stats, "pages_4k") - CTL_LEAVES;
	uint64_t b = binstat(stats, "pages_2m");
	uint64_t t = binstat(stats, "tables_level_3") - 1;

	compared++;
	if (p == pages && b == blocks && t == tables)
		return 0;
	return fail("%s: %ld pages, %ld blocks, %ld tables, not %lu, %lu, %lu",
		    when, (long)p, (long)b, (long)t, pages, blocks, tables);
}

static int guest(uint64_t job, uint64_t count)
{
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = vcpu_do(vcpu, &(struct job){
		.job = job, .ipa = DATA_IPA, .count = count,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1 });

	if (ret)
		return fail("guest: %s", errname(ret));
	return vcpu->mb->bad ? fail("%lu words differ", vcpu->mb->bad) : 0;
}

static int logging(bool on)
{
	int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE,
			      on ? KVM_MEM_LOG_DIRTY_PAGES : 0);

	return ret ? fail("logging %d: %s", on, errname(ret)) : 0;
}

static int by_default(void)
{
	uint64_t before;

	if (logging(true) || expect("logging", PAGES, 0, BLOCKS))
		return 1;
	/* Nothing is left to be split in the guest's way. */
	before = binstat(stats, "fault_permission");
	if (guest(JOB_WRITE, PAGES) ||
	    expect("logging, written", PAGES, 0, BLOCKS))
		return 1;
	if (binstat(stats, "fault_permission") - before != PAGES)
		return fail("%lu permission faults for %lu pages",
			    binstat(stats, "fault_permission") - before, PAGES);
	if (logging(false) || expect("no more", 0, 0, 0) ||
	    guest(JOB_READ, PAGES))
		return 1;
	return expect("no more, read", 0, BLOCKS, 0);
}

static int turned_off(void)
{
	if (logging(true) || expect("lazy", 0, BLOCKS, 0) ||
	    guest(JOB_WRITE, 1) ||
	    expect("lazy, one write", BLOCK_SIZE / PAGE_SIZE, BLOCKS - 1, 1))
		return 1;
	if (logging(false) || expect("lazy, no more", 0, BLOCKS - 1, 0) ||
	    guest(JOB_READ, PAGES))
		return 1;
	return expect("lazy, no more, read", 0, BLOCKS, 0);
}

static int clear(uint64_t first, uint64_t nr)
{
	static uint64_t bitmap[PAGES / 64];
	struct kvm_clear_dirty_log log = {
		.slot = 1, .first_page = first, .num_pages = nr,
		.dirty_bitmap = bitmap,
	};

	memset(bitmap, 0xff, sizeof(bitmap));
	return ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &log) ?
	       fail("KVM_CLEAR_DIRTY_LOG: %s", errname(-errno)) : 0;
}

static int as_they_are_cleared(void)
{
	uint64_t half = PAGES / 2;

	if (logging(true) || expect("all dirty", 0, BLOCKS, 0) ||
	    clear(0, half) ||
	    expect("half cleared", half, BLOCKS / 2, BLOCKS / 2) ||
	    clear(half, half) || expect("all cleared", PAGES, 0, BLOCKS))
		return 1;
	return logging(false) || expect("all dirty, no more", 0, 0, 0);
}

/* Pages, and what is not mapped: nothing to be split, nothing to be had. */
static int nothing_to_split(void)
{
	int ret;

	mem_free(&mem);
	ret = mem_alloc(&mem, MEM_ANON, SIZE) ?:
	      vm_set_slot(&vm, 1, DATA_IPA, mem.p, 0, 0) ?:
	      vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, 0);
	if (ret)
		return fail("other memory: %s", errname(ret));
	return guest(JOB_WRITE, 10) || expect("pages", 10, 0, 1) ||
	       logging(true) || expect("pages, logging", 10, 0, 1) ||
	       logging(false) || expect("pages, no more", 10, 0, 1);
}

static int with_vm(const char *what, long chunk, uint64_t protect,
		   int (*scenario)(void))
{
	const unsigned int cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE;
	int ret = vm_open(&vm, 40);

	if (!ret && ioctl(vm.fd, KVM_CHECK_EXTENSION, cap) != (int)BLOCK_SIZE)
		return fail("the default is not one block");
	if (!ret && chunk >= 0)
		ret = vm_enable_cap(&vm, cap, chunk);
	if (!ret && protect)
		ret = vm_enable_cap(&vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				    protect);
	if (!ret)
		ret = vm_ready(&vm, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, 0);
	if (ret)
		return fail("%s: no VM: %s", what, errname(ret));
	stats = binstat_open(vm.fd);
	ret = guest(JOB_WRITE, PAGES) || expect(what, 0, BLOCKS, 0) ||
	      scenario();
	close(stats);
	vm_close(&vm);
	return ret;
}

static int run(int argc, char **argv)
{
	const char *backing = "thp";
	const struct opt opts[] = { { "backing", .word = &backing } };
	const uint64_t set = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			     KVM_DIRTY_LOG_INITIALLY_SET;
	int ret;

	parse_opts(&scn_eager, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) != MEM_THP && mem_kind(backing) != MEM_HUGETLB2M)
		return fail("no backing %s", backing) + 1;
	ret = mem_alloc(&mem, mem_kind(backing), SIZE);
	if (ret)
		return fail("no memory: %s", errname(ret));
	mem_fill(&mem, 0, SIZE, PAGE_SIZE, 0, 0);
	ret = with_vm("default", -1, 0, by_default) ||
	      with_vm("chunk of one block", BLOCK_SIZE, 0, by_default) ||
	      with_vm("chunk of 1 GB", 1L << 30, 0, by_default) ||
	      with_vm("off", 0, 0, turned_off) ||
	      with_vm("initially set", -1, set, as_they_are_cleared) ||
	      with_vm("nothing to split", -1, 0, nothing_to_split);
	mem_free(&mem);
	if (!ret)
		printf("eager backing=%s blocks=%lu compared=%d\n", backing,
		       BLOCKS, compared);
	return ret;
}

const struct scenario scn_eager = {
	.name	= "eager",
	.usage	= "[--backing thp|hugetlb2m]",
	.proves	= "Blocks are split when logging begins, for one table page each, unless user\n"
		  "space says no; and are blocks again when it ends.",
	.run	= run,
};
