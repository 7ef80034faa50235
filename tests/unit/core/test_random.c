// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on every shape of tables that is legal with this granule,
 * against the reference, the checker and the TLBs. SEED= and OPS= choose what
 * is run; a failure says what to repeat it with.
 */
#include "drive.h"
#include "unit.h"

#define DEFAULT_OPS	1040000

static u64 seed, ops;

static void say_seed(struct world *w)
{
	print_message("%u bits, start level %d, lpa2 %d fwb %d range %d: %llu ops (%llu accesses, %llu breaks, %llu lost; results 0:%llu again:%llu busy:%llu nomem:%llu inval:%llu)\n",
		      w->type.ipa_bits, w->type.start_level, w->type.lpa2,
		      w->type.fwb, w->type.range, w->ops, w->accesses,
		      w->breaks, w->lost, w->ret[0], w->ret[1], w->ret[2],
		      w->ret[3], w->ret[4]);
}

static void fail_with_seed(void)
{
	fprintf(stderr, "repeat with SEED=%llu OPS=%llu\n", seed, ops);
	fail();
}

static bool legal(u32 ipa_bits, s32 level)
{
	struct s2_geometry geo;

	return !s2_geometry_init(&geo, ipa_bits, level);
}

static void run(u32 ipa_bits, s32 level, u32 features, u64 count)
{
	struct host_mmu_type type = {
		.ipa_bits = ipa_bits,
		.start_level = level,
		.lpa2 = PAGE_SHIFT < 16 && (ipa_bits > 48 || features & 8),
		.fwb = features & 1,
		.range = features & 2,
	};
	struct world *w = calloc(1, sizeof(*w));
	u64 i;

	w->src.state = (seed + 1) * 0x9e3779b97f4a7c15ULL +
		       ipa_bits * 64 + level * 16 + features;
	host_on_fail = fail_with_seed;
	world_init(w, &type, features & 4);
	host.deaf = features & 16;
	for (i = 0; i < count; i++)
		world_step(w);
	world_fini(w);
	say_seed(w);
	free(w);
}

static u32 count_shapes(void)
{
	u32 bits, n = 0;
	s32 level;

	for (bits = 32; bits <= 52; bits += 4) {
		for (level = 0; level < 3; level++)
			n += bits != 44 && legal(bits, level);
	}
	return n;
}

static void run_bits(u32 bits)
{
	u64 share = ops / count_shapes() / 4 + 1;
	/*
	 * fwb 1, range 2, the hardware sets access flags 4, LPA2 8,
	 * nobody listens to s2_clear 16
	 */
	static const u32 features[] = { 0, 2 | 4 | 16, 1 | 8, 1 | 2 | 4 | 16 };
	s32 level;
	u32 i;

	for (level = 0; level < 3; level++) {
		for (i = 0; legal(bits, level) && i < 4; i++)
			run(bits, level, features[i], share);
	}
}

static void random_operations_agree_32_bits(void **state)
{
	(void)state;
	run_bits(32);
}

static void random_operations_agree_36_bits(void **state)
{
	(void)state;
	run_bits(36);
}

static void random_operations_agree_40_bits(void **state)
{
	(void)state;
	run_bits(40);
}

static void random_operations_agree_48_bits(void **state)
{
	(void)state;
	run_bits(48);
}

static void random_operations_agree_52_bits(void **state)
{
	(void)state;
	run_bits(52);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_32_bits),
		cmocka_unit_test(random_operations_agree_36_bits),
		cmocka_unit_test(random_operations_agree_40_bits),
		cmocka_unit_test(random_operations_agree_48_bits),
		cmocka_unit_test(random_operations_agree_52_bits),
	};

	seed = env_u64("SEED", 1);
	ops = env_u64("OPS", DEFAULT_OPS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
