// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver. See drive.h.
 *
 * For each operation the reference says what must come of it; then both are
 * compared where the operation was, and from time to time everywhere. The
 * TLBs are checked whenever mmu_lock would be free.
 */
#include "cache.h"
#include "checker.h"
#include "drive.h"
#include "flush.h"
#include "table.h"

#define CPUS		3
#define MOST_UNITS	2500
#define CHECK_EVERY	64

/* The hooks of the machine carry no argument. */
static struct world *world;

static u32 draw(struct world *w, u32 n)
{
	struct source *s = &w->src;
	u32 i, value = 0;

	if (!s->fuzz) {
		s->state ^= s->state >> 12;
		s->state ^= s->state << 25;
		s->state ^= s->state >> 27;
		return (u32)((s->state * 0x2545f4914f6cdd1dULL) >> 32) % n;
	}
	for (i = 0; i < (n > 256 ? 2 : 1) && s->left; i++, s->left--)
		value = value << 8 | *s->bytes++;
	return value % n;
}

static bool one_in(struct world *w, u32 n)
{
	return !draw(w, n);
}

bool source_empty(const struct source *src)
{
	return src->fuzz && !src->left;
}

static u64 limit(struct world *w)
{
	return s2_ipa_limit(&w->mmu.s2->geo);
}

/* Largest block there can be. */
static s32 top_level(struct world *w)
{
	const struct s2_geometry *geo = &w->mmu.s2->geo;

	return geo->start_level > geo->min_block_level ? geo->start_level :
	       geo->min_block_level;
}

static u64 top_size(struct world *w)
{
	return s2_level_size(top_level(w));
}

/* A few places, so that operations meet: the ends and seams of the space. */
static u64 window(struct world *w, u32 which)
{
	u64 span = 2 * top_size(w);

	switch (which) {
	case 0:
		return 0;
	case 1:
		return limit(w) - span;
	case 2:
		return limit(w) / 2 - span / 2;
	default:
		return (limit(w) / 4) & ~(top_size(w) - 1);
	}
}

static u64 pick_window(struct world *w)
{
	return window(w, draw(w, 4));
}

static u64 pick_page(struct world *w)
{
	static const u32 few[] = { 0, 1, 2, 3, 4, 7 };
	u32 n = draw(w, 12);

	if (n < ARRAY_SIZE(few))
		return few[n];
	if (n < 8)
		return S2_TABLE_ENTRIES - 1;
	if (n < 9)
		return S2_TABLE_ENTRIES / 2;
	return draw(w, S2_TABLE_ENTRIES);
}

static u64 pick_ipa(struct world *w)
{
	u64 ipa = pick_window(w);

	ipa += draw(w, 2) * top_size(w);
	if (top_level(w) < S2_LAST_LEVEL - 1)
		ipa += (draw(w, 8) ? draw(w, 3) : S2_TABLE_ENTRIES - 1) *
		       s2_level_size(S2_LAST_LEVEL - 1);
	return w->near = ipa + (pick_page(w) << PAGE_SHIFT);
}

/* Mostly the one place in memory that belongs to the IPA. */
static u64 pick_pa(struct world *w, u64 ipa)
{
	u64 variant = draw(w, 6) ? 1 : 1 + draw(w, 3);
	u32 bits = w->type.lpa2 || PAGE_SHIFT == 16 ? 52 : 48;

	return (ipa + (variant << 44)) & ((1ULL << bits) - 1);
}

static s32 pick_level(struct world *w)
{
	u32 n = draw(w, 16);

	if (n < 11)
		return S2_LAST_LEVEL;
	if (n < 15 || top_level(w) == S2_LAST_LEVEL - 1)
		return S2_LAST_LEVEL - 1;
	return top_level(w);
}

static u64 pick_prot(struct world *w)
{
	static const u64 prots[] = {
		S2_PROT_R | S2_PROT_W,
		S2_PROT_R | S2_PROT_W,
		S2_PROT_R,
		S2_PROT_R | S2_PROT_X,
		S2_PROT_R | S2_PROT_W | S2_PROT_X,
		S2_PROT_R | S2_PROT_W | S2_PROT_DEVICE,
		S2_PROT_R | S2_PROT_W | S2_PROT_NC,
		S2_PROT_R | S2_PROT_W | 1ULL << 56,
		S2_PROT_R | S2_PROT_W | S2_PROT_OLD,
	};

	return prots[draw(w, ARRAY_SIZE(prots))];
}

static struct unit make_unit(u64 ipa, u64 pa, s32 level, u64 prot)
{
	struct unit u = {
		.ipa = ipa,
		.size = s2_level_size(level),
		.pa = pa,
		.soft = prot & S2_PTE_SW,
		.young = !(prot & S2_PROT_OLD),
		.kind = prot & S2_PROT_DEVICE ? REF_DEVICE :
			prot & S2_PROT_NC ? REF_NC : REF_NORMAL,
	};

	u.perms = (prot & S2_PROT_R ? REF_R : 0) |
		  (prot & S2_PROT_W ? REF_W : 0) |
		  (prot & S2_PROT_X ? REF_X : 0);
	return u;
}

/* What the tables say, in the reference's words. */
static struct unit read_unit(struct world *w, const struct hw_leaf *leaf)
{
	static const u8 kinds[16] = {
		[1] = REF_DEVICE + 1, [5] = REF_NC + 1,
		[6] = REF_NORMAL + 1, [15] = REF_NORMAL + 1,
	};
	u32 attr = leaf->pte >> 2 & 15;

