// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux capabilities (see caps.h), by the raw system calls: libcap would be a
 * library for two of them.
 */
#include "caps.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t bit(unsigned int cap)
{
	return CAP_TO_MASK(cap);
}

static int get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return syscall(SYS_capget, &head, data);
}

/** caps_have() - is capability @cap effective for this process? */
bool caps_have(unsigned int cap)
{
	struct __user_cap_data_struct data[2] = {};

	return !get(data) && data[CAP_TO_INDEX(cap)].effective & bit(cap);
}

/**
 * caps_keep_bpf() - gives up everything but CAP_BPF and CAP_PERFMON
 *
 * Called once all is attached. Kernels up to 6.3 ask for CAP_BPF at every map
 * lookup where unprivileged BPF is off. To fail to give up rights is no reason
 * to stop.
 */
void caps_keep_bpf(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};
	uint32_t keep = bit(CAP_BPF) | bit(CAP_PERFMON);

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (get(data))
		return;
	data[0] = (struct __user_cap_data_struct){};
	data[1].effective &= keep;
	data[1].permitted &= keep;
	data[1].inheritable = 0;
	syscall(SYS_capset, &head, data);
}
