// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table walker and the TLBs of the emulated CPUs.
 *
 * A CPU may keep every translation and every table descriptor it ever met, and
 * use it, until it is told to forget it. It is told by the invalidations the
 * core issues and by nothing else, each taken at its narrowest: with a level
 * hint only leaves of that level go, and no table descriptor; a local one
 * reaches one CPU; by VMID means the number the MMU has at that moment.
 *
 * The decoding of descriptors is written here once more, on purpose.
 */
#include "host.h"

#define NR_LEAVES	24
#define NR_WALKS	24

/* A cached leaf, or a cached table descriptor (@child is its table). */
struct tlb_entry {
	struct kvm_s2_mmu	*mmu;
	u32			vmid;
	s32			level;
	u64			base;
	u64			pte;
};

struct tlb {
	struct tlb_entry leaves[NR_LEAVES];
	struct tlb_entry walks[NR_WALKS];
	u32 next_leaf, next_walk;
};

static struct tlb tlbs[HOST_CPUS];

void (*hw_made_young)(struct kvm_s2_mmu *mmu, u64 ipa);

static u32 shift_of(s32 level)
{
	return PAGE_SHIFT + (3 - level) * (PAGE_SHIFT - 3);
}

static u64 span_of(s32 level)
{
	return 1ULL << shift_of(level);
}

static bool is_table(u64 pte, s32 level)
{
	return level < 3 && (pte & 3) == 3;
}

static u32 vmid_of(struct kvm_s2_mmu *mmu)
{
	return mmu->vmid.id.val & ((1ULL << kvm_arm_vmid_bits) - 1);
}

static bool covers(const struct tlb_entry *e, u64 ipa)
{
	return ipa - e->base < span_of(e->level);
}

u64 hw_pa(const struct s2_geometry *geo, u64 pte)
{
	u64 pa = pte & 0xffffffffffffULL & ~((1ULL << PAGE_SHIFT) - 1);

	if (geo->lpa2)
		pa |= (pte & (3ULL << 48)) | ((pte >> 8 & 3) << 50);
	else if (PAGE_SHIFT == 16)
		pa |= (pte >> 12 & 15) << 48;
	return pa;
}

static u64 *entry_of(struct kvm_s2_mmu *mmu, u64 *table, s32 level, u64 ipa)
{
	const struct s2_geometry *geo = &mmu->s2->geo;
	u64 index = ipa >> shift_of(level);

	if (level > geo->start_level)
		index &= (1ULL << (PAGE_SHIFT - 3)) - 1;
	return &table[index];
}

static u64 *next_table(struct kvm_s2_mmu *mmu, u64 pte)
{
	u64 pa = hw_pa(&mmu->s2->geo, pte);

	if (!host_table_alive(pa))
		host_fail("FREE: the walker reads a table that was freed (0x%llx)",
			  pa);
	return s2_port_va(pa);
}

bool hw_walk(struct kvm_s2_mmu *mmu, u64 ipa, struct hw_leaf *leaf)
{
	s32 level = mmu->s2->geo.start_level;
	u64 *table = mmu->s2->root;

	for (;; level++) {
		leaf->entry = entry_of(mmu, table, level, ipa);
		leaf->pte = *leaf->entry;
		leaf->level = level;
		if (!is_table(leaf->pte, level))
			break;
		table = next_table(mmu, leaf->pte);
	}

	leaf->base = ipa & ~(span_of(level) - 1);
	leaf->pa = hw_pa(&mmu->s2->geo, leaf->pte);
	return leaf->pte & 1;
}

u64 hw_entry(struct kvm_s2_mmu *mmu, u64 ipa, s32 level)
{
	s32 l = mmu->s2->geo.start_level;
	u64 *table = mmu->s2->root;
	u64 pte = *entry_of(mmu, table, l, ipa);

	for (; l < level; l++) {
		if (!is_table(pte, l))
			return 0;
		table = next_table(mmu, pte);
		pte = *entry_of(mmu, table, l + 1, ipa);
	}
	return pte;
}

void tlb_reset(void)
{
	memset(tlbs, 0, sizeof(tlbs));
}

static struct tlb_entry *find(struct tlb_entry *set, u32 nr, u32 vmid, u64 ipa)
{
	struct tlb_entry *best = NULL;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (set[i].mmu && set[i].vmid == vmid && covers(&set[i], ipa) &&
		    (!best || set[i].level > best->level))
			best = &set[i];
	}
	return best;
}