	if (!kinds[attr] || attr == (w->type.fwb ? 15 : 6))
		host_fail("ATTR: memory attribute %u", attr);
	if (!w->type.lpa2 && (leaf->pte >> 8 & 3) != 3)
		host_fail("ATTR: not inner shareable");

	return (struct unit) {
		.ipa = leaf->base,
		.size = s2_level_size(leaf->level),
		.pa = leaf->pa,
		.soft = leaf->pte & 0xfULL << 55,
		.perms = (leaf->pte >> 6 & 3) | (leaf->pte >> 54 & 1 ? 0 : REF_X),
		.kind = kinds[attr] - 1,
		.young = leaf->pte >> 10 & 1,
	};
}

static bool same_unit(const struct unit *a, const struct unit *b)
{
	return a->ipa == b->ipa && a->size == b->size && a->pa == b->pa &&
	       a->soft == b->soft && a->perms == b->perms &&
	       a->kind == b->kind && a->young == b->young;
}

static void compare(struct world *w, const struct hw_leaf *leaf,
		    const struct unit *want)
{
	struct unit have = read_unit(w, leaf);

	if (!same_unit(&have, want))
		host_fail("0x%llx: tables map 0x%llx+0x%llx to 0x%llx perms %u kind %u young %d, reference 0x%llx+0x%llx to 0x%llx perms %u kind %u young %d",
			  have.ipa, have.ipa, have.size, have.pa, have.perms,
			  have.kind, have.young, want->ipa, want->size,
			  want->pa, want->perms, want->kind, want->young);
}

static void check_at(struct world *w, u64 ipa)
{
	struct hw_leaf leaf;
	struct unit *u;

	if (ipa >= limit(w))
		return;
	u = ref_find(&w->ref, ipa);
	if (hw_walk(&w->mmu, ipa, &leaf)) {
		if (!u)
			host_fail("0x%llx is mapped and should not be", ipa);
		compare(w, &leaf, u);
	} else if (u) {
		host_fail("0x%llx is not mapped and should be", ipa);
	}
}

/* What there is, by level. */
struct census {
	u64	leaves[S2_LAST_LEVEL + 1];
	u64	tables[S2_LAST_LEVEL + 1];
};

/* Compares a table, and what is below, with the reference from *u on. */
static void check_table(struct world *w, u64 *table, s32 level, u64 ipa,
			struct unit **u, struct census *seen)
{
	u32 i, nr = s2_entries(&w->mmu.s2->geo, level), counted = 0;
	struct hw_leaf leaf = { .level = level };

	for (i = 0; i < nr; i++) {
		if (!table[i])
			continue;
		counted++;
		leaf.pte = table[i];
		leaf.base = ipa + i * s2_level_size(level);
		leaf.pa = hw_pa(&w->mmu.s2->geo, leaf.pte);
		if (level < S2_LAST_LEVEL && (table[i] & 3) == 3) {
			seen->tables[level + 1]++;
			check_table(w, s2_port_va(leaf.pa), level + 1,
				    leaf.base, u, seen);
			continue;
		}
		if (*u == w->ref.units + w->ref.nr)
			host_fail("0x%llx is mapped and should not be",
				  leaf.base);
		compare(w, &leaf, (*u)++);
		seen->leaves[level]++;
	}
	if (s2_table_count(table) != 1 + (s32)counted)
		host_fail("REFS: table at 0x%llx level %d counts %d, holds %u",
			  ipa, level, s2_table_count(table), counted);
}

/* The VM's statistics say what there is, as no operation is under way. */
static void check_stat(struct world *w, const struct census *seen)
{
	struct kvm_s2_stat *stat = &w->mmu.stat;
	u64 leaves, tables;
	s32 level;

	for (level = 0; level <= S2_LAST_LEVEL; level++) {
		leaves = !level ? 0 : atomic64_read(&stat->leaves[level - 1]);
		tables = atomic64_read(&stat->tables[level]);
		if (leaves != seen->leaves[level])
			host_fail("STAT: %llu leaves of level %d, there are %llu",
				  leaves, level, seen->leaves[level]);
		if (tables != seen->tables[level])
			host_fail("STAT: %llu tables of level %d, there are %llu",
				  tables, level, seen->tables[level]);
	}
}

void world_check(struct world *w)
{
	struct census seen = { };
	struct unit *u = w->ref.units;
	u64 tables = 0;
	s32 level;

	check_table(w, w->mmu.s2->root, w->type.start_level, 0, &u, &seen);
	for (level = 0; level <= S2_LAST_LEVEL; level++)
		tables += seen.tables[level];
	if (u != w->ref.units + w->ref.nr)
		host_fail("0x%llx is not mapped and should be", u->ipa);
	if (tables != checker_tables(&w->mmu))
		host_fail("LEAK: %llu tables are linked, %u exist", tables,
			  checker_tables(&w->mmu));
	seen.tables[w->type.start_level] += w->mmu.s2->geo.root_pages;
	check_stat(w, &seen);
	checker_counts(&w->mmu);
	tlb_check(&w->mmu);
}

/*
 * The hardware was there in between: what it did counts, for all that the leaf
 * translated then. The core may have cut it since, and its parts are young.
 */
static void trust_young(struct world *w)
{
	struct hw_leaf leaf;
	struct unit *u;
	u64 start, end;
	u32 i;

	for (i = 0; i < w->nr_young; i++) {
		start = w->young[i].ipa;
		end = start + w->young[i].size;
		ref_for_each(u, &w->ref, start, end)
			if (hw_walk(&w->mmu, u->ipa, &leaf))
				u->young = leaf.pte >> 10 & 1;
	}
	w->nr_young = 0;
}

