// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants about invalidations and VMIDs: each fires on a fault and is
 * silent where all is right.
 */
#include "stream.h"

/* FLUSHID ------------------------------------------------------------------ */

static bool flush_vmid_0(struct event *e)
{
	if (e->type == EV_s2_flush)
		e->s2_flush.vmid = 0;
	return true;
}

static bool flush_another_vmid(struct event *e)
{
	if (e->type == EV_s2_flush)
		e->s2_flush.vmid = 9;
	return true;
}

static bool flush_an_old_generation(struct event *e)
{
	if (e->type == EV_s2_flush) {
		e->s2_flush.vmid = 5;
		e->s2_flush.generation = 1;
	}
	return true;
}

static bool forget_the_shift(struct event *e)
{
	/* U10: the operand was the IPA, not its page. */
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_IPA)
		e->s2_flush.raw = e->s2_flush.ipa;
	return true;
}

static bool other_hint(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_IPA)
		e->s2_flush.raw ^= 1ULL << 44;
	return true;
}

static bool other_granule(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_IPA)
		e->s2_flush.raw ^= 3ULL << 46;
	return true;
}

static bool no_hint(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_IPA)
		e->s2_flush.raw &= (1ULL << 44) - 1;
	return true;
}

static bool range_from_elsewhere(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_RANGE)
		e->s2_flush.raw += 1;
	return true;
}

static bool range_beyond_the_space(struct event *e)
{
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_RANGE)
		e->s2_flush.size = 1ULL << 40;
	return true;
}

static bool unknown_operation(struct event *e)
{
	if (e->type == EV_s2_flush)
		e->s2_flush.op += 100;
	return true;
}

/* One page goes, then a table with two, while @twist is at work. */
static void lose_memory(twist_fn twist)
{
	vm_start();
	for (int i = 0; i < 4; i++)
		fault_in(RAM + i * PAGE, 3, P_RW | P_NX);
	fault_in(RAM + BLOCK, 3, P_RW | P_NX);
	st.twist = twist;
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	unmap(RAM, RAM + BLOCK, S2_REASON_NOTIFIER_UNMAP);
	st.twist = NULL;
	vm_stop();
}

static void flush_of_vmid_0_is_found(void **state)
{
	(void)state;
	lose_memory(flush_vmid_0);
	expect_broken(INV_flushid);
}

static void flush_of_another_vmid_is_found(void **state)
{
	(void)state;
	lose_memory(flush_another_vmid);
	expect_broken(INV_flushid);
	/* And what it was for is still in the TLBs. */
	expect_broken(INV_owed);
}

static void operand_without_shift_is_found(void **state)
{
	(void)state;
	lose_memory(forget_the_shift);
	assert_int_equal(expect_broken(INV_flushid)->at.ipa, RAM);
}

static void operand_with_another_level_is_found(void **state)
{
	(void)state;
	lose_memory(other_hint);
	expect_broken(INV_flushid);
}

static void operand_with_another_granule_is_found(void **state)
{
	(void)state;
	lose_memory(other_granule);
	expect_broken(INV_flushid);
}

static void operand_without_feat_ttl_is_silent(void **state)
{
	(void)state;
	lose_memory(no_hint);
	expect_clean();
}

static void range_with_another_base_is_found(void **state)
{
	(void)state;
	lose_memory(range_from_elsewhere);
	expect_broken(INV_flushid);
}

static void range_beyond_the_ipa_space_is_found(void **state)
{
	(void)state;
	lose_memory(range_beyond_the_space);
	expect_broken(INV_flushid);
}

static void flush_of_no_operation_is_found(void **state)
{
	(void)state;
	lose_memory(unknown_operation);
	expect_broken(INV_flushid);
}

/* Another VM turns the generation; then this one gets a number of the new. */
/* Nobody else runs, and who turns the generation has put what it had. */
static void turn_generation(void)
{
	TELL(s2_vmid_rollover, .generation = 2, .old_generation = 1,
	     .in_use = 15, .cpu = st.cpu);
	TELL(s2_flush, .scope = S2_SCOPE_ALL, .level = S2_LEVEL_ANY,
	     .vmid = st.vmid, .generation = st.generation,
	     .reason = S2_REASON_ROLLOVER, .cpu = st.cpu);
	vmid_assign(6, 2);
}

static void flush_with_the_vmid_from_before_is_found(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	vcpu_put(0);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	turn_generation();
	clear_leaf(descend(RAM, 3), RAM);
	/* U56: the number was read when the operation began. */
	st.twist = flush_an_old_generation;
	settle();
	op_end(0);
	expect_broken(INV_flushid);
}

static void flush_while_the_vmid_changes_is_silent(void **state)
{
	(void)state;
	vm_start();
	fault_in(RAM, 3, P_RW | P_NX);
	fault_in(RAM + PAGE, 3, P_RW | P_NX);
	vcpu_put(0);
	op_begin(S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, RAM, RAM + PAGE,
		 S2_LOCK_WRITE, false);
	clear_leaf(descend(RAM, 3), RAM);
	/* The invalidation read the number; then it was given another. */
	turn_generation();
	st.twist = flush_an_old_generation;
	settle();
	st.twist = NULL;
	op_end(0);
	vcpu_load(0);
	vm_stop();
	expect_clean();
}

