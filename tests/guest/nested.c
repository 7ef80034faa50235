// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a nested guest's memory is where the guest hypervisor's own stage 2
 * says, page by page and in a block.
 *
 * The vCPU has EL2, and the guest hypervisor finds its part done: its stage-2
 * tables lie in its memory, its registers are set. It enters its guest (L2), the
 * payload, at EL1 behind both translations. What is at L2's IPA 0x40000000 + i
 * pages is in some other page of L1's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#ifndef KVM_ARM_VCPU_HAS_EL2
#define KVM_ARM_VCPU_HAS_EL2	7
#endif

#define HCR_EL2		ARM64_SYS_REG(3, 4, 1, 1, 0)
#define VTTBR_EL2	ARM64_SYS_REG(3, 4, 2, 1, 0)
#define VTCR_EL2	ARM64_SYS_REG(3, 4, 2, 1, 2)
#define SPSR_EL2	ARM64_SYS_REG(3, 4, 4, 0, 0)
#define ELR_EL2		ARM64_SYS_REG(3, 4, 4, 0, 1)
#define VBAR_EL2	ARM64_SYS_REG(3, 4, 12, 0, 0)
#define PC		(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 KVM_REG_ARM_CORE_REG(regs.pc))

/* Arm ARM D24: stage 2 on, EL1 is AArch64, EL2 is a VHE host's. */
#define HCR		(1UL << 0 | 1UL << 31 | 1UL << 34)
/* 39 bits of IPA from level 1, 4 KB, write-back, inner shareable, 40 bits of PA. */
#define VTCR		(25UL | 1UL << 6 | 1UL << 8 | 1UL << 10 | 3UL << 12 | \
			 2UL << 16 | 1UL << 31)
#define EL1H		0x3c5UL

/* Arm ARM D8.3.2: valid, accessed, may be read and written. */
#define S2_TABLE	3UL
#define S2_LEAF		(1UL << 10 | 3UL << 8 | 3UL << 6 | 1UL)
#define S2_PAGE		(S2_LEAF | 2UL)
#define S2_NORMAL	(15UL << 2)
#define S2_DEVICE	(1UL << 2)

#define DIST_IPA	0x08000000UL
#define REDIST_IPA	0x080a0000UL

/* L1's own: tables, one of level 1, two of level 2, three of level 3; its code. */
#define TABLES_IPA	0x20000000UL
#define NR_TABLES	6
#define CODE_IPA	(TABLES_IPA + NR_TABLES * PAGE_SIZE)
#define PER_TABLE	512UL

#define SIZE		(6 * MB)
#define BLOCK_AT	(4 * MB)
#define PAGES		(2 * PER_TABLE)
#define VALUE		0x4e57000000000000UL

static struct vm vm;
static struct mem mem;
static uint64_t tables[NR_TABLES + 1][PER_TABLE]
	__attribute__((aligned(PAGE_SIZE)));

extern const char nested_el2[], nested_el2_entry[], nested_el2_end[];

static uint64_t link_to(int table)
{
	return (TABLES_IPA + table * PAGE_SIZE) | S2_TABLE;
}

/* Where in L1's data is page @i of L2's: scattered, then a block. */
static uint64_t place(uint64_t i)
{
	if (i < PER_TABLE)
		return (i * 37 + 11) % PER_TABLE * PAGE_SIZE;
	return BLOCK_AT + (i - PER_TABLE) * PAGE_SIZE;
}

/* The code, the mailboxes and the doorbell are where they are; data is not. */
static void fill_tables(void)
{
	tables[0][0] = link_to(1);
	tables[0][DATA_IPA >> 30] = link_to(2);
	tables[1][CTL_IPA >> 21] = link_to(3);
	tables[1][DOORBELL_IPA >> 21] = link_to(4);
	tables[2][0] = link_to(5);
	tables[2][1] = (DATA_IPA + BLOCK_AT) | S2_LEAF | S2_NORMAL;
	for (uint64_t i = 0; i < CTL_PAGES; i++)
		tables[3][i] = (CTL_IPA + i * PAGE_SIZE) | S2_PAGE | S2_NORMAL;
	tables[4][0] = DOORBELL_IPA | S2_PAGE | S2_DEVICE;
	for (uint64_t i = 0; i < PER_TABLE; i++)
		tables[5][i] = (DATA_IPA + place(i)) | S2_PAGE | S2_NORMAL;
	memcpy(tables[NR_TABLES], nested_el2, nested_el2_end - nested_el2);
}

