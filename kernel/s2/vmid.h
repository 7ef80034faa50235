/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMID allocator. Its entries are KVM's: kvm_arm_vmid_update() and
 * friends, declared in asm/kvm_host.h.
 */
#ifndef __KVM_ARM64_S2_VMID_H
#define __KVM_ARM64_S2_VMID_H

#include "port.h"

/* Fewest bits that tests may force: enough for a handful of CPUs. */
#define S2_VMID_MIN_BITS	4

#endif /* __KVM_ARM64_S2_VMID_H */
