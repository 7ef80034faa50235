// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table pages are taken, filled, linked, unlinked and freed; entries change.
 */
#include <errno.h>
#include <stdlib.h>

#include "apply.h"

#define MOST_AMID 256

/** find_table() - the table page that an event names, if it is the MMU's */
void find_table(struct step *s)
{
	struct mmu *mmu = s->mmu;
	uint64_t pa;

	switch (s->e->type) {
	case EV_s2_table_alloc:
		pa = s->e->s2_table_alloc.table;
		break;
	case EV_s2_table_free:
		pa = s->e->s2_table_free.table;
		break;
	default:
		pa = s->e->s2_set.table;
	}
	if (mmu->last && mmu->last->pa == pa) {
		s->table = mmu->last;
		return;
	}
	s->table = map_get(&s->r->table, pa);
	if (s->table && s->table->mmu != mmu)
		s->table = NULL;
	if (s->table)
		mmu->last = s->table;
}

/* Is the entry the one that the table's place says it is? */
static bool entry_is_sane(const struct step *s)
{
	const struct table *t = s->table;
	int32_t index = s->e->s2_set.index, level = s->e->s2_set.level;

	return level == t->level && index >= 0 && (uint32_t)index < t->nr &&
	       s->e->s2_set.ipa ==
		       t->ipa + ((uint64_t)index
				 << s->mmu->shift[level - LEVEL_MIN]);
}

/* Did the event find what the one before left? The hardware may make young. */
static bool entry_fits(const struct step *s)
{
	uint64_t old = s->e->s2_set.old;
	uint32_t was = word_of(old, s->table->level);
	const struct table *child;

	if ((was ^ s->told) & (ENT_COUNTED | ENT_VALID))
		return false;
	if (!(was & ENT_TABLE))
		return !((was ^ s->told) & ~(ENT_YOUNG | ENT_UNSURE));
	child = table_child(&s->r->pool, s->table, s->told);
	return !child || child->pa == mmu_link_pa(s->mmu, old);
}

/** find_entry() - the table, the entry and what was known of it */
void find_entry(struct step *s)
{
	uint64_t new = s->e->s2_set.new;

	find_table(s);
	if (!s->table)
		return;
	s->live = table_reachable(s->table, s->mmu->root);
	s->sane = entry_is_sane(s);
	if (!s->sane)
		return;
	s->index = s->e->s2_set.index;
	s->size = mmu_level_size(s->mmu, s->table->level);
	s->told = s->table->word[s->index];
	s->fits = entry_fits(s);
	if (pte_is_table(new, s->table->level)) {
		s->child = map_get(&s->r->table, mmu_link_pa(s->mmu, new));
		if (s->child && s->child->mmu != s->mmu)
			s->child = NULL;
	}
}

/* It would be a root, or above one, or not where a table can begin. */
static bool table_is_possible(const struct step *s)
{
	int32_t level = s->e->s2_table_alloc.level;
	uint64_t ipa = s->e->s2_table_alloc.ipa;

	return mmu_level_valid(s->mmu, level) && level > s->mmu->start_level &&
	       ipa < s->mmu->limit &&
	       !(ipa & (mmu_level_size(s->mmu, level - 1) - 1));
}

int apply_table_alloc(struct step *s)
{
	const struct event *e = s->e;
	struct table *t = map_get(&s->r->table, e->s2_table_alloc.table);
	struct mmu *mmu = s->mmu;

	if (t)
		mmu_drop_table(s->r, t);
	s->table = NULL;
	mmu->taken++;
	if (s->op)
		s->op->taken++;
	if (!table_is_possible(s))
		return 0;
	t = table_new(&s->r->pool, e->s2_table_alloc.table,
		      e->s2_table_alloc.level, e->s2_table_alloc.ipa,
		      1u << (mmu->page_shift - 3));
	if (!t)
		return s->r->pool.most && s->r->pool.live >= s->r->pool.most ?
			       -E2BIG :
			       -ENOMEM;
	t->mmu = mmu;
	t->span = mmu_level_size(mmu, t->level - 1);
	t->born = origin_of(e);
	mmu->tables++;
	mmu->last = s->table = t;
	return map_set(&s->r->table, t->pa, t);
}

int apply_table_free(struct step *s)
{
	struct table *t = s->table;

	s->mmu->freed++;
	if (s->op && t && t->state == TABLE_NEW)
		s->op->taken--;
	if (t)
		mmu_drop_table(s->r, t);
	s->table = NULL;
	return 0;
}

