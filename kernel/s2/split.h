/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turning a block into a table that maps the same.
 */
#ifndef __KVM_ARM64_S2_SPLIT_H
#define __KVM_ARM64_S2_SPLIT_H

#include "table.h"

int s2_split_block(struct s2_op *op, const struct s2_slot *slot, u64 old,
		   u64 ipa, struct kvm_mmu_memory_cache *mc);

#endif /* __KVM_ARM64_S2_SPLIT_H */
