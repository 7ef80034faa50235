// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves the table geometry for every IPA size the host offers: with start
 * levels from 2 to 0 and one to sixteen concatenated root pages, the first and
 * the last page of the IPA space, and pages on both sides of every power of
 * two, are each mapped where they belong.
 */
#include <stdio.h>
#include <sys/ioctl.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define VALUE	0x1a00000000000000UL

static struct mem mem;
static long touched;

/* Page @n of the memory appears at @ipa; the guest writes it. */
static int touch_page(struct vm *vm, int n, uint64_t ipa)
{
	uint8_t *p = mem.p + n * PAGE_SIZE;
	int ret;

	if (ipa / PAGE_SIZE == DOORBELL_IPA / PAGE_SIZE ||
	    (ipa >= CTL_IPA && ipa < CTL_IPA + CTL_PAGES * PAGE_SIZE))
		return 0;
	ret = vm_set_slot(vm, 1 + n, ipa, p, PAGE_SIZE, 0);
	if (!ret)
		ret = vcpu_do(&vm->vcpu[0], &(struct job){
			.job = JOB_WRITE, .ipa = ipa, .count = 1,
			.value = VALUE + ipa });
	if (ret)
		return fail("ipa %#lx: %s", ipa, errname(ret));
	touched++;
	return mem_differs(p, 8, 8, VALUE + ipa, 0) ?
	       fail("ipa %#lx went elsewhere", ipa) : 0;
}

static int one_size(int bits)
{
	int ret, n = 0;
	struct vm vm;

	ret = vm_start(&vm, bits, 1);
	if (ret)
		return fail("%d bits: %s", bits, errname(ret));
	ret = touch_page(&vm, n++, 0);
	for (int b = 21; !ret && b <= bits; b++) {
		ret = touch_page(&vm, n++, (1UL << b) - PAGE_SIZE);
		if (!ret && b < bits)
			ret = touch_page(&vm, n++, 1UL << b);
	}
	vm_close(&vm);
	return ret;
}

static int run(int argc, char **argv)
{
	int limit = ioctl(kvm_dev(), KVM_CHECK_EXTENSION,
			  KVM_CAP_ARM_VM_IPA_SIZE);
	long before = meminfo_kb("SecPageTables"), growth;
	int ret;

	parse_opts(&scn_ipa, argc, argv, NULL, 0);
	ret = mem_alloc(&mem, MEM_ANON, BLOCK_SIZE);
	if (ret)
		return fail("no memory: %s", errname(ret));
	for (int bits = 32; !ret && bits <= limit; bits++)
		ret = one_size(bits);
	mem_free(&mem);
	growth = sec_growth_kb(before);
	printf("ipa sizes=32-%d pages=%ld sec_growth_kb=%ld\n", limit, touched,
	       growth);
	if (!ret && growth > 0)
		ret = fail("%ld kB of tables were left behind", growth);
	return ret;
}

const struct scenario scn_ipa = {
	.name	= "ipa",
	.usage	= "",
	.proves	= "For every IPA size the host offers, pages at both ends of the IPA space and\n"
		  "around every power of two are mapped where they belong.",
	.run	= run,
};