static void remember(struct tlb_entry *set, u32 nr, u32 *next,
		     struct kvm_s2_mmu *mmu, s32 level, u64 ipa, u64 pte)
{
	struct tlb_entry new = {
		.mmu = mmu,
		.vmid = vmid_of(mmu),
		.level = level,
		.base = ipa & ~(span_of(level) - 1),
		.pte = pte,
	};
	u32 i;

	for (i = 0; i < nr; i++) {
		if (set[i].mmu == mmu && set[i].level == level &&
		    set[i].vmid == new.vmid && set[i].base == new.base)
			break;
	}
	if (i == nr)
		i = (*next)++ % nr;
	set[i] = new;
}

static bool allowed(u64 pte, enum hw_access access)
{
	if (access == HW_READ)
		return pte >> 6 & 1;
	if (access == HW_WRITE)
		return pte >> 7 & 1;
	return !(pte >> 54 & 1);
}

/* From the deepest table this CPU remembers. Returns the leaf's level. */
static s32 walk(struct tlb *tlb, struct kvm_s2_mmu *mmu, u64 ipa, u64 **entry)
{
	struct tlb_entry *cached = find(tlb->walks, NR_WALKS, vmid_of(mmu), ipa);
	s32 level = mmu->s2->geo.start_level;
	u64 *table = mmu->s2->root;

	if (cached) {
		if (cached->mmu != mmu)
			host_fail("VMIDG: a table of another MMU is cached under VMID %u",
				  cached->vmid);
		level = cached->level + 1;
		table = next_table(mmu, cached->pte);
	}

	for (;; level++) {
		*entry = entry_of(mmu, table, level, ipa);
		if (!is_table(**entry, level))
			return level;
		remember(tlb->walks, NR_WALKS, &tlb->next_walk, mmu, level, ipa,
			 **entry);
		table = next_table(mmu, **entry);
	}
}

/**
 * tlb_access() - the guest accesses memory on the current CPU
 * @mmu:	loaded there
 * @ipa:	the address
 * @access:	what it wants
 * @pa:		set to where the access went
 *
 * Return: how it ended.
 */
enum hw_result tlb_access(struct kvm_s2_mmu *mmu, u64 ipa,
			  enum hw_access access, u64 *pa)
{
	struct tlb *tlb = &tlbs[host_cpu];
	struct tlb_entry *hit;
	s32 level;
	u64 *entry;

	if (!vmid_of(mmu))
		host_fail("VMIDX: a guest runs with VMID 0");

	hit = find(tlb->leaves, NR_LEAVES, vmid_of(mmu), ipa);
	if (!hit) {
		level = walk(tlb, mmu, ipa, &entry);
		if (!(*entry & 1))
			return HW_TRANSLATION;
		if (!(*entry >> 10 & 1)) {
			if (!host.ha)
				return HW_ACCESS_FLAG;
			*entry |= 1 << 10;
			if (hw_made_young)
				hw_made_young(mmu, ipa);
		}
		remember(tlb->leaves, NR_LEAVES, &tlb->next_leaf, mmu, level,
			 ipa, *entry);
		hit = find(tlb->leaves, NR_LEAVES, vmid_of(mmu), ipa);
	}
	if (hit->mmu != mmu)
		host_fail("VMIDG: a leaf of another MMU is cached under VMID %u",
			  hit->vmid);

	*pa = hw_pa(&mmu->s2->geo, hit->pte) + (ipa - hit->base);
	return allowed(hit->pte, access) ? HW_OK : HW_PERMISSION;
}

/* Does a cached leaf allow or reach what the tables do not? */
static bool leaf_is_stale(struct kvm_s2_mmu *mmu, const struct tlb_entry *e)
{
	/* Everything but permissions, access flag and software bits. */
	const u64 fixed = ~(0x1fULL << 54 | 1ULL << 10 | 3ULL << 6);
	struct hw_leaf now;

	if (!mmu->pgt || !hw_walk(mmu, e->base, &now))
		return true;
	if (now.level != e->level || ((now.pte ^ e->pte) & fixed))
		return true;
	return (allowed(e->pte, HW_READ) && !allowed(now.pte, HW_READ)) ||
	       (allowed(e->pte, HW_WRITE) && !allowed(now.pte, HW_WRITE)) ||
	       (allowed(e->pte, HW_EXEC) && !allowed(now.pte, HW_EXEC));
}

