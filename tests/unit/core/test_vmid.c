// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMIDs: consecutive numbers, generations, what survives a rollover, and that
 * no two MMUs ever run under one number (the 2012 patch's points 6 and 7).
 */
#include "checker.h"
#include "unit.h"

#define MMUS	300
#define PLAYERS	40

static struct kvm_s2_mmu mmus[MMUS];
static struct s2_ctx ctxs[MMUS];

static void start(u32 bits, u32 cpus)
{
	u32 i;

	host_reset(cpus);
	host_on_fail = unit_on_fail;
	host.vmid_bits = bits;
	kvm_arm_vmid_alloc_free();
	assert_int_equal(kvm_arm_vmid_alloc_init(), 0);
	memset(mmus, 0, sizeof(mmus));
	memset(ctxs, 0, sizeof(ctxs));
	for (i = 0; i < MMUS; i++) {
		mmus[i].s2 = &ctxs[i];
		ctxs[i].pgt.mmu = &mmus[i];
	}
}

static u64 number(const struct kvm_s2_mmu *mmu)
{
	return mmu->vmid.id.val & (BIT_ULL(kvm_arm_vmid_bits) - 1);
}

static u64 generation(const struct kvm_s2_mmu *mmu)
{
	return mmu->vmid.id.val >> kvm_arm_vmid_bits;
}

static void load(u32 cpu, struct kvm_s2_mmu *mmu)
{
	host_cpu = cpu;
	kvm_arm_vmid_update(&mmu->vmid);
}

static void put(u32 cpu)
{
	host_cpu = cpu;
	kvm_arm_vmid_clear_active();
}

static void run_once(u32 cpu, struct kvm_s2_mmu *mmu)
{
	load(cpu, mmu);
	put(cpu);
}

static void numbers_are_consecutive_in_the_order_of_running(void **state)
{
	u32 i;

	(void)state;
	start(16, 1);
	for (i = 0; i < MMUS; i++)
		run_once(0, &mmus[MMUS - 1 - i]);
	for (i = 0; i < MMUS; i++) {
		assert_int_equal(number(&mmus[MMUS - 1 - i]), i + 1);
		assert_int_equal(generation(&mmus[i]), 1);
	}
}

static void a_second_run_keeps_the_number(void **state)
{
	u64 id;

	(void)state;
	start(8, 1);
	run_once(0, &mmus[0]);
	run_once(0, &mmus[1]);
	id = mmus[0].vmid.id.val;
	run_once(0, &mmus[0]);
	assert_int_equal(mmus[0].vmid.id.val, id);
}

static void new_mmu_has_no_valid_generation(void **state)
{
	(void)state;
	start(8, 1);
	assert_int_equal(mmus[0].vmid.id.val, 0);
	run_once(0, &mmus[0]);
	assert_true(generation(&mmus[0]) > 0);
	assert_true(number(&mmus[0]) > 0);
}

static void more_than_255_run_with_8_bits(void **state)
{
	u32 i;

	(void)state;
	start(8, 2);
	for (i = 0; i < 255; i++)
		run_once(0, &mmus[i]);
	assert_int_equal(number(&mmus[254]), 255);
	assert_int_equal(host.tlbi[S2_SCOPE_ALL], 0);
	run_once(0, &mmus[255]);
	assert_int_equal(host.tlbi[S2_SCOPE_ALL], 1);
	assert_int_equal(number(&mmus[255]), 1);
	assert_int_equal(generation(&mmus[255]), 2);
	/* Who has a number of the old generation gets a new one. */
	run_once(1, &mmus[7]);
	assert_int_equal(number(&mmus[7]), 2);
	assert_int_equal(generation(&mmus[7]), 2);
}

static void sixteen_bits_give_65535(void **state)
{
	u32 i;

	(void)state;
	start(16, 2);
	for (i = 1; i < 65536; i++) {
		mmus[0].vmid.id.val = 0;
		checker_forget(&mmus[0]);
		run_once(0, &mmus[0]);
		assert_int_equal(number(&mmus[0]), i);
	}
	assert_int_equal(host.tlbi[S2_SCOPE_ALL], 0);
	run_once(0, &mmus[1]);
	assert_int_equal(host.tlbi[S2_SCOPE_ALL], 1);
	assert_int_equal(generation(&mmus[1]), 2);
}

static u32 vmid_count_max(void)
{
	return 1U << kvm_arm_vmid_bits;
}

/* Uses numbers until the generation turns. */
static void turn(u32 cpu, u32 first)
{
	u64 before = host.tlbi[S2_SCOPE_ALL];
	u32 i = first, tries = 0;

	while (host.tlbi[S2_SCOPE_ALL] == before) {
		if (tries++ > vmid_count_max())
			host_fail("VMIDG: no rollover, or none that flushes");
		mmus[i].vmid.id.val = 0;
		checker_forget(&mmus[i]);
		run_once(cpu, &mmus[i]);
		i = first + (i + 1 - first) % 20;
	}
}

static void reserved_numbers_survive_a_rollover(void **state)
{
	u64 a, b;

	(void)state;
	start(4, 3);
	load(0, &mmus[0]);
	load(1, &mmus[1]);
	a = number(&mmus[0]);
	b = number(&mmus[1]);
	turn(2, 10);
	assert_true(number(&mmus[29]) != a);

	/* Asleep for a second rollover too. */
	turn(2, 10);
	put(0);
	load(0, &mmus[0]);
	assert_int_equal(number(&mmus[0]), a);
	put(1);
	load(1, &mmus[1]);
	assert_int_equal(number(&mmus[1]), b);
	assert_int_equal(generation(&mmus[0]), 3);
}

static void reserved_on_two_cpus_stays_one_number(void **state)
{
	u64 a;

	(void)state;
	start(4, 3);
	load(0, &mmus[0]);
	load(1, &mmus[0]);
	a = number(&mmus[0]);
	turn(2, 10);
	put(0);
	load(0, &mmus[0]);
	assert_int_equal(number(&mmus[0]), a);
	/* CPU 1 still runs with it, through one more rollover. */
	put(0);
	turn(2, 10);
	put(1);
	load(1, &mmus[0]);
	assert_int_equal(number(&mmus[0]), a);
}

static void a_cpu_that_put_its_guest_reserves_nothing(void **state)
{
	(void)state;
	start(4, 2);
	run_once(0, &mmus[0]);
	turn(1, 10);
	/* The turn itself took number 1. */
	run_once(0, &mmus[0]);
	assert_int_equal(number(&mmus[0]), 2);
}

static void bits_that_are_wanted_are_used_if_possible(void **state)
{
	static const struct { u32 want, cpus, have; } cases[] = {
		{ 0, 2, 8 }, { 4, 3, 4 }, { 8, 2, 8 }, { 3, 2, 8 },
		{ 9, 2, 8 }, { 4, 14, 4 }, { 4, 15, 8 },
	};
	u32 i;

	(void)state;
	start(8, 2);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		kvm_arm_vmid_alloc_free();
		host_cpus = cases[i].cpus;
		host.vmid_bits_wanted = cases[i].want;
		host.pr_warns = 0;
		assert_int_equal(kvm_arm_vmid_alloc_init(), 0);
		assert_int_equal(kvm_arm_vmid_bits, cases[i].have);
		assert_int_equal(host.pr_warns,
				 cases[i].want && cases[i].have !=
				 cases[i].want);
	}
	host_cpus = 2;
}

