/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small stage-2 MMU that tells of itself as the kernel's does, for the tests
 * of the model and the invariants: what it does is legal. A test then twists
 * an event, or leaves it out, and says which invariant must notice.
 */
#ifndef S2STAT_STREAM_H
#define S2STAT_STREAM_H

#include "unit.h"

#include "invariants/invariant.h"

#define PAGE 0x1000ULL
#define BLOCK 0x200000ULL
#define RAM 0x40000000ULL
#define RAM_SIZE 0x20000000ULL
#define HVA 0x7f0040000000ULL
#define ROOT_PA 0x80000000ULL
#define HOST_PA 0x100000000ULL /* what backs RAM begins here */

/* Normal memory without FEAT_S2FWB, young, inner shareable, XN. */
#define P_BASE (PTE_VALID | 0xfULL << 2 | PTE_SH | PTE_AF)
#define P_R PTE_READ
#define P_W PTE_WRITE
#define P_RW (PTE_READ | PTE_WRITE)
#define P_NX PTE_XN1

/* What a test may do to an event before it is told; false: leave it out. */
typedef bool (*twist_fn)(struct event *e);

struct tb {
	uint64_t pa;
	uint64_t ipa;
	int level;
	int nr;
	int count;
	uint64_t e[1024];
};

#define MOST_FOUND 64

/* The MMU, the bench it is held against, and what was found. */
struct stream {
	struct bench bench;
	struct finding found[MOST_FOUND];
	size_t nr_found;
	twist_fn twist;
	uint64_t id;
	uint64_t seq[16];
	uint64_t ops;
	uint64_t now;
	uint64_t op;
	int kind;
	int reason;
	uint64_t entries;
	int32_t pid;
	int32_t cpu;
	uint64_t notifier;
	uint64_t vmid;
	uint64_t generation;
	struct tb tb[64];
	size_t nr_tb;
	uint64_t next_pa;
	uint64_t taken;
	uint64_t freed;
	struct tb *dead[64];
	size_t nr_dead;
	struct span lines[64];
	size_t nr_lines;
	uint64_t owed_from;
	uint64_t owed_to;
	uint64_t owed;
	int owed_level;
};

static struct stream st;

static inline void note_finding(const struct finding *f, void *arg)
{
	(void)arg;
	if (st.nr_found < MOST_FOUND)
		st.found[st.nr_found] = *f;
	st.nr_found++;
}

/* Numbers are given after the twist: what is left out leaves no gap. */
static inline void tell(struct event *e)
{
	e->time = st.now += 1000;
	e->mmu = e->mmu ? e->mmu : st.id;
	e->vm = 1000 + e->mmu;
	e->pid = e->pid ? e->pid : st.pid;
	e->cpu = st.cpu;
	if (st.twist && !st.twist(e))
		return;
	e->seq = ++st.seq[e->mmu % 16];
	assert_int_equal(replay_event(&st.bench.replay, e), 0);
}

#define TELL(type_, ...)                                        \
	do {                                                    \
		struct event _e = { .type = EV_##type_,         \
				    .type_ = { __VA_ARGS__ } }; \
		tell(&_e);                                      \
	} while (0)

/* Operations -------------------------------------------------------------- */

static inline void op_begin(int kind, int reason, uint64_t ipa, uint64_t end,
			    int lock, bool may_block)
{
	st.op = ++st.ops;
	st.kind = kind;
	st.reason = reason;
	st.entries = 0;
	TELL(s2_op_begin, .op = st.op, .kind = kind, .reason = reason,
	     .ipa = ipa, .end = end, .lock = lock, .may_block = may_block,
	     .notifier_seq = st.notifier);
}

static inline void op_end(int result)
{
	TELL(s2_op_end, .op = st.op, .kind = st.kind, .reason = st.reason,
	     .result = result, .entries = st.entries);
	st.op = 0;
}

static inline int shift_of(int level)
{
	return 12 + 9 * (3 - level);
}

static inline uint64_t size_of(int level)
{
	return 1ULL << shift_of(level);
}

