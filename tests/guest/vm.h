/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM over the raw KVM ioctls. Functions return 0 or a negative errno and
 * print nothing: a scenario that injects failures must see them.
 */
#ifndef S2GUEST_VM_H
#define S2GUEST_VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "payload.h"

#ifndef KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE
#define KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE 228
#endif

#ifndef KVM_CAP_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY 236
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)

struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#endif

struct vm;

/**
 * struct vcpu - one virtual CPU
 * @run:	KVM's shared page
 * @mb:		its mailbox
 * @mmio_reads:	loads that left the guest as MMIO since the job was posted
 * @mmio_writes: stores likewise, the doorbell's excepted
 * @mmio_first:	address of the first of them
 * @mmio_last:	address of the last of them
 */
struct vcpu {
	struct vm	*vm;
	int		fd;
	struct kvm_run	*run;
	struct mailbox	*mb;
	uint64_t	mmio_reads;
	uint64_t	mmio_writes;
	uint64_t	mmio_first;
	uint64_t	mmio_last;
};

/**
 * struct vm - one virtual machine
 * @fd:		of the VM; also names its directory in debugfs
 * @ctl:	memory of the control slot
 * @features:	of vCPUs yet to be made, beyond what KVM prefers: a mask
 */
struct vm {
	int		fd;
	void		*ctl;
	uint32_t	features;
	int		nr_vcpus;
	struct vcpu	vcpu[MAX_VCPUS];
};

/* One job, in the words of payload.h. */
struct job {
	uint64_t job, ipa, count, stride, value, step;
};

/* /dev/kvm, opened once; -errno if it cannot be. */
int kvm_dev(void);
size_t kvm_run_size(void);

/* @type is KVM_CREATE_VM's: 0, or the IPA size in bits. */
int vm_open(struct vm *vm, unsigned long type);
/* The control slot and @vcpus vCPUs; closes the VM if that fails. */
int vm_ready(struct vm *vm, int vcpus);
/* Both; what must be set on a VM without slots goes between them. */
int vm_start(struct vm *vm, unsigned long type, int vcpus);
void vm_close(struct vm *vm);

int vm_set_slot(struct vm *vm, unsigned int slot, uint64_t ipa, void *mem,
		uint64_t size, unsigned int flags);
int vm_enable_cap(struct vm *vm, unsigned int cap, uint64_t arg);
int vcpu_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value);

void vcpu_post(struct vcpu *vcpu, const struct job *job);
/*
 * Runs until the posted job is done. -ECANCELED: the guest took an exception
 * (mailbox: esr, far, elr). -EPROTO: KVM reported an exit nobody expects.
 * Any other error is KVM_RUN's; calling again goes on where it stopped.
 */
int vcpu_finish(struct vcpu *vcpu);
int vcpu_do(struct vcpu *vcpu, const struct job *job);
/* Maps memory ahead; what is left of the range comes back in @range. */
int vcpu_prefault(struct vcpu *vcpu, struct kvm_pre_fault_memory *range);

/* Says where the VM is and keeps it until a line or SIGTERM comes. */
void vm_hold(const struct vm *vm);

/* gic.c: an in-kernel GIC at these IPAs, for the vCPUs there are. 0 or -errno. */
int gicv2_add(struct vm *vm, uint64_t dist, uint64_t cpu);
int gicv3_add(struct vm *vm, uint64_t dist, uint64_t redist);

#endif
