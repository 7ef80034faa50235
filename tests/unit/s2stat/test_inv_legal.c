// SPDX-License-Identifier: GPL-2.0-only
/*
 * What looks like a violation and is none: every legal pattern stays silent.
 * And what is not known proves nothing: after a loss, nobody is accused of
 * what may have been in the events that are missing.
 */
#include "stream.h"

/* 1. An invalid entry that is not zero is counted, neither lock marker is. */
static void annotations_count_and_lock_markers_do_not(void **state)
{
	const uint64_t mark[] = { PTE_LOCK_MARK, PTE_LOCK_TYPE };
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + 3 * PAGE, S2_LOCK_WRITE,
		 false);
	set_entry(t, RAM + PAGE, 0xabc000);
	for (size_t i = 0; i < 2; i++) {
		st.entries += 2;
		TELL(s2_set, .op = st.op, .ipa = RAM + 2 * PAGE, .level = 3,
		     .table = t->pa, .index = 2, .new = mark[i],
		     .count = t->count);
		TELL(s2_clear, .op = st.op, .ipa = RAM + 2 * PAGE, .level = 3,
		     .table = t->pa, .index = 2, .old = mark[i],
		     .count = t->count);
	}
	op_end(0);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM + PAGE,
		 RAM + 2 * PAGE, S2_LOCK_WRITE, false);
	clear_entry(t, RAM + PAGE);
	op_end(0);
	vm_stop();
	expect_clean();
}

/* 2. Leaves' invalidation is left to the caller, and comes. */
static void deferred_invalidation_is_legal(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	slot_event(S2_MEMSLOT_FLAGS, SLOT_LOG);
	clear_log(RAM, RAM + 64 * PAGE);
	clear_log(RAM, RAM + 64 * PAGE);
	fault_write(RAM);
	vm_stop();
	expect_clean();
}

/* 3. Permissions relax, software bits and the access flag change in place. */
static void changes_in_place_are_legal(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	set_entry(t, RAM, t->e[0] | 1ULL << 56);
	set_entry(t, RAM, t->e[0] | P_W);
	op_end(0);
	/* Made old without an invalidation. */
	age(RAM, RAM + PAGE, 1);
	mkyoung(RAM);
	vm_stop();
	expect_clean();
}

/* The hardware makes a leaf young and tells nobody. */
static void access_flag_of_the_hardware_is_legal(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	age(RAM, RAM + PAGE, 1);
	t = descend(RAM, 3);
	t->e[0] |= PTE_AF;
	age(RAM, RAM + PAGE, 1);
	vm_stop();
	expect_clean();
}

/* 4. A table is filled before it is linked. */
static void filling_an_unlinked_table_is_legal(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM + BLOCK, 2, P_RW);
	split(RAM + BLOCK);
	vm_stop();
	expect_clean();
}

/* 5. Linux frees the tables of a dead VM where they hang. */
static void tables_freed_where_they_hang_at_the_end_are_legal(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	vcpu_put(0);
	op_begin(S2_OP_DESTROY, S2_REASON_TEARDOWN, 0, 1ULL << 40,
		 S2_LOCK_WRITE, false);
	for (size_t i = 1; i < st.nr_tb; i++) {
		st.tb[i].count = 1;
		give_back(&st.tb[i]);
	}
	op_end(0);
	TELL(s2_mmu_free, .root_pa = ROOT_PA, .tables_alloc = st.taken,
	     .tables_freed = st.freed);
	expect_clean();
}

/* But not while somebody runs there. */
static void tables_freed_where_somebody_runs_are_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	op_begin(S2_OP_DESTROY, S2_REASON_TEARDOWN, 0, 1ULL << 40,
		 S2_LOCK_WRITE, false);
	st.tb[1].count = 1;
	give_back(&st.tb[1]);
	expect_broken(INV_free);
}

/* 6. A reserved VMID comes over into the next generation. */
static void reserved_vmid_is_legal(void **state)
{
	(void)state;
	vm_start();
	TELL(s2_vmid_rollover, .generation = 2, .old_generation = 1,
	     .in_use = 15, .reserved = 1, .cpu = 1);
	TELL(s2_flush, .scope = S2_SCOPE_ALL, .level = S2_LEVEL_ANY, .vmid = 5,
	     .generation = 1, .reason = S2_REASON_ROLLOVER);
	st.cpu = 1;
	vmid_assign(5, 2);
	vcpu_load(1);
	forget_vcpu();
	vcpu_put(1);
	st.cpu = 0;
	vm_stop();
	expect_clean();
}

