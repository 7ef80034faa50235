// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest aborted at stage 2: find the host page behind the IPA and map it,
 * or hand the access on. Or user space asks ahead (KVM_PRE_FAULT_MEMORY).
 *
 * In the order of things: what does the guest want (kvm_handle_guest_abort()),
 * what does the memslot offer (look_at_vma()), which host page is it
 * (find_page()), what may the guest do with it (choose_prot()), is all that
 * still so (install(), under mmu_lock, SEQ), and in the end everything that
 * was taken is put (PIN): handle_memory() has one way out.
 */
#include <linux/hugetlb.h>
#include <linux/mman.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_nested.h>
#include <asm/kvm_ras.h>
#include <asm/mte.h>

#include "around.h"
#include "count.h"
#include "hostpt.h"
#include "seam.h"
#include "stat.h"
#include "trace.h"

/**
 * struct s2_fault - one abort on its way to a mapping
 * @vcpu:	who faulted
 * @mmu:	in which tables
 * @slot:	the memslot that covers @gpa
 * @nested:	the guest hypervisor's translation, for a shadow MMU, or NULL
 * @ipa:	where the tables lack something; start of the page, then of the
 *		block that will be mapped
 * @gpa:	the same place in the VM's own IPA space; differs from @ipa for
 *		shadow MMUs only
 * @hva:	the host address behind @gpa
 * @kind:	what the hardware says was wrong, or that nobody faulted
 * @write:	the guest wanted to write
 * @exec:	the guest wanted to execute
 * @logging:	writes to the slot are logged: no blocks, write only on write
 * @size:	size of the leaf to be mapped
 * @seq:	notifier sequence number from before the host page was looked up
 * @pfn:	the host page, of which we hold a reference
 * @prot:	what the leaf will say
 * @host_size:	size of the host's own mapping, 0 if it was not looked at
 * @page_seq:	notifier sequence number once the host page was found
 * @vma_start:	first address of the VMA
 * @vma_end:	first address behind it
 * @refs_taken:	references taken on host pages
 * @refs_put:	and put
 * @force_page:	@size must not grow any more
 * @mte_allowed: the VMA's memory has tags
 * @uncached:	the VMA lets the guest choose Normal Non-cacheable
 * @writable:	it may be written to
 * @device:	it is no memory
 * @sought:	the host page was looked for
 * @file:	the VMA maps a file, or what is like one
 * @faulted_in:	the host had no page until then
 * @dirty:	the page was marked dirty in the slot's log
 */
struct s2_fault {
	struct kvm_vcpu		*vcpu;
	struct kvm_s2_mmu	*mmu;
	struct kvm_memory_slot	*slot;
	struct kvm_s2_trans	*nested;
	u64			ipa;
	u64			gpa;
	unsigned long		hva;
	enum s2_fault_kind	kind;
	bool			write;
	bool			exec;
	bool			logging;
	/* What is found out on the way. */
	u64			size;
	unsigned long		seq;
	kvm_pfn_t		pfn;
	u64			prot;
	u64			host_size;
	u64			page_seq;
	unsigned long		vma_start;
	unsigned long		vma_end;
	s32			refs_taken;
	s32			refs_put;
	bool			force_page;
	bool			mte_allowed;
	bool			uncached;
	bool			writable;
	bool			device;
	bool			sought;
	bool			file;
	bool			faulted_in;
	bool			dirty;
};

/* By hand: an initializer would be a call of memset(), for each fault. */
static void fault_init(struct s2_fault *f, struct kvm_vcpu *vcpu, u64 ipa,
		       enum s2_fault_kind kind)
{
	f->vcpu = vcpu;
	f->mmu = vcpu->arch.hw_mmu;
	f->slot = NULL;
	f->nested = NULL;
	f->ipa = ipa;
	f->gpa = ipa;
	f->hva = 0;
	f->kind = kind;
	f->write = false;
	f->exec = false;
	f->logging = false;
	f->size = 0;
	f->seq = 0;
	f->pfn = 0;
	f->prot = 0;
	f->host_size = 0;
	f->page_seq = 0;
	f->vma_start = 0;
	f->vma_end = 0;
	f->refs_taken = 0;
	f->refs_put = 0;
	f->force_page = false;
	f->mte_allowed = false;
	f->uncached = false;
	f->writable = false;
	f->device = false;
	f->sought = false;
	f->file = false;
	f->faulted_in = false;
	f->dirty = false;
}