/*
 * The random schedule. @running says what each CPU's guest really uses, which
 * is the number at the time of loading, whatever became of the MMU's since.
 */
static struct {
	struct kvm_s2_mmu	*mmu;
	u64			number;
} running[HOST_CPUS];

static struct {
	struct kvm_s2_mmu	*mmu;
	u64			flushes;
} owner[1 << 16];

static u64 rng, racing, steps;

static u32 draw(u32 n)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (u32)((rng * 0x2545f4914f6cdd1dULL) >> 32) % n;
}

static void check_running(void)
{
	u32 a, b;

	for (a = 0; a < host_cpus; a++) {
		if (!running[a].mmu)
			continue;
		if (number(running[a].mmu) != running[a].number)
			host_fail("VMIDX: CPU %u runs with %llu, its MMU has %llu",
				  a, running[a].number,
				  number(running[a].mmu));
		for (b = a + 1; b < host_cpus; b++) {
			if (running[b].mmu && running[a].mmu != running[b].mmu &&
			    running[a].number == running[b].number)
				host_fail("VMIDX: CPUs %u and %u share VMID %llu",
					  a, b, running[a].number);
		}
	}
}

/* The TLBs may hold translations of who had the number, unless flushed. */
static void check_owner(struct kvm_s2_mmu *mmu)
{
	u64 n = number(mmu), flushes = host.tlbi[S2_SCOPE_ALL];

	if (owner[n].mmu && owner[n].mmu != mmu &&
	    owner[n].flushes == flushes)
		host_fail("VMIDG: VMID %llu changes hands without a flush", n);
	owner[n].mmu = mmu;
	owner[n].flushes = flushes;
}