/* 7. Where tables are walked without the lock they are freed later. */
static void tables_freed_after_a_grace_period_are_legal(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	fault_in(RAM + BLOCK, 3, P_R | P_NX);
	t = descend(RAM, 2);
	/* 8. ... and structure changes with mmu_lock held for read. */
	op_begin(S2_OP_MAP, S2_REASON_PERMISSION, RAM, RAM + BLOCK,
		 S2_LOCK_SHARED, false);
	clear_entry(t, RAM);
	flush(S2_SCOPE_RANGE, S2_LEVEL_ANY, RAM, BLOCK);
	cmo(S2_CMO_DCACHE, HOST_PA, BLOCK);
	set_entry(t, RAM, leaf_for(RAM, 2, P_R | P_NX));
	op_end(0);
	st.op = 0;
	TELL(s2_table_free, .table = st.tb[2].pa, .level = 3, .ipa = RAM,
	     .count = 1, .deferred = 1);
	st.freed++;
	vm_stop();
	expect_clean();
}

/* 8. Who was on the way into a table when it was unlinked may set an entry. */
static void a_set_on_the_way_into_an_unlinked_table_is_legal(void **state)
{
	struct tb *above, *t;
	uint64_t late;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	above = descend(RAM, 2);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM + PAGE, RAM + 2 * PAGE,
		 S2_LOCK_SHARED, false);
	late = st.op;
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + BLOCK, S2_LOCK_SHARED,
		 false);
	clear_entry(above, RAM);
	flush(S2_SCOPE_RANGE, S2_LEVEL_ANY, RAM, BLOCK);
	cmo(S2_CMO_DCACHE, HOST_PA, BLOCK);
	set_entry(above, RAM, leaf_for(RAM, 2, P_R | P_NX));
	op_end(0);
	TELL(s2_set, .op = late, .ipa = RAM + PAGE, .level = 3, .table = t->pa,
	     .index = 1, .new = leaf_for(RAM + PAGE, 3, P_R | P_NX),
	     .count = 3);
	TELL(s2_op_end, .op = late, .kind = S2_OP_MAP,
	     .reason = S2_REASON_FAULT, .entries = 1);
	TELL(s2_table_free, .table = t->pa, .level = 3, .ipa = RAM, .count = 1,
	     .deferred = 1);
	st.freed++;
	vm_stop();
	expect_clean();
}

/* But not who comes later. */
static void a_set_in_a_table_unlinked_before_is_found(void **state)
{
	struct tb *above, *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	above = descend(RAM, 2);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + BLOCK, S2_LOCK_SHARED,
		 false);
	clear_entry(above, RAM);
	flush(S2_SCOPE_RANGE, S2_LEVEL_ANY, RAM, BLOCK);
	cmo(S2_CMO_DCACHE, HOST_PA, BLOCK);
	set_entry(above, RAM, leaf_for(RAM, 2, P_R | P_NX));
	op_end(0);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM + PAGE, RAM + 2 * PAGE,
		 S2_LOCK_SHARED, false);
	TELL(s2_set, .op = st.op, .ipa = RAM + PAGE, .level = 3, .table = t->pa,
	     .index = 1, .new = leaf_for(RAM + PAGE, 3, P_R | P_NX),
	     .count = 3);
	expect_broken(INV_free);
}