static void after_op(struct world *w, u64 start, u64 end)
{
	if (w->gone)
		return;
	tlb_check(&w->mmu);
	if (w->depth)
		return;

	trust_young(w);
	check_at(w, start);
	check_at(w, end - 1);
	check_at(w, end);
	if (start)
		check_at(w, start - 1);
	check_at(w, start + (end - start) / 2);
	check_at(w, w->near);
}

static void begin(struct world *w, struct s2_op *op, enum s2_op_kind kind,
		  enum s2_reason reason, u64 start, u64 end, enum s2_lock lock,
		  bool may_block)
{
	w->near = start;
	if (may_block) {
		w->fixed.start = start;
		w->fixed.end = end < limit(w) ? end : limit(w);
		w->outer.start = start & ~(top_size(w) - 1);
		w->outer.end = (w->fixed.end + top_size(w) - 1) &
			       ~(top_size(w) - 1);
		w->outer_unmaps = kind == S2_OP_UNMAP;
		w->nr_amid = 0;
		w->may_break = 1 + draw(w, 6);
	}
	s2_op_begin(op, &w->mmu, kind, reason, start, end, lock, may_block);
}

/* Someone cut a block, perhaps not all the way: follow the tables. */
static void follow_cuts(struct world *w, u64 ipa)
{
	struct hw_leaf leaf;
	struct unit *u;

	for (;;) {
		u = ref_find(&w->ref, ipa);
		if (!u || !hw_walk(&w->mmu, ipa, &leaf) ||
		    u->size <= s2_level_size(leaf.level))
			return;
		ref_cut(&w->ref, ipa, u->size / S2_TABLE_ENTRIES);
	}
}

static bool grows(const struct unit *u, const struct unit *new)
{
	return (u->perms | new->perms) != u->perms || u->soft != new->soft;
}

/* What s2_map() must return, were there memory enough. */
static int expect_map(struct world *w, const struct unit *new,
		      enum s2_lock lock)
{
	struct unit *u = ref_find(&w->ref, new->ipa);
	bool same;

	if (u && u->size >= new->size) {
		same = u->pa + (new->ipa - u->ipa) == new->pa &&
		       u->kind == new->kind;
		if (same && !grows(u, new) && (u->young || !new->young))
			return -EAGAIN;
		/* A block becomes young, and that is all. */
		if (same && !grows(u, new) && u->size > new->size) {
			u->young = true;
			return -EAGAIN;
		}
		/* In place, unless a block has to give way. */
		if (same && u->size == new->size)
			return 0;
		return lock == S2_LOCK_READ ? -EBUSY : 0;
	}
	if (ref_any(&w->ref, new->ipa, new->ipa + new->size))
		return lock == S2_LOCK_READ ? -EBUSY : 0;
	return 0;
}

static void apply_map(struct world *w, struct unit *new)
{
	struct unit *u = ref_find(&w->ref, new->ipa);

	while (u && u->size > new->size) {
		ref_cut(&w->ref, new->ipa, u->size / S2_TABLE_ENTRIES);
		u = ref_find(&w->ref, new->ipa);
	}
	if (u && u->size == new->size && u->pa == new->pa &&
	    u->kind == new->kind) {
		new->perms |= u->perms;
		new->young |= u->young;
	}
	ref_remove(&w->ref, new->ipa, new->ipa + new->size);
	ref_insert(&w->ref, new);
}

static void count_ret(struct world *w, int ret)
{
	w->ret[ret == 0 ? 0 : ret == -EAGAIN ? 1 : ret == -EBUSY ? 2 :
	       ret == -ENOMEM ? 3 : 4]++;
}

static void check_map_result(struct world *w, int ret, int want,
			     const struct unit *new, s32 level,
			     enum s2_lock lock)
{
	if (ret == want)
		return;
	if (ret == -ENOMEM && !w->mc.nobjs)
		return;
	/* An empty table is in the way of a block. */
	if (ret == -EBUSY && lock == S2_LOCK_READ && !want &&
	    s2_pte_table(hw_entry(&w->mmu, new->ipa, level), level))
		return;
	/* The access flag was all that was missing, and then was there. */
	if (ret == -EAGAIN && !want && w->nr_young)
		return;
	host_fail("s2_map() of 0x%llx+0x%llx returns %d, should return %d",
		  new->ipa, new->size, ret, want);
}

static void fill_cache(struct world *w)
{
	u32 want = one_in(w, 12) ? draw(w, 3) : s2_cache_pages(w->mmu.s2);

	host.no_memory = one_in(w, 128);
	if (one_in(w, 64))
		s2_cache_drain(w->mmu.s2, &w->mc);
	s2_cache_fill(w->mmu.s2, &w->mc, want);
	host.no_memory = false;
}

/* @local: as after a permission fault, this CPU forgets what it knew. */
static int do_map(struct world *w, u64 ipa, u64 pa, s32 level, u64 prot,
		  enum s2_lock lock, bool local)
{
	struct unit new = make_unit(ipa, pa, level, prot);
	bool inside = w->depth && ipa < w->outer.end &&
		      ipa + new.size > w->outer.start;
	int ret, want = inside ? 0 : expect_map(w, &new, lock);
	struct s2_op op;

	fill_cache(w);
	begin(w, &op, S2_OP_MAP,
	      local ? S2_REASON_PERMISSION : S2_REASON_FAULT, ipa,
	      ipa + new.size, lock, false);
	ret = s2_map(&op, ipa, pa, level, prot, &w->mc);
	if (local && (!ret || ret == -EAGAIN))
		s2_flush_local(&op, ipa, ret ? S2_LEVEL_ANY : level);
	s2_op_end(&op, ret);
	count_ret(w, ret);

