/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What saves work and can be turned off, on the kernel command line.
 */
#ifndef __KVM_ARM64_S2_SWITCH_H
#define __KVM_ARM64_S2_SWITCH_H

/**
 * struct s2_switches - set at boot, read ever after
 * @clean_at_end: kvm-arm.s2_clean_at_end, off: without FEAT_S2FWB, clean the
 *		cache lines of all that a VM has mapped when its MMU goes
 * @reap_unread: kvm-arm.s2_reap_unread, on: a table page full of leaves is
 *		freed with its entries in it, if nobody listens
 * @fault_around: kvm-arm.s2_fault_around, 64K: bytes around a page that the
 *		guest stopped for that are mapped with it where the host has
 *		them; a power of two, 0: only that page
 */
struct s2_switches {
	bool		clean_at_end;
	bool		reap_unread;
	unsigned long	fault_around;
};

extern struct s2_switches s2_switches;

#endif /* __KVM_ARM64_S2_SWITCH_H */