/* What a table hung from does not point to it any more. */
static int unlink_child(struct step *s, struct table *child)
{
	struct table *top = s->table;

	while (top->parent)
		top = top->parent;
	child->parent = NULL;
	child->gone = origin_of(s->e);
	if (debts_unlink(&s->mmu->debts, child))
		return -ENOMEM;
	/* Below what walkers cannot reach, it is as well flushed as that. */
	if (!s->mmu->has_vmid ||
	    (!s->live && (top->flushed || top->state == TABLE_NEW)))
		child->flushed = true;
	return 0;
}

/* Only what was taken for this very place becomes a part of the tree. */
static bool child_belongs(const struct step *s, const struct table *child)
{
	return child->state != TABLE_LINKED &&
	       child->level == s->table->level + 1 &&
	       child->ipa == s->e->s2_set.ipa;
}

/* The word that the entry has now. */
static uint32_t link_child(struct step *s, uint64_t new)
{
	struct table *child = s->child;

	if (!pte_is_table(new, s->table->level) || !child ||
	    !child_belongs(s, child))
		return word_of(new, s->table->level);
	if (child->state == TABLE_UNLINKED)
		debts_bury(&s->mmu->debts, child);
	child->state = TABLE_LINKED;
	child->parent = s->table;
	/* A block gave way to a table that maps the same: nothing to clean. */
	if (s->op && s->op->broken.ipa == child->ipa &&
	    s->op->broken.level == s->table->level && child->counted) {
		struct span l =
			mmu_leaf_lines(s->mmu, s->op->broken.pte, s->size);

		spans_cut(&s->op->lines, l.start, l.end);
	}
	return word_link(child);
}

static struct swap *find_swap(struct mmu *mmu, const struct step *s)
{
	for (size_t i = 0; i < mmu->nr_swaps; i++)
		if (mmu->swap[i].table == s->table &&
		    mmu->swap[i].index == s->index)
			return &mmu->swap[i];
	return NULL;
}

/* But for the access flag, which is not the tables' alone. */
static bool same_word(uint32_t a, uint32_t b)
{
	return !((a ^ b) & ~(ENT_YOUNG | ENT_UNSURE));
}

/*
 * The entry was not found as told. With operations side by side the event may
 * have come before the one it follows: then that is yet to come.
 *
 * Returns the word to be kept.
 */
static uint32_t settle_swap(struct step *s, uint32_t word)
{
	uint32_t was = word_of(s->e->s2_set.old, s->table->level);
	struct mmu *mmu = s->mmu;
	struct swap *swap = mmu->nr_swaps ? find_swap(mmu, s) : NULL;

	if (swap && same_word(word, swap->awaits)) {
		/* The one that was missed; it is older than what we have. */
		word = s->told;
		swap->awaits = was;
		if (same_word(was, swap->told)) {
			*swap = mmu->swap[--mmu->nr_swaps];
			word &= ~ENT_UNSURE;
		}
		s->fits = true;
		return word;
	}
	if (s->fits || mmu->nr_ops < 2)
		return word;
	s->fits = true;
	if (swap || make_room((void **)&mmu->swap, &mmu->room_swaps,
			      mmu->nr_swaps, sizeof(*mmu->swap)))
		return word | ENT_UNSURE;
	mmu->swap[mmu->nr_swaps++] = (struct swap){
		.table = s->table,
		.index = s->index,
		.told = s->told,
		.awaits = was,
	};
	return word | ENT_UNSURE;
}

/* The table's own count, to be compared when nothing is under way. */
static int note_count(struct step *s)
{
	struct table *t = s->table;
	struct mmu *mmu = s->mmu;
	int32_t count = s->e->s2_set.count;

	t->told = count;
	if (t->window == mmu->window) {
		if (count < t->told_min)
			t->told_min = count;
		if (count > t->told_max)
			t->told_max = count;
		return 0;
	}
	t->told_min = t->told_max = count;
	t->window = mmu->window;
	if (make_room((void **)&mmu->touched, &mmu->room_touched,
		      mmu->nr_touched, sizeof(*mmu->touched)))
		return -ENOMEM;
	mmu->touched[mmu->nr_touched++] = t->handle;
	return 0;
}

/* What the TLBs may know of the entry as it was. */
static int note_debt(struct step *s, uint64_t old, uint64_t new)
{
	struct origin by;

	if (!s->live || !s->mmu->has_vmid || !pte_is_leaf(old, s->table->level))
		return 0;
	if ((new &PTE_VALID) && !((old ^ new) & ~PTE_IN_PLACE) &&
	    !pte_restricts(old, new))
		return 0;
	by = origin_of(s->e);
	return debts_open(&s->mmu->debts, s->e->s2_set.ipa, s->size,
			  s->table->level, &by);
}