	if (inside) {
		if (!ret && w->nr_amid < ARRAY_SIZE(w->amid))
			w->amid[w->nr_amid++] = new;
		tlb_check(&w->mmu);
		return ret;
	}
	check_map_result(w, ret, want, &new, level, lock);
	if (!ret)
		apply_map(w, &new);
	else if (ret != want)
		follow_cuts(w, ipa);
	after_op(w, ipa, ipa + new.size);
	return ret;
}

/* As a fault does: side by side if possible, else alone. */
static void fault(struct world *w, u64 ipa, u64 pa, s32 level, u64 prot,
		  bool local)
{
	if (do_map(w, ipa, pa, level, prot, S2_LOCK_READ, local) == -EBUSY)
		do_map(w, ipa, pa, level, prot, S2_LOCK_WRITE, local);
}

static void create(struct world *w)
{
	memset(&w->mmu, 0, sizeof(w->mmu));
	if (host_mmu_create(&w->mmu, &w->type))
		host_fail("no MMU");
	w->gone = false;
}

static void put(struct world *w, u32 cpu)
{
	host_cpu = cpu;
	kvm_arm_vmid_clear_active();
	w->loaded[cpu] = false;
}

static void load(struct world *w, u32 cpu)
{
	if (w->loaded[cpu])
		put(w, cpu);
	host_cpu = cpu;
	kvm_arm_vmid_update(&w->mmu.vmid);
	w->loaded[cpu] = true;
	if (one_in(w, 4))
		s2_flush_cpu_context(w->mmu.s2);
}

static void destroy(struct world *w)
{
	u32 cpu, old = host_cpu;

	for (cpu = 0; cpu < host_cpus; cpu++)
		put(w, cpu);
	host_cpu = old;
	host_mmu_destroy(&w->mmu);
	if (tlb_entries(&w->mmu))
		host_fail("ROOT: TLBs hold translations of a dead MMU");
	check_stat(w, &(struct census) { });
	ref_clear(&w->ref);
	w->gone = true;
}

/* What was mapped in the range while an unmap of it had yielded. */
static void settle_amid(struct world *w)
{
	struct hw_leaf leaf;
	struct unit *u;
	u32 i;

	for (i = w->nr_amid; i--;) {
		u = &w->amid[i];
		if (!hw_walk(&w->mmu, u->ipa, &leaf) ||
		    ref_any(&w->ref, u->ipa, u->ipa + u->size))
			continue;
		u->young = leaf.pte >> 10 & 1;
		compare(w, &leaf, u);
		ref_insert(&w->ref, u);
	}
	w->nr_amid = 0;
}

static void recreate_if_gone(struct world *w)
{
	if (w->gone && !w->depth) {
		w->lost++;
		create(w);
	}
}

static void do_unmap(struct world *w, u64 start, u64 end,
		     enum s2_reason reason, bool may_block)
{
	struct s2_op op;

	begin(w, &op, S2_OP_UNMAP, reason, start, end, S2_LOCK_WRITE,
	      may_block);
	if (s2_op_end(&op, s2_unmap(&op, start, end)))
		host_fail("s2_unmap() fails");

	if (!w->gone) {
		ref_remove(&w->ref, start, end);
		if (may_block)
			settle_amid(w);
	}
	after_op(w, start, end);
	recreate_if_gone(w);
}

static void ref_wrprotect(struct world *w, u64 start, u64 end)
{
	struct unit *u;

	ref_for_each(u, &w->ref, start, end)
		u->perms &= ~REF_W;
}

static void do_wrprotect(struct world *w, u64 start, u64 end, bool may_block)
{
	struct s2_op op;

	begin(w, &op, S2_OP_WRPROTECT, S2_REASON_DIRTY_LOG, start, end,
	      S2_LOCK_WRITE, may_block);
	s2_op_end(&op, s2_wrprotect(&op, start, end));
	ref_wrprotect(w, start, end);
	after_op(w, start, end);
	recreate_if_gone(w);
}

/* As user space clears a word of the dirty bitmap. */
static void do_log_dirty(struct world *w)
{
	u64 base = pick_ipa(w) & ~(64 * PAGE_SIZE - 1), page;
	struct s2_op op;
	u32 i;

	begin(w, &op, S2_OP_WRPROTECT, S2_REASON_DIRTY_LOG, base,
	      base + 64 * PAGE_SIZE, S2_LOCK_WRITE, false);
	for (i = 0; i < 4; i++) {
		page = base + draw(w, 64) * PAGE_SIZE;
		s2_wrprotect(&op, page, page + PAGE_SIZE);
		ref_wrprotect(w, page, page + PAGE_SIZE);
	}
	s2_debt_defer(&op);
	s2_op_end(&op, 0);
	/* What KVM does behind our back, for the whole slot. */
	base &= ~(top_size(w) - 1);
	s2_flush_range(w->mmu.s2, 0, base, base + top_size(w), S2_LEVEL_ANY,
		       S2_REASON_DIRTY_LOG);
	after_op(w, base, base + 64 * PAGE_SIZE);
}

static void do_clean(struct world *w, u64 start, u64 end)
{
	u64 before = host.dcache;
	struct s2_op op;

	begin(w, &op, S2_OP_CMO, S2_REASON_CACHE_TOGGLE, start, end,
	      S2_LOCK_WRITE, true);
	s2_op_end(&op, s2_clean(&op, start, end));
	if (w->type.fwb && host.dcache != before)
		host_fail("CMO: cleaning for nothing");
	after_op(w, start, end);
	recreate_if_gone(w);
}

