// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker of the event stream. See checker.h.
 *
 * It knows the descriptors' valid and type bits, the geometry that
 * s2_mmu_init announces, and nothing of the core's inside.
 */
#include "checker.h"
#include "host.h"

#define NR_MMUS		512
#define NR_TABLES	16384		/* a power of two */
#define NR_DEBTS	65536
#define NR_OPS		4

#define PERMS		(0x3ULL << 6 | 1ULL << 54)
#define SOFT		(0xfULL << 55 | 1ULL << 10)

enum table_state { NONE, NEW, LINKED, UNLINKED, FREED };

/**
 * struct table - a table page
 * @pa:		its address
 * @state:	UNLINKED until it is freed, FREED until it is taken again
 * @level:	of its entries
 * @ipa:	first IPA it translates
 * @count:	1 + counted entries
 * @covered:	unlinked: up to here an un-hinted flush reached
 * @flushed:	unlinked: nothing of it is cached any more
 * @was_empty:	no counted entry when it was unlinked
 */
struct table {
	u64			pa;
	struct kvm_s2_mmu	*mmu;
	enum table_state	state;
	s32			level;
	u64			ipa;
	s32			count;
	u64			covered;
	bool			flushed;
	bool			was_empty;
};

/* A leaf that was cleared or restricted and may still be cached. */
struct debt {
	u64	ipa;
	u64	size;
	s32	level;
};

/* A cacheable leaf that went: its lines must too, unless it comes back. */
struct lines {
	u64	ipa;
	u64	pa;
	u64	size;
};

struct model {
	struct kvm_s2_mmu	*mmu;
	bool			live;
	bool			ran;
	u64			seq;
	s32			ipa_bits;
	s32			start_level;
	struct table		root;
	u32			root_entries;
	u32			tables;
	struct table		**dead;
	u32			unlinked;
	bool			cmo;
	bool			lpa2;
	u64			vmid;
	u64			generation;
	struct debt		*debts;
	u32			nr_debts;
	struct lines		*lines;
	u32			nr_lines;
	u64			cleaned_pa, cleaned_size;
	u64			icache_pa, icache_size;
	struct s2_counts	counted;
	struct checker_op	ops[NR_OPS];
	u32			nr_ops;
};

struct checker_op checker_last_op;
u64 checker_events;

static struct model models[NR_MMUS];
static struct model *last_model;
static u32 nr_models;
static struct table tables[NR_TABLES];

/* The invalidation whose event is awaited. */
static struct {
	bool			due;
	struct kvm_s2_mmu	*mmu;
	enum s2_scope		scope;
	u64			ipa;
	u64			size;
} tlbi;

static u64 size_of(s32 level)
{
	return 1ULL << (PAGE_SHIFT + (3 - level) * (PAGE_SHIFT - 3));
}

static bool is_table(u64 pte, s32 level)
{
	return level < 3 && (pte & 3) == 3;
}

static bool is_leaf(u64 pte, s32 level)
{
	return (pte & 1) && !is_table(pte, level);
}

static struct model *model_of(struct kvm_s2_mmu *mmu)
{
	u32 i;

	if (last_model && last_model->mmu == mmu)
		return last_model;
	for (i = 0; i < nr_models; i++) {
		if (models[i].mmu == mmu)
			return last_model = &models[i];
	}
	if (nr_models == NR_MMUS)
		host_fail("checker: more than %u MMUs", NR_MMUS);

	last_model = &models[nr_models++];
	last_model->mmu = mmu;
	return last_model;
}

void checker_reset(void)
{
	u32 i;

	for (i = 0; i < nr_models; i++) {
		free(models[i].debts);
		free(models[i].lines);
		free(models[i].dead);
	}
	memset(models, 0, sizeof(models));
	memset(tables, 0, sizeof(tables));
	memset(&checker_last_op, 0, sizeof(checker_last_op));
	memset(&tlbi, 0, sizeof(tlbi));
	last_model = NULL;
	nr_models = 0;
	checker_events = 0;
}