static inline int index_of(const struct tb *t, uint64_t ipa)
{
	return (ipa >> shift_of(t->level)) & (t->nr - 1);
}

static inline void set_entry(struct tb *t, uint64_t ipa, uint64_t new)
{
	int i = index_of(t, ipa);
	uint64_t old = t->e[i], base = ipa & ~(size_of(t->level) - 1);

	t->e[i] = new;
	t->count += !old && new;
	st.entries++;
	TELL(s2_set, .op = st.op, .ipa = base, .level = t->level,
	     .table = t->pa, .index = i, .old = old, .new = new,
	     .count = t->count);
}

static inline uint64_t clear_entry(struct tb *t, uint64_t ipa)
{
	int i = index_of(t, ipa);
	uint64_t old = t->e[i], base = ipa & ~(size_of(t->level) - 1);

	t->e[i] = 0;
	t->count--;
	st.entries++;
	TELL(s2_clear, .op = st.op, .ipa = base, .level = t->level,
	     .table = t->pa, .index = i, .old = old, .count = t->count);
	return old;
}

static inline void flush(int scope, int level, uint64_t ipa, uint64_t size)
{
	uint64_t raw = 0;

	if (scope == S2_SCOPE_IPA || scope == S2_SCOPE_IPA_LOCAL)
		raw = ipa >> 12 |
		      (level == S2_LEVEL_ANY ? 0 : (uint64_t)(4 | level) << 44);
	if (scope == S2_SCOPE_RANGE)
		raw = ipa >> 12;
	TELL(s2_flush, .op = st.op, .scope = scope, .raw = raw, .level = level,
	     .ipa = ipa, .size = size, .vmid = st.vmid,
	     .generation = st.generation, .reason = st.reason, .cpu = st.cpu);
}

static inline void cmo(int kind, uint64_t pa, uint64_t size)
{
	TELL(s2_cmo, .op = st.op, .kind = kind, .pa = pa, .size = size);
}

/* Tables ------------------------------------------------------------------ */

static inline struct tb *tb_at(uint64_t pa)
{
	for (size_t i = 0; i < st.nr_tb; i++)
		if (st.tb[i].pa == pa)
			return &st.tb[i];
	return NULL;
}

static inline struct tb *take(int level, uint64_t ipa)
{
	struct tb *t = &st.tb[st.nr_tb++];

	assert_true(st.nr_tb < 64);
	*t = (struct tb){ .pa = st.next_pa += PAGE,
			  .ipa = ipa & ~(size_of(level - 1) - 1),
			  .level = level,
			  .nr = 512,
			  .count = 1 };
	st.taken++;
	TELL(s2_table_alloc, .op = st.op, .table = t->pa, .level = level,
	     .ipa = t->ipa);
	return t;
}

static inline void give_back(struct tb *t)
{
	st.freed++;
	TELL(s2_table_free, .op = st.op, .table = t->pa, .level = t->level,
	     .ipa = t->ipa, .count = t->count);
	t->pa = 0;
}

static inline uint64_t link_to(const struct tb *t)
{
	return t->pa | 3;
}

/* The table for @ipa at @level; makes what is missing. */
static inline struct tb *descend(uint64_t ipa, int level)
{
	struct tb *t = &st.tb[0];

	while (t->level < level) {
		uint64_t e = t->e[index_of(t, ipa)];

		if (!e) {
			struct tb *child = take(t->level + 1, ipa);

			set_entry(t, ipa, link_to(child));
			t = child;
		} else {
			t = tb_at(e & ~0xfffULL);
		}
		assert_non_null(t);
	}
	return t;
}

static inline uint64_t leaf_for(uint64_t ipa, int level, uint64_t bits)
{
	return P_BASE | bits | (level == 3 ? PTE_TYPE : 0) |
	       (HOST_PA + (ipa - RAM));
}

/* Debts ------------------------------------------------------------------- */