static void do_age(struct world *w, u64 start, u64 end, bool clear)
{
	bool young = false, said;
	struct unit *u;
	struct s2_op op;

	ref_for_each(u, &w->ref, start, end) {
		young |= u->young;
		if (clear)
			u->young = false;
	}
	begin(w, &op, clear ? S2_OP_AGE : S2_OP_TEST_AGE,
	      S2_REASON_NOTIFIER_AGE, start, end, S2_LOCK_WRITE, false);
	said = s2_age(&op, start, end, clear);
	s2_op_end(&op, said);
	if (said != young)
		host_fail("s2_age() of 0x%llx-0x%llx says %d, should say %d",
			  start, end, said, young);
	after_op(w, start, end);
}

static void do_mkyoung(struct world *w, u64 ipa)
{
	struct unit *u = ref_find(&w->ref, ipa);
	struct s2_op op;
	u64 pte;

	if (u)
		u->young = true;
	begin(w, &op, S2_OP_MKYOUNG, S2_REASON_ACCESS_FLAG, ipa,
	      ipa + PAGE_SIZE, S2_LOCK_READ, false);
	pte = s2_mkyoung(&op, ipa);
	s2_op_end(&op, 0);
	if (!!pte != !!u || (u && hw_pa(&w->mmu.s2->geo, pte) != u->pa))
		host_fail("s2_mkyoung() of 0x%llx says 0x%llx", ipa, pte);
	after_op(w, ipa, ipa + PAGE_SIZE);
}

static void do_set_spte(struct world *w, u64 ipa, u64 pa, u64 prot)
{
	struct unit new = make_unit(ipa, pa, S2_LAST_LEVEL, prot);
	struct unit *u = ref_find(&w->ref, ipa);
	struct s2_op op;
	int ret, want = 0;

	if (u && u->size == PAGE_SIZE)
		want = u->pa != pa || u->perms != new.perms ||
		       u->kind != new.kind || u->soft != new.soft;

	begin(w, &op, S2_OP_SET_SPTE, S2_REASON_SET_SPTE, ipa, ipa + PAGE_SIZE,
	      S2_LOCK_WRITE, false);
	ret = s2_set_spte(&op, ipa, pa, prot);
	s2_op_end(&op, ret);
	if (ret != want)
		host_fail("s2_set_spte() of 0x%llx returns %d, should return %d",
			  ipa, ret, want);
	if (ret)
		*u = new;
	after_op(w, ipa, ipa + PAGE_SIZE);
}

static void do_split(struct world *w, u64 start, u64 end)
{
	struct hw_leaf leaf;
	struct s2_op op;
	struct unit *u;
	u64 ipa;
	int ret;

	/* All of the blocks the hardware may touch meanwhile. */
	start &= ~(s2_level_size(S2_LAST_LEVEL - 1) - 1);
	end = s2_next(S2_LAST_LEVEL - 1, end - 1);
	s2_cache_fill(w->mmu.s2, &w->mc, draw(w, 6));
	begin(w, &op, S2_OP_SPLIT, S2_REASON_SPLIT, start, end, S2_LOCK_WRITE,
	      false);
	ret = s2_split(&op, start, end, &w->mc);
	s2_op_end(&op, ret);
	if (ret && (ret != -ENOMEM || w->mc.nobjs))
		host_fail("s2_split() returns %d", ret);
	count_ret(w, ret);

	for (ipa = start; ipa < end;) {
		follow_cuts(w, ipa);
		u = ref_find(&w->ref, ipa);
		if (u && !ret && u->size != PAGE_SIZE)
			host_fail("s2_split() left a block at 0x%llx", ipa);
		ipa = u ? u->ipa + u->size : ipa + PAGE_SIZE;
	}
	/* An access flag set on a part went on to the parts of that part. */
	ref_for_each(u, &w->ref, start, end) {
		if (w->nr_young && hw_walk(&w->mmu, u->ipa, &leaf))
			u->young = leaf.pte >> 10 & 1;
	}
	after_op(w, start, end);
}

/* What a CPU may have remembered must agree with what was meant. */
static void check_access(struct world *w, u64 ipa, enum hw_access access,
			 u64 pa)
{
	struct unit *u = ref_find(&w->ref, ipa);
	u8 need = access == HW_READ ? REF_R :
		  access == HW_WRITE ? REF_W : REF_X;

	if (!u || u->pa + (ipa - u->ipa) != pa || !(u->perms & need))
		host_fail("the guest gets at 0x%llx through 0x%llx", pa, ipa);
	w->accesses++;
}

static void permission_fault(struct world *w, u64 ipa, enum hw_access access)
{
	struct unit u = *ref_find(&w->ref, ipa);
	u64 prot = u.soft, pa;
	u8 want = u.perms | (access == HW_WRITE ? REF_W :
			     access == HW_EXEC ? REF_X : REF_R);
	s32 level = S2_LAST_LEVEL;
	enum hw_result result;

	if (u.kind != REF_NORMAL)
		want &= ~REF_X;
	while (s2_level_size(level) < u.size)
		level--;
	prot |= (want & REF_R ? S2_PROT_R : 0) | (want & REF_W ? S2_PROT_W : 0) |
		(want & REF_X ? S2_PROT_X : 0) |
		(u.kind == REF_DEVICE ? S2_PROT_DEVICE : 0) |
		(u.kind == REF_NC ? S2_PROT_NC : 0);
	fault(w, u.ipa, u.pa, level, prot, true);

	result = tlb_access(&w->mmu, ipa, access, &pa);
	if (result == HW_PERMISSION && !(access == HW_EXEC && u.kind))
		host_fail("PROGRESS: 0x%llx faults again and again", ipa);
}

