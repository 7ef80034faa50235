// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that do nothing on the events of a page that comes and goes: what the
 * calls alone cost, whatever a program does then.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define NOTHING_ON(event)		\
	SEC("tp_btf/" #event)		\
	int on_##event(void *ctx)	\
	{				\
		return 0;		\
	}

NOTHING_ON(s2_fault_begin)
NOTHING_ON(s2_op_begin)
NOTHING_ON(s2_set)
NOTHING_ON(s2_op_end)
NOTHING_ON(s2_fault_end)
NOTHING_ON(s2_clear)
