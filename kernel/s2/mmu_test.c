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
	KUNIT_CASE(freeing_twice_is_harmless),
	KUNIT_CASE(device_window_counts_its_pages),
	KUNIT_CASE(device_window_does_not_overwrite),
	KUNIT_CASE(device_window_stays_in_the_ipa_space),
	{}
};

static struct kunit_suite s2_test_suite = {
	.name = "kvm_arm64_s2",
	.init = s2_test_init,
	.exit = s2_test_exit,
	.test_cases = s2_test_cases,
};

kunit_test_suite(s2_test_suite);