static void do_access(struct world *w)
{
	enum hw_access access = draw(w, 3);
	u64 ipa = pick_ipa(w) + draw(w, PAGE_SIZE / 8) * 8, pa, base;
	s32 level;

	/* Two times in three where something is. */
	if (w->ref.nr && draw(w, 3))
		ipa = w->ref.units[draw(w, w->ref.nr)].ipa +
		      (ipa & (PAGE_SIZE - 1));

	host_cpu = draw(w, host_cpus);
	if (!w->loaded[host_cpu])
		load(w, host_cpu);

	switch (tlb_access(&w->mmu, ipa, access, &pa)) {
	case HW_OK:
		check_access(w, ipa, access, pa);
		break;
	case HW_TRANSLATION:
		if (ref_find(&w->ref, ipa))
			host_fail("the guest cannot see 0x%llx", ipa);
		level = pick_level(w);
		base = ipa & ~(s2_level_size(level) - 1);
		fault(w, base, pick_pa(w, base), level, pick_prot(w), false);
		break;
	case HW_ACCESS_FLAG:
		do_mkyoung(w, ipa);
		break;
	case HW_PERMISSION:
		if (!w->depth)
			permission_fault(w, ipa, access);
		break;
	}
	if (!w->depth)
		trust_young(w);
}

/* A range of any size, not often aligned to anything but pages. */
static void pick_range(struct world *w, u64 *start, u64 *end)
{
	u64 mid = s2_level_size(S2_LAST_LEVEL - 1);

	*start = pick_ipa(w);
	switch (draw(w, 16)) {
	case 0 ... 5:
		*end = *start + PAGE_SIZE;
		break;
	case 6 ... 9:
		*end = *start + (1 + draw(w, 8)) * PAGE_SIZE;
		break;
	case 10 ... 11:
		*end = *start + draw(w, 3 * S2_TABLE_ENTRIES) * PAGE_SIZE +
		       PAGE_SIZE;
		break;
	case 12 ... 13:
		*start &= ~(mid - 1);
		*end = *start + mid * (1 + draw(w, 2));
		break;
	case 14:
		*end = *start + top_size(w) * (1 + draw(w, 3));
		break;
	default:
		*start = one_in(w, 2) ? pick_window(w) : *start;
		*end = *start + 5 * top_size(w);
		break;
	}
}

/* All there is, and more. Long in a large space, so not often. */
static void pick_everything(struct world *w, u64 *start, u64 *end)
{
	u64 pieces = limit(w) / top_size(w);

	/* Bytes would choose it too often, and there are none behind the last. */
	if (w->src.fuzz && pieces > 1024)
		return;
	if (one_in(w, 16 + pieces / 16)) {
		*start = 0;
		*end = one_in(w, 2) ? limit(w) : ~0ULL & PAGE_MASK;
	}
}

/* Other MMUs come and go on a CPU; now and then that turns the generation. */
static void churn_vmids(struct world *w)
{
	u32 cpu = draw(w, host_cpus), n;

	put(w, cpu);
	for (n = draw(w, 4); n--;) {
		host_cpu = cpu;
		kvm_arm_vmid_update(&w->dummies[draw(w, DUMMIES)].vmid);
		if (one_in(w, 2))
			kvm_arm_vmid_clear_active();
	}
	if (one_in(w, 2))
		load(w, cpu);
	else
		put(w, cpu);
}

static void expect_einval(struct world *w, u64 ipa, u64 pa, s32 level,
			  u64 prot)
{
	struct s2_op op;
	int ret;

	begin(w, &op, S2_OP_MAP, S2_REASON_FAULT, ipa, ipa + PAGE_SIZE,
	      S2_LOCK_WRITE, false);
	ret = s2_map(&op, ipa, pa, level, prot, &w->mc);
	s2_op_end(&op, ret);
	if (ret != -EINVAL)
		host_fail("s2_map() of 0x%llx to 0x%llx level %d returns %d",
			  ipa, pa, level, ret);
	count_ret(w, ret);
}

static void do_nonsense(struct world *w)
{
	u64 ipa = pick_ipa(w), mid = s2_level_size(S2_LAST_LEVEL - 1);

	switch (draw(w, 6)) {
	case 0:
		expect_einval(w, limit(w) + ipa, ipa, S2_LAST_LEVEL, S2_PROT_R);
		break;
	case 1:
		expect_einval(w, (ipa & ~(mid - 1)) + PAGE_SIZE, 0,
			      S2_LAST_LEVEL - 1, S2_PROT_R);
		break;
	case 2:
		expect_einval(w, ipa, 1ULL << 53, S2_LAST_LEVEL, S2_PROT_R);
		break;
	case 3:
		expect_einval(w, 0, 0, top_level(w) - 1, S2_PROT_R);
		break;
	case 4:
		expect_einval(w, ipa, ipa, S2_LAST_LEVEL,
			      S2_PROT_R | S2_PROT_X | S2_PROT_DEVICE);
		break;
	default:
		do_unmap(w, limit(w), limit(w) + top_size(w),
			 S2_REASON_NOTIFIER_UNMAP, false);
		break;
	}
}

static void range_op(struct world *w, u32 what)
{
	u64 start, end;

	pick_range(w, &start, &end);
	switch (what) {
	case 0:
		pick_everything(w, &start, &end);
		do_unmap(w, start, end, S2_REASON_NOTIFIER_UNMAP, !w->depth);
		break;
	case 1:
		do_wrprotect(w, start, end, !w->depth);
		break;
	case 2:
		pick_everything(w, &start, &end);
		do_age(w, start, end, true);
		break;
	case 3:
		do_age(w, start, end, false);
		break;
	default:
		do_clean(w, start, end);
		break;
	}
}

