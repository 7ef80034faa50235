// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM over the raw KVM ioctls: create, give memory, run to the doorbell.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

#define PAGE		4096UL
#define CORE_REG(r)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 KVM_REG_ARM_CORE_REG(r))

static int do_ioctl(int fd, unsigned long request, unsigned long arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int kvm_dev(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

size_t kvm_run_size(void)
{
	static size_t size;

	if (!size)
		size = do_ioctl(kvm_dev(), KVM_GET_VCPU_MMAP_SIZE, 0);
	return size;
}

int vm_set_slot(struct vm *vm, unsigned int slot, uint64_t ipa, void *mem,
		uint64_t size, unsigned int flags)
{
	struct kvm_userspace_memory_region region = {
		.slot			= slot,
		.flags			= flags,
		.guest_phys_addr	= ipa,
		.memory_size		= size,
		.userspace_addr		= (uintptr_t)mem,
	};

	return do_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

int vm_enable_cap(struct vm *vm, unsigned int cap, uint64_t arg)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg } };

	return do_ioctl(vm->fd, KVM_ENABLE_CAP, (uintptr_t)&enable);
}

int vm_open(struct vm *vm, unsigned long type)
{
	int ret;

	memset(vm, 0, sizeof(*vm));
	vm->fd = -1;
	vm->ctl = mmap(NULL, CTL_PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->ctl == MAP_FAILED) {
		vm->ctl = NULL;
		return -errno;
	}
	memcpy(vm->ctl, payload_start, payload_end - payload_start);
	ret = do_ioctl(kvm_dev(), KVM_CREATE_VM, type);
	if (ret < 0) {
		vm_close(vm);
		return ret;
	}
	vm->fd = ret;
	return 0;
}

int vcpu_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return do_ioctl(vcpu->fd, KVM_SET_ONE_REG, (uintptr_t)&reg);
}

/* Ready to run the payload, at EL1 with everything off. */
static int reset_vcpu(struct vcpu *vcpu, int index)
{
	struct kvm_vcpu_init init = {};
	int ret;

	ret = do_ioctl(vcpu->vm->fd, KVM_ARM_PREFERRED_TARGET, (uintptr_t)&init);
	init.features[0] |= vcpu->vm->features;
	if (!ret)
		ret = do_ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init);
	if (!ret)
		ret = vcpu_set_reg(vcpu, CORE_REG(regs.pc), CTL_IPA);
	if (!ret)
		ret = vcpu_set_reg(vcpu, CORE_REG(regs.regs[20]),
			      CTL_IPA + PAGE * (1 + index));
	if (!ret)
		ret = vcpu_set_reg(vcpu, CORE_REG(regs.regs[21]), DOORBELL_IPA);
	return ret;
}

static int vm_add_vcpu(struct vm *vm)
{
	int index = vm->nr_vcpus, ret;
	struct vcpu *vcpu = &vm->vcpu[index];

	vcpu->vm = vm;
	vcpu->mb = vm->ctl + PAGE * (1 + index);
	vcpu->fd = do_ioctl(vm->fd, KVM_CREATE_VCPU, index);
	if (vcpu->fd < 0)
		return vcpu->fd;
	vcpu->run = mmap(NULL, kvm_run_size(), PROT_READ | PROT_WRITE,
			 MAP_SHARED, vcpu->fd, 0);
	ret = vcpu->run == MAP_FAILED ? -errno : reset_vcpu(vcpu, index);
	if (ret) {
		if (vcpu->run != MAP_FAILED)
			munmap(vcpu->run, kvm_run_size());
		close(vcpu->fd);
		return ret;
	}
	vm->nr_vcpus++;
	return 0;
}

int vm_ready(struct vm *vm, int vcpus)
{
	int ret = vm_set_slot(vm, CTL_SLOT, CTL_IPA, vm->ctl, CTL_PAGES * PAGE, 0);

	while (!ret && vm->nr_vcpus < vcpus)
		ret = vm_add_vcpu(vm);
	if (ret)
		vm_close(vm);
	return ret;
}

int vm_start(struct vm *vm, unsigned long type, int vcpus)
{
	return vm_open(vm, type) ?: vm_ready(vm, vcpus);
}

void vm_close(struct vm *vm)
{
	while (vm->nr_vcpus) {
		struct vcpu *vcpu = &vm->vcpu[--vm->nr_vcpus];

		munmap(vcpu->run, kvm_run_size());
		close(vcpu->fd);
	}
	if (vm->fd >= 0)
		close(vm->fd);
	vm->fd = -1;
	if (vm->ctl)
		munmap(vm->ctl, CTL_PAGES * PAGE);
	vm->ctl = NULL;
}

void vcpu_post(struct vcpu *vcpu, const struct job *job)
{
	*vcpu->mb = (struct mailbox){
		.job	= job->job,
		.ipa	= job->ipa,
		.count	= job->count,
		.stride	= job->stride,
		.value	= job->value,
		.step	= job->step,
	};
	vcpu->mmio_reads = 0;
	vcpu->mmio_writes = 0;
	vcpu->mmio_first = 0;
	vcpu->mmio_last = 0;
	atomic_thread_fence(memory_order_seq_cst);
}

/* One MMIO exit. True if it was the doorbell. */
static bool take_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t addr = run->mmio.phys_addr;

	if (run->mmio.is_write &&
	    (addr == DOORBELL_IPA + BELL_DONE || addr == DOORBELL_IPA + BELL_FAULT))
		return true;
	if (!(vcpu->mmio_reads + vcpu->mmio_writes))
		vcpu->mmio_first = addr;
	vcpu->mmio_last = addr;
	if (run->mmio.is_write) {
		vcpu->mmio_writes++;
	} else {
		vcpu->mmio_reads++;
		memset(run->mmio.data, 0xee, sizeof(run->mmio.data));
	}
	return false;
}

int vcpu_finish(struct vcpu *vcpu)
{
	for (;;) {
		int ret = do_ioctl(vcpu->fd, KVM_RUN, 0);

		if (ret == -EINTR)
			continue;
		if (ret < 0)
			return ret;
		if (vcpu->run->exit_reason != KVM_EXIT_MMIO)
			return -EPROTO;
		if (!take_mmio(vcpu))
			continue;
		if (vcpu->run->mmio.phys_addr == DOORBELL_IPA + BELL_FAULT)
			return -ECANCELED;
		return 0;
	}
}

int vcpu_do(struct vcpu *vcpu, const struct job *job)
{
	vcpu_post(vcpu, job);
	return vcpu_finish(vcpu);
}

int vcpu_prefault(struct vcpu *vcpu, struct kvm_pre_fault_memory *range)
{
	return do_ioctl(vcpu->fd, KVM_PRE_FAULT_MEMORY, (uintptr_t)range);
}

static void on_term(int sig)
{
}

void vm_hold(const struct vm *vm)
{
	struct sigaction act = { .sa_handler = on_term };
	char c;

	sigaction(SIGTERM, &act, NULL);
	printf("HOLD pid=%d vmfd=%d\n", getpid(), vm->fd);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}
