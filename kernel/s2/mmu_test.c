// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: what no user space can provoke, on a struct kvm that never runs.
 */
#include <kunit/test.h>

#include "seam.h"

#define WINDOW		0x08010000ULL
#define REGISTERS	0x08040000ULL

static struct kvm_s2_mmu *mmu_of(struct kunit *test)
{
	struct kvm *kvm = test->priv;

	return &kvm->arch.mmu;
}

static int init_mmu(struct kunit *test, u32 ipa_bits)
{
	return kvm_init_stage2_mmu(test->priv, mmu_of(test),
				   KVM_VM_TYPE_ARM_IPA_SIZE(ipa_bits));
}

static void second_init_is_refused(struct kunit *test)
{
	struct kvm_s2_mmu *mmu = mmu_of(test);
	struct s2_ctx *ctx;
	u64 root;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	ctx = mmu->s2;
	root = mmu->pgd_phys;

	KUNIT_EXPECT_EQ(test, init_mmu(test, 40), -EINVAL);
	KUNIT_EXPECT_EQ(test, init_mmu(test, 36), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, mmu->s2, ctx);
	KUNIT_EXPECT_PTR_EQ(test, mmu->pgt, &ctx->pgt);
	KUNIT_EXPECT_EQ(test, mmu->pgd_phys, root);
}

static void ipa_size_out_of_range_leaves_nothing(struct kunit *test)
{
	struct kvm_s2_mmu *mmu = mmu_of(test);

	KUNIT_EXPECT_EQ(test, init_mmu(test, 31), -EINVAL);
	KUNIT_EXPECT_EQ(test, init_mmu(test, get_kvm_ipa_limit() + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, kvm_init_stage2_mmu(test->priv, mmu, BIT(9)),
			-EINVAL);
	KUNIT_EXPECT_NULL(test, mmu->s2);
	KUNIT_EXPECT_NULL(test, mmu->pgt);
	KUNIT_EXPECT_TRUE(test, !mmu->last_vcpu_ran);
}

static void blocks_are_split_eagerly_one_at_a_time(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	KUNIT_EXPECT_EQ(test, mmu_of(test)->split_page_chunk_size, PMD_SIZE);
}

static void default_ipa_space_is_the_one_of_2012(struct kunit *test)
{
	struct s2_ctx *ctx;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 0), 0);
	ctx = mmu_of(test)->s2;
	KUNIT_EXPECT_EQ(test, ctx->geo.ipa_bits, 40);
	if (PAGE_SIZE == SZ_4K) {
		KUNIT_EXPECT_EQ(test, ctx->geo.start_level, 1);
		KUNIT_EXPECT_EQ(test, ctx->geo.root_pages, 2);
	}
	KUNIT_EXPECT_EQ(test, s2_table_count(ctx->root), 1);
}

static void freeing_twice_is_harmless(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	kvm_uninit_stage2_mmu(test->priv);
	KUNIT_EXPECT_NULL(test, mmu_of(test)->s2);
	KUNIT_EXPECT_NULL(test, mmu_of(test)->pgt);
	KUNIT_EXPECT_EQ(test, mmu_of(test)->pgd_phys, 0);
	kvm_uninit_stage2_mmu(test->priv);
	kvm_s2_destroy_vm(test->priv);
}

static void device_window_counts_its_pages(struct kunit *test)
{
	struct s2_ctx *ctx;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	ctx = mmu_of(test)->s2;
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(test->priv, WINDOW,
						    REGISTERS, 2 * PAGE_SIZE,
						    true), 0);
	KUNIT_EXPECT_EQ(test, s2_table_count(ctx->root), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ctx->tables_alloc),
			S2_LAST_LEVEL - ctx->geo.start_level);

	/* The same again changes nothing. */
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(test->priv, WINDOW,
						    REGISTERS, 2 * PAGE_SIZE,
						    true), 0);
	KUNIT_EXPECT_EQ(test, s2_table_count(ctx->root), 2);
}

