// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descent into tables that change under it: what it shows was a table of
 * the tree when it was read, whatever happens to the tree in between.
 *
 * Memory is an arena here; the reader is that of bpf/stock.bpf.c in C, and may
 * change the arena before it reads, or between reading and checking the links.
 */
#include "unit.h"

#include <errno.h>

#include "model/pte.h"
#include "source/descend.h"

#define BASE_PA 0x80000000ULL
#define ARENA_PAGES 600
#define PAGE 4096
#define MAX_SEEN 2048
#define LEAF 0x4c1ULL /* a block, and with PAGE_BIT a page */
#define LINK 3ULL
#define PAGE_BIT 2ULL
/* What a freed page is filled with: valid table entries that lead nowhere. */
#define POISON (0x7f00000000ULL | LINK)
#define ID 7

typedef void (*hook_fn)(const struct stock_read *r);

/* What the test sees, and what it plays with. */
static struct {
	uint64_t *arena;
	size_t used;
	uint32_t count[ARENA_PAGES];
	uint64_t *root_at;
	struct layout layout;
	struct descend_tree tree;
	struct stock_read reads[STOCK_BATCH];
	__u64 pages[STOCK_BATCH][S2R_CHUNK];
	hook_fn before;
	hook_fn after;
	int calls;
	struct s2r_table table[MAX_SEEN];
	size_t tables;
	uint64_t leaves;
} t;

static uint64_t va_of(uint64_t pa)
{
	return layout_va(&t.layout, pa);
}

static uint64_t pa_of(const uint64_t *p)
{
	return (uint64_t)p - t.layout.offset;
}

static uint64_t *word(uint64_t va)
{
	if (va < (uint64_t)t.arena ||
	    va + 8 > (uint64_t)(t.arena + ARENA_PAGES * S2R_CHUNK))
		return NULL;
	return (uint64_t *)va;
}

static uint32_t *count_of(const uint64_t *table)
{
	return &t.count[(table - t.arena) / S2R_CHUNK];
}

/* As read_one() of bpf/stock.bpf.c. */
static void read_one(uint32_t i)
{
	struct stock_read *r = &t.reads[i];
	uint64_t *now = NULL;

	if (t.before)
		t.before(r);
	r->count = r->count_at ? (int)*(uint32_t *)r->count_at : 0;
	r->error = word(r->at) ? 0 : -EFAULT;
	if (!r->error)
		memcpy(t.pages[i], word(r->at), PAGE);
	if (t.after)
		t.after(r);
	for (r->broken = 0; r->broken < r->nr_links; r->broken++) {
		now = word(r->link[r->broken].at);
		r->now = now ? *now : 0;
		if (r->now != r->link[r->broken].value)
			return;
	}
}

static int go(void *arg, uint32_t nr)
{
	(void)arg;
	assert_true(nr <= STOCK_BATCH);
	t.calls++;
	for (uint32_t i = 0; i < nr; i++)
		read_one(i);
	return 0;
}

static int see(const struct s2r_head *rec, void *arg)
{
	(void)arg;
	if (rec->type == S2R_TABLE) {
		assert_true(t.tables < MAX_SEEN);
		t.table[t.tables] = *(const struct s2r_table *)rec;
		t.leaves += t.table[t.tables++].leaves;
	}
	return 0;
}

static int look(const struct table_query *q, bool again)
{
	const struct descend_reader reader = { t.reads, t.pages, go, NULL };
	const struct table_query all = { .last = UINT64_MAX };

	t.tables = 0;
	t.leaves = 0;
	return descend(&reader, &t.layout, &t.tree, q ?: &all, again, see,
		       NULL);
}

static uint64_t *new_table(void)
{
	uint64_t *p = t.arena + t.used++ * S2R_CHUNK;

	assert_true(t.used <= ARENA_PAGES);
	memset(p, 0, PAGE);
	*count_of(p) = 1;
	return p;
}

