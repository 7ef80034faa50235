// SPDX-License-Identifier: GPL-2.0-only
/*
 * FLUSHID: an invalidation names what it is meant to invalidate: the MMU's own
 * VMID, and an operand that says the same as the range.
 */
#include "invariant.h"

#define RAW_IPA ((1ULL << 40) - 1)

static struct charge at(const struct step *s)
{
	return (struct charge){ .at = { .ipa = s->e->s2_flush.ipa,
					.size = s->e->s2_flush.size,
					.level = s->e->s2_flush.level } };
}

/*
 * While another CPU gives the MMU a VMID, an invalidation may name the one or
 * the other. But what an operation does after it has seen the new one must
 * name that (U56).
 */
static bool vmid_is_ours(const struct step *s)
{
	const struct mmu_vmid *v = &s->mmu->vmid;
	const uint64_t vmid = s->e->s2_flush.vmid;
	const uint64_t gen = s->e->s2_flush.generation;

	if (!v->generation || gen > v->generation)
		return true;
	if (vmid == v->vmid && gen == v->generation)
		return true;
	return vmid == v->old_vmid && gen == v->old_generation &&
	       (!s->op || s->op->last < v->assigned);
}

static void check_vmid(const struct step *s)
{
	const struct charge c = at(s);

	if (!s->e->s2_flush.vmid)
		accuse(s, INV_flushid, &c,
		       "VMID 0, the host's, is invalidated");
	else if (!vmid_is_ours(s))
		accuse(s, INV_flushid, &c,
		       "VMID %llu of generation %llu is invalidated, the MMU has %llu of %llu",
		       (unsigned long long)s->e->s2_flush.vmid,
		       (unsigned long long)s->e->s2_flush.generation,
		       (unsigned long long)s->mmu->vmid.vmid,
		       (unsigned long long)s->mmu->vmid.generation);
}

/* TTL[3:2] is the granule (1: 4K, 2: 16K, 3: 64K), TTL[1:0] the level. */
static uint64_t ttl_of(const struct mmu *mmu, int32_t level)
{
	return (uint64_t)((mmu->page_shift - 10) / 2) << 2 | level;
}

static void check_operand(const struct step *s)
{
	const unsigned long long raw = s->e->s2_flush.raw;
	const uint64_t ipa = s->e->s2_flush.ipa;
	const int32_t level = s->e->s2_flush.level;
	const uint64_t ttl = raw >> 44 & 15;
	const struct charge c = at(s);

	if ((raw & RAW_IPA) != ipa >> 12)
		accuse(s, INV_flushid, &c,
		       "the operand 0x%llx names IPA 0x%llx, 0x%llx is meant",
		       raw, (raw & RAW_IPA) << 12, (unsigned long long)ipa);
	/* Without FEAT_TTL there is none. */
	if (ttl && (level == S2_LEVEL_ANY || ttl != ttl_of(s->mmu, level)))
		accuse(s, INV_flushid, &c,
		       "the operand 0x%llx hints at level %llu, %d is meant",
		       raw, (unsigned long long)ttl & 3, level);
}

static void check_range(const struct step *s)
{
	const unsigned int shift = s->mmu->page_shift;
	const struct charge c = at(s);

	if (s->e->s2_flush.raw != s->e->s2_flush.ipa >> shift)
		accuse(s, INV_flushid, &c,
		       "the operand's base 0x%llx names IPA 0x%llx, 0x%llx is meant",
		       (unsigned long long)s->e->s2_flush.raw,
		       (unsigned long long)s->e->s2_flush.raw << shift,
		       (unsigned long long)s->e->s2_flush.ipa);
}

static void check_place(const struct step *s)
{
	const uint64_t ipa = s->e->s2_flush.ipa, size = s->e->s2_flush.size;
	const struct mmu *mmu = s->mmu;
	const struct charge c = at(s);

	if (!size || (ipa | size) & ((1ULL << mmu->page_shift) - 1) ||
	    ipa >= mmu->limit || size > mmu->limit - ipa)
		accuse(s, INV_flushid, &c,
		       "there is no such range in the IPA space");
	if (s->e->s2_flush.level != S2_LEVEL_ANY &&
	    !mmu_level_valid(mmu, s->e->s2_flush.level))
		accuse(s, INV_flushid, &c,
		       "the tables have no level %d to hint at",
		       s->e->s2_flush.level);
}

static void flushed(const struct step *s)
{
	const struct charge c = at(s);

	if (s->e->s2_flush.op && !s->op && !s->mmu->old_ops)
		accuse(s, INV_flushid, &c, "operation %llu is not under way",
		       (unsigned long long)s->e->s2_flush.op);
	if (s->e->s2_flush.scope != S2_SCOPE_ALL)
		check_vmid(s);
	if (!s->mmu->root)
		return;
	switch (s->e->s2_flush.scope) {
	case S2_SCOPE_IPA:
	case S2_SCOPE_IPA_LOCAL:
		check_place(s);
		check_operand(s);
		break;
	case S2_SCOPE_RANGE:
		check_place(s);
		check_range(s);
		break;
	}
}

const struct invariant inv_flushid = {
	.name = "FLUSHID",
	.says = "every invalidation names the VMID that its MMU has, never 0, and an operand that means the range it is for",
	.needs = ON_TLBS,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_flush, flushed },
			{},
		},
};
