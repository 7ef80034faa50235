// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a device window is mapped into the guest: with an in-kernel GICv2
 * the CPU interface the guest sees is the host's GICV, mapped page by page at
 * stage 2, so that reading its identification register neither leaves the
 * guest nor reads as zero. Needs a host with a GICv2.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "s2guest.h"
#include "vm.h"

#define DIST_IPA	0x08000000UL
#define CPU_IPA		0x08010000UL
#define GICC_IIDR	0xfc

/* A window that does not fit the IPA space must be refused, not mapped. */
static int refuses_outside(void)
{
	struct vm vm;
	int ret = vm_start(&vm, 0, 1);

	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = gicv2_add(&vm, DIST_IPA, 1UL << 40);
	vm_close(&vm);
	if (ret != -E2BIG)
		return fail("a window beyond the IPA space: %s", errname(ret));
	return 0;
}

static int run(int argc, char **argv)
{
	struct vm vm;
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret;

	parse_opts(&scn_gicv2, argc, argv, NULL, 0);
	ret = vm_start(&vm, 0, 1);
	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = gicv2_add(&vm, DIST_IPA, CPU_IPA);
	if (ret)
		return fail("no in-kernel GICv2: %s", errname(ret));
	ret = vcpu_do(vcpu, &(struct job){
		.job = JOB_READ32, .ipa = CPU_IPA + GICC_IIDR });
	printf("gicv2 iidr=%#lx mmio_exits=%lu\n", vcpu->mb->got,
	       vcpu->mmio_reads);
	if (ret == -ECANCELED)
		return fail("the guest took an exception, esr %#lx", vcpu->mb->esr);
	if (ret)
		return fail("run: %s", errname(ret));
	if (vcpu->mmio_reads || !vcpu->mb->got)
		return fail("the CPU interface is not mapped");
	vm_close(&vm);
	return refuses_outside();
}

const struct scenario scn_gicv2 = {
	.name	= "gicv2",
	.usage	= "",
	.proves	= "The GICv2 CPU interface is mapped into the guest as a device window.",
	.run	= run,
};