void checker_expect(struct kvm_s2_mmu *mmu, bool cmo, bool lpa2)
{
	model_of(mmu)->cmo = cmo;
	model_of(mmu)->lpa2 = lpa2;
}

void checker_forget(struct kvm_s2_mmu *mmu)
{
	model_of(mmu)->vmid = 0;
	model_of(mmu)->generation = 0;
	model_of(mmu)->ran = false;
}

/* What all events have in common. */
static struct model *event(struct kvm_s2_mmu *mmu, u64 seq)
{
	struct model *m = model_of(mmu);

	if (seq != m->seq + 1)
		host_fail("SEQNO: event %llu follows event %llu", seq, m->seq);
	m->seq = seq;
	checker_events++;
	return m;
}

/* Open addressing; entries are never removed, so a search ends at NONE. */
static struct table *table_at(u64 pa, bool add)
{
	u32 i = (pa >> PAGE_SHIFT) * 0x9e3779b1u, n;

	for (n = 0; n < NR_TABLES; n++, i++) {
		struct table *t = &tables[i % NR_TABLES];

		if (t->pa == pa && t->state != NONE)
			return t;
		if (t->state == NONE) {
			if (!add)
				return NULL;
			t->pa = pa;
			return t;
		}
	}
	host_fail("checker: more than %u table pages", NR_TABLES);
	return NULL;
}

static struct table *known_table(struct model *m, u64 pa)
{
	struct table *t;

	if (pa == m->root.pa)
		return &m->root;

	t = table_at(pa, false);
	if (!t || t->state == FREED || t->mmu != m->mmu)
		host_fail("FREE: event about 0x%llx, which is no table", pa);
	return t;
}

/* The table behind a table descriptor: descriptors of all formats differ. */
static struct table *child_of(struct model *m, u64 pte)
{
	u64 low = pte & 0xffffffffffffULL & ~((1ULL << PAGE_SHIFT) - 1);
	u64 pa[] = {
		low,
		low | (pte & 3ULL << 48) | (pte >> 8 & 3) << 50,
		low | (pte >> 12 & 15) << 48,
	};
	struct table *t;
	u32 i;

	for (i = 0; i < 3; i++) {
		t = table_at(pa[i], false);
		if (t && t->mmu == m->mmu && t->state != FREED)
			return t;
	}
	host_fail("FREE: descriptor 0x%llx points to no table", pte);
	return NULL;
}

bool checker_table(struct kvm_s2_mmu *mmu, u64 pa, s32 *level, u64 *ipa)
{
	struct table *t = table_at(pa, false);

	if (!t || t->mmu != mmu || t->state == FREED)
		return false;

	*level = t->level;
	*ipa = t->ipa;
	return true;
}

u32 checker_tables(struct kvm_s2_mmu *mmu)
{
	return model_of(mmu)->tables;
}

void checker_counts(struct kvm_s2_mmu *mmu)
{
	const u64 *told = (const u64 *)&model_of(mmu)->counted;
	const u64 *own = (const u64 *)&mmu->s2->counts;
	u32 i;

	for (i = 0; i < sizeof(struct s2_counts) / sizeof(*own); i++)
		if (own[i] != told[i])
			host_fail("COUNTS: word %u is %llu, the events say %llu",
				  i, own[i], told[i]);
}

static struct checker_op *op_of(struct model *m, u64 id)
{
	struct checker_op *op;

	if (!m->nr_ops)
		host_fail("OP: event outside of an operation");
	op = &m->ops[m->nr_ops - 1];
	if (op->id != id)
		host_fail("OP: event of operation %llu during %llu", id, op->id);
	return op;
}