/*
 * Can a leaf of this size cover the place that faulted? The slot must be
 * congruent, or IPA, host address and page do not advance together:
 *
 *	host	|     a a a a|b b b b b|
 *	guest	|  a a a a b|b b b b   |
 *
 * and it must contain the whole leaf, or the guest gets what lies beside it.
 */
static bool leaf_fits(const struct s2_fault *f, u64 size)
{
	const struct kvm_memory_slot *slot = f->slot;
	u64 start = slot->userspace_addr;
	u64 first = ALIGN_DOWN((u64)f->hva, size);

	if (s2_inject(f->mmu->s2, BLOCK_WITHOUT_FIT))
		return true;
	if ((s2_slot_start(slot) ^ start) & (size - 1))
		return false;

	return first >= start &&
	       first + size <= start + (slot->npages << PAGE_SHIFT);
}

/* The largest leaf that fits, at most @limit. */
static u64 largest_leaf(const struct s2_fault *f, u64 limit)
{
	s32 level = f->mmu->s2->geo.min_block_level;
	u64 size;

	if (level < f->mmu->s2->geo.start_level)
		level = f->mmu->s2->geo.start_level;

	for (; level < S2_LAST_LEVEL; level++) {
		size = s2_level_size(level);
		if (size <= limit && leaf_fits(f, size))
			return size;
	}
	return PAGE_SIZE;
}

static s32 level_of_size(u64 size)
{
	s32 level = S2_LAST_LEVEL;

	while (s2_level_size(level) < size)
		level--;
	return level;
}

/*
 * A shadow leaf may be no larger than what the guest hypervisor mapped: its
 * neighbour may go elsewhere, and its TLBI would not reach ours.
 */
static void limit_to_nested(struct s2_fault *f)
{
	u64 limit = kvm_s2_trans_size(f->nested);

	while (f->size > limit && f->size > PAGE_SIZE)
		f->size = s2_level_size(level_of_size(f->size) + 1);
	if (limit < s2_level_size(S2_LAST_LEVEL - 1))
		f->force_page = true;
}

/* The host has pages of a size that no leaf has: the contiguous ones. */
static bool has_odd_pages(const struct s2_fault *f)
{
	return f->host_size != s2_level_size(level_of_size(f->host_size));
}

/*
 * What the VMA tells: the size of its pages, and what they are. Also samples
 * the notifier sequence, before the VMA can change: the read is ordered by
 * the mmap lock's release, which pairs with kvm_mmu_invalidate_end() (U65).
 */
static int look_at_vma(struct s2_fault *f)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, f->hva);
	if (!vma) {
		mmap_read_unlock(mm);
		return -EFAULT;
	}

	f->size = PAGE_SIZE;
	f->force_page = f->logging &&
			!s2_inject(f->mmu->s2, BLOCK_WHILE_LOGGING);
	if (is_vm_hugetlb_page(vma))
		f->host_size = huge_page_size(hstate_vma(vma));
	if (f->host_size && has_odd_pages(f) &&
	    s2_inject(f->mmu->s2, ODD_HUGETLB_REFUSED)) {
		mmap_read_unlock(mm);
		return -EFAULT;
	}
	if (f->host_size && !f->force_page) {
		f->size = largest_leaf(f, f->host_size);
		/* Its pages are as large as they will ever get (U24). */
		f->force_page = f->size == PAGE_SIZE;
	}

	f->vma_start = vma->vm_start;
	f->vma_end = vma->vm_end;
	f->file = !vma_is_anonymous(vma);
	f->mte_allowed = vma->vm_flags & VM_MTE_ALLOWED;
	f->uncached = vma->vm_flags & VM_ALLOW_ANY_UNCACHED;
	f->seq = f->vcpu->kvm->mmu_invalidate_seq;
	mmap_read_unlock(mm);

	if (f->nested)
		limit_to_nested(f);
	f->ipa = ALIGN_DOWN(f->ipa, f->size);
	f->gpa = ALIGN_DOWN(f->gpa, f->size);
	return 0;
}

