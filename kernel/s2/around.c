// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault-around: when the guest stops for one page, the pages beside it that
 * the host has mapped are mapped, too, so that it does not stop for each.
 *
 * The host's own page table says which pages there are and what may be done
 * with them; nothing is faulted in, no copy on write is broken and no reference
 * taken. That what we read stays true is due to mmu_lock: the fault has found
 * the notifier sequence number unchanged and no invalidation under way since
 * we hold it, and whoever takes a page out of the host's table, or allows less
 * with it, first waits for mmu_lock (kvm_mmu_notifier_invalidate_range_start())
 * and then has us unmap what we mapped here like anything else (SEQ, U66).
 *
 * What is mapped ahead
 *  - was not accessed, and does not say so: only where the CPUs set access
 *    flags by themselves;
 *  - can be written where the host's own entry is writable and dirty already,
 *    so the host knows what it has to save. Elsewhere the guest's first write
 *    stops it, as it should: copy on write, userfaultfd's write protection and
 *    a file's writeback depend on that;
 *  - is not what a slot under dirty logging has, for its pages become writable
 *    one by one; nor memory with tags (MTE), which would have to be cleared.
 *
 * Absent entries of one table are filled, next to the one of the fault, so it
 * takes no table page, no invalidation and mmu_lock for read only.
 */
#include "around.h"
#include "hostpt.h"
#include "seam.h"

/* Pages that are looked at and mapped at a time. */
#define CHUNK	16

/* What the guest may do with a page of the host's; 0: do not map it. */
static u64 prot_of(const struct s2_around *a, pte_t pte)
{
	u64 prot = S2_PROT_R | S2_PROT_OLD;

	/* What get_user_pages() would not give us either. */
	if (!pte_present(pte) || !pte_access_permitted(pte, false) ||
	    pte_special(pte) || pte_devmap(pte) ||
	    !pfn_is_map_memory(pte_pfn(pte)))
		return 0;

	if ((pte_write(pte) && pte_dirty(pte) &&
	     !(a->slot->flags & KVM_MEM_READONLY)) ||
	    s2_inject(a->mmu->s2, AROUND_WRITABLE))
		prot |= S2_PROT_W;
	/* Else executing it has to come by, to invalidate the I-cache. */
	if (cpus_have_final_cap(ARM64_HAS_CACHE_DIC))
		prot |= S2_PROT_X;
	return prot;
}

/*
 * Looks at @nr pages from @hva on, which one table of the host's has. With
 * interrupts off, so that it is not freed under us.
 */
static void look_at_host(const struct s2_around *a, unsigned long hva,
			 struct s2_host_page *pages, u32 nr)
{
	unsigned long flags;
	pte_t *ptep, pte;
	bool table;
	u32 i;

	local_irq_save(flags);
	table = s2_host_walk(a->kvm->mm, hva, &ptep) == PAGE_SIZE;
	for (i = 0; i < nr; i++) {
		pages[i].prot = 0;
		if (!table)
			continue;
		pte = ptep_get_lockless(ptep + i);
		pages[i].pa = PFN_PHYS(pte_pfn(pte));
		pages[i].prot = prot_of(a, pte);
	}
	local_irq_restore(flags);
}

/*
 * The window, in host addresses: aligned, as large as the switch or the folio
 * says, and no larger than the VMA, the slot, the host's table of pages and
 * ours, each around the page of the fault.
 */
static void find_window(const struct s2_around *a, unsigned long *start,
			unsigned long *end)
{
	unsigned long size = max(s2_switches.fault_around, a->folio);
	unsigned long slot = a->slot->userspace_addr;
	/* So far from the page our table begins and ends. */
	unsigned long span = s2_table_span(S2_LAST_LEVEL);
	unsigned long before = a->ipa & (span - 1);

	size = min(size, PMD_SIZE);
	*start = ALIGN_DOWN(a->hva, size);
	*end = *start + size;
	*start = max3(*start, a->vma_start, a->hva - min(a->hva, before));
	*end = min3(*end, a->vma_end, a->hva + (span - before));
	if (s2_inject(a->mmu->s2, AROUND_BEYOND_SLOT))
		return;
	*start = max(*start, slot);
	*end = min(*end, slot + (a->slot->npages << PAGE_SHIFT));
}

/**
 * s2_map_around_fault() - map what the host has beside a page
 * @a:		the fault
 *
 * Context: mmu_lock is held for read, and has been since the fault found that
 * the notifier sequence number had not changed.
 */
void s2_map_around_fault(const struct s2_around *a)
{
	struct s2_op op __uninitialized; /* s2_op_begin() */
	struct s2_host_page pages[CHUNK] __uninitialized;
	unsigned long hva, start, end;
	u64 ipa;
	u32 nr;

	find_window(a, &start, &end);
	if (end - start == PAGE_SIZE)
		return;

	ipa = a->ipa - (a->hva - start);
	s2_op_begin(&op, a->mmu, S2_OP_AROUND, S2_REASON_FAULT, ipa,
		    ipa + (end - start), S2_LOCK_READ, false);
	for (hva = start; hva < end; hva += (u64)nr << PAGE_SHIFT) {
		nr = min((end - hva) >> PAGE_SHIFT, CHUNK);
		look_at_host(a, hva, pages, nr);
		s2_map_absent(&op, ipa + (hva - start), pages, nr);
	}
	s2_op_end(&op, 0);
}