static inline void owe(uint64_t ipa, uint64_t size, int level)
{
	if (!st.owed++) {
		st.owed_from = ipa;
		st.owed_to = ipa + size;
		st.owed_level = level;
		return;
	}
	if (ipa < st.owed_from)
		st.owed_from = ipa;
	if (ipa + size > st.owed_to)
		st.owed_to = ipa + size;
	st.owed_level = S2_LEVEL_ANY;
}

static inline void reap(struct tb *t)
{
	for (int i = 0; i < t->nr; i++) {
		uint64_t ipa = t->ipa + i * size_of(t->level), old;

		if (!t->e[i])
			continue;
		old = clear_entry(t, ipa);
		if (pte_is_table(old, t->level))
			reap(tb_at(old & ~0xfffULL));
		else
			cmo(S2_CMO_DCACHE, old & 0xfffffffff000ULL,
			    size_of(t->level));
	}
	give_back(t);
}

static inline void settle(void)
{
	/* Who never had a VMID is in no TLB. */
	if (!st.generation)
		st.owed = 0;
	if (st.owed && st.owed_level != S2_LEVEL_ANY)
		flush(S2_SCOPE_IPA, st.owed_level, st.owed_from,
		      size_of(st.owed_level));
	else if (st.owed)
		flush(S2_SCOPE_RANGE, S2_LEVEL_ANY, st.owed_from,
		      st.owed_to - st.owed_from);
	st.owed = 0;
	for (size_t i = 0; i < st.nr_lines; i++)
		cmo(S2_CMO_DCACHE, st.lines[i].start,
		    st.lines[i].end - st.lines[i].start);
	st.nr_lines = 0;
	while (st.nr_dead)
		reap(st.dead[--st.nr_dead]);
}

static inline void unlink_table(struct tb *parent, uint64_t ipa)
{
	uint64_t old = clear_entry(parent, ipa);
	uint64_t base = ipa & ~(size_of(parent->level) - 1);

	st.dead[st.nr_dead++] = tb_at(old & ~0xfffULL);
	owe(base, size_of(parent->level), S2_LEVEL_ANY);
}

static inline void clear_leaf(struct tb *t, uint64_t ipa)
{
	uint64_t old = clear_entry(t, ipa), size = size_of(t->level);
	uint64_t pa = old & 0xfffffffff000ULL;

	owe(ipa & ~(size - 1), size, t->level);
	st.lines[st.nr_lines++] = (struct span){ pa, pa + size };
}

static inline void unmap_in(struct tb *t, uint64_t ipa, uint64_t end)
{
	uint64_t next;

	for (; ipa < end; ipa = next) {
		uint64_t e = t->e[index_of(t, ipa)], size = size_of(t->level);

		next = (ipa | (size - 1)) + 1;
		if (next > end)
			next = end;
		if (!e)
			continue;
		if (!pte_is_table(e, t->level)) {
			clear_leaf(t, ipa);
			continue;
		}
		if (next - ipa < size) {
			struct tb *child = tb_at(e & ~0xfffULL);

			unmap_in(child, ipa, next);
			if (child->count != 1)
				continue;
		}
		unlink_table(t, ipa);
	}
}

/* What KVM does with it --------------------------------------------------- */

static inline void unmap(uint64_t ipa, uint64_t end, int reason)
{
	op_begin(S2_OP_UNMAP, reason, ipa, end, S2_LOCK_WRITE, true);
	unmap_in(&st.tb[0], ipa, end);
	settle();
	op_end(0);
	if (reason == S2_REASON_NOTIFIER_UNMAP)
		st.notifier++;
}

/* What a fault knows of ordinary memory, which the host maps by 1 GB. */
#define HOST_PAGE                                       \
	(30 << 8 | 1 << S2_PAGE_SOUGHT | 1 << S2_PAGE_FOUND | \
	 1 << S2_PAGE_DIRTY)

static inline void fault_begin(uint64_t ipa, int kind, bool write, bool exec)
{
	TELL(s2_fault_begin, .vcpu = st.cpu, .ipa = ipa, .kind = kind,
	     .write = write, .exec = exec, .notifier_seq = st.notifier);
}