static void random_put(u32 cpu)
{
	/* Until now its guest may have filled TLBs. */
	if (running[cpu].mmu)
		owner[running[cpu].number].flushes = host.tlbi[S2_SCOPE_ALL];
	running[cpu].mmu = NULL;
	put(cpu);
}

static void random_load(u32 cpu, struct kvm_s2_mmu *mmu)
{
	random_put(cpu);
	load(cpu, mmu);
	running[cpu].mmu = mmu;
	running[cpu].number = number(mmu);
	check_owner(mmu);
	check_running();
}

static void random_step(u32 avoid)
{
	u32 cpu = draw(host_cpus);

	steps++;
	if (cpu == avoid)
		return;
	if (draw(8))
		random_load(cpu, &mmus[draw(PLAYERS)]);
	else
		random_put(cpu);
}

/* Other CPUs come between a look at the generation and the exchange. */
static void race(void)
{
	u32 cpu = host_cpu, i;

	if (racing || draw(4))
		return;
	racing = 1;
	for (i = draw(20); i--;)
		random_step(cpu);
	racing = 0;
	host_cpu = cpu;
}

/* By the statistics of the VMs whose need of a number caused them. */
static u64 rollovers_told(void)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(mmus); i++) {
		checker_counts(&mmus[i]);
		sum += atomic64_read(&mmus[i].stat.vmid_rollovers);
	}
	return sum;
}

static void schedule(u32 bits, u32 cpus, u64 count)
{
	start(bits, cpus);
	memset(running, 0, sizeof(running));
	memset(owner, 0, sizeof(owner));
	rng = (env_u64("SEED", 1) + 1) * 0x9e3779b97f4a7c15ULL;
	racing = 0;
	host.vmid_racer = race;
	for (steps = 0; steps < count;)
		random_step(~0U);
	assert_int_equal(rollovers_told(), host.tlbi[S2_SCOPE_ALL]);
	print_message("%u bits, %u CPUs: %llu loads and puts, %llu rollovers\n",
		      bits, cpus, steps, host.tlbi[S2_SCOPE_ALL]);
	host.vmid_racer = NULL;
}

static void forty_mmus_on_three_cpus_never_share_a_number(void **state)
{
	(void)state;
	schedule(4, 3, env_u64("OPS", 1000000));
	assert_true(host.tlbi[S2_SCOPE_ALL] > 10);
}

static void forty_mmus_on_eight_cpus_never_share_a_number(void **state)
{
	(void)state;
	schedule(4, 8, env_u64("OPS", 400000));
	assert_true(host.tlbi[S2_SCOPE_ALL] > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_consecutive_in_the_order_of_running),
		cmocka_unit_test(a_second_run_keeps_the_number),
		cmocka_unit_test(new_mmu_has_no_valid_generation),
		cmocka_unit_test(more_than_255_run_with_8_bits),
		cmocka_unit_test(sixteen_bits_give_65535),
		cmocka_unit_test(reserved_numbers_survive_a_rollover),
		cmocka_unit_test(reserved_on_two_cpus_stays_one_number),
		cmocka_unit_test(a_cpu_that_put_its_guest_reserves_nothing),
		cmocka_unit_test(bits_that_are_wanted_are_used_if_possible),
		cmocka_unit_test(forty_mmus_on_three_cpus_never_share_a_number),
		cmocka_unit_test(forty_mmus_on_eight_cpus_never_share_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