/* Takes a reference on the host page. */
static int find_page(struct s2_fault *f)
{
	bool interruptible = f->kind == S2_FAULT_PREFAULT;
	unsigned long host_faults = current->min_flt + current->maj_flt;

	f->sought = true;
	f->pfn = __gfn_to_pfn_memslot(f->slot, f->gpa >> PAGE_SHIFT, false,
				      interruptible, NULL, f->write,
				      &f->writable, NULL);
	if (is_sigpending_pfn(f->pfn))
		return -EINTR;
	if (f->pfn == KVM_PFN_ERR_HWPOISON)
		return -EHWPOISON;
	if (is_error_noslot_pfn(f->pfn))
		return -EFAULT;

	f->faulted_in = current->min_flt + current->maj_flt != host_faults;
	f->refs_taken++;
	f->page_seq = READ_ONCE(f->vcpu->kvm->mmu_invalidate_seq);
	f->device = !pfn_is_map_memory(f->pfn) &&
		    !s2_inject(f->mmu->s2, DEVICE_AS_MEMORY);
	if (f->device)
		f->force_page = true;
	/* The first write has to come by here. */
	else if (f->logging && !f->write)
		f->writable = false;

	if (s2_inject(f->mmu->s2, SEQ_SAMPLED_LATE)) {
		s2_inject_delay(3);
		f->seq = READ_ONCE(f->vcpu->kvm->mmu_invalidate_seq);
	}

	return f->exec && f->device ? -ENOEXEC : 0;
}

static void choose_prot(struct s2_fault *f)
{
	bool readable = true, executable = true;

	if (f->nested) {
		f->writable &= kvm_s2_trans_writable(f->nested);
		readable = kvm_s2_trans_readable(f->nested);
		executable = kvm_s2_trans_executable(f->nested);
		/* The span of the guest's own leaf, for its TLBIs. */
		f->prot |= kvm_encode_nested_level(f->nested) & S2_PTE_SW;
	}

	if (readable)
		f->prot |= S2_PROT_R;
	if (f->writable)
		f->prot |= S2_PROT_W;

	/*
	 * Without coherent instruction caches a page becomes executable when
	 * the guest executes it, for then they have to be invalidated.
	 */
	if (f->device)
		f->prot |= f->uncached ? S2_PROT_NC : S2_PROT_DEVICE;
	else if (f->exec ||
		 (executable && cpus_have_final_cap(ARM64_HAS_CACHE_DIC)))
		f->prot |= S2_PROT_X;

	/*
	 * Nobody accessed it yet. Without help of the hardware the guest's
	 * first access would fault to say so: that is what it was asked to be
	 * spared.
	 */
	if (f->kind == S2_FAULT_PREFAULT && f->mmu->s2->geo.hw_af)
		f->prot |= S2_PROT_OLD;
}

/**
 * s2_host_leaf_size() - how large is the host's own mapping?
 * @mm:		of the host's process
 * @hva:	an address in it
 *
 * Context: mmu_lock; see s2_host_walk().
 *
 * Return: bytes, 0 if the mapping is gone.
 */
u64 s2_host_leaf_size(struct mm_struct *mm, unsigned long hva)
{
	unsigned long flags;
	pte_t *ptep;
	u64 size;

	local_irq_save(flags);
	size = s2_host_walk(mm, hva, &ptep);
	local_irq_restore(flags);
	return size;
}

/*
 * A transparent huge page shows only in the host's tables. Moves the place
 * to the start of the block, and the host page with it.
 *
 * What the hardware said of the leaf that denied an access is of no use here:
 * by the time the notifier sequence was sampled the block may have gone, and
 * the host may have single pages there that do not lie side by side.
 */