static void set(uint64_t *table, unsigned int i, uint64_t e)
{
	*count_of(table + i) += !!e - !!table[i];
	table[i] = e;
}

static uint64_t *hang(uint64_t *table, unsigned int i)
{
	uint64_t *child = new_table();

	set(table, i, pa_of(child) | LINK);
	return child;
}

static void map_page(uint64_t *table, unsigned int i)
{
	set(table, i, 0x4000000000ULL + i * PAGE + (LEAF | PAGE_BIT));
}

/* Unlinked in the order that KVM keeps: the entry goes, then the page. */
static void drop(uint64_t *table, unsigned int i)
{
	uint64_t *child = word(va_of(pte_address(table[i], 12, false)));

	set(table, i, 0);
	for (unsigned int k = 0; k < S2R_CHUNK; k++)
		child[k] = POISON;
	*count_of(child) = 77;
}

/* A 40-bit tree from level 1, two root pages. A struct page has 4 bytes here. */
static uint64_t *start(void)
{
	uint64_t *root;

	free(t.arena);
	memset(&t, 0, sizeof(t));
	t.arena = aligned_alloc(PAGE, ARENA_PAGES * PAGE);
	assert_non_null(t.arena);
	t.layout = (struct layout){
		.page_shift = 12,
		.offset = (uint64_t)t.arena - BASE_PA,
	};
	t.root_at = t.arena;
	t.used = 1;
	root = new_table();
	new_table();
	*t.root_at = pa_of(root);
	t.tree = (struct descend_tree){
		.id = ID,
		.root = (uint64_t)root,
		.root_pa = pa_of(root),
		.root_at = (uint64_t)t.root_at,
		.root_pages = 2,
		.start_level = 1,
	};
	return root;
}

static int stop(void **state)
{
	(void)state;
	free(t.arena);
	t.arena = NULL;
	return 0;
}

static void a_tree_is_shown_whole_and_in_order(void **state)
{
	uint64_t *root = start(), *a = hang(root, 1), *b = hang(root, 600);
	uint64_t *leafs;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		leafs = hang(a, 2 * i);
		for (unsigned int k = 0; k <= i; k++)
			map_page(leafs, k);
	}
	set(b, 3, 0x5000000000ULL | LEAF);
	assert_int_equal(look(NULL, true), 0);
	assert_int_equal(t.tables, 203);
	assert_int_equal(t.leaves, 200 * 201 / 2 + 1);
	assert_int_equal(t.table[0].nr, 1024);
	assert_int_equal(t.table[0].children, 2);
	assert_int_equal(t.table[0].mmu, ID);
	assert_int_equal(t.table[202].pa, pa_of(b));
	for (size_t i = 1; i < t.tables; i++)
		assert_true(t.table[i].ipa >= t.table[i - 1].ipa);
	assert_int_equal(t.table[202].ipa, 600ULL << 30);
	/* 200 tables of the last level in batches, three by themselves. */
	assert_int_equal(t.calls, 3 + (200 + STOCK_BATCH - 1) / STOCK_BATCH);
}

static void without_a_layout_there_are_no_counts(void **state)
{
	uint64_t *root = start();

	(void)state;
	hang(root, 0);
	assert_int_equal(look(NULL, true), 0);
	assert_int_equal(t.table[0].count, S2R_NO_COUNT);
	assert_int_equal(t.table[1].count, S2R_NO_COUNT);
}

/* The linear map and the struct pages of a kernel, made of the arena. */
static void with_counts(void)
{
	t.layout.counts = true;
	t.layout.page_offset = (uint64_t)t.arena | 0xffULL << 56;
	t.layout.vmemmap = (uint64_t)t.count;
	t.layout.page_size = sizeof(t.count[0]);
}