static void map_op(struct world *w)
{
	s32 level = pick_level(w);
	u64 ipa = pick_ipa(w) & ~(s2_level_size(level) - 1);

	do_map(w, ipa, pick_pa(w, ipa), level, pick_prot(w),
	       one_in(w, 2) ? S2_LOCK_READ : S2_LOCK_WRITE, false);
}

static void split_op(struct world *w)
{
	u64 start = pick_ipa(w);

	do_split(w, start, start + (1 + draw(w, S2_TABLE_ENTRIES)) * PAGE_SIZE);
}

static void delete_slot(struct world *w)
{
	u64 start = pick_window(w);

	do_unmap(w, start, start + 2 * top_size(w), S2_REASON_MEMSLOT_DELETE,
		 true);
}

static void set_spte_op(struct world *w)
{
	u64 ipa = pick_ipa(w);

	do_set_spte(w, ipa, pick_pa(w, ipa), pick_prot(w) & ~S2_PROT_OLD);
}

/* Is anything near mapped by pages, so that there is a table of them? */
static bool pages_near(struct world *w, u64 ipa)
{
	u64 span = s2_table_span(S2_LAST_LEVEL), start = ipa & ~(span - 1);
	struct unit *u;

	ref_for_each(u, &w->ref, start, start + span)
		if (u->size == PAGE_SIZE)
			return true;
	return false;
}

/* What was absent, and was to be there, is; or there was no table for it. */
static void apply_absent(struct world *w, u64 ipa, const struct s2_host_page *p,
			 u32 nr)
{
	struct hw_leaf leaf;
	struct unit new;
	u32 i;

	for (i = 0; i < nr; i++, p++, ipa += PAGE_SIZE) {
		if (!p->prot || ref_find(&w->ref, ipa))
			continue;
		new = make_unit(ipa, p->pa, S2_LAST_LEVEL, p->prot);
		if (hw_walk(&w->mmu, ipa, &leaf))
			ref_insert(&w->ref, &new);
		else if (pages_near(w, ipa))
			host_fail("s2_map_absent() leaves out 0x%llx", ipa);
	}
}

/* As around a fault: some of a row of pages, where nothing is. */
static void do_around(struct world *w)
{
	struct s2_host_page pages[16] = { };
	u64 size = sizeof(pages) / sizeof(pages[0]) * PAGE_SIZE;
	u64 ipa = pick_ipa(w) & ~(size - 1), at;
	struct s2_op op;
	u32 i;

	if (w->depth)
		return;
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		if (one_in(w, 3))
			continue;
		pages[i].pa = pick_pa(w, ipa + i * PAGE_SIZE);
		pages[i].prot = pick_prot(w) | (one_in(w, 2) ? S2_PROT_OLD : 0);
	}
	begin(w, &op, S2_OP_AROUND, S2_REASON_FAULT, ipa, ipa + size,
	      S2_LOCK_READ, false);
	s2_map_absent(&op, ipa, pages, ARRAY_SIZE(pages));
	s2_op_end(&op, 0);
	apply_absent(w, ipa, pages, ARRAY_SIZE(pages));
	after_op(w, ipa, ipa + size);
	for (at = ipa; at < ipa + size; at += PAGE_SIZE)
		check_at(w, at);
}

/* One operation, whatever comes of it. */
static void choose_op(struct world *w)
{
	switch (draw(w, 128)) {
	case 0 ... 44:
		do_access(w);
		break;
	case 45 ... 66:
		map_op(w);
		break;
	case 67 ... 84:
		range_op(w, 0);
		break;
	case 85 ... 90:
		range_op(w, 1);
		break;
	case 91 ... 95:
		do_mkyoung(w, pick_ipa(w));
		break;
	case 96 ... 99:
		range_op(w, 2);
		break;
	case 100 ... 102:
		range_op(w, 3);
		break;
	case 103 ... 108:
		set_spte_op(w);
		break;
	case 109 ... 111:
		do_log_dirty(w);
		break;
	case 112 ... 114:
		churn_vmids(w);
		break;
	case 115 ... 116:
		do_nonsense(w);
		break;
	case 117 ... 118:
		split_op(w);
		break;
	case 119 ... 120:
		range_op(w, 4);
		break;
	case 121:
		delete_slot(w);
		break;
	case 122:
		if (one_in(w, 32)) {
			destroy(w);
			create(w);
		}
		break;
	case 123 ... 125:
		do_around(w);
		break;
	default:
		do_access(w);
		break;
	}
}

/* All windows at once: it has become too full. */
static void make_room(struct world *w)
{
	u32 i;

	for (i = 0; i < 4; i++)
		do_unmap(w, window(w, i), window(w, i) + 6 * top_size(w),
			 S2_REASON_MEMSLOT_DELETE, false);
}

void world_step(struct world *w)
{
	world = w;
	choose_op(w);
	w->ops++;
	if (w->ref.nr > MOST_UNITS)
		make_room(w);
	if (!(w->ops % CHECK_EVERY))
		world_check(w);
}

static bool needbreak(struct kvm_s2_mmu *mmu)
{
	(void)mmu;
	return !world->depth && world->may_break && one_in(world, 4);
}

static bool meets_amid(struct world *w, u64 ipa, u64 end)
{
	u32 i;

	for (i = 0; i < w->nr_amid; i++) {
		if (w->amid[i].ipa < end &&
		    ipa < w->amid[i].ipa + w->amid[i].size)
			return true;
	}
	return false;
}

