// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that bad input is refused with the errno upstream gives, and leaves
 * nothing behind: VM types, slots beyond the IPA space, unaligned, overlapping,
 * wrapping, resized; jobs that cannot be done.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

static int checked, wrong;

static void expect(const char *what, int ret, int want)
{
	checked++;
	if (ret == want)
		return;
	wrong++;
	fail("%s: %s, not %s", what, errname(ret), errname(want));
}

static void expect_type(unsigned long type, int want)
{
	char what[64];
	struct vm vm;
	int ret = vm_open(&vm, type);

	if (!ret)
		vm_close(&vm);
	snprintf(what, sizeof(what), "VM type %#lx", type);
	expect(what, ret, want);
}

static void types(void)
{
	long limit = ioctl(kvm_dev(), KVM_CHECK_EXTENSION,
			   KVM_CAP_ARM_VM_IPA_SIZE);

	expect_type(0, 0);
	expect_type(32, 0);
	expect_type(limit, 0);
	expect_type(1, -EINVAL);
	expect_type(31, -EINVAL);
	expect_type(limit + 1, -EINVAL);
	expect_type(53, -EINVAL);
	expect_type(0xff, -EINVAL);
	expect_type(1UL << 9, -EINVAL);
	expect_type(40 | 1UL << 31, -EINVAL);
}

static void slots(struct vm *vm, struct mem *m)
{
	const uint64_t end = 1UL << 40, size = m->size;

	expect("slot that ends at the IPA limit",
	       vm_set_slot(vm, 2, end - size, m->p, size, 0), 0);
	expect("its deletion", vm_set_slot(vm, 2, end - size, m->p, 0, 0), 0);
	expect("slot one page beyond the IPA limit",
	       vm_set_slot(vm, 2, end - size + PAGE_SIZE, m->p, size, 0), -EFAULT);
	expect("slot at the IPA limit", vm_set_slot(vm, 2, end, m->p, size, 0),
	       -EFAULT);
	expect("slot that wraps", vm_set_slot(vm, 2, -PAGE_SIZE, m->p, size, 0),
	       -EINVAL);
	expect("unaligned IPA", vm_set_slot(vm, 2, end / 2 + 1, m->p, size, 0),
	       -EINVAL);
	expect("unaligned size", vm_set_slot(vm, 2, end / 2, m->p, size - 1, 0),
	       -EINVAL);
	expect("unaligned host address",
	       vm_set_slot(vm, 2, end / 2, m->p + 1, size, 0), -EINVAL);
	expect("host address of the kernel",
	       vm_set_slot(vm, 2, end / 2, (void *)-(1UL << 30), size, 0), -EINVAL);
	expect("unknown flag", vm_set_slot(vm, 2, end / 2, m->p, size, 1U << 31),
	       -EINVAL);
	expect("slot number beyond the limit",
	       vm_set_slot(vm, 1U << 15, end / 2, m->p, size, 0), -EINVAL);
	expect("deletion of nothing", vm_set_slot(vm, 3, end / 2, m->p, 0, 0),
	       -EINVAL);
	expect("overlap", vm_set_slot(vm, 2, DATA_IPA + size - PAGE_SIZE, m->p,
				      size, 0), -EEXIST);
	expect("resize", vm_set_slot(vm, 1, DATA_IPA, m->p, size / 2, 0), -EINVAL);
	expect("another host address",
	       vm_set_slot(vm, 1, DATA_IPA, m->p + PAGE_SIZE, size, 0), -EINVAL);
	expect("move beyond the IPA limit",
	       vm_set_slot(vm, 1, end, m->p, size, 0), -EFAULT);
	expect("move onto a neighbour",
	       vm_set_slot(vm, 1, CTL_IPA, m->p, size, 0), -EEXIST);
}

/* The guest can still reach its memory, every page, after all the refusals. */
static int still_works(struct vm *vm, struct mem *m)
{
	int ret = vcpu_do(&vm->vcpu[0], &(struct job){
		.job = JOB_WRITE, .ipa = DATA_IPA, .count = m->size / PAGE_SIZE,
		.stride = PAGE_SIZE, .value = 7, .step = 1 });

	return ret ? ret : mem_differs(m->p, m->size, PAGE_SIZE, 7, 1) ? -EIO : 0;
}

static int run(int argc, char **argv)
{
	long before, growth;
	struct vm vm;
	struct mem m;
	int ret;

	parse_opts(&scn_bad, argc, argv, NULL, 0);
	before = meminfo_kb("SecPageTables");
	types();
	ret = mem_alloc(&m, MEM_ANON, 4 * MB);
	if (!ret)
		ret = vm_start(&vm, 0, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, m.p, m.size, 0);
	if (ret)
		return fail("no VM: %s", errname(ret));
	expect("the guest before", still_works(&vm, &m), 0);
	slots(&vm, &m);
	expect("the guest after", still_works(&vm, &m), 0);
	vm_close(&vm);
	mem_free(&m);
	growth = sec_growth_kb(before);
	printf("bad checked=%d wrong=%d sec_growth_kb=%ld\n", checked, wrong,
	       growth);
	if (growth > 0)
		return fail("%ld kB of tables were left behind", growth);
	return wrong ? 1 : 0;
}

const struct scenario scn_bad = {
	.name	= "bad",
	.usage	= "",
	.proves	= "Bad VM types and slots are refused with upstream's errno (beyond the IPA\n"
		  "space: EFAULT; malformed: EINVAL; overlapping: EEXIST), leave nothing behind\n"
		  "and do not disturb the guest.",
	.run	= run,
};