static void the_pages_of_a_root_are_counted_together(void **state)
{
	uint64_t *root = start(), *a = hang(root, 1), *b;

	(void)state;
	with_counts();
	hang(root, 600);
	b = hang(root, 700);
	map_page(hang(a, 5), 9);
	hang(b, 0);
	assert_int_equal(look(NULL, true), 0);
	for (size_t i = 0; i < t.tables; i++)
		assert_int_equal(t.table[i].count,
				 1 + t.table[i].leaves + t.table[i].children);
	assert_int_equal(t.table[0].count, 4);
}

static void a_range_is_shown_with_the_tables_above_it(void **state)
{
	const struct table_query q = { .first = 5ULL << 30 | 3 << 21,
				       .last = 5ULL << 30 | 3 << 21 };
	uint64_t *root = start(), *a = hang(root, 5);

	(void)state;
	hang(root, 4);
	hang(a, 2);
	hang(a, 3);
	hang(a, 4);
	assert_int_equal(look(&q, true), 0);
	assert_int_equal(t.tables, 3);
	assert_int_equal(t.table[2].ipa, q.first);
}

static void a_lock_marker_of_either_age_is_no_entry(void **state)
{
	uint64_t *root = start(), *a = hang(hang(root, 0), 0);

	(void)state;
	a[3] = 1ULL << 10;
	a[4] = 1ULL << 60;
	a[5] = 1ULL << 61;
	assert_int_equal(look(NULL, true), 0);
	assert_int_equal(t.table[2].locked, 2);
	assert_int_equal(t.table[2].annotations, 1);
}

/* The table that the hooks below are about, and the entry above it. */
static struct {
	uint64_t *parent;
	unsigned int i;
	uint64_t *table;
	uint64_t page_bit;
	int times;
} victim;

static bool is_victim(const struct stock_read *r)
{
	return r->at == (uint64_t)victim.table && victim.times-- > 0;
}

static void drop_victim(const struct stock_read *r)
{
	if (is_victim(r))
		drop(victim.parent, victim.i);
}

static void replace_victim(const struct stock_read *r)
{
	if (!is_victim(r))
		return;
	drop(victim.parent, victim.i);
	victim.table = hang(victim.parent, victim.i);
	set(victim.table, 0, 0x5000000000ULL | LEAF | victim.page_bit);
}

/* root -> a -> table with three pages, and a neighbour with one. */
static uint64_t *with_victim(unsigned int level, int times)
{
	uint64_t *root = start(), *a = hang(root, 1), *b = hang(a, 1);

	for (unsigned int k = 0; k < 3; k++)
		map_page(b, k);
	map_page(hang(a, 2), 0);
	victim.parent = level == 3 ? a : root;
	victim.i = 1;
	victim.page_bit = level == 3 ? PAGE_BIT : 0;
	victim.table = level == 3 ? b : a;
	victim.times = times;
	return root;
}

static void what_is_unmapped_meanwhile_is_not_shown(void **state)
{
	(void)state;
	for (int when = 0; when < 2; when++) {
		with_victim(3, 1);
		t.before = when ? NULL : drop_victim;
		t.after = when ? drop_victim : NULL;
		assert_int_equal(look(NULL, true), 0);
		assert_int_equal(t.tables, 3);
		assert_int_equal(t.leaves, 1);
	}
}

static void what_is_replaced_meanwhile_is_shown_as_it_is(void **state)
{
	(void)state;
	for (unsigned int level = 2; level <= 3; level++) {
		with_victim(level, 1);
		t.before = replace_victim;
		assert_int_equal(look(NULL, true), 0);
		assert_int_equal(t.leaves, level == 3 ? 2 : 1);
		assert_int_equal(t.tables, level == 3 ? 4 : 2);
	}
}

static void what_never_holds_still_is_said_to_be_unread(void **state)
{
	(void)state;
	with_victim(3, 100);
	t.before = replace_victim;
	assert_int_equal(look(NULL, true), -EAGAIN);
	assert_int_equal(t.tables, 3);
	with_victim(3, 100);
	t.before = replace_victim;
	assert_int_equal(look(NULL, false), -EAGAIN);
	assert_int_equal(t.tables, 4);
	assert_int_equal(t.table[3].unread, 512);
	assert_int_equal(t.table[3].count, S2R_NO_COUNT);
	assert_int_equal(t.leaves, 1);
}