/* Where it does not meet the operation that yielded, or inside of that. */
static void map_amid(struct world *w)
{
	s32 level = pick_level(w);
	u64 ipa = pick_ipa(w) & ~(s2_level_size(level) - 1);
	u64 end = ipa + s2_level_size(level);
	bool apart = end <= w->outer.start || ipa >= w->outer.end;
	struct unit *u = ref_find(&w->ref, ipa);
	/* Cutting a block that reaches out of the range would narrow it. */
	bool cuts = u && (u->ipa < w->fixed.start ||
			  u->ipa + u->size > w->fixed.end);
	bool inside = ipa >= w->fixed.start && end <= w->fixed.end && !cuts &&
		      w->outer_unmaps && w->nr_amid < ARRAY_SIZE(w->amid) &&
		      !meets_amid(w, ipa, end);

	if (apart || inside)
		do_map(w, ipa, pick_pa(w, ipa), level, pick_prot(w),
		       S2_LOCK_WRITE, false);
}

static void unmap_amid(struct world *w)
{
	u64 start, end;

	/* It may widen what was mapped amid into what was not: keep apart. */
	if (w->nr_amid)
		return;
	pick_range(w, &start, &end);
	do_unmap(w, start, end, S2_REASON_NOTIFIER_UNMAP, false);
}

static void on_break(struct kvm_s2_mmu *mmu)
{
	struct world *w = world;
	u64 near = w->near;

	(void)mmu;
	w->depth++;
	w->breaks++;
	w->may_break--;
	switch (draw(w, 16)) {
	case 0 ... 5:
		map_amid(w);
		break;
	case 6 ... 9:
		unmap_amid(w);
		break;
	case 10:
		churn_vmids(w);
		break;
	case 11:
		if (!one_in(w, 8))
			break;
		destroy(w);
		w->nr_amid = 0;
		if (one_in(w, 2)) {
			create(w);
			w->lost++;
		}
		/* The operation goes on, but not in what has just begun. */
		w->may_break = 0;
		break;
	}
	w->depth--;
	w->near = near;
}

static void note_young(struct world *w, u64 ipa, s32 level)
{
	u64 size = s2_level_size(level);

	if (w->nr_young == ARRAY_SIZE(w->young))
		w->nr_young--;
	w->young[w->nr_young].ipa = ipa & ~(size - 1);
	w->young[w->nr_young++].size = size;
}

static void made_young(struct kvm_s2_mmu *mmu, u64 ipa)
{
	struct hw_leaf leaf;

	if (mmu == &world->mmu && hw_walk(mmu, ipa, &leaf))
		note_young(world, ipa, leaf.level);
}

/* Another CPU's guest touches memory in the middle of an operation. */
static void meddle(void)
{
	struct world *w = world;
	u32 cpu = host_cpu, n = draw(w, 8);
	u64 ipa = w->near + n * PAGE_SIZE, pa;

	if (n > 3 || !w->mmu.pgt || ipa >= limit(w) ||
	    w->nr_young == ARRAY_SIZE(w->young))
		return;
	host_cpu = draw(w, host_cpus);
	if (w->loaded[host_cpu])
		tlb_access(&w->mmu, ipa, draw(w, 3), &pa);
	host_cpu = cpu;
}

/* The hardware sets an access flag just before the core's exchange. */
static void racer(u64 *entry)
{
	struct world *w = world;
	u64 ipa, at = (uintptr_t)entry & ~(uintptr_t)(PAGE_SIZE - 1);
	s32 level;

	if (!(*entry & 1) || (*entry >> 10 & 1) || !one_in(w, 4) ||
	    w->nr_young == ARRAY_SIZE(w->young))
		return;
	if (!checker_table(&w->mmu, s2_port_pa((void *)(uintptr_t)at), &level,
			   &ipa) ||
	    s2_pte_table(*entry, level))
		return;
	*entry |= 1 << 10;
	note_young(w, ipa + ((uintptr_t)entry - at) / 8 * s2_level_size(level),
		   level);
}

static void describe(void)
{
	if (world)
		fprintf(stderr, "after %llu operations, %u-bit IPA, start level %d, lpa2 %d fwb %d range %d ha %d, near 0x%llx\n",
			world->ops, world->type.ipa_bits,
			world->type.start_level, world->type.lpa2,
			world->type.fwb, world->type.range, host.ha,
			world->near);
}

void world_init(struct world *w, const struct host_mmu_type *type, bool ha)
{
	u32 i;

	host_reset(CPUS);
	host.vmid_bits = 4;
	kvm_arm_vmid_alloc_free();
	kvm_arm_vmid_alloc_init();
	host.high_pa = type->lpa2;
	host.ha = ha;
	host.cmo_off = type->fwb;

	world = w;
	w->type = *type;
	ref_init(&w->ref);
	create(w);
	for (i = 0; i < DUMMIES; i++) {
		w->dummies[i].s2 = calloc(1, sizeof(struct s2_ctx));
		w->dummies[i].s2->pgt.mmu = &w->dummies[i];
	}
	host_describe = describe;
	hw_made_young = ha ? made_young : NULL;
	host.racer = ha ? racer : NULL;
	host.needbreak = needbreak;
	host.on_break = on_break;
	host.meddle = meddle;
}

void world_fini(struct world *w)
{
	u32 i;

	world_check(w);
	destroy(w);
	ref_free(&w->ref);
	s2_cache_drain(NULL, &w->mc);
	for (i = 0; i < DUMMIES; i++)
		free(w->dummies[i].s2);
	if (host.live)
		host_fail("LEAK: %d pages", host.live);
	hw_made_young = NULL;
	host_describe = NULL;
	world = NULL;
}
