// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a KVM_MEM_READONLY slot reads like memory, that each write to it
 * leaves as MMIO and changes nothing, and that reads after the writes still do
 * not leave the guest.
 */
#include <stdio.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(4 * MB)
#define VALUE	0x00dd000000000000UL

static int job(struct vm *vm, uint64_t kind, uint64_t value)
{
	return vcpu_do(&vm->vcpu[0], &(struct job){
		.job = kind, .ipa = DATA_IPA, .count = SIZE / PAGE_SIZE,
		.stride = PAGE_SIZE, .value = value, .step = 1 });
}

static int reads_fine(struct vm *vm, const char *when)
{
	struct vcpu *vcpu = &vm->vcpu[0];
	int ret = job(vm, JOB_READ, VALUE);

	if (ret)
		return fail("read %s: %s", when, errname(ret));
	if (vcpu->mb->bad || vcpu->mmio_reads)
		return fail("read %s: %lu words differ, %lu MMIO exits", when,
			    vcpu->mb->bad, vcpu->mmio_reads);
	return 0;
}

static int writes_leave(struct vm *vm, struct mem *mem)
{
	struct vcpu *vcpu = &vm->vcpu[0];
	uint64_t differ;
	int ret = job(vm, JOB_WRITE, 0x1234);

	if (ret)
		return fail("write: %s", errname(ret));
	differ = mem_differs(mem->p, SIZE, PAGE_SIZE, VALUE, 1);
	if (vcpu->mmio_writes != SIZE / PAGE_SIZE || differ)
		return fail("%lu of %lu writes left as MMIO, %lu words changed",
			    vcpu->mmio_writes, SIZE / PAGE_SIZE, differ);
	return 0;
}

static int run(int argc, char **argv)
{
	const char *backing = "anon";
	const struct opt opts[] = { { "backing", .word = &backing } };
	struct vm vm;
	struct mem mem;
	int ret;

	parse_opts(&scn_readonly, argc, argv, opts, ARRAY_SIZE(opts));
	if (mem_kind(backing) < 0)
		return fail("no backing %s", backing) + 1;
	ret = mem_alloc(&mem, mem_kind(backing), SIZE);
	if (!ret)
		ret = vm_start(&vm, 0, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, SIZE, KVM_MEM_READONLY);
	if (ret)
		return fail("no VM: %s", errname(ret));
	mem_fill(&mem, 0, SIZE, PAGE_SIZE, VALUE, 1);
	ret = reads_fine(&vm, "before") || writes_leave(&vm, &mem) ||
	      reads_fine(&vm, "after");
	vm_close(&vm);
	mem_free(&mem);
	if (!ret)
		printf("readonly backing=%s pages=%lu\n", backing, SIZE / PAGE_SIZE);
	return ret;
}

const struct scenario scn_readonly = {
	.name	= "readonly",
	.usage	= "[--backing anon|thp|hugetlb2m|memfd|shmem]",
	.proves	= "A read-only slot reads like memory; each write leaves as MMIO and changes\n"
		  "nothing.",
	.run	= run,
};