/* While a table of the last level is read, the one above it goes. */
static void drop_parent(const struct stock_read *r)
{
	if (!is_victim(r))
		return;
	drop(victim.parent, victim.i);
}

static void a_lost_ancestor_tears_the_descent(void **state)
{
	uint64_t *root, *a;

	(void)state;
	for (int again = 0; again < 2; again++) {
		root = start();
		a = hang(root, 1);
		victim.parent = root;
		victim.i = 1;
		victim.table = hang(a, 1);
		victim.times = 1;
		map_page(victim.table, 0);
		map_page(hang(hang(root, 2), 0), 0);
		t.after = drop_parent;
		assert_int_equal(look(NULL, again), -EAGAIN);
		assert_int_equal(t.leaves, 1);
		/* root, a as it was, (a unread,) and the two of the neighbour */
		assert_int_equal(t.tables, again ? 4 : 5);
	}
}

static void forget_root(const struct stock_read *r)
{
	if (is_victim(r))
		*t.root_at = 0;
}

static void a_tree_that_is_freed_ends_the_descent(void **state)
{
	(void)state;
	with_victim(3, 1);
	t.after = forget_root;
	assert_int_equal(look(NULL, true), -ESRCH);
	with_victim(2, 1);
	t.before = forget_root;
	assert_int_equal(look(NULL, true), -ESRCH);
}

static void what_cannot_be_read_is_said_to_be_unread(void **state)
{
	uint64_t *root = start();

	(void)state;
	set(root, 0, 0x7f00000000ULL | LINK);
	assert_int_equal(look(NULL, false), -EAGAIN);
	assert_int_equal(t.tables, 2);
	assert_int_equal(t.table[1].unread, 512);
}

/* Anything may happen to the second level of the tree at each read. */
static void random_change(const struct stock_read *r)
{
	unsigned int i = rand() % 40;
	uint64_t *a = victim.parent;

	(void)r;
	if (rand() % 4 || t.used + 2 > ARENA_PAGES)
		return;
	if (pte_kind(a[i], 2) == PTE_TABLE)
		drop(a, i);
	if (rand() % 2)
		map_page(hang(a, i), rand() % 512);
}

/* Poison has 512 children a page, and our tables of the last level have none. */
static void freed_memory_is_never_shown_as_a_table(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 300; seed++) {
		srand(seed);
		victim.parent = hang(start(), 1);
		for (unsigned int i = 0; i < 40; i++)
			map_page(hang(victim.parent, i), i);
		t.before = random_change;
		t.after = random_change;
		look(NULL, seed % 2);
		for (size_t k = 2; k < t.tables; k++) {
			assert_int_equal(t.table[k].level, 3);
			assert_true(t.table[k].unread ||
				    t.table[k].leaves == 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_is_shown_whole_and_in_order),
		cmocka_unit_test(without_a_layout_there_are_no_counts),
		cmocka_unit_test(the_pages_of_a_root_are_counted_together),
		cmocka_unit_test(a_range_is_shown_with_the_tables_above_it),
		cmocka_unit_test(a_lock_marker_of_either_age_is_no_entry),
		cmocka_unit_test(what_is_unmapped_meanwhile_is_not_shown),
		cmocka_unit_test(what_is_replaced_meanwhile_is_shown_as_it_is),
		cmocka_unit_test(what_never_holds_still_is_said_to_be_unread),
		cmocka_unit_test(a_lost_ancestor_tears_the_descent),
		cmocka_unit_test(a_tree_that_is_freed_ends_the_descent),
		cmocka_unit_test(what_cannot_be_read_is_said_to_be_unread),
		cmocka_unit_test(freed_memory_is_never_shown_as_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, stop);
}
