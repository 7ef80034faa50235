// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a slot of guest_memfd is memory like any other: the guest reads
 * what the host wrote, the host what the guest wrote, instructions are executed;
 * and a hole that the host punches is gone from the guest's tables, too: it reads
 * zero there and what was there before beside it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#ifndef KVM_CREATE_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD	(1UL << 2)
#define KVM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, \
					 struct kvm_userspace_memory_region2)
#define KVM_CREATE_GUEST_MEMFD	_IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)

struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};

struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};
#endif
#ifndef GUEST_MEMFD_FLAG_MMAP
#define GUEST_MEMFD_FLAG_MMAP		(1ULL << 0)
#define GUEST_MEMFD_FLAG_INIT_SHARED	(1ULL << 1)
#endif

#define SIZE	(4 * MB)
#define PAGES	(SIZE / PAGE_SIZE)
#define HOST	0x0905000000000000UL
#define GUEST	0x6e57000000000000UL

struct gmem {
	struct vm	vm;
	struct mem	mem;
};

static int make_slot(struct gmem *g)
{
	struct kvm_create_guest_memfd create = {
		.size = SIZE,
		.flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED };
	struct kvm_userspace_memory_region2 region = {
		.slot = 1, .flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = DATA_IPA, .memory_size = SIZE };

	g->mem.fd = ioctl(g->vm.fd, KVM_CREATE_GUEST_MEMFD, &create);
	if (g->mem.fd < 0)
		return fail("guest_memfd is not offered: %s", errname(-errno));
	g->mem.size = SIZE;
	g->mem.p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			g->mem.fd, 0);
	if (g->mem.p == MAP_FAILED)
		return fail("it cannot be mapped: %s", errname(-errno));
	region.guest_memfd = g->mem.fd;
	region.userspace_addr = (unsigned long)g->mem.p;
	if (ioctl(g->vm.fd, KVM_SET_USER_MEMORY_REGION2, &region))
		return fail("no slot of it: %s", errname(-errno));
	return 0;
}

/* How many words differ, MMIO exits counted as such; all of them on an error. */
static uint64_t job(struct gmem *g, uint64_t kind, uint64_t first, uint64_t count,
		    uint64_t value, uint64_t step)
{
	struct vcpu *vcpu = &g->vm.vcpu[0];
	const struct job j = {
		.job = kind, .ipa = DATA_IPA + first * PAGE_SIZE, .count = count,
		.stride = PAGE_SIZE, .value = value, .step = step };

	if (vcpu_do(vcpu, &j))
		return count;
	return vcpu->mb->bad + vcpu->mmio_reads + vcpu->mmio_writes;
}

static uint64_t both_see_both(struct gmem *g)
{
	uint64_t bad;

	mem_fill(&g->mem, 0, SIZE, PAGE_SIZE, HOST, 1);
	bad = job(g, JOB_READ, 0, PAGES, HOST, 1) +
	      job(g, JOB_WRITE, 0, PAGES, GUEST, 1);
	return bad + mem_differs(g->mem.p, SIZE, PAGE_SIZE, GUEST, 1);
}

static uint64_t hole_is_empty(struct gmem *g)
{
	if (fallocate(g->mem.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      SIZE / 4, SIZE / 4))
		return fail("no hole: %s", errname(-errno));
	return job(g, JOB_READ, 0, PAGES / 4, GUEST, 1) +
	       job(g, JOB_READ, PAGES / 4, PAGES / 4, 0, 0) +
	       job(g, JOB_READ, PAGES / 2, PAGES / 2, GUEST + PAGES / 2, 1);
}

static uint64_t is_executed(struct gmem *g)
{
	mem_fill_code(&g->mem, 7);
	return job(g, JOB_EXEC, 0, PAGES, 7, 1);
}

static int run(int argc, char **argv)
{
	static struct gmem g;
	uint64_t bad;
	int ret;

	parse_opts(&scn_gmem, argc, argv, NULL, 0);
	ret = vm_start(&g.vm, 0, 1);
	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = make_slot(&g);
	if (ret)
		return ret;
	bad = both_see_both(&g) + hole_is_empty(&g) + is_executed(&g);
	vm_close(&g.vm);
	munmap(g.mem.p, SIZE);
	close(g.mem.fd);
	printf("gmem pages=%lu bad=%lu\n", PAGES, bad);
	return bad ? fail("%lu words differ", bad) : 0;
}

const struct scenario scn_gmem = {
	.name	= "gmem",
	.usage	= "",
	.proves	= "A slot of guest_memfd is memory to the guest and to the host, and a hole in\n"
		  "it is one to both. Where KVM has no guest_memfd it fails.",
	.run	= run,
};