static inline void fault_end(uint64_t ipa, int result, uint64_t size)
{
	uint64_t at = ipa & ~(size - 1);

	TELL(s2_fault_end, .vcpu = st.cpu, .ipa = ipa, .result = result,
	     .pfn = (HOST_PA + (at - RAM)) >> 12, .size = size,
	     .notifier_seq = st.notifier, .refs_taken = 1, .refs_put = 1,
	     .page = HOST_PAGE, .page_seq = st.notifier);
}

/* A translation fault: a page or a block with these permissions. */
static inline void fault_in(uint64_t ipa, int level, uint64_t bits)
{
	uint64_t size = size_of(level), base = ipa & ~(size - 1);
	uint64_t pte = leaf_for(base, level, bits);
	struct tb *t;

	fault_begin(ipa, S2_FAULT_TRANSLATION, bits & P_W, !(bits & P_NX));
	op_begin(S2_OP_MAP, S2_REASON_FAULT, base, base + size, S2_LOCK_READ,
		 false);
	t = descend(base, level);
	cmo(S2_CMO_DCACHE, HOST_PA + (base - RAM), size);
	if (!(bits & P_NX))
		cmo(S2_CMO_ICACHE, HOST_PA + (base - RAM), size);
	set_entry(t, base, pte);
	op_end(0);
	fault_end(ipa, 1, size);
}

/* A page is set, in an operation that is under way. */
static inline void set_page(uint64_t ipa, uint64_t bits)
{
	struct tb *t = descend(ipa, 3);

	cmo(S2_CMO_DCACHE, HOST_PA + (ipa - RAM), PAGE);
	set_entry(t, ipa, leaf_for(ipa, 3, bits));
}

/* A translation fault on a page, and the page behind it comes along. */
static inline void fault_around(uint64_t ipa, uint64_t bits, uint64_t beside)
{
	fault_begin(ipa, S2_FAULT_TRANSLATION, bits & P_W, false);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, ipa, ipa + PAGE, S2_LOCK_READ,
		 false);
	set_page(ipa, bits);
	op_end(0);
	op_begin(S2_OP_AROUND, S2_REASON_FAULT, ipa, ipa + 2 * PAGE,
		 S2_LOCK_READ, false);
	set_page(ipa + PAGE, beside);
	op_end(0);
	fault_end(ipa, 1, PAGE);
}

/* A permission fault on a page that is there: it becomes writable. */
static inline void fault_write(uint64_t ipa)
{
	struct tb *t;

	fault_begin(ipa, S2_FAULT_PERMISSION, true, false);
	op_begin(S2_OP_MAP, S2_REASON_PERMISSION, ipa, ipa + PAGE, S2_LOCK_READ,
		 false);
	t = descend(ipa, 3);
	set_entry(t, ipa, t->e[index_of(t, ipa)] | P_W);
	flush(S2_SCOPE_IPA_LOCAL, 3, ipa, PAGE);
	op_end(0);
	fault_end(ipa, 1, PAGE);
}

static inline void walk_leaves(struct tb *t, uint64_t ipa, uint64_t end,
			       uint64_t clear, bool restrict_)
{
	for (int i = 0; i < t->nr; i++) {
		uint64_t at = t->ipa + i * size_of(t->level), e = t->e[i];

		if (!e || at >= end || at + size_of(t->level) <= ipa)
			continue;
		if (pte_is_table(e, t->level)) {
			walk_leaves(tb_at(e & ~0xfffULL), ipa, end, clear,
				    restrict_);
		} else if (e & clear) {
			set_entry(t, at, e & ~clear);
			if (restrict_)
				owe(at, size_of(t->level), t->level);
		}
	}
}

static inline void wrprotect(uint64_t ipa, uint64_t end)
{
	op_begin(S2_OP_WRPROTECT, S2_REASON_DIRTY_LOG, ipa, end, S2_LOCK_WRITE,
		 true);
	walk_leaves(&st.tb[0], ipa, end, P_W, true);
	settle();
	op_end(0);
}