void host_s2_mmu_init(struct kvm_s2_mmu *mmu, u64 seq, s32 ipa_bits,
		      s32 start_level, u64 granule, u64 root_pa,
		      s32 root_pages, s32 nested, s32 features)
{
	struct model *m = model_of(mmu);

	(void)granule;
	(void)nested;
	if (!(features & BIT(S2_FEATURE_TOLD)) ||
	    !(features & BIT(S2_FEATURE_FWB)) != m->cmo ||
	    !(features & BIT(S2_FEATURE_LPA2)) == m->lpa2)
		host_fail("ROOT: features 0x%x are not those of the MMU",
			  features);
	if (m->live)
		host_fail("ROOT: initialised twice");

	/* Another root: its events count from one again. */
	m->seq = seq;
	m->live = true;
	m->ran = false;
	m->vmid = 0;
	m->generation = 0;
	m->ipa_bits = ipa_bits;
	m->start_level = start_level;
	m->nr_ops = 0;
	m->counted = (struct s2_counts) { };
	m->root_entries = (u64)root_pages << (PAGE_SHIFT - 3);
	if (1ULL << ipa_bits < m->root_entries * size_of(start_level))
		m->root_entries = (1ULL << ipa_bits) / size_of(start_level);
	m->root = (struct table) {
		.pa = root_pa,
		.mmu = mmu,
		.state = LINKED,
		.level = start_level,
		.count = 1,
	};
}

void host_s2_mmu_free(struct kvm_s2_mmu *mmu, u64 seq, u64 root_pa,
		      u64 tables_alloc, u64 tables_freed, s64 tables_live)
{
	struct model *m = event(mmu, seq);

	if (!m->live || root_pa != m->root.pa)
		host_fail("ROOT: 0x%llx is freed, it is not the root", root_pa);
	if (m->tables || tables_live || tables_alloc != tables_freed)
		host_fail("LEAK: %u tables are left (%lld by its own count)",
			  m->tables, tables_live);
	if (m->root.count != 1)
		host_fail("REFS: the root is freed with a count of %d",
			  m->root.count);
	m->live = false;
}

void host_s2_op_begin(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind,
		      s32 reason, u64 ipa, u64 end, s32 lock, s32 may_block,
		      u64 notifier_seq)
{
	struct model *m = event(mmu, seq);

	(void)may_block;
	(void)notifier_seq;
	if (!m->live)
		host_fail("ROOT: operation on an MMU without tables");
	if (m->nr_ops == NR_OPS)
		host_fail("OP: %u operations at once", NR_OPS + 1);

	m->ops[m->nr_ops++] = (struct checker_op) {
		.id = op,
		.kind = kind,
		.reason = reason,
		.ipa = ipa,
		.end = end,
		.lock = lock,
	};
	m->cleaned_size = 0;
	m->icache_size = 0;
}

/* Nothing unlinked, nothing owed, whoever takes the lock next. */
static void check_settled(struct model *m, u64 deferred)
{
	if (m->nr_debts > deferred)
		host_fail("OWED: %u leaves are owed, first 0x%llx level %d",
			  m->nr_debts, m->debts[0].ipa, m->debts[0].level);
	if (m->unlinked)
		host_fail("FREE: %u tables are unlinked but not freed",
			  m->unlinked);
}

/*
 * Lines of memory that is gone from its place must have been cleaned. The
 * same memory at the same place again (a block became a table) is fine: the
 * event of its coming removed the note.
 */
static void check_lines(struct model *m)
{
	if (m->nr_lines)
		host_fail("CMO: 0x%llx was unmapped at 0x%llx and not cleaned",
			  m->lines[0].pa, m->lines[0].ipa);
}

void checker_yield(struct kvm_s2_mmu *mmu)
{
	struct model *m = model_of(mmu);

	check_settled(m, 0);
	check_lines(m);
}

void host_s2_op_end(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind,
		    s32 reason, s32 result, u64 entries, u64 resched,
		    u64 deferred)
{
	struct model *m = event(mmu, seq);
	struct checker_op *o;

	/* Begun on the root before this one. */
	if (!m->nr_ops)
		return;

	o = op_of(m, op);
	if (o->kind != kind || o->reason != reason)
		host_fail("OP: begins as %d for %d, ends as %d for %d",
			  o->kind, o->reason, kind, reason);
	if (tlbi.due)
		host_fail("FLUSHID: an invalidation had no event");

	if (entries != o->sets + o->clears)
		host_fail("OP: says %llu entries, sets and clears %llu", entries,
			  o->sets + o->clears);
	check_settled(m, deferred);
	check_lines(m);
	if (m->ran && deferred && deferred != m->nr_debts)
		host_fail("OWED: %llu deferred, %u owed", deferred,
			  m->nr_debts);
	o->result = result;
	o->entries = entries;
	o->resched = resched;
	o->deferred = deferred;
	checker_last_op = *o;
	m->nr_ops--;
}