static int grow_to_host_leaf(struct s2_fault *f)
{
	u64 size;

	if (f->size > PAGE_SIZE || f->force_page)
		return 0;

	if (!leaf_fits(f, PMD_SIZE))
		return 0;
	size = s2_host_leaf_size(f->vcpu->kvm->mm, f->hva);
	if (!size)
		return -ESTALE;
	f->host_size = size;
	if (size < PMD_SIZE && !s2_inject(f->mmu->s2, BLOCK_OVER_PAGES))
		return 0;

	f->size = PMD_SIZE;
	f->ipa = ALIGN_DOWN(f->ipa, PMD_SIZE);
	f->pfn = ALIGN_DOWN(f->pfn, PMD_SIZE >> PAGE_SHIFT);
	return 0;
}

/* The guest can read the tags of its memory: they must not be the host's. */
static int clear_tags(struct s2_fault *f)
{
	struct page *page;
	u64 i;

	if (f->device || f->kind == S2_FAULT_PERMISSION ||
	    !kvm_has_mte(f->vcpu->kvm))
		return 0;
	if (!f->mte_allowed)
		return -EFAULT;

	page = pfn_to_page(f->pfn);
	for (i = 0; i < f->size >> PAGE_SHIFT; i++, page++) {
		if (try_page_mte_tagging(page)) {
			mte_clear_page_tags(page_address(page));
			set_page_mte_tagged(page);
		}
	}
	return 0;
}

static enum s2_reason map_reason(const struct s2_fault *f)
{
	switch (f->kind) {
	case S2_FAULT_PERMISSION:
		return S2_REASON_PERMISSION;
	case S2_FAULT_PREFAULT:
		return S2_REASON_PREFAULT;
	default:
		return S2_REASON_FAULT;
	}
}

/*
 * Under mmu_lock. -EAGAIN: the tables say as much already. -ESTALE: the host
 * changed since we looked.
 */
static int map_locked(struct s2_fault *f, enum s2_lock lock)
{
	struct kvm_mmu_memory_cache *mc = &f->vcpu->arch.mmu_page_cache;
	bool permission = f->kind == S2_FAULT_PERMISSION;
	struct s2_op op __uninitialized; /* s2_op_begin() */
	s32 level;
	u64 pa;
	int ret;

	if (!f->mmu->pgt)
		return -EFAULT;
	if (mmu_invalidate_retry(f->vcpu->kvm, f->seq))
		return -ESTALE;

	ret = grow_to_host_leaf(f);
	if (!ret)
		ret = clear_tags(f);
	if (ret)
		return ret;

	pa = __pfn_to_phys(f->pfn);
	level = level_of_size(f->size);
	/* To be read only: what lies beside is not the guest's. */
	if (f->size == PAGE_SIZE && s2_inject(f->mmu->s2, PAGE_BESIDE)) {
		pa ^= PAGE_SIZE;
		f->prot &= ~(S2_PROT_W | S2_PROT_X);
	}
	s2_op_begin(&op, f->mmu, S2_OP_MAP, map_reason(f), f->ipa,
		    f->ipa + f->size, lock, false);
	ret = s2_map(&op, f->ipa, pa, level, f->prot, mc);
	/* Whoever granted it: the denial is still in this CPU's TLB (U77). */
	if (permission && (!ret || (ret == -EAGAIN &&
				    !s2_inject(f->mmu->s2, NO_LOCAL_FLUSH_ON_RACE))))
		s2_flush_local(&op, f->ipa, ret ? S2_LEVEL_ANY : level);
	return s2_op_end(&op, ret);
}

/* Not every frame of memory has a page to itself, or one at all. */
static unsigned long folio_bytes(kvm_pfn_t pfn)
{
	return pfn_valid(pfn) ? folio_size(page_folio(pfn_to_page(pfn))) : 0;
}

/*
 * Are there likely to be pages beside it? Where the host had the page already
 * there are; where it got it now, only if a folio came, or if a read of a file
 * brought what the page cache has (the host's own fault-around).
 */
static bool has_neighbours(const struct s2_fault *f, unsigned long folio)
{
	return !f->faulted_in || folio > PAGE_SIZE || (f->file && !f->write);
}

