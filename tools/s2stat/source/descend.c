// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descends a stage-2 tree (see descend.h).
 *
 * A table page may be unlinked, freed and used for something else between the
 * moment its parent's entry was read and the moment it is read itself. So the
 * reader looks, after each table, once more at every entry on the way to it:
 * KVM clears the entry before it frees what is below, hence a way that is
 * still whole proves that what was read was a table of this tree.
 *
 * What was a table and is not any more is no error: memory is unmapped all the
 * time. What was replaced is read anew. If that happens to an ancestor, parts
 * of the tree were shown that are no more, and others not: the descent is torn.
 */
#include "descend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../model/pte.h"

#define LAST_LEVEL 3
/* Levels -1 to 3. */
#define DEPTHS 5
/* How often a table is read anew whose parent entry changed. */
#define MAX_TRIES 4

/* An ancestor is another: not a negative errno, so that none looks like it. */
#define STALE 1

/**
 * struct table - one that was, or is to be, read
 * @at:		address of its first entry
 * @nr:		entries
 * @link:	see struct stock_read
 * @e:		entries
 */
struct table {
	int level;
	uint64_t ipa;
	uint64_t pa;
	uint64_t at;
	uint32_t nr;
	uint32_t nr_links;
	struct stock_link link[STOCK_LINKS];
	const __u64 *e;
	int64_t count;
};

/**
 * struct walk - one descent
 * @again:	the caller will try again if it is torn
 * @stale:	with STALE: the link that is another
 * @torn:	some part could not be shown whole
 * @copy:	entries of the tables above the last level, by depth
 * @queue:	tables of the last level that are read together
 */
struct walk {
	const struct descend_reader *reader;
	const struct layout *layout;
	const struct descend_tree *tree;
	const struct table_query *q;
	record_fn fn;
	void *arg;
	bool again;
	uint32_t stale;
	bool torn;
	__u64 *copy[DEPTHS];
	struct table queue[STOCK_BATCH];
	uint32_t queued;
};

static uint32_t per_page(const struct walk *w)
{
	return 1U << (w->layout->page_shift - 3);
}

static unsigned int shift(const struct walk *w, int level)
{
	return w->layout->page_shift +
	       (w->layout->page_shift - 3) * (LAST_LEVEL - level);
}

/* First IPA behind what an entry or table at @ipa translates; 0: the end. */
static uint64_t end_of(uint64_t ipa, uint64_t nr, unsigned int bits)
{
	return bits < 64 ? ipa + (nr << bits) : 0;
}

static bool asked_for(const struct walk *w, uint64_t ipa, uint64_t end)
{
	return ipa <= w->q->last && (!end || end > w->q->first);
}

static void classify(struct s2r_table *rec, const struct table *t)
{
	for (uint32_t i = 0; i < t->nr; i++) {
		switch (pte_kind(t->e[i], t->level)) {
		case PTE_NONE:
			break;
		case PTE_LOCKED:
			rec->locked++;
			break;
		case PTE_ANNOTATION:
			rec->annotations++;
			break;
		case PTE_TABLE:
			rec->children++;
			break;
		case PTE_LEAF:
			rec->leaves++;
			break;
		}
	}
}

static int show_entries(const struct walk *w, const struct table *t)
{
	struct s2r_entries rec = {
		.head = { sizeof(rec), S2R_ENTRIES },
		.mmu = w->tree->id,
		.pa = t->pa,
		.nr = S2R_CHUNK,
	};
	int err = 0;

	for (; !err && rec.first < t->nr; rec.first += S2R_CHUNK) {
		memcpy(rec.e, t->e + rec.first, sizeof(rec.e));
		err = w->fn(&rec.head, w->arg);
	}
	return err;
}

/* @t->e NULL: it is there, but could not be read. */
static int show(struct walk *w, const struct table *t)
{
	struct s2r_table rec = {
		.head = { sizeof(rec), S2R_TABLE },
		.mmu = w->tree->id,
		.ipa = t->ipa,
		.pa = t->pa,
		.level = t->level,
		.count = t->count,
		.nr = t->nr,
	};
	int err;

	if (t->e)
		classify(&rec, t);
	else
		rec.unread = t->nr;
	err = w->fn(&rec.head, w->arg);
	return err || !t->e || !w->q->entries ? err : show_entries(w, t);
}

static int show_unread(struct walk *w, const struct table *t)
{
	struct table unread = *t;

	w->torn = true;
	if (w->again)
		return 0;
	unread.e = NULL;
	unread.count = S2R_NO_COUNT;
	return show(w, &unread);
}

