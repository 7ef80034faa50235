// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel interrupt controllers.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "vm.h"

static int set_attr(int fd, uint32_t group, uint64_t attr, uint64_t *value)
{
	struct kvm_device_attr a = {
		.group = group, .attr = attr, .addr = (uintptr_t)value,
	};

	return ioctl(fd, KVM_SET_DEVICE_ATTR, &a) ? -errno : 0;
}

/* Of @type, with two windows, each by its KVM_VGIC_*_ADDR_TYPE_*. */
static int add(struct vm *vm, uint32_t type, uint64_t first, uint64_t first_ipa,
	       uint64_t second, uint64_t second_ipa)
{
	struct kvm_create_device dev = { .type = type };
	int ret;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &dev))
		return -errno;
	ret = set_attr(dev.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, first, &first_ipa);
	if (!ret)
		ret = set_attr(dev.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, second,
			       &second_ipa);
	if (!ret)
		ret = set_attr(dev.fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
			       KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	return ret;
}

int gicv2_add(struct vm *vm, uint64_t dist, uint64_t cpu)
{
	return add(vm, KVM_DEV_TYPE_ARM_VGIC_V2, KVM_VGIC_V2_ADDR_TYPE_DIST, dist,
		   KVM_VGIC_V2_ADDR_TYPE_CPU, cpu);
}

int gicv3_add(struct vm *vm, uint64_t dist, uint64_t redist)
{
	return add(vm, KVM_DEV_TYPE_ARM_VGIC_V3, KVM_VGIC_V3_ADDR_TYPE_DIST, dist,
		   KVM_VGIC_V3_ADDR_TYPE_REDIST, redist);
}