static noinline void map_beside(const struct s2_fault *f)
{
	unsigned long folio = folio_bytes(f->pfn);
	const struct s2_around around = {
		.kvm = f->vcpu->kvm,
		.mmu = f->mmu,
		.slot = f->slot,
		.ipa = f->ipa,
		.hva = ALIGN_DOWN(f->hva, PAGE_SIZE),
		.vma_start = f->vma_start,
		.vma_end = f->vma_end,
		.folio = folio,
	};

	if (has_neighbours(f, folio))
		s2_map_around_fault(&around);
}

/* A page was mapped that was not there. Under mmu_lock, held since. */
static void map_around(const struct s2_fault *f)
{
	if (s2_around_wanted(f->vcpu->kvm, f->mmu) &&
	    f->kind == S2_FAULT_TRANSLATION && f->size == PAGE_SIZE &&
	    !f->device &&
	    (!f->logging || s2_inject(f->mmu->s2, AROUND_WHILE_LOGGING)))
		map_beside(f);
}

/*
 * Most faults only add, and do so side by side. What replaces a valid entry
 * (a block by a table when logging has begun, a table by a block when it has
 * ended) is done alone; everything is checked anew then.
 */
static int install(struct s2_fault *f)
{
	struct kvm *kvm = f->vcpu->kvm;
	int ret;

	read_lock(&kvm->mmu_lock);
	ret = map_locked(f, S2_LOCK_READ);
	if (!ret)
		map_around(f);
	read_unlock(&kvm->mmu_lock);
	if (ret != -EBUSY)
		return ret;

	write_lock(&kvm->mmu_lock);
	ret = map_locked(f, S2_LOCK_WRITE);
	write_unlock(&kvm->mmu_lock);
	return ret;
}

static void poisoned(struct s2_fault *f)
{
	send_sig_mceerr(BUS_MCEERR_AR, (void __user *)f->hva,
			f->size > PAGE_SIZE ? ilog2(f->size) : PAGE_SHIFT,
			current);
}

static void mark_dirty(struct s2_fault *f)
{
	if (s2_inject(f->mmu->s2, DIRTY_NOT_MARKED))
		return;

	mark_page_dirty_in_slot(f->vcpu->kvm, f->slot, f->gpa >> PAGE_SHIFT);
	f->dirty = true;
}

/* Tells the host what became of its page, and gives back the reference. */
static void put_page_of(struct s2_fault *f, bool dirty)
{
	if (s2_inject(f->mmu->s2, FAULT_KEEPS_PAGE)) {
		if (dirty)
			kvm_set_pfn_dirty(f->pfn);
		return;
	}

	if (dirty)
		kvm_release_pfn_dirty(f->pfn);
	else
		kvm_release_pfn_clean(f->pfn);
	f->refs_put++;
}

/* Resolves a fault on memory. 0: it is mapped; -ESTALE: all over again. */
static int handle_memory(struct s2_fault *f)
{
	struct kvm_mmu_memory_cache *mc = &f->vcpu->arch.mmu_page_cache;
	struct s2_ctx *ctx = f->mmu->s2;
	int ret;

	/* Every valid leaf of ours can be read, unless the guest forbade it. */
	if (f->kind == S2_FAULT_PERMISSION && !f->write && !f->exec &&
	    !f->nested)
		return -EFAULT;

	ret = s2_inject(ctx, CACHE_NOT_FILLED) ? 0 :
	      s2_cache_fill(ctx, mc, s2_cache_pages(ctx));
	if (ret)
		return ret;
	ret = look_at_vma(f);
	if (ret)
		return ret;

	ret = find_page(f);
	if (!f->refs_taken)
		return ret;

	if (!ret) {
		choose_prot(f);
		ret = install(f);
	}

	/* It is dirty once the guest can write, and only then (U31, DIRTY). */
	if (!ret && f->writable)
		mark_dirty(f);
	put_page_of(f, !ret && f->writable);
	return ret == -EAGAIN ? 0 : ret;
}