void host_s2_table_alloc(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 table,
			 s32 level, u64 ipa)
{
	struct model *m = event(mmu, seq);
	struct table *t = table_at(table, true);

	op_of(m, op);
	if (t->state != NONE && t->state != FREED)
		host_fail("FREE: 0x%llx is taken while in use", table);
	if (level <= m->start_level || level > 3 ||
	    ipa & (size_of(level - 1) - 1) || ipa >> m->ipa_bits)
		host_fail("WALK: table of level %d for 0x%llx", level, ipa);

	*t = (struct table) {
		.pa = table,
		.mmu = mmu,
		.state = NEW,
		.level = level,
		.ipa = ipa,
		.count = 1,
	};
	m->tables++;
}

/* Takes a table off the list of the unlinked: the last ones go first. */
static void bury(struct model *m, struct table *t)
{
	u32 i = m->unlinked - 1;

	while (m->dead[i] != t)
		i--;
	m->dead[i] = m->dead[--m->unlinked];
}

void host_s2_table_free(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 table,
			s32 level, u64 ipa, s32 count, s32 deferred)
{
	struct model *m = event(mmu, seq);
	struct table *t = known_table(m, table);
	struct checker_op *o = op_of(m, op);

	(void)deferred;
	if (t->state == LINKED)
		host_fail("FREE: 0x%llx (level %d, 0x%llx) is freed while linked",
			  table, level, ipa);
	if (t->state == UNLINKED && m->ran && !t->flushed)
		host_fail("FREE: 0x%llx (level %d, 0x%llx) is freed before a covering flush",
			  table, level, ipa);
	/* Its entries went without a word; op_end tells how many. */
	if (host.deaf && t->state == UNLINKED && level == 3) {
		o->clears += t->count - 1;
		m->counted.clears.val += t->count - 1;
		t->count = 1;
	}
	if (count != 1 || t->count != 1)
		host_fail("REFS: 0x%llx is freed with a count of %d (%d by events)",
			  table, count, t->count);
	if (level != t->level || ipa != t->ipa)
		host_fail("WALK: table of level %d, 0x%llx is freed as level %d, 0x%llx",
			  t->level, t->ipa, level, ipa);

	if (t->state == UNLINKED)
		bury(m, t);
	t->state = FREED;
	m->tables--;
	o->frees++;
}

/* WALK and REFS: what holds for every entry that changes. */
static struct table *entry_event(struct model *m, struct checker_op *op,
				 u64 ipa, s32 level, u64 table, s32 index,
				 u64 old, u64 new, s32 count)
{
	struct table *t = known_table(m, table);
	u64 size = size_of(level);
	u32 nr = t == &m->root ? m->root_entries : 1U << (PAGE_SHIFT - 3);

	if (level != t->level || ipa & (size - 1) || ipa >> m->ipa_bits ||
	    index < 0 || (u32)index >= nr ||
	    ipa != t->ipa + (u64)index * size)
		host_fail("WALK: entry %d of level %d for 0x%llx, in a table of level %d for 0x%llx",
			  index, level, ipa, t->level, t->ipa);
	if (t->state == LINKED && (ipa >= op->end || ipa + size <= op->ipa))
		host_fail("UNMAPALL: 0x%llx changes, operation is on 0x%llx-0x%llx",
			  ipa, op->ipa, op->end);

	if (!old && new)
		t->count++;
	if (old && !new)
		t->count--;
	if (count != t->count)
		host_fail("REFS: count of 0x%llx is %d, should be %d", table,
			  count, t->count);
	if (op->lock == S2_LOCK_READ && t->state == LINKED && (old & 1) &&
	    (!(new & 1) || ((old ^ new) & ~(PERMS | SOFT))))
		host_fail("LOCKCTX: 0x%llx goes from 0x%llx to 0x%llx under a read lock",
			  ipa, old, new);
	return t;
}