/* Prepares to read @nr entries of @t from @first on. */
static void plan(const struct walk *w, const struct table *t, uint32_t first,
		 struct stock_read *r)
{
	uint64_t at = t->at + first * sizeof(uint64_t);
	bool begins_page = !(first & (per_page(w) - 1));

	r->at = at;
	r->count_at = begins_page ? layout_count_at(w->layout, at) : 0;
	r->nr_links = t->nr_links;
	memcpy(r->link, t->link, sizeof(r->link));
}

/*
 * The root's pages each have a reference count, for the entries in them. As
 * one table it has as many as one that held all these entries.
 */
static void add_count(struct table *t, const struct stock_read *r)
{
	if (!r->count_at)
		return;
	t->count = t->count == S2R_NO_COUNT ? r->count :
					      t->count + r->count - 1;
}

/* What came of reading (a part of) @t. */
enum outcome {
	READ,
	GONE, /* its parent has no table there any more */
	REPLACED, /* its parent has another table there: @t is that now */
	ANCESTOR, /* the parent is not there any more: w->stale tells which */
	UNREADABLE,
};

static void set_place(const struct walk *w, struct table *t, uint64_t entry)
{
	t->pa = pte_address(entry, w->layout->page_shift, w->tree->lpa2);
	t->at = layout_va(w->layout, t->pa);
	t->link[t->nr_links - 1].value = entry;
}

static enum outcome outcome(struct walk *w, struct table *t,
			    const struct stock_read *r)
{
	if (r->broken >= t->nr_links)
		return r->error ? UNREADABLE : READ;
	if (r->broken + 1 < t->nr_links || !r->broken) {
		w->stale = r->broken;
		return ANCESTOR;
	}
	if (pte_kind(r->now, t->level - 1) != PTE_TABLE)
		return GONE;
	set_place(w, t, r->now);
	return REPLACED;
}

/* Reads all of @t into @to. Returns an enum outcome, or -errno. */
static int read_once(struct walk *w, struct table *t, __u64 *to)
{
	const struct descend_reader *rd = w->reader;
	uint32_t chunks = t->nr / S2R_CHUNK;

	t->count = S2R_NO_COUNT;
	for (uint32_t done = 0, n; done < chunks; done += n) {
		enum outcome o;
		int err;

		n = chunks - done < STOCK_BATCH ? chunks - done : STOCK_BATCH;
		for (uint32_t i = 0; i < n; i++)
			plan(w, t, (done + i) * S2R_CHUNK, &rd->reads[i]);
		err = rd->go(rd->arg, n);
		if (err)
			return err;
		for (uint32_t i = 0; i < n; i++) {
			o = outcome(w, t, &rd->reads[i]);
			if (o != READ)
				return o;
			add_count(t, &rd->reads[i]);
		}
		memcpy(to + done * S2R_CHUNK, rd->pages,
		       n * sizeof(*rd->pages));
	}
	t->e = to;
	return READ;
}

static int read_table(struct walk *w, struct table *t, __u64 *to)
{
	int o = REPLACED;

	for (int try = 0; o == REPLACED && try < MAX_TRIES; try++)
		o = read_once(w, t, to);
	return o;
}

/* Shows @t, of which @o (or -errno) came. Returns 0, STALE or -errno. */
static int conclude(struct walk *w, struct table *t, int o)
{
	switch (o) {
	case READ:
		return show(w, t);
	case GONE:
		return 0;
	case ANCESTOR:
		return w->stale ? STALE : -ESRCH;
	case REPLACED:
	case UNREADABLE:
		return show_unread(w, t);
	}
	return o;
}

/* A table that was replaced meanwhile is read by itself, wherever it is now. */
static int read_alone(struct walk *w, struct table *t)
{
	__u64 *to = w->copy[DEPTHS - 1];

	return conclude(w, t, read_table(w, t, to));
}

/* What came of @t, whose parts were read from @first on. */
static enum outcome queued_outcome(struct walk *w, struct table *t,
				   uint32_t first)
{
	const struct descend_reader *rd = w->reader;
	uint32_t chunks = t->nr / S2R_CHUNK;
	enum outcome o = READ;

	t->count = S2R_NO_COUNT;
	for (uint32_t i = first; o == READ && i < first + chunks; i++) {
		o = outcome(w, t, &rd->reads[i]);
		if (o == READ)
			add_count(t, &rd->reads[i]);
	}
	t->e = rd->pages[first];
	return o;
}

/*
 * Reads what is queued. Those that were replaced come last, out of order, as
 * reading them takes the place of what was read together.
 */