/* A large slot is write-protected piece by piece, and flushed in the end. */
static void write_protection_may_let_others_in(void **state)
{
	const uint64_t young = 1ULL << 56;
	uint64_t wp, owed;
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + BLOCK, 3, P_RW | P_NX);
	t = descend(RAM + BLOCK, 3);
	op_begin(S2_OP_MAP, S2_REASON_PERMISSION, RAM, RAM + PAGE,
		 S2_LOCK_SHARED, false);
	flush(S2_SCOPE_IPA_LOCAL, 3, RAM, PAGE);
	op_end(0);
	op_begin(S2_OP_WRPROTECT, S2_REASON_DIRTY_LOG, RAM, RAM + 2 * BLOCK,
		 S2_LOCK_WRITE, true);
	walk_leaves(&st.tb[0], RAM, RAM + PAGE, P_W, true);
	wp = st.op;
	owed = st.owed;
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM + BLOCK, RAM + BLOCK + PAGE,
		 S2_LOCK_SHARED, false);
	set_entry(t, RAM + BLOCK, t->e[0] | young);
	op_end(0);
	st.op = wp;
	TELL(s2_set, .op = wp, .ipa = RAM + BLOCK, .level = 3, .table = t->pa,
	     .index = 0, .old = t->e[0], .new = t->e[0] & ~P_W,
	     .count = t->count);
	t->e[0] &= ~P_W;
	TELL(s2_op_end, .op = wp, .kind = S2_OP_WRPROTECT,
	     .reason = S2_REASON_DIRTY_LOG, .entries = 2, .resched = 1,
	     .deferred = owed + 1);
	st.op = st.owed = 0;
	flush(S2_SCOPE_RANGE, S2_LEVEL_ANY, RAM, RAM_SIZE);
	vm_stop();
	expect_clean();
}

/* What a block allows is relaxed; that the host has one there is not asked. */
static void relaxing_a_block_asks_nobody(void **state)
{
	const int32_t seen = 1 << S2_PAGE_SOUGHT | 1 << S2_PAGE_FOUND;
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 2, P_R | P_NX);
	t = descend(RAM, 2);
	fault_begin(RAM + PAGE, S2_FAULT_PERMISSION, true, false);
	op_begin(S2_OP_MAP, S2_REASON_PERMISSION, RAM + PAGE, RAM + BLOCK,
		 S2_LOCK_SHARED, false);
	set_entry(t, RAM, t->e[index_of(t, RAM)] | P_W);
	flush(S2_SCOPE_IPA_LOCAL, 2, RAM + PAGE, BLOCK);
	op_end(0);
	TELL(s2_fault_end, .vcpu = st.cpu, .ipa = RAM + PAGE, .result = 1,
	     .pfn = HOST_PA >> 12, .size = BLOCK, .notifier_seq = st.notifier,
	     .refs_taken = 1, .refs_put = 1, .page = seen,
	     .page_seq = st.notifier);
	vm_stop();
	expect_clean();
}

/* 8. Two vCPUs change one entry, and are numbered the wrong way round. */
static void parallel_faults_in_either_order_are_legal(void **state)
{
	const uint64_t old = leaf_for(RAM, 3, P_R | P_NX);
	struct tb *t;
	uint64_t a, b;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	a = st.op;
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	b = st.op;
	TELL(s2_set, .op = b, .ipa = RAM, .level = 3, .table = t->pa,
	     .index = 0, .old = old | P_W, .new = old | P_W | 1ULL << 56,
	     .count = 2);
	TELL(s2_set, .op = a, .ipa = RAM, .level = 3, .table = t->pa,
	     .index = 0, .old = old, .new = old | P_W, .count = 2);
	t->e[0] = old | P_W | 1ULL << 56;
	TELL(s2_op_end, .op = a, .kind = S2_OP_MAP, .reason = S2_REASON_FAULT,
	     .entries = 1);
	TELL(s2_op_end, .op = b, .kind = S2_OP_MAP, .reason = S2_REASON_FAULT,
	     .entries = 1);
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	vm_stop();
	expect_clean();
}

/* Two faults side by side each tell the count as they found it. */
static void parallel_counts_in_either_order_are_legal(void **state)
{
	struct tb *t;
	uint64_t a, b;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM + PAGE, RAM + 2 * PAGE,
		 S2_LOCK_READ, false);
	a = st.op;
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM + 2 * PAGE, RAM + 3 * PAGE,
		 S2_LOCK_READ, false);
	b = st.op;
	for (int i = 0; i < 2; i++)
		cmo(S2_CMO_DCACHE, HOST_PA + 2 * PAGE, PAGE);
	TELL(s2_cmo, .op = a, .kind = S2_CMO_DCACHE, .pa = HOST_PA + PAGE,
	     .size = PAGE);
	TELL(s2_set, .op = b, .ipa = RAM + 2 * PAGE, .level = 3, .table = t->pa,
	     .index = 2, .new = leaf_for(RAM + 2 * PAGE, 3, P_R | P_NX),
	     .count = 4);
	TELL(s2_set, .op = a, .ipa = RAM + PAGE, .level = 3, .table = t->pa,
	     .index = 1, .new = leaf_for(RAM + PAGE, 3, P_R | P_NX),
	     .count = 3);
	t->e[1] = leaf_for(RAM + PAGE, 3, P_R | P_NX);
	t->e[2] = leaf_for(RAM + 2 * PAGE, 3, P_R | P_NX);
	t->count += 2;
	TELL(s2_op_end, .op = a, .kind = S2_OP_MAP, .reason = S2_REASON_FAULT,
	     .entries = 1);
	TELL(s2_op_end, .op = b, .kind = S2_OP_MAP, .reason = S2_REASON_FAULT,
	     .entries = 1);
	vm_stop();
	expect_clean();
}