static bool debt_open(struct model *m, u64 ipa, u64 size)
{
	u32 i;

	for (i = 0; i < m->nr_debts; i++) {
		if (m->debts[i].ipa < ipa + size &&
		    ipa < m->debts[i].ipa + m->debts[i].size)
			return true;
	}
	if (!m->unlinked || !m->ran)
		return false;
	for (i = 0; i < m->unlinked; i++) {
		struct table *t = m->dead[i];

		if (!t->flushed &&
		    t->ipa < ipa + size && ipa < t->ipa + size_of(t->level - 1))
			return true;
	}
	return false;
}

static void open_debt(struct model *m, u64 ipa, s32 level)
{
	if (!m->ran)
		return;
	if (!m->debts)
		m->debts = malloc(NR_DEBTS * sizeof(*m->debts));
	if (m->nr_debts == NR_DEBTS)
		host_fail("checker: more than %u debts", NR_DEBTS);
	m->debts[m->nr_debts++] = (struct debt) {
		.ipa = ipa,
		.size = size_of(level),
		.level = level,
	};
}

static bool cacheable(struct model *m, u64 pte)
{
	return m->cmo && (pte >> 2 & 15) == 15;
}

static u64 leaf_pa(struct model *m, u64 pte)
{
	u64 low = pte & 0xffffffffffffULL & ~((1ULL << PAGE_SHIFT) - 1);

	if (m->lpa2)
		return low | (pte & 3ULL << 48) | (pte >> 8 & 3) << 50;
	return PAGE_SHIFT == 16 ? low | (pte >> 12 & 15) << 48 : low;
}

static void note_lines(struct model *m, u64 ipa, s32 level, u64 old)
{
	if (!cacheable(m, old))
		return;
	if (!m->lines)
		m->lines = malloc(NR_DEBTS * sizeof(*m->lines));
	if (m->nr_lines == NR_DEBTS)
		host_fail("checker: more than %u leaves to clean", NR_DEBTS);
	m->lines[m->nr_lines++] = (struct lines) {
		.ipa = ipa,
		.pa = leaf_pa(m, old),
		.size = size_of(level),
	};
}

/* A new leaf: cleaned first, and no instruction of another's in the cache. */
static void check_new_leaf(struct model *m, u64 ipa, s32 level, u64 old,
			   u64 new)
{
	u64 pa = leaf_pa(m, new), size = size_of(level);

	if (!(old & 1) && cacheable(m, new) &&
	    (m->cleaned_pa > pa ||
	     m->cleaned_pa + m->cleaned_size < pa + size))
		host_fail("CMO: 0x%llx is mapped at 0x%llx before it is cleaned",
			  pa, ipa);
	if (!(new >> 54 & 1) && (!(old & 1) || old >> 54 & 1) &&
	    (m->icache_pa > pa || m->icache_pa + m->icache_size < pa + size))
		host_fail("CMO: 0x%llx becomes executable at 0x%llx before an icache invalidation",
			  pa, ipa);
}

/* A block gave way to a table that maps the same: nothing to be cleaned. */
static void forget_lines(struct model *m, u64 ipa, u64 size)
{
	u32 i, n = 0;

	for (i = 0; i < m->nr_lines; i++) {
		if (m->lines[i].ipa != ipa || m->lines[i].size != size)
			m->lines[n++] = m->lines[i];
	}
	m->nr_lines = n;
}

static void link_child(struct model *m, u64 ipa, s32 level, u64 new)
{
	struct table *c = child_of(m, new);

	if (c->state != NEW || c->level != level + 1 || c->ipa != ipa)
		host_fail("WALK: 0x%llx (level %d, 0x%llx) is linked at level %d, 0x%llx",
			  c->pa, c->level, c->ipa, level, ipa);
	c->state = LINKED;
	if (c->count > 1)
		forget_lines(m, ipa, size_of(level));
}