/* The leaf is there but old: it is young again. */
static void handle_access_flag(struct s2_fault *f)
{
	struct s2_op op __uninitialized; /* s2_op_begin() */
	struct kvm *kvm = f->vcpu->kvm;
	u64 pte = 0;

	trace_kvm_access_fault(f->ipa);

	read_lock(&kvm->mmu_lock);
	if (f->mmu->pgt) {
		s2_op_begin(&op, f->mmu, S2_OP_MKYOUNG, S2_REASON_ACCESS_FLAG,
			    f->ipa, f->ipa + PAGE_SIZE, S2_LOCK_READ, false);
		pte = s2_mkyoung(&op, f->ipa);
		s2_op_end(&op, 0);
		if (pte)
			pte = s2_pte_pa(&f->mmu->s2->geo, pte);
	}
	read_unlock(&kvm->mmu_lock);

	if (pte)
		kvm_set_pfn_accessed(__phys_to_pfn(pte));
}

/*
 * There is no memory for this access: a device that user space emulates, or
 * a mistake of the guest's. Returns as kvm_handle_guest_abort().
 */
static int handle_no_memory(struct s2_fault *f)
{
	struct kvm_vcpu *vcpu = f->vcpu;

	/* Code that lies nowhere: nothing user space could emulate. */
	if (kvm_vcpu_trap_is_iabt(vcpu))
		return -ENOEXEC;

	/* Page tables that lie nowhere. */
	if (kvm_vcpu_abt_iss1tw(vcpu)) {
		kvm_inject_dabt(vcpu, kvm_vcpu_get_hfar(vcpu));
		return 1;
	}

	/*
	 * Cache maintenance of something that is not cached has no effect, so
	 * skip the instruction.
	 */
	if (kvm_is_error_hva(f->hva) && kvm_vcpu_dabt_is_cm(vcpu)) {
		kvm_incr_pc(vcpu);
		return 1;
	}

	/* HPFAR gives the page, FAR the 4K offset in it. */
	return io_mem_abort(vcpu, f->gpa |
			    (kvm_vcpu_get_hfar(vcpu) & GENMASK(11, 0)));
}

/*
 * For a guest of the guest: ask the guest hypervisor's tables what it meant.
 * Returns 0, or 1 if the fault is the guest hypervisor's to handle.
 */
static int translate_nested(struct s2_fault *f, struct kvm_s2_trans *trans)
{
	int ret;

	if (!kvm_is_nested_s2_mmu(f->vcpu->kvm, f->mmu) ||
	    !f->mmu->nested_stage2_enabled)
		return 0;

	ret = kvm_walk_nested_s2(f->vcpu, f->ipa, trans);
	if (!ret)
		ret = kvm_s2_handle_perm_fault(f->vcpu, trans);
	if (ret) {
		kvm_inject_s2_fault(f->vcpu, kvm_s2_trans_esr(trans));
		return 1;
	}

	f->gpa = kvm_s2_trans_output(trans);
	f->nested = trans;
	return 0;
}

/* In the SRCU section. Returns as kvm_handle_guest_abort(), or -ENOEXEC. */
static int resolve(struct s2_fault *f)
{
	struct kvm_vcpu *vcpu = f->vcpu;
	struct kvm_s2_trans trans;
	bool slot_writable;
	gfn_t gfn;
	int ret;

	ret = translate_nested(f, &trans);
	if (ret)
		return ret;

	gfn = f->gpa >> PAGE_SHIFT;
	f->slot = gfn_to_memslot(vcpu->kvm, gfn);
	f->hva = gfn_to_hva_memslot_prot(f->slot, gfn, &slot_writable);
	if (kvm_is_error_hva(f->hva) || (f->write && !slot_writable))
		return handle_no_memory(f);

	/* prepare_memory_region() lets no slot reach beyond the IPA space. */
	if (WARN_ON_ONCE(f->ipa >= s2_ipa_limit(&f->mmu->s2->geo)))
		return -EFAULT;

	if (f->kind == S2_FAULT_ACCESS) {
		handle_access_flag(f);
		return 1;
	}

	f->ipa = ALIGN_DOWN(f->ipa, PAGE_SIZE);
	f->gpa = ALIGN_DOWN(f->gpa, PAGE_SIZE);
	f->logging = s2_slot_logs(f->slot);

	ret = handle_memory(f);
	if (ret == -EHWPOISON) {
		poisoned(f);
		return 1;
	}
	/* What came in between, the guest finds out by trying again. */
	return !ret || ret == -ESTALE ? 1 : ret;
}