/* 9. A device's window lies in no memslot. */
static void window_of_a_device_is_legal(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	op_begin(S2_OP_MAP, S2_REASON_IOREMAP, 0x8010000, 0x8011000,
		 S2_LOCK_READ, false);
	t = descend(0x8010000, 3);
	set_entry(t, 0x8010000,
		  PTE_VALID | PTE_TYPE | 1 << 2 | PTE_SH | PTE_AF | P_RW |
			  P_NX | 0x8010000);
	op_end(0);
	vm_stop();
	expect_clean();
}

/* 10. A shadow MMU is no VM of its own: its IPAs are in nobody's slot. */
static void shadow_mmu_is_legal(void **state)
{
	(void)state;
	mmu_create(9, ROOT_PA);
	st.nr_found = 0;
	bench_free(&st.bench);
	stream_setup(NULL);
	st.id = 9;
	st.tb[0] = (struct tb){
		.pa = ROOT_PA, .level = 1, .nr = 1024, .count = 1
	};
	st.nr_tb = 1;
	TELL(s2_mmu_init, .ipa_bits = 40, .start_level = 1, .granule = 4096,
	     .root_pa = ROOT_PA, .root_pages = 2, .nested = 1);
	vmid_assign(5, 1);
	fault_in(RAM, 3, P_RW | P_NX);
	mmu_destroy();
	expect_clean();
}

static bool with_bbm2(struct event *e)
{
	if (e->type == EV_s2_mmu_init)
		e->s2_mmu_init.features |= 1 << S2_FEATURE_BBM2;
	return true;
}

/* 11. With FEAT_BBM level 2 a table takes a block's place at once. */
static void table_for_a_block_with_bbm_level_2_is_legal(void **state)
{
	struct tb *t, *new;
	uint64_t old;

	(void)state;
	st.twist = with_bbm2;
	vm_start();
	fault_in(RAM + BLOCK, 2, P_R | P_NX);
	t = descend(RAM + BLOCK, 2);
	old = t->e[1];
	op_begin(S2_OP_SPLIT, S2_REASON_SPLIT, RAM + BLOCK, RAM + 2 * BLOCK,
		 S2_LOCK_WRITE, false);
	new = take(3, RAM + BLOCK);
	for (uint64_t i = 0; i < 512; i++)
		set_entry(new, RAM + BLOCK + i * PAGE,
			  (old + i * PAGE) | PTE_TYPE);
	set_entry(t, RAM + BLOCK, link_to(new));
	flush(S2_SCOPE_IPA, 2, RAM + BLOCK, BLOCK);
	op_end(0);
	vm_stop();
	expect_clean();
}

/* An MMU that never had a VMID is in no TLB. */
static void unmap_before_the_first_run_owes_nothing(void **state)
{
	(void)state;
	mmu_create(7, ROOT_PA);
	slot_event(S2_MEMSLOT_CREATE, 0);
	fault_in(RAM, 3, P_R | P_NX);
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	mmu_destroy();
	expect_clean();
}

/* While an unmap has let go, others may map where it has been. */
static void mapping_behind_a_yielding_unmap_is_legal(void **state)
{
	struct tb *t;
	uint64_t first;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	fault_in(RAM + 2 * PAGE, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_UNMAP, S2_REASON_CACHE_TOGGLE, RAM, RAM + BLOCK,
		 S2_LOCK_WRITE, true);
	first = st.op;
	clear_leaf(t, RAM);
	settle();
	st.pid = 101;
	fault_in(RAM, 3, P_R | P_NX);
	st.pid = 100;
	st.op = first;
	st.kind = S2_OP_UNMAP;
	st.reason = S2_REASON_CACHE_TOGGLE;
	st.entries = 1;
	clear_leaf(t, RAM + 2 * PAGE);
	settle();
	TELL(s2_op_end, .op = first, .kind = S2_OP_UNMAP,
	     .reason = S2_REASON_CACHE_TOGGLE, .entries = 2, .resched = 1);
	st.op = 0;
	vm_stop();
	expect_clean();
}

