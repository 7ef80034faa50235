// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest aborts on their way, and the memslots they find their pages in.
 */
#include <errno.h>
#include <stdlib.h>

#include "apply.h"

/* vCPU ids from here on are nonsense (KVM_MAX_VCPUS is 512). */
#define MOST_VCPUS 4096

int apply_fault_begin(struct step *s)
{
	const struct event *e = s->e;
	struct flight *f = mmu_flight(s->mmu, e->pid);
	struct mmu *mmu = s->mmu;
	size_t i;

	if (e->s2_fault_begin.notifier_seq > mmu->seq_floor) {
		mmu->seq_floor = e->s2_fault_begin.notifier_seq;
		mmu->seq_bump = false;
	}
	for (i = 0; !f && i < mmu->nr_flights; i++)
		if (!mmu->flight[i].used)
			f = &mmu->flight[i];
	if (!f) {
		if (make_room((void **)&mmu->flight, &mmu->room_flights,
			      mmu->nr_flights, sizeof(*mmu->flight)))
			return -ENOMEM;
		f = &mmu->flight[mmu->nr_flights++];
	}
	*f = (struct flight){
		.used = true,
		.vcpu = e->s2_fault_begin.vcpu,
		.pid = e->pid,
		.kind = e->s2_fault_begin.kind,
		.write = e->s2_fault_begin.write,
		.exec = e->s2_fault_begin.exec,
		.ipa = e->s2_fault_begin.ipa,
		.notifier_seq = e->s2_fault_begin.notifier_seq,
		.begun = origin_of(e),
	};
	return 0;
}

/** apply_fault_leaf() - a leaf was set; if that was for a fault, it knows */
int apply_fault_leaf(struct step *s)
{
	struct flight *f;

	if (s->op->kind != S2_OP_MAP && s->op->kind != S2_OP_MKYOUNG)
		return 0;
	f = mmu_flight(s->mmu, s->op->pid);
	if (!f)
		return 0;
	f->changed = true;
	f->made = !(s->e->s2_set.old & PTE_VALID);
	f->writes |= s->e->s2_set.new & ~s->e->s2_set.old & PTE_WRITE;
	f->floor = s->mmu->seq_floor + s->mmu->seq_bump;
	f->mapped = s->op->notifier_seq;
	f->leaf = s->op->leaf;
	return 0;
}

static struct stall *stall_of(struct mmu *mmu, int32_t vcpu)
{
	if (vcpu < 0 || vcpu >= MOST_VCPUS)
		return NULL;
	while ((size_t)vcpu >= mmu->nr_stalls)
		if (make_room((void **)&mmu->stall, &mmu->nr_stalls,
			      mmu->nr_stalls, sizeof(*mmu->stall)))
			return NULL;
	return &mmu->stall[vcpu];
}

/*
 * The guest goes on and will fault again, for nothing has changed. A device
 * that the kernel emulates looks likewise, but lies in no memslot and has no
 * host page.
 */
static bool got_nowhere(const struct step *s, const struct flight *f)
{
	return s->e->s2_fault_end.result == 1 && !f->changed &&
	       f->kind != S2_FAULT_PREFAULT &&
	       (s->e->s2_fault_end.pfn ||
		slots_at(&s->mmu->slots, s->e->s2_fault_end.ipa));
}

int apply_fault_end(struct step *s)
{
	struct flight *f = mmu_flight(s->mmu, s->e->pid);
	struct mmu *mmu = s->mmu;
	struct stall *stall;

	if (!f)
		return 0;
	f->used = false;
	while (mmu->nr_flights && !mmu->flight[mmu->nr_flights - 1].used)
		mmu->nr_flights--;
	stall = stall_of(mmu, s->e->s2_fault_end.vcpu);
	if (!stall)
		return 0;
	if (!got_nowhere(s, f) || stall->ipa != f->ipa ||
	    stall->changes != mmu->changes) {
		*stall = (struct stall){
			.ipa = f->ipa,
			.changes = mmu->changes,
			.first = f->begun,
		};
	}
	stall->faults += got_nowhere(s, f);
	return 0;
}

static int put_slot(struct step *s)
{
	const struct event *e = s->e;
	const unsigned int shift = s->mmu->page_shift;
	const struct slot new = {
		.start = e->s2_memslot.base_gfn << shift,
		.end = (e->s2_memslot.base_gfn + e->s2_memslot.npages) << shift,
		.hva = e->s2_memslot.hva,
		.flags = e->s2_memslot.flags,
		.id = e->s2_memslot.slot,
	};

	return slots_put(&s->mmu->slots, &new);
}

int apply_memslot(struct step *s)
{
	switch (s->e->s2_memslot.change) {
	case S2_MEMSLOT_DELETE:
		slots_remove(&s->mmu->slots, s->e->s2_memslot.slot);
		return 0;
	case S2_MEMSLOT_REFUSED:
		return 0;
	}
	return put_slot(s);
}
