// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switching faults on: /sys/kernel/debug/s2/inject.
 *
 * Read, it lists every fault: name, historical ids, how often it has happened
 * since boot, in which MMU last; then the MMUs it is switched on for. Written
 * to, a line "MMU FAULT [TIMES]" switches it on for one MMU, by its id (as
 * events and s2stat give it), or for the next one that is created ("next"): so
 * many TIMES, or whenever it can happen. 0 switches it off.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "inject.h"
#include "seam.h"

#define POINT(point, called, known_as)					\
	[S2_INJECT_##point] = { .name = called, .ids = known_as },

static const struct {
	const char *name;
	const char *ids;
} points[] = { S2_INJECTIONS(POINT) };

/* For the next MMU; under s2_mmus_lock, like everything that is armed. */
static int next_left[S2_NR_INJECTIONS];

/* Since boot, in whatever MMU; and in which one last. */
static atomic_t happened[S2_NR_INJECTIONS];
static u64 last_mmu[S2_NR_INJECTIONS];

/**
 * s2_inject_now() - is a fault to happen?
 * @ctx:	in whose tables; NULL is fine
 * @point:	which
 *
 * Return: true, as often as was asked for.
 */
bool s2_inject_now(struct s2_ctx *ctx, enum s2_injection_point point)
{
	int left;

	if (!ctx)
		return false;

	left = atomic_read(&ctx->inject[point]);
	do {
		if (!left)
			return false;
	} while (left > 0 &&
		 !atomic_try_cmpxchg(&ctx->inject[point], &left, left - 1));

	atomic_inc(&happened[point]);
	WRITE_ONCE(last_mmu[point], ctx->id);
	return true;
}

/**
 * s2_inject_new_mmu() - an MMU comes to life, with what was asked for
 * @ctx:	the MMU's context
 *
 * Context: s2_mmus_lock.
 */
void s2_inject_new_mmu(struct s2_ctx *ctx)
{
	u32 i;

	for (i = 0; i < S2_NR_INJECTIONS; i++) {
		atomic_set(&ctx->inject[i], next_left[i]);
		next_left[i] = 0;
	}
}

/**
 * s2_inject_flush_mmu() - whose VMID an invalidation names
 * @ctx:	whose it should
 *
 * On a VHE host it can be made to name another one: the hypervisor's code
 * gets a copy of the MMU, which at EL2 without VHE it could not read.
 *
 * Return: the MMU, or the copy.
 */
struct kvm_s2_mmu *s2_inject_flush_mmu(struct s2_ctx *ctx)
{
	struct kvm_s2_mmu *mmu = ctx->pgt.mmu;
	u64 id;

	if (!has_vhe() || !s2_inject(ctx, FLUSH_OTHER_VMID))
		return mmu;

	ctx->decoy = *mmu;
	id = atomic64_read(&mmu->vmid.id);
	/* Still a guest's: 0 is the host's. */
	id ^= (id & 1) && (id & (BIT_ULL(kvm_arm_vmid_bits) - 1)) == 1 ? 3 : 1;
	atomic64_set(&ctx->decoy.vmid.id, id);
	return &ctx->decoy;
}

/**
 * s2_inject_forget() - leak an MMU's root
 * @mmu:	of a VM that never came to life
 */
void s2_inject_forget(struct kvm_s2_mmu *mmu)
{
	mutex_lock(&s2_mmus_lock);
	list_del(&mmu->s2->node);
	mmu->pgt = NULL;
	mmu->s2 = NULL;
	mutex_unlock(&s2_mmus_lock);
}

void s2_inject_delay(u32 ms)
{
	mdelay(ms);
}

static int find_point(const char *name)
{
	u32 i;

	for (i = 0; i < S2_NR_INJECTIONS; i++) {
		if (!strcmp(points[i].name, name))
			return i;
	}
	return -EINVAL;
}

static int arm_mmu(u64 id, int point, int times)
{
	struct s2_ctx *ctx;
	int ret = -ENOENT;

	mutex_lock(&s2_mmus_lock);
	list_for_each_entry(ctx, &s2_mmus, node) {
		if (ctx->id != id)
			continue;
		atomic_set(&ctx->inject[point], times);
		ret = 0;
	}
	mutex_unlock(&s2_mmus_lock);
	return ret;
}

static int arm(char *line)
{
	char whom[24], name[40];
	int point, times = -1;
	u64 id;

	if (sscanf(line, "%23s %39s %d", whom, name, &times) < 2)
		return -EINVAL;

	point = find_point(name);
	if (point < 0)
		return point;

	/* What this kernel says from now on is not to be trusted. */
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	if (!strcmp(whom, "next")) {
		mutex_lock(&s2_mmus_lock);
		next_left[point] = times;
		mutex_unlock(&s2_mmus_lock);
		return 0;
	}
	return kstrtou64(whom, 10, &id) ? -EINVAL : arm_mmu(id, point, times);
}

static ssize_t inject_write(struct file *file, const char __user *from,
			    size_t size, loff_t *pos)
{
	char line[80];
	int ret;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;

	line[size] = '\0';
	ret = arm(line);
	return ret ? ret : size;
}

static void show_point(struct seq_file *m, u32 point)
{
	struct s2_ctx *ctx;
	int left;

	seq_printf(m, "%s %s happened=%d last=%llu", points[point].name,
		   points[point].ids, atomic_read(&happened[point]),
		   last_mmu[point]);
	if (next_left[point])
		seq_printf(m, " next=%d", next_left[point]);
	list_for_each_entry(ctx, &s2_mmus, node) {
		left = atomic_read(&ctx->inject[point]);
		if (left)
			seq_printf(m, " %llu=%d", ctx->id, left);
	}
	seq_putc(m, '\n');
}

static int inject_show(struct seq_file *m, void *unused)
{
	u32 i;

	mutex_lock(&s2_mmus_lock);
	for (i = 0; i < S2_NR_INJECTIONS; i++)
		show_point(m, i);
	mutex_unlock(&s2_mmus_lock);
	return 0;
}

static int inject_open(struct inode *inode, struct file *file)
{
	return single_open(file, inject_show, NULL);
}

static const struct file_operations inject_fops = {
	.owner = THIS_MODULE,
	.open = inject_open,
	.read = seq_read,
	.write = inject_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init inject_init(void)
{
	debugfs_create_file("inject", 0600, debugfs_create_dir("s2", NULL),
			    NULL, &inject_fops);
	return 0;
}
late_initcall(inject_init);
