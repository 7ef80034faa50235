// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that guest addresses follow the slots: after a slot is deleted every
 * access leaves as MMIO, after one is created in its place the guest sees the
 * new memory, and a moved slot's memory is at the new address and no longer
 * at the old one.
 */
#include <errno.h>
#include <stdio.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define PAGES	(4 * MB / PAGE_SIZE)
#define OLD	DATA_IPA
#define NEW	(DATA_IPA + 0x10000000UL)
#define A	0xaaaa000000000000UL
#define B	0xbbbb000000000000UL

static struct vm vm;

static int read_at(uint64_t ipa, uint64_t value)
{
	return vcpu_do(&vm.vcpu[0], &(struct job){
		.job = JOB_READ, .ipa = ipa, .count = PAGES,
		.stride = PAGE_SIZE, .value = value, .step = 1 });
}

/* The guest finds the pattern, and not one access leaves it. */
static int sees(const char *what, uint64_t ipa, uint64_t value)
{
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = read_at(ipa, value);

	if (ret)
		return fail("%s: %s", what, errname(ret));
	if (vcpu->mb->bad || vcpu->mmio_reads)
		return fail("%s: %lu words differ, %lu MMIO exits", what,
			    vcpu->mb->bad, vcpu->mmio_reads);
	return 0;
}

/* Every access leaves as MMIO. */
static int sees_nothing(const char *what, uint64_t ipa)
{
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = read_at(ipa, 0);

	if (ret)
		return fail("%s: %s", what, errname(ret));
	if (vcpu->mmio_reads != PAGES || vcpu->mmio_first != ipa)
		return fail("%s: %lu MMIO exits for %lu accesses, first at %#lx",
			    what, vcpu->mmio_reads, PAGES, vcpu->mmio_first);
	return 0;
}

static int slot(const char *what, unsigned int id, uint64_t ipa, void *p,
		uint64_t size)
{
	int ret = vm_set_slot(&vm, id, ipa, p, size, 0);

	return ret ? fail("%s: %s", what, errname(ret)) : 0;
}

/* Each step relies on the one before. */
static int steps(struct mem *a, struct mem *b)
{
	return slot("create", 1, OLD, a->p, a->size) ||
	       sees("created", OLD, A) ||
	       slot("delete", 1, OLD, a->p, 0) ||
	       sees_nothing("deleted", OLD) ||
	       slot("create other", 1, OLD, b->p, b->size) ||
	       sees("created other", OLD, B) ||
	       slot("move", 1, NEW, b->p, b->size) ||
	       sees("moved", NEW, B) ||
	       sees_nothing("moved away", OLD) ||
	       slot("create beside", 2, OLD, a->p, a->size) ||
	       sees("created beside", OLD, A) ||
	       sees("still there", NEW, B) ||
	       slot("delete the moved", 1, NEW, b->p, 0) ||
	       sees_nothing("the moved is gone", NEW) ||
	       sees("its neighbour stays", OLD, A);
}

static int run(int argc, char **argv)
{
	const char *backing = "anon";
	const struct opt opts[] = { { "backing", .word = &backing } };
	struct mem a, b;
	int ret;

	parse_opts(&scn_memslot, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) < 0)
		return fail("no backing %s", backing) + 1;
	ret = mem_alloc(&a, mem_kind(backing), PAGES * PAGE_SIZE);
	if (!ret)
		ret = mem_alloc(&b, mem_kind(backing), PAGES * PAGE_SIZE);
	if (!ret)
		ret = vm_start(&vm, 0, 1);
	if (ret)
		return fail("no VM: %s", errname(ret));
	mem_fill(&a, 0, a.size, PAGE_SIZE, A, 1);
	mem_fill(&b, 0, b.size, PAGE_SIZE, B, 1);
	ret = steps(&a, &b);
	vm_close(&vm);
	mem_free(&a);
	mem_free(&b);
	if (!ret)
		printf("memslot backing=%s pages=%lu steps=15\n", backing, PAGES);
	return ret;
}

const struct scenario scn_memslot = {
	.name	= "memslot",
	.usage	= "[--backing anon|thp|hugetlb2m|memfd|shmem]",
	.proves	= "Guest addresses follow the slots: create, delete (accesses become MMIO),\n"
		  "replace, move, and neighbours are left alone.",
	.run	= run,
};