static void check_one(struct kvm_s2_mmu *mmu, u32 cpu, const struct tlb *tlb)
{
	const struct tlb_entry *e;
	u32 i;

	for (i = 0; i < NR_LEAVES; i++) {
		e = &tlb->leaves[i];
		if (e->mmu == mmu && leaf_is_stale(mmu, e))
			host_fail("OWED: CPU %u still translates 0x%llx level %d as 0x%llx",
				  cpu, e->base, e->level, e->pte);
	}
	for (i = 0; i < NR_WALKS; i++) {
		e = &tlb->walks[i];
		if (e->mmu != mmu)
			continue;
		if (!host_table_alive(mmu->s2 ? hw_pa(&mmu->s2->geo, e->pte) : 0))
			host_fail("FREE: CPU %u still walks into a freed table at 0x%llx level %d",
				  cpu, e->base, e->level);
		if (!mmu->pgt || hw_entry(mmu, e->base, e->level) != e->pte)
			host_fail("OWED: CPU %u still walks through 0x%llx at 0x%llx level %d",
				  cpu, e->pte, e->base, e->level);
	}
}

/**
 * tlb_check() - nothing that any CPU remembers contradicts the tables
 * @mmu:	whose
 *
 * To be called when nobody holds mmu_lock. What is merely less than the tables
 * allow (permissions granted since), or whose access flag went, is fine.
 */
void tlb_check(struct kvm_s2_mmu *mmu)
{
	u32 cpu;

	for (cpu = 0; cpu < host_cpus; cpu++)
		check_one(mmu, cpu, &tlbs[cpu]);
}

/* Nobody may reach @pa through a stale translation while it is cleaned. */
void tlb_check_pa(u64 pa, u64 size)
{
	const struct tlb_entry *e;
	u32 cpu, i;
	u64 at;

	for (cpu = 0; cpu < host_cpus; cpu++) {
		for (i = 0; i < NR_LEAVES; i++) {
			e = &tlbs[cpu].leaves[i];
			if (!e->mmu || !e->mmu->s2)
				continue;
			at = hw_pa(&e->mmu->s2->geo, e->pte);
			if (at < pa + size && pa < at + span_of(e->level) &&
			    leaf_is_stale(e->mmu, e))
				host_fail("CMO: 0x%llx is cleaned while CPU %u still reaches it",
					  pa, cpu);
		}
	}
}

u32 tlb_entries(struct kvm_s2_mmu *mmu)
{
	u32 cpu, i, nr = 0;

	for (cpu = 0; cpu < host_cpus; cpu++) {
		for (i = 0; i < NR_LEAVES; i++)
			nr += tlbs[cpu].leaves[i].mmu == mmu;
		for (i = 0; i < NR_WALKS; i++)
			nr += tlbs[cpu].walks[i].mmu == mmu;
	}
	return nr;
}

static void drop(struct tlb_entry *set, u32 nr, u32 vmid, u64 start, u64 end,
		 s32 level)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		if (set[i].mmu && set[i].vmid == vmid && set[i].base < end &&
		    start < set[i].base + span_of(set[i].level) &&
		    (level == S2_PORT_TTL_UNKNOWN || level == set[i].level))
			set[i].mmu = NULL;
	}
}

/* @cpu < 0: on all of them */
void tlb_flush_ipa(struct kvm_s2_mmu *mmu, u64 ipa, s32 level, s32 cpu)
{
	s32 c;

	for (c = 0; c < (s32)host_cpus; c++) {
		if (cpu >= 0 && c != cpu)
			continue;
		drop(tlbs[c].leaves, NR_LEAVES, vmid_of(mmu), ipa, ipa + 1,
		     level);
		if (level == S2_PORT_TTL_UNKNOWN)
			drop(tlbs[c].walks, NR_WALKS, vmid_of(mmu), ipa,
			     ipa + 1, level);
	}
}

void tlb_flush_range(struct kvm_s2_mmu *mmu, u64 start, u64 end)
{
	u32 c;

	for (c = 0; c < host_cpus; c++) {
		drop(tlbs[c].leaves, NR_LEAVES, vmid_of(mmu), start, end,
		     S2_PORT_TTL_UNKNOWN);
		drop(tlbs[c].walks, NR_WALKS, vmid_of(mmu), start, end,
		     S2_PORT_TTL_UNKNOWN);
	}
}

void tlb_flush_vmid(struct kvm_s2_mmu *mmu, s32 cpu)
{
	s32 c;

	for (c = 0; c < (s32)host_cpus; c++) {
		if (cpu >= 0 && c != cpu)
			continue;
		drop(tlbs[c].leaves, NR_LEAVES, vmid_of(mmu), 0, ~0ULL,
		     S2_PORT_TTL_UNKNOWN);
		drop(tlbs[c].walks, NR_WALKS, vmid_of(mmu), 0, ~0ULL,
		     S2_PORT_TTL_UNKNOWN);
	}
}

void tlb_flush_all(void)
{
	tlb_reset();
}