static enum s2_fault_kind fault_kind(u64 esr)
{
	if (esr_fsc_is_translation_fault(esr))
		return S2_FAULT_TRANSLATION;
	if (esr_fsc_is_permission_fault(esr))
		return S2_FAULT_PERMISSION;
	if (esr_fsc_is_access_flag_fault(esr))
		return S2_FAULT_ACCESS;
	return S2_FAULT_OTHER;
}

/*
 * An IPA that the tables cannot express is the guest's mistake. Returns true
 * if it was told so.
 */
static bool beyond_ipa_space(struct kvm_vcpu *vcpu, u64 ipa)
{
	if (ipa >= BIT_ULL(get_kvm_ipa_limit())) {
		kvm_inject_size_fault(vcpu);
		return true;
	}
	if (ipa < BIT_ULL(vcpu->arch.hw_mmu->pgt->ia_bits))
		return false;

	ipa |= kvm_vcpu_get_hfar(vcpu) & GENMASK(11, 0);
	if (kvm_vcpu_trap_is_iabt(vcpu))
		kvm_inject_pabt(vcpu, ipa);
	else
		kvm_inject_dabt(vcpu, ipa);
	return true;
}

/* The notifier count is read first: it must not be newer than the event. */
static void fault_begins(struct s2_fault *f)
{
	u64 notifier_seq = s2_port_notifier_seq(f->mmu);

	s2_stat_fault(f->mmu, f->kind);
	s2_count_fault_begin(f->mmu->s2, f->kind);
	s2_emit(s2_fault_begin, f->mmu->s2, f->vcpu->vcpu_id, f->ipa, f->kind,
		f->write, f->exec, notifier_seq);
}

/*
 * What the event tells of the host page. Whether it is a device is asked again:
 * what the mapping was made of may be what is wrong.
 */
static s32 page_facts(const struct s2_fault *f)
{
	s32 facts = f->host_size ? ilog2(f->host_size) << 8 : 0;

	facts |= (u32)f->sought << S2_PAGE_SOUGHT;
	if (!f->refs_taken)
		return facts;

	return facts | BIT(S2_PAGE_FOUND) |
	       (u32)!pfn_is_map_memory(f->pfn) << S2_PAGE_DEVICE |
	       (u32)f->uncached << S2_PAGE_UNCACHED |
	       (u32)f->dirty << S2_PAGE_DIRTY;
}

/* In line: nobody listening, these are two static branches and not a call. */
static __always_inline void fault_ends(struct s2_fault *f, u64 ipa, int result)
{
	if (s2_counting())
		s2_count_fault_end(f->mmu->s2, result, f->size ?
				   level_of_size(f->size) : S2_LAST_LEVEL + 1);
	s2_emit(s2_fault_end, f->mmu->s2, f->vcpu->vcpu_id, ipa, result,
		f->refs_taken ? f->pfn : 0, f->size, f->seq, f->refs_taken,
		f->refs_put, page_facts(f), f->page_seq);
}

static int handle_fault(struct s2_fault *f)
{
	struct kvm_vcpu *vcpu = f->vcpu;
	struct kvm *kvm = vcpu->kvm;
	u64 ipa = f->ipa;
	int idx, ret;

	fault_begins(f);
	idx = srcu_read_lock(&kvm->srcu);
	ret = resolve(f);
	if (ret == -ENOEXEC) {
		kvm_inject_pabt(vcpu, kvm_vcpu_get_hfar(vcpu));
		ret = 1;
	}
	srcu_read_unlock(&kvm->srcu, idx);
	fault_ends(f, ipa, ret);
	return ret;
}

/**
 * kvm_handle_guest_abort() - an access of the guest's failed at stage 2
 * @vcpu:	whose
 *
 * Context: the vCPU's thread, preemptible.
 *
 * Return: 1 to go on with the guest, 0 to exit to user space, or an errno.
 */
