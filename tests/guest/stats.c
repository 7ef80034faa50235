// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a VM's statistics (KVM_GET_STATS_FD, debugfs) tell what happened
 * at stage 2, exactly where that is determined: leaves by size and table pages
 * by level after mapping, discarding one page, and deleting the slot;
 * invalidations by scope and faults by kind; and that debugfs says the same
 * under the same names, lets counters be reset and gauges not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "binstat.h"
#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(8 * MB)
#define PAGES	(SIZE / PAGE_SIZE)
#define BLOCKS	(SIZE / BLOCK_SIZE)
#define VALUE	0x57a7000000000000UL
/* Pages in a window of kvm-arm.s2_fault_around, by default. */
#define AROUND		16
/* The control slot: the guest's code and one mailbox, in one table. */
#define CTL_LEAVES	2
#define ROOM	128

static struct vm vm;
static struct mem mem;
static int stats, compared;

static int expect(const char *when, const char *name, uint64_t want)
{
	uint64_t have = binstat(stats, name);

	compared++;
	if (have == want)
		return 0;
	return fail("%s: %s is %ld, not %ld", when, name, (long)have,
		    (long)want);
}

static int expect_tables(const char *when, uint64_t level2, uint64_t level3)
{
	/* 40 bits of IPA: the root is two pages of level 1. */
	return expect(when, "tables_level_0", 0) |
	       expect(when, "tables_level_1", 2) |
	       expect(when, "tables_level_2", level2) |
	       expect(when, "tables_level_3", level3);
}

static int expect_leaves(const char *when, uint64_t p4k, uint64_t p2m)
{
	return expect(when, "pages_4k", p4k) | expect(when, "pages_2m", p2m) |
	       expect(when, "pages_1g", 0);
}

static uint64_t flushes(void)
{
	return binstat(stats, "flush_ipa") + binstat(stats, "flush_range") +
	       binstat(stats, "flush_vmid");
}

static int guest(uint64_t job)
{
	int ret = vcpu_do(&vm.vcpu[0], &(struct job){
		.job = job, .ipa = DATA_IPA, .count = PAGES,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1 });

	if (!ret && job == JOB_READ && vm.vcpu[0].mb->bad)
		return fail("%lu words differ", vm.vcpu[0].mb->bad);
	return ret ? fail("guest: %s", errname(ret)) : 0;
}

/* Nothing but the control slot is mapped. */
static int at_first(void)
{
	if (expect("new", "vmid_rollovers", 0) |
	    expect_leaves("new", 0, 0) | expect_tables("new", 0, 0) |
	    expect("new", "fault_translation", 0))
		return 1;
	if (vcpu_do(&vm.vcpu[0], &(struct job){ .job = JOB_NOP }))
		return fail("guest: cannot run");
	return expect_leaves("control slot", CTL_LEAVES, 0) |
	       expect_tables("control slot", 1, 1);
}

/* The doorbell's, and those that the host's own changes outran. */
static bool nearly(uint64_t faults, uint64_t leaves)
{
	return faults >= leaves + CTL_LEAVES &&
	       faults <= leaves + CTL_LEAVES + 16;
}

static int after_mapping(bool blocks)
{
	uint64_t leaves = blocks ? BLOCKS : PAGES, faults;

	if (guest(JOB_WRITE))
		return 1;
	if (expect_leaves("mapped", CTL_LEAVES + (blocks ? 0 : PAGES),
			  blocks ? BLOCKS : 0) |
	    expect_tables("mapped", 2, 1 + (blocks ? 0 : BLOCKS)) |
	    expect("mapped", "fault_permission", 0) |
	    expect("mapped", "fault_other", 0) |
	    expect("mapped", "fault_prefault", 0))
		return 1;
	/* One for each leaf; or for each window that is mapped around a page. */
	faults = binstat(stats, "fault_translation");
	if (!nearly(faults, leaves) &&
	    (blocks || !nearly(faults, PAGES / AROUND)))
		return fail("%lu translation faults for %lu leaves", faults,
			    leaves + CTL_LEAVES);
	return 0;
}

/* One page goes: one leaf, one invalidation by IPA. */
static int after_discard(bool blocks)
{
	uint64_t before = binstat(stats, "flush_ipa");
	uint64_t others = flushes() - before;

	if (madvise(mem.p + BLOCK_SIZE, PAGE_SIZE, MADV_DONTNEED))
		return fail("MADV_DONTNEED: %s", errname(-errno));
	if (expect("discarded", "flush_ipa", before + 1) |
	    expect_leaves("discarded", CTL_LEAVES + (blocks ? 0 : PAGES - 1),
			  blocks ? BLOCKS - 1 : 0))
		return 1;
	if (flushes() - before - 1 != others)
		return fail("an invalidation of one page was wider");
	return 0;
}

static int after_delete(void)
{
	uint64_t before = flushes();
	int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, 0, 0);

	if (ret)
		return fail("delete: %s", errname(ret));
	if (flushes() <= before)
		return fail("a deleted slot was not invalidated");
	return expect_leaves("deleted", CTL_LEAVES, 0) |
	       expect_tables("deleted", 1, 1);
}

static int in_debugfs(const struct binstat *stat)
{
	char path[160];
	uint64_t have;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/%.47s", getpid(),
		 vm.fd, stat->name);
	have = read_long(path, -1);
	if (have != stat->value)
		return fail("debugfs says %ld of %s, the statistics %lu",
			    (long)have, stat->name, stat->value);
	if (!write_text(path, "0") == stat->gauge)
		return fail("%s %s", stat->name, stat->gauge ?
			    "is a gauge and can be reset" : "cannot be reset");
	return stat->gauge ? 0 : expect("reset", stat->name, 0);
}

static int debugfs(void)
{
	struct binstat all[ROOM];
	int nr = binstat_all(stats, all, ROOM), ret = 0;

	if (nr < 20)
		return fail("%d statistics", nr);
	for (int i = 0; i < nr; i++)
		ret |= in_debugfs(&all[i]);
	return ret;
}

static int life(const char *backing)
{
	bool blocks = mem_kind(backing) != MEM_ANON;
	int ret;

	stats = binstat_open(vm.fd);
	if (stats < 0)
		return fail("KVM_GET_STATS_FD: %s", errname(stats));
	ret = at_first();
	if (!ret) {
		ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, 0);
		ret = ret ? fail("slot: %s", errname(ret)) : 0;
	}
	ret = ret || after_mapping(blocks) || after_discard(blocks) ||
	      debugfs() || after_delete();
	close(stats);
	return ret;
}

static int run(int argc, char **argv)
{
	const char *backing = "anon";
	const struct opt opts[] = { { "backing", .word = &backing } };
	int ret;

	parse_opts(&scn_stats, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) != MEM_ANON && mem_kind(backing) != MEM_THP)
		return fail("no backing %s", backing) + 1;
	ret = mem_alloc(&mem, mem_kind(backing), SIZE);
	if (ret)
		return fail("no memory: %s", errname(ret));
	mem_fill(&mem, 0, SIZE, PAGE_SIZE, 0, 0);
	ret = vm_start(&vm, 40, 1);
	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = life(backing);
	vm_close(&vm);
	mem_free(&mem);
	if (!ret)
		printf("stats backing=%s compared=%d\n", backing, compared);
	return ret;
}

const struct scenario scn_stats = {
	.name	= "stats",
	.usage	= "[--backing anon|thp]",
	.proves	= "A VM's statistics count what happens at stage 2: leaves, table pages,\n"
		  "invalidations, faults; and debugfs says the same.",
	.run	= run,
};