/* As user space clears bits of the log: KVM invalidates after it let go. */
static inline void clear_log(uint64_t ipa, uint64_t end)
{
	op_begin(S2_OP_WRPROTECT, S2_REASON_DIRTY_LOG, ipa, end, S2_LOCK_WRITE,
		 false);
	walk_leaves(&st.tb[0], ipa, end, P_W, true);
	TELL(s2_op_end, .op = st.op, .kind = st.kind, .reason = st.reason,
	     .entries = st.entries, .deferred = st.owed);
	st.op = st.owed = 0;
	flush(S2_SCOPE_RANGE, S2_LEVEL_ANY, RAM, RAM_SIZE);
}

static inline void age(uint64_t ipa, uint64_t end, int result)
{
	op_begin(S2_OP_AGE, S2_REASON_NOTIFIER_AGE, ipa, end, S2_LOCK_WRITE,
		 false);
	walk_leaves(&st.tb[0], ipa, end, PTE_AF, false);
	op_end(result);
}

static inline void mkyoung(uint64_t ipa)
{
	struct tb *t = descend(ipa, 3);

	TELL(s2_fault_begin, .vcpu = st.cpu, .ipa = ipa,
	     .kind = S2_FAULT_ACCESS, .notifier_seq = st.notifier);
	op_begin(S2_OP_MKYOUNG, S2_REASON_ACCESS_FLAG, ipa, ipa + PAGE,
		 S2_LOCK_READ, false);
	set_entry(t, ipa, t->e[index_of(t, ipa)] | PTE_AF);
	op_end(0);
	TELL(s2_fault_end, .vcpu = st.cpu, .ipa = ipa, .result = 1);
}

/* A block gives way to a table that maps the same. */
static inline void split(uint64_t ipa)
{
	struct tb *t = descend(ipa, 2), *new;
	uint64_t old = t->e[index_of(t, ipa)];

	op_begin(S2_OP_SPLIT, S2_REASON_SPLIT, ipa, ipa + BLOCK, S2_LOCK_WRITE,
		 false);
	new = take(3, ipa);
	for (uint64_t i = 0; i < 512; i++)
		set_entry(new, ipa + i * PAGE, (old + i * PAGE) | PTE_TYPE);
	clear_entry(t, ipa);
	owe(ipa, BLOCK, 2);
	settle();
	set_entry(t, ipa, link_to(new));
	op_end(0);
}

/* And back: a fault finds that the host has a block there. */
static inline void collapse(uint64_t ipa, uint64_t bits)
{
	struct tb *t = descend(ipa, 2);

	fault_begin(ipa, S2_FAULT_PERMISSION, bits & P_W, false);
	op_begin(S2_OP_MAP, S2_REASON_PERMISSION, ipa, ipa + BLOCK,
		 S2_LOCK_WRITE, false);
	unlink_table(t, ipa);
	settle();
	cmo(S2_CMO_DCACHE, HOST_PA + (ipa - RAM), BLOCK);
	set_entry(t, ipa, leaf_for(ipa, 2, bits));
	flush(S2_SCOPE_IPA_LOCAL, 2, ipa, BLOCK);
	op_end(0);
	fault_end(ipa, 1, BLOCK);
}

static inline void slot_event(int change, uint64_t flags)
{
	TELL(s2_memslot, .change = change, .slot = 0, .base_gfn = RAM >> 12,
	     .npages = RAM_SIZE >> 12, .hva = HVA, .flags = flags,
	     .old_base_gfn = RAM >> 12);
}

static inline void vmid_assign(uint64_t vmid, uint64_t generation)
{
	TELL(s2_vmid_assign, .vmid = vmid, .generation = generation,
	     .old_vmid = st.vmid, .old_generation = st.generation, .in_use = 1,
	     .cpu = st.cpu);
	st.vmid = vmid;
	st.generation = generation;
}

