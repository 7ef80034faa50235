// SPDX-License-Identifier: GPL-2.0-only
/*
 * The switches, and their words on the kernel command line.
 */
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "switch.h"

struct s2_switches s2_switches __ro_after_init = {
	.clean_at_end = false,
	.reap_unread = true,
	.fault_around = SZ_64K,
};

static int __init parse_clean_at_end(char *arg)
{
	return arg ? kstrtobool(arg, &s2_switches.clean_at_end) : -EINVAL;
}
early_param("kvm-arm.s2_clean_at_end", parse_clean_at_end);

static int __init parse_reap_unread(char *arg)
{
	return arg ? kstrtobool(arg, &s2_switches.reap_unread) : -EINVAL;
}
early_param("kvm-arm.s2_reap_unread", parse_reap_unread);

static int __init parse_fault_around(char *arg)
{
	unsigned long size = arg ? memparse(arg, &arg) : 1;

	if (!arg || *arg || (size && !is_power_of_2(size)))
		return -EINVAL;

	s2_switches.fault_around = min(size, PMD_SIZE);
	return 0;
}
early_param("kvm-arm.s2_fault_around", parse_fault_around);
