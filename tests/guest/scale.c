// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many VMs, or a large one, at rest: something to look at.
 *
 * The large one has far more memory than the host: its pages are those of a
 * small file, mapped again and again, so that its tables are those of a VM of
 * that size and its pages are few. Its tables are filled ahead where KVM can do
 * that, else by a guest that reads each page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "s2guest.h"
#include "vm.h"

#define GB		(1UL << 30)
#define REAL		(16 * MB)
#define SMALL_PAGES	16

static struct vm vm;

/* @size bytes of address space, every page of which is one of the file's. */
static void *few_pages_many_times(size_t size)
{
	int fd = memfd_create("s2guest", MFD_CLOEXEC);
	uint8_t *p = mmap(NULL, size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (fd < 0 || ftruncate(fd, REAL) || p == MAP_FAILED)
		return NULL;
	for (size_t at = 0; at < size; at += REAL) {
		if (mmap(p + at, REAL, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
		    madvise(p + at, REAL, MADV_POPULATE_WRITE))
			return NULL;
	}
	close(fd);
	return p;
}

static int map_all(struct vcpu *vcpu, size_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = DATA_IPA, .size = size };
	const struct job read = { .job = JOB_READ, .ipa = DATA_IPA,
				  .count = size / PAGE_SIZE, .stride = PAGE_SIZE };
	int ret = 0;

	if (ioctl(vcpu->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_PRE_FAULT_MEMORY) <= 0)
		return vcpu_do(vcpu, &read);
	while (!ret && range.size)
		ret = vcpu_prefault(vcpu, &range);
	return ret;
}

static int one_large(size_t size)
{
	void *p = few_pages_many_times(size);
	uint64_t began = clock_ns(CLOCK_MONOTONIC);
	int ret;

	if (!p)
		return fail("no address space: %s", errname(-errno));
	ret = vm_start(&vm, 0, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, p, size, 0);
	if (!ret)
		ret = map_all(&vm.vcpu[0], size);
	if (ret)
		return fail("no VM: %s", errname(ret));
	printf("scale gb=%lu pages=%lu filled_ns=%lu\n", size / GB,
	       size / PAGE_SIZE, clock_ns(CLOCK_MONOTONIC) - began);
	vm_hold(&vm);
	vm_close(&vm);
	return 0;
}

/* In a process of its own: what a host full of VMs has. Does not return. */
static void small(int ready)
{
	const struct job job = { .job = JOB_WRITE, .ipa = DATA_IPA,
				 .count = SMALL_PAGES, .stride = PAGE_SIZE };
	void *p = mmap(NULL, SMALL_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	ret = vm_start(&vm, 0, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, p, SMALL_PAGES * PAGE_SIZE, 0);
	if (!ret)
		ret = vcpu_do(&vm.vcpu[0], &job);
	if (write(ready, ret ? "-" : "+", 1) != 1 || ret)
		exit(fail("a VM of many: %s", errname(ret)));
	pause();
	exit(0);
}

static int many_small(long nr)
{
	pid_t *pid = calloc(nr, sizeof(*pid));
	long begun = 0, up = 0;
	int ready[2];
	char c = '+';

	if (!pid || pipe(ready))
		return fail("no memory");
	while (begun < nr && c == '+') {
		fflush(stdout);
		pid[begun] = fork();
		if (!pid[begun])
			small(ready[1]);
		if (pid[begun] < 0)
			break;
		begun++;
		if (read(ready[0], &c, 1) == 1 && c == '+')
			up++;
	}
	if (up == nr) {
		printf("scale vms=%ld\n", up);
		vm_hold(&vm);
	}
	for (long i = 0; i < begun; i++)
		kill(pid[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return up == nr ? 0 : fail("%ld VMs of %ld came up", up, nr);
}

static int run(int argc, char **argv)
{
	long gb = 0, vms = 0;
	const struct opt opts[] = {
		{ "gb", .number = &gb },
		{ "vms", .number = &vms },
	};

	vm.fd = -1;
	parse_opts(&scn_scale, argc, argv, opts, ARRAY_SIZE(opts));
	if ((gb > 0) == (vms > 0))
		return fail("either --gb or --vms") + 1;
	return gb > 0 ? one_large(gb * GB) : many_small(vms);
}

const struct scenario scn_scale = {
	.name	= "scale",
	.usage	= "--gb N|--vms N",
	.proves	= "Nothing by itself: one VM with N GB of 4 KB mappings made of few real\n"
		  "pages, or N small VMs in a process each, at rest until a line is read on\n"
		  "stdin or SIGTERM comes.",
	.run	= run,
};