static inline void vcpu_load(int vcpu)
{
	TELL(s2_vmid_load, .vmid = st.vmid, .generation = st.generation,
	     .cpu = st.cpu, .vcpu = vcpu, .root_pa = st.tb[0].pa);
}

static inline void vcpu_put(int vcpu)
{
	TELL(s2_vmid_put, .vmid = st.vmid, .generation = st.generation,
	     .cpu = st.cpu, .vcpu = vcpu);
}

static inline void forget_vcpu(void)
{
	flush(S2_SCOPE_CPU_CONTEXT, S2_LEVEL_ANY, 0, 1ULL << 40);
}

/* Begin and end ----------------------------------------------------------- */

static inline void mmu_create(uint64_t id, uint64_t root)
{
	st.id = id;
	st.vmid = st.generation = st.ops = st.notifier = 0;
	st.taken = st.freed = 0;
	memset(st.tb, 0, sizeof(st.tb));
	st.tb[0] =
		(struct tb){ .pa = root, .level = 1, .nr = 1024, .count = 1 };
	st.nr_tb = 1;
	TELL(s2_mmu_init, .ipa_bits = 40, .start_level = 1, .granule = 4096,
	     .root_pa = root, .root_pages = 2,
	     .features = 1 << S2_FEATURE_TOLD);
}

static inline void mmu_destroy(void)
{
	op_begin(S2_OP_DESTROY, S2_REASON_TEARDOWN, 0, 1ULL << 40,
		 S2_LOCK_WRITE, false);
	for (int i = 0; i < 1024; i++)
		if (st.tb[0].e[i])
			unlink_table(&st.tb[0], i * size_of(1));
	settle();
	op_end(0);
	TELL(s2_mmu_free, .root_pa = st.tb[0].pa, .tables_alloc = st.taken,
	     .tables_freed = st.freed, .tables_live = st.taken - st.freed);
}

/* A VM with memory, running on CPU 0. */
static inline void vm_start(void)
{
	mmu_create(7, ROOT_PA);
	slot_event(S2_MEMSLOT_CREATE, 0);
	vmid_assign(5, 1);
	vcpu_load(0);
	forget_vcpu();
}

static inline void vm_stop(void)
{
	vcpu_put(0);
	mmu_destroy();
}

static inline int stream_setup(void **state)
{
	(void)state;
	memset(&st, 0, sizeof(st));
	if (bench_init(&st.bench, ~0u, (1u << EV_NR_S2) - 1))
		return -1;
	st.bench.found = note_finding;
	st.pid = 100;
	st.next_pa = 0x90000000;
	st.bench.complete = true;
	return 0;
}

static inline int stream_teardown(void **state)
{
	(void)state;
	bench_free(&st.bench);
	return 0;
}

static inline void print_findings(void)
{
	for (size_t i = 0; i < st.nr_found && i < MOST_FOUND; i++) {
		print_message("%s: %s\n", st.found[i].inv->name,
			      st.found[i].what);
		fflush(stdout);
		event_print(stderr, &st.found[i].event);
		fputc('\n', stderr);
	}
}

static inline void expect_clean(void)
{
	assert_int_equal(replay_end(&st.bench.replay), 0);
	if (st.nr_found)
		print_findings();
	assert_int_equal(st.nr_found, 0);
	assert_int_equal(st.bench.replay.lost, 0);
	for (int i = 0; i < NR_INVARIANTS; i++)
		assert_int_equal(st.bench.unjudged[i], 0);
}

/* The invariant was found broken; its first finding is returned. */
static inline const struct finding *expect_broken(enum invariant_id id)
{
	assert_int_equal(replay_end(&st.bench.replay), 0);
	for (size_t i = 0; i < st.nr_found && i < MOST_FOUND; i++)
		if (st.found[i].inv == invariants[id])
			return &st.found[i];
	print_findings();
	fail_msg("%s does not fire", invariants[id]->name);
	return NULL;
}

#define STREAM_TEST(f) \
	cmocka_unit_test_setup_teardown(f, stream_setup, stream_teardown)

#endif /* S2STAT_STREAM_H */
