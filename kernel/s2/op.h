/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One entry into the core: begins, may yield the lock, ends with nothing owed.
 */
#ifndef __KVM_ARM64_S2_OP_H
#define __KVM_ARM64_S2_OP_H

#include "mmu.h"

void s2_op_begin(struct s2_op *op, struct kvm_s2_mmu *mmu,
		 enum s2_op_kind kind, enum s2_reason reason, u64 ipa, u64 end,
		 enum s2_lock lock, bool may_block);
int s2_op_end(struct s2_op *op, int result);
bool s2_op_yield(struct s2_op *op);

typedef int (*s2_range_fn)(struct s2_op *op, u64 ipa, u64 end);
int s2_op_range(struct s2_op *op, u64 ipa, u64 end, s32 level, s2_range_fn fn);

/**
 * struct s2_host_page - a page to be mapped
 * @pa:		its memory
 * @prot:	what the leaf will say, S2_PROT_*; 0: not to be mapped
 */
struct s2_host_page {
	u64	pa;
	u64	prot;
};

/* What the core can do; each in its own file. See there. */
int s2_map(struct s2_op *op, u64 ipa, u64 pa, s32 level, u64 prot,
	   struct kvm_mmu_memory_cache *mc);
void s2_map_absent(struct s2_op *op, u64 ipa, const struct s2_host_page *pages,
		   u32 nr);
int s2_set_spte(struct s2_op *op, u64 ipa, u64 pa, u64 prot);
int s2_unmap(struct s2_op *op, u64 ipa, u64 end);
void s2_unmap_root(struct s2_op *op);
int s2_wrprotect(struct s2_op *op, u64 ipa, u64 end);
u64 s2_mkyoung(struct s2_op *op, u64 ipa);
bool s2_age(struct s2_op *op, u64 ipa, u64 end, bool clear);
int s2_clean(struct s2_op *op, u64 ipa, u64 end);
int s2_split(struct s2_op *op, u64 ipa, u64 end,
	     struct kvm_mmu_memory_cache *mc);

#endif /* __KVM_ARM64_S2_OP_H */