static void device_window_does_not_overwrite(struct kunit *test)
{
	struct kvm *kvm = test->priv;
	struct s2_ctx *ctx;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	ctx = mmu_of(test)->s2;
	KUNIT_ASSERT_EQ(test, kvm_phys_addr_ioremap(kvm, WINDOW + PAGE_SIZE,
						    REGISTERS, PAGE_SIZE,
						    true), 0);

	/* The second page is in the way, so the first one goes again. */
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(kvm, WINDOW,
						    REGISTERS + SZ_1M,
						    2 * PAGE_SIZE, true),
			-EEXIST);
	write_lock(&kvm->mmu_lock);
	s2_unmap_range(mmu_of(test), WINDOW + PAGE_SIZE,
		       WINDOW + 2 * PAGE_SIZE, S2_REASON_IOREMAP, false);
	write_unlock(&kvm->mmu_lock);
	KUNIT_EXPECT_EQ(test, s2_table_count(ctx->root), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ctx->tables_alloc),
			atomic64_read(&ctx->tables_freed));
}

/* A window that overlaps another one takes nothing from it (S16, S17). */
static void device_window_rolls_back_its_own(struct kunit *test)
{
	struct kvm *kvm = test->priv;
	struct s2_ctx *ctx;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	ctx = mmu_of(test)->s2;
	KUNIT_ASSERT_EQ(test, kvm_phys_addr_ioremap(kvm, WINDOW, REGISTERS,
						    PAGE_SIZE, true), 0);
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(kvm, WINDOW, REGISTERS,
						    2 * PAGE_SIZE, true),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(kvm, WINDOW, REGISTERS,
						    PAGE_SIZE, false),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(kvm, WINDOW, REGISTERS,
						    PAGE_SIZE, true), 0);
	KUNIT_EXPECT_EQ(test, s2_table_count(ctx->root), 2);
}

/* The first page can be mapped, the second lies where no memory can be. */
static void device_window_that_fails_leaves_nothing(struct kunit *test)
{
	struct s2_ctx *ctx;
	u64 top;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	ctx = mmu_of(test)->s2;
	top = s2_pte_pa(&ctx->geo, s2_pte_from_pa(&ctx->geo, ~0ULL));
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(test->priv, WINDOW, top,
						    2 * PAGE_SIZE, true),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, s2_table_count(ctx->root), 1);
	KUNIT_EXPECT_GT(test, atomic64_read(&ctx->tables_alloc), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ctx->tables_alloc),
			atomic64_read(&ctx->tables_freed));
}

/* Memory of the guest's is in the way, as a page or as a block. */
static void device_window_replaces_no_memory(struct kunit *test)
{
	struct kvm_mmu_memory_cache mc = { .gfp_zero = __GFP_ZERO };
	struct kvm *kvm = test->priv;
	u64 ipa = 4 * s2_level_size(S2_LAST_LEVEL - 1);
	struct s2_op op;
	s32 level;
	int ret;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	for (level = S2_LAST_LEVEL - 1; level <= S2_LAST_LEVEL; level++) {
		KUNIT_ASSERT_EQ(test, kvm_mmu_topup_memory_cache(&mc, 4), 0);
		write_lock(&kvm->mmu_lock);
		s2_op_begin(&op, mmu_of(test), S2_OP_MAP, S2_REASON_FAULT, ipa,
			    ipa + s2_level_size(level), S2_LOCK_WRITE, false);
		ret = s2_map(&op, ipa, ipa, level, S2_PROT_R, &mc);
		KUNIT_EXPECT_EQ(test, s2_op_end(&op, ret), 0);
		write_unlock(&kvm->mmu_lock);

		KUNIT_EXPECT_EQ(test,
				kvm_phys_addr_ioremap(kvm, ipa - PAGE_SIZE,
						      REGISTERS, 2 * PAGE_SIZE,
						      true), -EEXIST);
		KUNIT_EXPECT_EQ(test, atomic64_read(&kvm->stat.s2.leaves[level - 1]),
				1);
		ipa += 2 * s2_level_size(level);
	}
	kvm_mmu_free_memory_cache(&mc);
}

static void device_window_stays_in_the_ipa_space(struct kunit *test)
{
	struct kvm *kvm = test->priv;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 32), 0);
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(kvm, SZ_4G - PAGE_SIZE,
						    REGISTERS, 2 * PAGE_SIZE,
						    true), -EINVAL);
	KUNIT_EXPECT_EQ(test, kvm_phys_addr_ioremap(kvm, ~0ULL - PAGE_SIZE,
						    REGISTERS, 4 * PAGE_SIZE,
						    true), -EINVAL);
	KUNIT_EXPECT_EQ(test, s2_table_count(mmu_of(test)->s2->root), 1);
}