/* OVER --------------------------------------------------------------------- */

static bool whole_vmid(struct event *e)
{
	/* S06: one page costs an invalidation of all. */
	if (e->type == EV_s2_flush && e->s2_flush.scope == S2_SCOPE_IPA) {
		e->s2_flush.scope = S2_SCOPE_VMID;
		e->s2_flush.level = S2_LEVEL_ANY;
		e->s2_flush.raw = 0;
	}
	return true;
}

static void whole_vmid_for_a_page_is_found(void **state)
{
	(void)state;
	lose_memory(whole_vmid);
	expect_broken(INV_over);
}

static void flush_that_pays_nothing_is_found(void **state)
{
	(void)state;
	vm_start();
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	flush(S2_SCOPE_IPA, 3, RAM, PAGE);
	op_end(0);
	expect_broken(INV_over);
}

static void equal_entry_written_is_found(void **state)
{
	struct tb *t;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_READ, 0);
	set_entry(t, RAM, t->e[0]);
	op_end(0);
	assert_int_equal(expect_broken(INV_over)->at.ipa, RAM);
}

static void needless_break_is_found(void **state)
{
	struct tb *t;
	uint64_t old;

	(void)state;
	vm_start();
	fault_in(RAM, 3, P_R | P_NX);
	t = descend(RAM, 3);
	op_begin(S2_OP_MAP, S2_REASON_FAULT, RAM, RAM + PAGE, S2_LOCK_WRITE, 0);
	old = t->e[0];
	clear_leaf(t, RAM);
	settle();
	cmo(S2_CMO_DCACHE, HOST_PA, PAGE);
	set_entry(t, RAM, old | P_W);
	op_end(0);
	expect_broken(INV_over);
}

static void second_flush_of_everything_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	turn_generation();
	/* U36 */
	TELL(s2_flush, .scope = S2_SCOPE_ALL, .level = S2_LEVEL_ANY,
	     .vmid = st.vmid, .generation = st.generation,
	     .reason = S2_REASON_ROLLOVER);
	expect_broken(INV_over);
}

/* VMIDX -------------------------------------------------------------------- */

/* Another MMU on CPU 1, with this VMID. */
static void other_vm(uint64_t vmid, uint64_t generation)
{
	mmu_create(8, ROOT_PA + 0x10000);
	st.cpu = 1;
	vmid_assign(vmid, generation);
	vcpu_load(0);
}

static void two_vms_side_by_side_are_silent(void **state)
{
	(void)state;
	vm_start();
	st.bench.complete = false;
	other_vm(6, 1);
	vcpu_put(0);
	vcpu_load(0);
	expect_clean();
}

static void shared_vmid_is_found(void **state)
{
	(void)state;
	vm_start();
	other_vm(5, 1);
	assert_int_equal(expect_broken(INV_vmidx)->mmu, 8);
}

static void vmid_0_loaded_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	st.vmid = 0;
	vcpu_load(0);
	expect_broken(INV_vmidx);
}

static void old_generation_loaded_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	turn_generation();
	vcpu_load(0);
	vcpu_put(0);
	st.vmid = 5;
	st.generation = 1;
	vcpu_load(0);
	expect_broken(INV_vmidx);
}

static void generation_of_the_future_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	st.generation = 7;
	vcpu_load(0);
	expect_broken(INV_vmidx);
}

static void two_vmids_of_one_vm_are_found(void **state)
{
	(void)state;
	vm_start();
	st.cpu = 1;
	st.vmid = 6;
	vcpu_load(1);
	expect_broken(INV_vmidx);
}

/* @vmid is loaded while the generation turns, and told before what is given. */
static void load_amid_the_turn(uint64_t vmid)
{
	vm_start();
	vcpu_put(0);
	TELL(s2_vmid_rollover, .generation = 2, .old_generation = 1,
	     .in_use = 15, .cpu = st.cpu);
	TELL(s2_flush, .scope = S2_SCOPE_ALL, .level = S2_LEVEL_ANY,
	     .vmid = st.vmid, .generation = st.generation,
	     .reason = S2_REASON_ROLLOVER, .cpu = st.cpu);
	TELL(s2_vmid_load, .vmid = vmid, .generation = 2, .cpu = st.cpu,
	     .root_pa = ROOT_PA);
	vmid_assign(6, 2);
	vcpu_put(0);
	mmu_destroy();
}

static void vmid_of_one_generation_and_number_of_another_is_found(void **state)
{
	(void)state;
	/* U26, U27 */
	load_amid_the_turn(5);
	expect_broken(INV_vmidx);
}

static void load_told_before_its_vmid_is_silent(void **state)
{
	(void)state;
	load_amid_the_turn(6);
	expect_clean();
}

/* VMIDG -------------------------------------------------------------------- */

static void rollover_is_silent(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	turn_generation();
	vcpu_load(0);
	vm_stop();
	expect_clean();
}