/* Losses ------------------------------------------------------------------- */

/* An event gets lost: its number does, too. */
static void lose(enum event_type type)
{
	struct event e = { .type = type };

	(void)e;
	st.seq[st.id % 16]++;
}

static void after_a_loss_nobody_is_accused(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	lose(EV_s2_clear);
	descend(RAM, 3)->e[0] = 0;
	descend(RAM, 3)->count--;
	fault_in(RAM, 3, P_R | P_NX);
	vm_stop();
	assert_int_equal(replay_end(&st.bench.replay), 0);
	assert_int_equal(st.nr_found, 0);
	assert_int_equal(st.bench.replay.lost, 1);
}

static void what_one_event_proves_is_found_after_a_loss(void **state)
{
	(void)state;
	vm_start();
	lose(EV_s2_clear);
	fault_begin(RAM, S2_FAULT_TRANSLATION, false, false);
	TELL(s2_fault_end, .ipa = RAM, .result = 1, .refs_taken = 1);
	expect_broken(INV_pin);
	assert_int_equal(st.bench.replay.lost, 1);
}

static void loss_of_one_mmu_is_not_anothers(void **state)
{
	(void)state;
	vm_start();
	lose(EV_s2_clear);
	vm_stop();
	mmu_create(8, ROOT_PA + 0x10000);
	vmid_assign(6, 1);
	st.nr_dead = 0;
	mmu_destroy();
	mmu_create(9, ROOT_PA + 0x20000);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	take(3, 1ULL << 40);
	assert_int_equal(expect_broken(INV_walk)->mmu, 9);
}

/* Order -------------------------------------------------------------------- */

static struct event held[3];
static int nr_held;

/* Three events come in the order 3, 1, 2. */
static bool hold(struct event *e)
{
	if (e->type == EV_s2_op_begin || e->type == EV_s2_table_alloc ||
	    e->type == EV_s2_cmo) {
		held[nr_held] = *e;
		held[nr_held].seq = ++st.seq[e->mmu % 16];
		if (++nr_held == 3) {
			for (int i = 0; i < 3; i++)
				replay_event(&st.bench.replay,
					     &held[(i + 2) % 3]);
			st.twist = NULL;
		}
		return false;
	}
	return true;
}

static void events_out_of_order_are_put_in_order(void **state)
{
	(void)state;
	vm_start();
	nr_held = 0;
	st.twist = hold;
	fault_begin(RAM, S2_FAULT_TRANSLATION, true, false);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	cmo(S2_CMO_DCACHE, HOST_PA, PAGE);
	take(2, RAM);
	set_entry(&st.tb[0], RAM, link_to(&st.tb[1]));
	op_end(0);
	fault_end(RAM, 0, PAGE);
	vm_stop();
	expect_clean();
}

static void event_that_never_comes_is_a_loss(void **state)
{
	(void)state;
	vm_start();
	lose(EV_s2_clear);
	fault_in(RAM, 3, P_R | P_NX);
	assert_int_equal(st.bench.replay.lost, 0);
	st.now += 5000000000ULL;
	fault_in(RAM + PAGE, 3, P_R | P_NX);
	assert_int_equal(replay_tick(&st.bench.replay), 0);
	assert_int_equal(st.bench.replay.lost, 1);
}

/* A stream that begins late ------------------------------------------------ */

static void snap_table(const struct tb *t)
{
	TELL(snap_table, .table = t->pa, .level = t->level, .ipa = t->ipa,
	     .count = t->count, .nr = t->nr);
	for (int i = 0; i < t->nr; i++)
		if (t->e[i])
			TELL(snap_entry, .table = t->pa, .level = t->level,
			     .index = i, .ipa = t->ipa + i * size_of(t->level),
			     .pte = t->e[i]);
}