static u64 stat(struct kunit *test, const char *name)
{
	struct kvm *kvm = test->priv;
	u32 i;

	for (i = 0; i < kvm_vm_stats_header.num_desc; i++) {
		if (!strcmp(kvm_vm_stats_desc[i].name, name))
			return *(u64 *)((void *)&kvm->stat +
					kvm_vm_stats_desc[i].offset);
	}
	KUNIT_FAIL(test, "no statistic %s", name);
	return 0;
}

static void statistics_follow_the_tables(struct kunit *test)
{
	u64 tables = 0;
	char name[16];
	s32 level;

	KUNIT_ASSERT_EQ(test, init_mmu(test, 40), 0);
	snprintf(name, sizeof(name), "tables_level_%d",
		 mmu_of(test)->s2->geo.start_level);
	KUNIT_EXPECT_EQ(test, stat(test, name),
			mmu_of(test)->s2->geo.root_pages);

	KUNIT_ASSERT_EQ(test, kvm_phys_addr_ioremap(test->priv, WINDOW,
						    REGISTERS, 2 * PAGE_SIZE,
						    true), 0);
	for (level = 0; level <= S2_LAST_LEVEL; level++) {
		snprintf(name, sizeof(name), "tables_level_%d", level);
		tables += stat(test, name);
	}
	KUNIT_EXPECT_EQ(test, tables, mmu_of(test)->s2->geo.root_pages +
			S2_LAST_LEVEL - mmu_of(test)->s2->geo.start_level);
	if (PAGE_SIZE == SZ_4K)
		KUNIT_EXPECT_EQ(test, stat(test, "pages_4k"), 2);

	kvm_uninit_stage2_mmu(test->priv);
	KUNIT_EXPECT_EQ(test, stat(test, name), 0);
	if (PAGE_SIZE == SZ_4K)
		KUNIT_EXPECT_EQ(test, stat(test, "pages_4k"), 0);
}

/* User space may add up the descriptors' sizes to know how much to read. */
static void statistics_have_no_gaps(struct kunit *test)
{
	u32 i, sum = 0, end = 0;

	for (i = 0; i < kvm_vm_stats_header.num_desc; i++) {
		const struct kvm_stats_desc *desc = &kvm_vm_stats_desc[i];

		sum += desc->size * sizeof(u64);
		end = max_t(u32, end, desc->offset + desc->size * sizeof(u64));
	}
	KUNIT_EXPECT_EQ(test, sum, end);
}

static int s2_test_init(struct kunit *test)
{
	struct kvm *kvm = kunit_kzalloc(test, sizeof(*kvm), GFP_KERNEL);

	if (!kvm)
		return -ENOMEM;

	rwlock_init(&kvm->mmu_lock);
	test->priv = kvm;
	return 0;
}

static void s2_test_exit(struct kunit *test)
{
	kvm_uninit_stage2_mmu(test->priv);
}

static struct kunit_case s2_test_cases[] = {
	KUNIT_CASE(second_init_is_refused),
	KUNIT_CASE(ipa_size_out_of_range_leaves_nothing),
	KUNIT_CASE(default_ipa_space_is_the_one_of_2012),
	KUNIT_CASE(blocks_are_split_eagerly_one_at_a_time),
	KUNIT_CASE(freeing_twice_is_harmless),
	KUNIT_CASE(device_window_counts_its_pages),
	KUNIT_CASE(device_window_does_not_overwrite),
	KUNIT_CASE(device_window_rolls_back_its_own),
	KUNIT_CASE(device_window_that_fails_leaves_nothing),
	KUNIT_CASE(device_window_replaces_no_memory),
	KUNIT_CASE(device_window_stays_in_the_ipa_space),
	KUNIT_CASE(statistics_follow_the_tables),
	KUNIT_CASE(statistics_have_no_gaps),
	{}
};

static struct kunit_suite s2_test_suite = {
	.name = "kvm_arm64_s2",
	.init = s2_test_init,
	.exit = s2_test_exit,
	.test_cases = s2_test_cases,
};

kunit_test_suite(s2_test_suite);