void host_s2_set(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		 u64 table, s32 index, u64 old, u64 new, s32 count)
{
	struct model *m = event(mmu, seq);
	struct checker_op *o = op_of(m, op);
	struct table *t = entry_event(m, o, ipa, level, table, index, old, new,
				      count);

	o->sets++;
	m->counted.sets.val++;
	if (old == new)
		host_fail("OVER: 0x%llx is written over itself", ipa);
	if (!new)
		host_fail("REFS: a set to zero");
	if (t->state == UNLINKED)
		host_fail("FREE: an unlinked table gets an entry");

	if ((old & 1) && (new & 1)) {
		if (!is_leaf(old, level) || !is_leaf(new, level) ||
		    ((old ^ new) & ~(PERMS | SOFT)))
			host_fail("BBM: 0x%llx goes from 0x%llx to 0x%llx",
				  ipa, old, new);
		if ((old & ~new & PERMS & ~(1ULL << 54)) ||
		    (new & ~old & 1ULL << 54))
			open_debt(m, ipa, level);
	} else if (t->state == LINKED && debt_open(m, ipa, size_of(level))) {
		host_fail("BBM: 0x%llx becomes 0x%llx before the flush of what was there",
			  ipa, new);
	}

	if (is_table(new, level))
		link_child(m, ipa, level, new);
	else if (t->state == LINKED)
		check_new_leaf(m, ipa, level, old, new);
}

static void unlink_child(struct model *m, const struct table *parent, u64 old)
{
	struct table *c = child_of(m, old);

	if (c->state != LINKED)
		host_fail("FREE: 0x%llx is unlinked but was not linked", c->pa);
	c->state = UNLINKED;
	c->was_empty = c->count == 1;
	c->covered = c->ipa;
	/* What is below a table that nobody reaches is out of reach too. */
	c->flushed = parent->state == UNLINKED && parent->flushed;
	if (!m->dead)
		m->dead = malloc(NR_TABLES * sizeof(*m->dead));
	m->dead[m->unlinked++] = c;
}

void host_s2_clear(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		   u64 table, s32 index, u64 old, u64 new, s32 count)
{
	struct model *m = event(mmu, seq);
	struct checker_op *o = op_of(m, op);
	struct table *t = entry_event(m, o, ipa, level, table, index, old, new,
				      count);

	o->clears++;
	m->counted.clears.val++;
	o->live_clears += t->state == LINKED;
	if (!old || new)
		host_fail("REFS: clear of 0x%llx from 0x%llx to 0x%llx", ipa,
			  old, new);
	if (t->state == UNLINKED && m->ran && !t->flushed)
		host_fail("FREE: 0x%llx is emptied before a covering flush",
			  t->pa);

	if (is_table(old, level)) {
		unlink_child(m, t, old);
	} else if (is_leaf(old, level)) {
		if (t->state == LINKED)
			open_debt(m, ipa, level);
		if (o->kind != S2_OP_DESTROY)
			note_lines(m, ipa, level, old);
	}
}

/* Returns whether anything was owed. */
static bool close_debts(struct model *m, s32 scope, s32 level, u64 ipa,
			u64 size)
{
	u32 i, n = 0, was = m->nr_debts;
	bool all = scope == S2_SCOPE_VMID || scope == S2_SCOPE_ALL;

	for (i = 0; i < m->nr_debts; i++) {
		struct debt *d = &m->debts[i];
		/* By IPA: one address in a leaf takes the whole leaf. */
		bool hit = scope == S2_SCOPE_IPA ?
			   ipa >= d->ipa && ipa < d->ipa + d->size :
			   ipa < d->ipa + d->size && d->ipa < ipa + size;

		if (all || (hit && (level == S2_LEVEL_ANY || level == d->level)))
			continue;
		m->debts[n++] = *d;
	}
	m->nr_debts = n;
	return n < was;
}