/* The MMU as it is, in a stream of its own. */
static void snapshot(void)
{
	uint64_t seq = st.seq[7];

	bench_free(&st.bench);
	st.nr_found = 0;
	assert_int_equal(bench_init(&st.bench, ~0u, (1u << EV_NR_S2) - 1), 0);
	st.bench.found = note_finding;
	st.seq[7] = seq - 1;
	TELL(snap_mmu, .ipa_bits = 40, .start_level = 1, .granule = 4096,
	     .root_pa = ROOT_PA, .root_pages = 2, .vmid = st.vmid,
	     .generation = st.generation, .tables_alloc = st.taken,
	     .tables_freed = st.freed);
	for (size_t i = 0; i < st.nr_tb; i++)
		if (st.tb[i].pa)
			snap_table(&st.tb[i]);
	TELL(snap_slot, .slot = 0, .base_gfn = RAM >> 12,
	     .npages = RAM_SIZE >> 12, .hva = HVA);
	st.seq[7] = seq - 1;
	TELL(snap_end, .tables = st.nr_tb);
	st.seq[7] = seq;
}

static void vm_older_than_the_stream_is_judged_whole(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	fault_in(RAM + BLOCK, 2, P_RW | P_NX);
	snapshot();
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	split(RAM + BLOCK);
	fault_in(RAM, 3, P_RW | P_NX);
	vm_stop();
	expect_clean();
}

static bool no_flush_at_all(struct event *e)
{
	return e->type != EV_s2_flush;
}

static void fault_in_an_older_vm_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	snapshot();
	st.twist = no_flush_at_all;
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	assert_int_equal(expect_broken(INV_owed)->at.ipa, RAM);
}

static void older_vm_without_a_snapshot_proves_nothing(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	bench_free(&st.bench);
	assert_int_equal(bench_init(&st.bench, ~0u, (1u << EV_NR_S2) - 1), 0);
	st.bench.found = note_finding;
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	vm_stop();
	assert_int_equal(replay_end(&st.bench.replay), 0);
	assert_int_equal(st.nr_found, 0);
	assert_true(st.bench.replay.late);
}

static void end_of_the_stream_shows_what_is_missing(void **state)
{
	(void)state;
	vm_start();
	st.bench.complete = false;
	fault_in(RAM, 3, P_RW | P_NX);
	st.seq[7] += 2;
	TELL(stream_end, .vcpus = 1);
	assert_int_equal(replay_end(&st.bench.replay), 0);
	assert_int_equal(st.bench.replay.lost, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(annotations_count_and_lock_markers_do_not),
		STREAM_TEST(deferred_invalidation_is_legal),
		STREAM_TEST(changes_in_place_are_legal),
		STREAM_TEST(access_flag_of_the_hardware_is_legal),
		STREAM_TEST(filling_an_unlinked_table_is_legal),
		STREAM_TEST(tables_freed_where_they_hang_at_the_end_are_legal),
		STREAM_TEST(tables_freed_where_somebody_runs_are_found),
		STREAM_TEST(reserved_vmid_is_legal),
		STREAM_TEST(tables_freed_after_a_grace_period_are_legal),
		STREAM_TEST(relaxing_a_block_asks_nobody),
		STREAM_TEST(write_protection_may_let_others_in),
		STREAM_TEST(a_set_in_a_table_unlinked_before_is_found),
		STREAM_TEST(a_set_on_the_way_into_an_unlinked_table_is_legal),
		STREAM_TEST(parallel_faults_in_either_order_are_legal),
		STREAM_TEST(parallel_counts_in_either_order_are_legal),
		STREAM_TEST(window_of_a_device_is_legal),
		STREAM_TEST(shadow_mmu_is_legal),
		STREAM_TEST(table_for_a_block_with_bbm_level_2_is_legal),
		STREAM_TEST(unmap_before_the_first_run_owes_nothing),
		STREAM_TEST(mapping_behind_a_yielding_unmap_is_legal),
		STREAM_TEST(after_a_loss_nobody_is_accused),
		STREAM_TEST(what_one_event_proves_is_found_after_a_loss),
		STREAM_TEST(loss_of_one_mmu_is_not_anothers),
		STREAM_TEST(events_out_of_order_are_put_in_order),
		STREAM_TEST(event_that_never_comes_is_a_loss),
		STREAM_TEST(vm_older_than_the_stream_is_judged_whole),
		STREAM_TEST(fault_in_an_older_vm_is_found),
		STREAM_TEST(older_vm_without_a_snapshot_proves_nothing),
		STREAM_TEST(end_of_the_stream_shows_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