static bool no_flush_of_all(struct event *e)
{
	return e->type != EV_s2_flush || e->s2_flush.scope != S2_SCOPE_ALL;
}

static void rollover_without_flush_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	st.twist = no_flush_of_all;
	turn_generation();
	expect_broken(INV_vmidg);
}

static void number_given_twice_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	other_vm(5, 1);
	expect_broken(INV_vmidg);
}

static void generation_that_goes_back_is_found(void **state)
{
	(void)state;
	vm_start();
	TELL(s2_vmid_rollover, .generation = 1, .old_generation = 1,
	     .in_use = 15, .reserved = 1);
	expect_broken(INV_vmidg);
}

static void numbers_reserved_for_idle_cpus_are_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	st.now += 5000000000ULL;
	/* U61: the CPU is idle and its last number is kept for it. */
	TELL(s2_vmid_rollover, .generation = 2, .old_generation = 1,
	     .in_use = 15, .reserved = 3);
	expect_broken(INV_vmidg);
}

/* VCPUTLB ------------------------------------------------------------------ */

static void other_vcpu_after_a_flush_is_silent(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	vcpu_load(1);
	forget_vcpu();
	vcpu_put(1);
	vcpu_load(1);
	vcpu_put(1);
	vcpu_load(0);
	forget_vcpu();
	vm_stop();
	expect_clean();
}

static void other_vcpu_without_a_flush_is_found(void **state)
{
	(void)state;
	vm_start();
	vcpu_put(0);
	vcpu_load(1);
	vcpu_put(1);
	expect_broken(INV_vcputlb);
}

static void flush_before_the_first_is_put_is_not_enough(void **state)
{
	(void)state;
	vm_start();
	forget_vcpu();
	vcpu_put(0);
	vcpu_load(1);
	vcpu_put(1);
	expect_broken(INV_vcputlb);
}

/* The host's count stays the same until it is through (S07). */
static void range_unmapped_piece_by_piece_is_found(void **state)
{
	(void)state;
	vm_start();
	for (int i = 0; i < 3; i++)
		fault_in(RAM + i * PAGE, 3, P_R | P_NX);
	unmap(RAM, RAM + PAGE, S2_REASON_NOTIFIER_UNMAP);
	st.notifier--;
	unmap(RAM + PAGE, RAM + 2 * PAGE, S2_REASON_NOTIFIER_UNMAP);
	assert_int_equal(expect_broken(INV_over)->at.ipa, RAM + PAGE);
}

static void pages_that_go_one_after_the_other_are_silent(void **state)
{
	(void)state;
	vm_start();
	for (int i = 0; i < 3; i++)
		fault_in(RAM + i * PAGE, 3, P_R | P_NX);
	for (int i = 0; i < 2; i++)
		unmap(RAM + i * PAGE, RAM + (i + 1) * PAGE,
		      S2_REASON_NOTIFIER_UNMAP);
	vm_stop();
	expect_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(flush_of_vmid_0_is_found),
		STREAM_TEST(flush_of_another_vmid_is_found),
		STREAM_TEST(operand_without_shift_is_found),
		STREAM_TEST(operand_with_another_level_is_found),
		STREAM_TEST(operand_with_another_granule_is_found),
		STREAM_TEST(operand_without_feat_ttl_is_silent),
		STREAM_TEST(range_with_another_base_is_found),
		STREAM_TEST(range_beyond_the_ipa_space_is_found),
		STREAM_TEST(flush_of_no_operation_is_found),
		STREAM_TEST(flush_with_the_vmid_from_before_is_found),
		STREAM_TEST(flush_while_the_vmid_changes_is_silent),
		STREAM_TEST(whole_vmid_for_a_page_is_found),
		STREAM_TEST(flush_that_pays_nothing_is_found),
		STREAM_TEST(equal_entry_written_is_found),
		STREAM_TEST(needless_break_is_found),
		STREAM_TEST(second_flush_of_everything_is_found),
		STREAM_TEST(two_vms_side_by_side_are_silent),
		STREAM_TEST(shared_vmid_is_found),
		STREAM_TEST(vmid_0_loaded_is_found),
		STREAM_TEST(old_generation_loaded_is_found),
		STREAM_TEST(generation_of_the_future_is_found),
		STREAM_TEST(two_vmids_of_one_vm_are_found),
		STREAM_TEST(rollover_is_silent),
		STREAM_TEST(rollover_without_flush_is_found),
		STREAM_TEST(number_given_twice_is_found),
		STREAM_TEST(generation_that_goes_back_is_found),
		STREAM_TEST(numbers_reserved_for_idle_cpus_are_found),
		STREAM_TEST(other_vcpu_after_a_flush_is_silent),
		STREAM_TEST(other_vcpu_without_a_flush_is_found),
		STREAM_TEST(flush_before_the_first_is_put_is_not_enough),
		STREAM_TEST(range_unmapped_piece_by_piece_is_found),
		STREAM_TEST(pages_that_go_one_after_the_other_are_silent),
		STREAM_TEST(vmid_of_one_generation_and_number_of_another_is_found),
		STREAM_TEST(load_told_before_its_vmid_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