static bool flush_table(struct table *t, s32 scope, s32 level, u64 ipa,
			u64 size)
{
	u64 end = t->ipa + size_of(t->level - 1);
	u64 before = t->covered;

	if (t->flushed)
		return false;
	if (scope == S2_SCOPE_VMID || scope == S2_SCOPE_ALL)
		t->covered = end;
	else if (level != S2_LEVEL_ANY || ipa >= end || ipa + size <= t->ipa)
		return false;
	else if (t->was_empty)
		t->covered = end;
	else if (ipa <= t->covered && ipa + size > t->covered)
		t->covered = ipa + size;

	t->flushed = t->covered >= end;
	return t->covered > before;
}

static bool flush_tables(struct model *m, s32 scope, s32 level, u64 ipa,
			 u64 size)
{
	bool useful = false;
	u32 i;

	for (i = 0; i < m->unlinked; i++)
		useful |= flush_table(m->dead[i], scope, level, ipa, size);
	return useful;
}

static void check_tlbi(struct kvm_s2_mmu *mmu, s32 scope, u64 raw, s32 level,
		       u64 ipa, u64 size)
{
	u64 ttl = level == S2_LEVEL_ANY ? 0 : s2_port_ttl(level);

	if (!tlbi.due || tlbi.scope != (enum s2_scope)scope ||
	    (tlbi.mmu && tlbi.mmu != mmu))
		host_fail("FLUSHID: flush event without its invalidation");
	if ((scope == S2_SCOPE_IPA || scope == S2_SCOPE_IPA_LOCAL) &&
	    (tlbi.ipa != ipa || raw != (ipa >> 12 | ttl)))
		host_fail("FLUSHID: operand 0x%llx for 0x%llx level %d", raw,
			  ipa, level);
	if (scope == S2_SCOPE_RANGE &&
	    (tlbi.ipa != ipa || tlbi.size != size || raw != ipa >> PAGE_SHIFT))
		host_fail("FLUSHID: range 0x%llx+0x%llx, event says 0x%llx+0x%llx",
			  tlbi.ipa, tlbi.size, ipa, size);
	tlbi.due = false;
}

void checker_tlbi(struct kvm_s2_mmu *mmu, enum s2_scope scope, u64 ipa,
		  u64 size)
{
	if (tlbi.due)
		host_fail("FLUSHID: an invalidation had no event");
	tlbi.due = true;
	tlbi.mmu = mmu;
	tlbi.scope = scope;
	tlbi.ipa = ipa;
	tlbi.size = size;
}

static void flush_all(void)
{
	u32 i;

	for (i = 0; i < nr_models; i++) {
		close_debts(&models[i], S2_SCOPE_ALL, S2_LEVEL_ANY, 0, 0);
		flush_tables(&models[i], S2_SCOPE_ALL, S2_LEVEL_ANY, 0, 0);
	}
}

void host_s2_flush(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 scope, u64 raw,
		   s32 level, u64 ipa, u64 size, u64 vmid, u64 generation,
		   s32 reason, s32 cpu)
{
	struct model *m = event(mmu, seq);
	struct checker_op *o;
	bool useful;

	check_tlbi(mmu, scope, raw, level, ipa, size);
	m->counted.flushes[reason][scope].val++;
	if (scope <= S2_SCOPE_RANGE)
		m->counted.flush_pages[reason][scope].val += size >> PAGE_SHIFT;
	if (cpu != (s32)host_cpu)
		host_fail("FLUSHID: flush on CPU %d, event says %d", host_cpu,
			  cpu);
	if (scope == S2_SCOPE_ALL) {
		flush_all();
		return;
	}
	if (!vmid || vmid != m->vmid || generation != m->generation)
		host_fail("FLUSHID: VMID %llu of generation %llu, MMU has %llu of %llu",
			  vmid, generation, m->vmid, m->generation);
	if (scope == S2_SCOPE_IPA_LOCAL || scope == S2_SCOPE_CPU_CONTEXT)
		return;

	useful = close_debts(m, scope, level, ipa, size);
	useful |= flush_tables(m, scope, level, ipa, size);
	if (!op)
		return;

	o = op_of(m, op);
	if (o->reason != reason && reason != S2_REASON_SPLIT &&
	    reason != S2_REASON_COLLAPSE)
		host_fail("FLUSHID: operation for %d flushes for %d", o->reason,
			  reason);
	if (!useful && scope != S2_SCOPE_IPA)
		host_fail("OVER: flush of scope %d with nothing owed", scope);
	o->flushes++;
	o->last_scope = scope;
	o->last_level = level;
	o->last_raw = raw;
	if (!useful && o->flushes == 1)
		host_fail("OVER: flush by IPA with nothing owed");
}

