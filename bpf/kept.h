/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel with our MMU counts of a context itself, while a program is
 * attached to s2_counts: as a record.
 */
#ifndef __S2STAT_KEPT_H
#define __S2STAT_KEPT_H

#include <bpf/bpf_helpers.h>

#include "kvm_types.h"
#include "records.h"

/* Fills in @k, which lies in a map: it is too large for the stack. */
static __always_inline long kept_read(struct s2r_kept *k, struct s2_ctx *s2)
{
	k->head.size = sizeof(*k);
	k->head.type = S2R_KEPT;
	k->mmu = s2->id;
	k->vm = s2->vm;
	k->tables_alloc = s2->tables_alloc.counter;
	k->tables_freed = s2->tables_freed.counter;
	return bpf_probe_read_kernel(&k->counts, sizeof(k->counts),
				     &s2->counts);
}

#endif /* __S2STAT_KEPT_H */