/* The guest hypervisor is about to enter the payload. */
static int set_up(struct vcpu *vcpu)
{
	const struct {
		uint64_t id, value;
	} regs[] = {
		{ HCR_EL2, HCR },
		{ VTCR_EL2, VTCR },
		{ VTTBR_EL2, TABLES_IPA | 1UL << 48 },
		{ VBAR_EL2, CODE_IPA },
		{ SPSR_EL2, EL1H },
		{ ELR_EL2, CTL_IPA },
		{ PC, CODE_IPA + (nested_el2_entry - nested_el2) },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(regs); i++)
		ret = vcpu_set_reg(vcpu, regs[i].id, regs[i].value);
	return ret;
}

static int start(void)
{
	int ret = vm_open(&vm, 0);

	if (ret)
		return fail("no VM: %s", errname(ret));
	vm.features = 1U << KVM_ARM_VCPU_HAS_EL2;
	ret = vm_ready(&vm, 1);
	if (ret)
		return fail("no vCPU with EL2, so no nested guest (kvm-arm.mode=nested, and a KVM that offers it): %s",
			    errname(ret));
	ret = gicv3_add(&vm, DIST_IPA, REDIST_IPA);
	if (ret)
		return fail("no GICv3, which EL2 needs: %s", errname(ret));
	ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, mem.size, 0);
	ret = ret ?: vm_set_slot(&vm, 2, TABLES_IPA, tables, sizeof(tables), 0);
	ret = ret ?: set_up(&vm.vcpu[0]);
	return ret ? fail("the vCPU is not set up: %s", errname(ret)) : 0;
}

static uint64_t differs(void)
{
	uint64_t bad = 0, word;

	for (uint64_t i = 0; i < PAGES; i++) {
		memcpy(&word, mem.p + place(i), sizeof(word));
		bad += word != VALUE + i;
	}
	return bad;
}

static int work(bool keep)
{
	const struct job job = {
		.job = JOB_WRITE, .ipa = DATA_IPA, .count = PAGES,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1 };
	struct vcpu *vcpu = &vm.vcpu[0];
	int ret = vcpu_do(vcpu, &job);
	uint64_t bad;

	if (ret == -EPROTO)
		return fail("it ended with exit %u", vcpu->run->exit_reason);
	if (ret)
		return fail("it ended with %s, ESR 0x%lx at 0x%lx, FAR 0x%lx",
			    errname(ret), vcpu->mb->esr, vcpu->mb->elr,
			    vcpu->mb->far);
	bad = differs() + vcpu->mmio_writes;
	printf("nested pages=%lu bad=%lu\n", PAGES, bad);
	if (keep)
		vm_hold(&vm);
	return bad ? fail("%lu words are not where they belong", bad) : 0;
}

static int run(int argc, char **argv)
{
	bool keep = false;
	const struct opt opts[] = {
		{ "hold", .flag = &keep },
	};
	int ret;

	parse_opts(&scn_nested, argc, argv, opts, ARRAY_SIZE(opts));
	ret = mem_alloc(&mem, MEM_ANON, SIZE);
	if (ret)
		return fail("no memory: %s", errname(ret));
	fill_tables();
	ret = start();
	if (!ret)
		ret = work(keep);
	vm_close(&vm);
	mem_free(&mem);
	return ret;
}

const struct scenario scn_nested = {
	.name	= "nested",
	.usage	= "[--hold]",
	.proves	= "What a nested guest writes is where the guest hypervisor's stage 2 says, in\n"
		  "scattered pages and in a block. Where KVM offers no vCPU with EL2 it fails.\n"
		  "--hold keeps the VM until a line is read on stdin or SIGTERM comes.",
	.run	= run,
};