void host_s2_vmid_assign(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid,
			 u64 generation, u64 old_vmid, u64 old_generation,
			 s32 in_use, s32 reserved, s32 cpu)
{
	struct model *m = event(mmu, seq);

	m->counted.vmid_assigns.val++;
	(void)in_use;
	(void)reserved;
	(void)cpu;
	if (!vmid || vmid >> kvm_arm_vmid_bits)
		host_fail("VMIDX: VMID %llu is given out", vmid);
	if (old_vmid != m->vmid || old_generation != m->generation)
		host_fail("VMIDX: had %llu of %llu, event says %llu of %llu",
			  m->vmid, m->generation, old_vmid, old_generation);
	if (generation <= old_generation)
		host_fail("VMIDG: generation %llu after %llu", generation,
			  old_generation);
	m->vmid = vmid;
	m->generation = generation;
	m->ran = true;
}

void host_s2_vmid_rollover(struct kvm_s2_mmu *mmu, u64 seq, u64 generation,
			   u64 old_generation, s32 in_use, s32 reserved,
			   s32 cpu)
{
	event(mmu, seq)->counted.rollovers.val++;
	(void)cpu;
	if (generation != old_generation + 1)
		host_fail("VMIDG: generation %llu after %llu", generation,
			  old_generation);
	if (reserved < 0 || reserved > (s32)host_cpus || in_use < reserved)
		host_fail("VMIDG: %d in use, %d reserved, %u CPUs", in_use,
			  reserved, host_cpus);
}

void host_s2_vmid_load(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid,
		       u64 generation, s32 cpu, s32 vcpu, u64 root_pa)
{
	struct model *m = event(mmu, seq);

	if (root_pa != m->root.pa)
		host_fail("ROOT: loads 0x%llx, the root is 0x%llx", root_pa,
			  m->root.pa);
	(void)cpu;
	(void)vcpu;
	if (!vmid || vmid != m->vmid || generation != m->generation)
		host_fail("VMIDX: loads %llu of %llu, has %llu of %llu", vmid,
			  generation, m->vmid, m->generation);
}

void host_s2_vmid_put(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid,
		      u64 generation, s32 cpu, s32 vcpu, u64 root_pa)
{
	event(mmu, seq);
	(void)root_pa;
	(void)vmid;
	(void)generation;
	(void)cpu;
	(void)vcpu;
}

void host_s2_cache(struct kvm_s2_mmu *mmu, u64 seq, u64 cache, s32 before,
		   s32 after, s32 result)
{
	event(mmu, seq);
	(void)cache;
	if (before == after && !result)
		host_fail("CACHE: event about nothing");
}

void host_s2_cmo(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind, u64 pa,
		 u64 size)
{
	struct model *m = event(mmu, seq);
	u32 i, n = 0;

	op_of(m, op);
	if (kind == S2_CMO_ICACHE) {
		m->icache_pa = pa;
		m->icache_size = size;
		return;
	}

	m->cleaned_pa = pa;
	m->cleaned_size = size;
	/* Before the flush the guest can still fill them. */
	if (m->nr_debts)
		return;
	for (i = 0; i < m->nr_lines; i++) {
		struct lines *l = &m->lines[i];

		if (l->pa < pa || l->pa + l->size > pa + size)
			m->lines[n++] = *l;
	}
	m->nr_lines = n;
}