/* The leaves of an MMU tell what no event does. */
static void learn_features(struct mmu *mmu, uint64_t pte)
{
	unsigned int attr = pte_memattr(pte);

	if (mmu->fwb < 0 && attr == MEMATTR_NORMAL)
		mmu->fwb = 0;
	if (mmu->fwb < 0 && attr == MEMATTR_FWB_NORMAL)
		mmu->fwb = 1;
	/* KVM's leaves are Inner Shareable; FEAT_LPA2 keeps address bits there. */
	if (mmu->lpa2 < 0 && mmu->page_shift < 16 && (pte & PTE_SH) != PTE_SH)
		mmu->lpa2 = 1;
}

/*
 * Memory that the guest may have used uncached is to be cleaned when it goes;
 * but not when all of the MMU goes.
 */
static int note_lines(struct step *s, uint64_t old)
{
	struct span l;

	if (s->mmu->fwb == 1 || pte_memattr(old) != MEMATTR_NORMAL ||
	    s->op->kind == S2_OP_DESTROY)
		return 0;
	l = mmu_leaf_lines(s->mmu, old, s->size);
	return spans_add(&s->op->lines, l.start, l.end);
}

/* Others changed something in the range of an operation that had let go. */
static int note_amid(struct op *op, uint64_t ipa, uint64_t end)
{
	/* So many that it no longer matters which. */
	if (op->amid.nr == MOST_AMID) {
		op->amid.nr = 0;
		ipa = op->ipa;
		end = op->end;
	}
	return spans_add(&op->amid, ipa, end);
}

/* What the operation did, and what others did while it had let go. */
static int note_op(struct step *s, uint64_t old, uint64_t new)
{
	const uint64_t ipa = s->e->s2_set.ipa, end = ipa + s->size;
	const struct leaf leaf = { ipa, new, s->table->level };
	const struct table *child = table_child(&s->r->pool, s->table, s->told);
	struct mmu *mmu = s->mmu;
	int err = 0;

	s->op->changes++;
	if (s->live) {
		/* A table that was emptied first is left behind, not passed. */
		if (!child || child->counted)
			s->op->reached = end;
		if (pte_is_leaf(new, s->table->level)) {
			s->op->leaf = leaf;
			err = apply_fault_leaf(s);
		}
		if (pte_is_leaf(old, s->table->level) && !(new &PTE_VALID))
			s->op->broken = (struct leaf){ ipa, old, leaf.level };
	}
	if (pte_is_leaf(old, s->table->level) && !(new &PTE_VALID))
		err = err ? err : note_lines(s, old);
	for (size_t i = 0; mmu->nr_ops > 1 && i < mmu->nr_ops && !err; i++)
		if (mmu->op[i].yielded && &mmu->op[i] != s->op &&
		    ipa < mmu->op[i].end && mmu->op[i].ipa < end)
			err = note_amid(&mmu->op[i], ipa, end);
	return err;
}

/* Faults that change an entry to and fro. */
static void note_flip(struct step *s, uint32_t word)
{
	struct mmu *mmu = s->mmu;
	struct flip *f =
		&mmu->flip[(s->table->handle ^ s->index) & (NR_FLIPS - 1)];
	bool here = f->handle == s->table->handle && f->index == s->index;
	bool fault = s->op && s->op->kind == S2_OP_MAP;

	if (here && fault && same_word(f->from, word) &&
	    same_word(f->to, s->told)) {
		f->times++;
	} else if (here || fault) {
		f->times = 0;
		f->handle = s->table->handle;
		f->index = s->index;
	}
	f->from = s->told;
	f->to = word;
}

/** apply_entry() - s2_set and s2_clear */
int apply_entry(struct step *s)
{
	uint64_t old = s->e->s2_set.old, new = s->e->s2_set.new;
	struct table *gone;
	uint32_t word;
	bool link;
	int err;

	if (!s->sane)
		return 0;
	if (pte_is_leaf(new, s->table->level))
		learn_features(s->mmu, new);
	err = note_count(s);
	if (!err)
		err = note_debt(s, old, new);
	if (!err && s->op)
		err = note_op(s, old, new);

	gone = table_child(&s->r->pool, s->table, s->told);
	if (!err && gone && gone != s->child)
		err = unlink_child(s, gone);
	word = gone && gone->parent ? s->told : link_child(s, new);
	link = s->child && word == word_link(s->child);
	if (!s->fits || s->mmu->nr_swaps)
		word = settle_swap(s, word);
	/* It was linked and is no more: this event is older than what we have. */
	if (link && table_child(&s->r->pool, s->table, word) != s->child)
		s->child->parent = NULL;
	note_flip(s, word);
	table_put(&s->r->pool, s->table, s->index, word);
	return err;
}