static int read_queue(struct walk *w)
{
	uint32_t chunks = per_page(w) / S2R_CHUNK, replaced = 0, nr = w->queued;
	const struct descend_reader *rd = w->reader;
	int err;

	w->queued = 0;
	if (!nr)
		return 0;
	for (uint32_t i = 0; i < nr * chunks; i++)
		plan(w, &w->queue[i / chunks], i % chunks * S2R_CHUNK,
		     &rd->reads[i]);
	err = rd->go(rd->arg, nr * chunks);
	for (uint32_t i = 0; !err && i < nr; i++) {
		struct table *t = &w->queue[i];
		enum outcome o = queued_outcome(w, t, i * chunks);

		if (o == REPLACED)
			w->queue[replaced++] = *t;
		else
			err = conclude(w, t, o);
	}
	for (uint32_t i = 0; !err && i < replaced; i++)
		err = read_alone(w, &w->queue[i]);
	return err;
}

static struct table child_of(const struct walk *w, const struct table *t,
			     uint32_t i)
{
	struct table c = {
		.level = t->level + 1,
		.ipa = t->ipa + ((uint64_t)i << shift(w, t->level)),
		.nr = per_page(w),
		.nr_links = t->nr_links + 1,
	};

	memcpy(c.link, t->link, sizeof(c.link));
	c.link[t->nr_links].at = t->at + i * sizeof(uint64_t);
	set_place(w, &c, t->e[i]);
	return c;
}

static int visit(struct walk *w, struct table *t);

static int visit_child(struct walk *w, struct table *c)
{
	__u64 *to = w->copy[c->nr_links - 1];
	int o, err;

	if (c->level == LAST_LEVEL) {
		w->queue[w->queued++] = *c;
		return w->queued * (per_page(w) / S2R_CHUNK) < STOCK_BATCH ?
			       0 :
			       read_queue(w);
	}
	o = read_table(w, c, to);
	err = conclude(w, c, o);
	return err || o != READ ? err : visit(w, c);
}

/*
 * What is stale below @t: if it is an entry of @t itself, or one further down
 * (that cannot be), the walk goes on behind it; else @t is stale, too.
 */
static int after_child(struct walk *w, const struct table *t,
		       const struct table *c, int err)
{
	if (err != STALE || w->stale < t->nr_links)
		return err;
	return show_unread(w, c);
}

/* Shows what is below @t, which was read and shown. */
static int visit(struct walk *w, struct table *t)
{
	int err = 0;

	for (uint32_t i = 0; !err && t->level < LAST_LEVEL && i < t->nr; i++) {
		struct table c;

		if (pte_kind(t->e[i], t->level) != PTE_TABLE)
			continue;
		c = child_of(w, t, i);
		if (asked_for(w, c.ipa, end_of(c.ipa, 1, shift(w, t->level))))
			err = after_child(w, t, &c, visit_child(w, &c));
	}
	if (err)
		w->queued = 0;
	return err ?: read_queue(w);
}

static int visit_root(struct walk *w)
{
	const struct descend_tree *tree = w->tree;
	struct table t = {
		.level = tree->start_level,
		.pa = tree->root_pa,
		.at = tree->root,
		.nr = tree->root_pages * per_page(w),
		.nr_links = 1,
		.link = { { tree->root_at, tree->root_pa } },
	};
	int o, err;

	o = read_table(w, &t, w->copy[0]);
	err = conclude(w, &t, o);
	return err || o != READ ? err : visit(w, &t);
}

/**
 * descend() - shows the tables of a stage-2 tree, in preorder
 * @again:	do not show what could not be read whole: there will be another
 *		try. Else it comes as a table of which no entry could be read
 * @fn:		gets a S2R_TABLE for each, and S2R_ENTRIES if @q asks for them;
 *		what it returns below 0 ends the descent
 *
 * Return: 0; -EAGAIN if it was torn; -ESRCH if the tree is no more; -ENOMEM;
 * or what @fn or the reader returned.
 */
int descend(const struct descend_reader *reader, const struct layout *layout,
	    const struct descend_tree *tree, const struct table_query *q,
	    bool again, record_fn fn, void *arg)
{
	struct walk *w = calloc(1, sizeof(*w));
	int err = w ? 0 : -ENOMEM;

	if (!w)
		return err;
	*w = (struct walk){
		.reader = reader,
		.layout = layout,
		.tree = tree,
		.q = q,
		.fn = fn,
		.arg = arg,
		.again = again,
	};
	for (int i = 0; i < DEPTHS; i++) {
		size_t pages = i ? 1 : tree->root_pages;

		w->copy[i] = malloc(pages << layout->page_shift);
		if (!w->copy[i])
			err = -ENOMEM;
	}
	err = err ?: visit_root(w);
	if (err == STALE || (!err && w->torn))
		err = -EAGAIN;
	for (int i = 0; i < DEPTHS; i++)
		free(w->copy[i]);
	free(w);
	return err;
}