int kvm_handle_guest_abort(struct kvm_vcpu *vcpu)
{
	struct s2_fault f __uninitialized; /* fault_init() */
	u64 esr = kvm_vcpu_get_esr(vcpu);

	fault_init(&f, vcpu, kvm_vcpu_get_fault_ipa(vcpu), fault_kind(esr));
	if (f.kind == S2_FAULT_TRANSLATION && beyond_ipa_space(vcpu, f.ipa))
		return 1;

	/* An external abort: the host may know of a broken memory page. */
	if (kvm_vcpu_abt_issea(vcpu)) {
		if (kvm_handle_guest_sea(f.ipa, esr))
			kvm_inject_vabt(vcpu);
		return 1;
	}

	trace_kvm_guest_fault(*vcpu_pc(vcpu), esr, kvm_vcpu_get_hfar(vcpu),
			      f.ipa);
	if (f.kind == S2_FAULT_OTHER) {
		s2_stat_fault(f.mmu, f.kind);
		kvm_err("stage-2 fault with status 0x%llx cannot be handled (ESR_EL2 0x%llx)\n",
			esr & ESR_ELx_FSC, esr);
		return -EFAULT;
	}

	f.write = kvm_is_write_fault(vcpu);
	f.exec = kvm_vcpu_trap_is_exec_fault(vcpu);
	if (kvm_vcpu_abt_iss1tw(vcpu) && s2_inject(f.mmu->s2, PTW_COUNTS_AS_WRITE))
		f.write = true;
	return handle_fault(&f);
}

/*
 * One attempt to map what is at @gpa, as for a guest that reads it. Returns
 * 0 and the size of the leaf, -ESTALE if it is worth another attempt, or as
 * kvm_arch_vcpu_pre_fault_memory().
 */
static int prefault(struct kvm_vcpu *vcpu, u64 gpa, u64 *size)
{
	struct s2_fault f __uninitialized; /* fault_init() */
	int ret;

	fault_init(&f, vcpu, gpa, S2_FAULT_PREFAULT);
	f.slot = gfn_to_memslot(vcpu->kvm, gpa >> PAGE_SHIFT);
	if (!f.slot)
		return -ENOENT;
	/* Being deleted or moved, which waits for us to leave. */
	if (f.slot->flags & KVM_MEMSLOT_INVALID)
		return -EAGAIN;

	fault_begins(&f);
	f.hva = gfn_to_hva_memslot_prot(f.slot, gpa >> PAGE_SHIFT, NULL);
	f.logging = s2_slot_logs(f.slot);
	ret = handle_memory(&f);
	fault_ends(&f, gpa, ret == -ESTALE ? -EAGAIN : ret ? ret : 1);
	*size = f.size;
	return ret;
}

/**
 * kvm_arch_vcpu_pre_fault_memory() - map some of a range before it is used
 * @vcpu:	whose tables
 * @range:	page-aligned, not empty
 *
 * Maps one page or block, as if the guest read at the start of the range: no
 * copy on write is broken, and what may only be read stays so. The leaf counts
 * as not accessed where the hardware will set its access flag.
 *
 * Context: the vCPU's thread, vCPU loaded, kvm->srcu held. May sleep.
 *
 * Return: how many bytes of @range are mapped now, never 0; -ENOENT if no
 * memslot is there; -EAGAIN if it is just being deleted or moved; -EINTR;
 * -EFAULT if nothing readable is behind it; -EHWPOISON; -ENOMEM; -EOPNOTSUPP
 * while the vCPU runs a nested guest, whose tables go by other addresses.
 */
long kvm_arch_vcpu_pre_fault_memory(struct kvm_vcpu *vcpu,
				    struct kvm_pre_fault_memory *range)
{
	u64 gpa = range->gpa, size;
	int ret;

	if (kvm_is_nested_s2_mmu(vcpu->kvm, vcpu->arch.hw_mmu))
		return -EOPNOTSUPP;

	do {
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = prefault(vcpu, gpa, &size);
	} while (ret == -ESTALE);
	if (ret)
		return ret;

	return min(range->size, ALIGN_DOWN(gpa, size) + size - gpa);
}
