/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's own page tables, read without their locks.
 */
#ifndef __KVM_ARM64_S2_HOSTPT_H
#define __KVM_ARM64_S2_HOSTPT_H

#include <linux/mm.h>

/**
 * s2_host_walk() - how large is the host's own mapping?
 * @mm:		of the host's process
 * @hva:	an address in it
 * @ptep:	set to its entry where that is one of a table of pages
 *
 * With interrupts off: so the tables are not freed under us (U66). Under
 * mmu_lock, with the notifier sequence unchanged, what they say of this address
 * stays true.
 *
 * Return: bytes, 0 if there is no mapping; PAGE_SIZE says that there is a table
 * of pages, and not what is in it.
 */
static inline u64 s2_host_walk(struct mm_struct *mm, unsigned long hva,
			       pte_t **ptep)
{
	pgd_t *pgdp = pgd_offset(mm, hva), pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;

	if (pgd_none(pgd))
		return 0;
	p4dp = p4d_offset_lockless(pgdp, pgd, hva);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d))
		return 0;
	pudp = pud_offset_lockless(p4dp, p4d, hva);
	pud = READ_ONCE(*pudp);
	if (!pud_present(pud))
		return 0;
	if (pud_leaf(pud))
		return PUD_SIZE;
	pmdp = pmd_offset_lockless(pudp, pud, hva);
	pmd = READ_ONCE(*pmdp);
	if (!pmd_present(pmd))
		return 0;
	if (pmd_leaf(pmd))
		return PMD_SIZE;

	*ptep = pte_offset_kernel(&pmd, hva);
	return PAGE_SIZE;
}

#endif /* __KVM_ARM64_S2_HOSTPT_H */
