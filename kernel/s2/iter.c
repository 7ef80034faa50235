// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF iterators over what exists: s2_mmu shows every stage-2 context, s2_table
 * every table page of each. With them a tool that starts late sees the VMs
 * that were there before, and can audit counts against entries.
 *
 * A table page is shown under mmu_lock held for read, one page at a time, so
 * its count and its entries belong together: with the lock held for read
 * faults may still add entries, which is why an auditor looks twice.
 */
#include <linux/bpf.h>
#include <linux/btf_ids.h>
#include <linux/seq_file.h>

#include "seam.h"
#include "walk.h"

/**
 * struct iter_state - where an iterator is
 * @mmu_id:	the context, or the one before the next one to be shown
 * @ipa:	the table page: first IPA it translates
 * @level:	and its level
 */
struct iter_state {
	u64	mmu_id;
	u64	ipa;
	s32	level;
};

/* The context with this id or, if it is gone, the next one. */
static struct s2_ctx *find_ctx(u64 id)
{
	struct s2_ctx *ctx;

	lockdep_assert_held(&s2_mmus_lock);
	list_for_each_entry(ctx, &s2_mmus, node) {
		if (ctx->id >= id)
			return ctx;
	}
	return NULL;
}

static void *mmu_seq_start(struct seq_file *seq, loff_t *pos)
{
	struct iter_state *state = seq->private;
	struct s2_ctx *ctx;

	mutex_lock(&s2_mmus_lock);
	ctx = find_ctx(state->mmu_id);
	if (!ctx)
		return NULL;

	state->mmu_id = ctx->id;
	if (!*pos)
		++*pos;
	return ctx->pgt.mmu;
}

static void *mmu_seq_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct iter_state *state = seq->private;
	struct s2_ctx *ctx;

	++*pos;
	ctx = find_ctx(++state->mmu_id);
	if (!ctx)
		return NULL;

	state->mmu_id = ctx->id;
	return ctx->pgt.mmu;
}

struct bpf_iter__s2_mmu {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct kvm_s2_mmu *, mmu);
};

DEFINE_BPF_ITER_FUNC(s2_mmu, struct bpf_iter_meta *meta,
		     struct kvm_s2_mmu *mmu)

static int run_mmu(struct seq_file *seq, struct kvm_s2_mmu *mmu, bool in_stop)
{
	struct bpf_iter__s2_mmu ctx;
	struct bpf_iter_meta meta;
	struct bpf_prog *prog;

	meta.seq = seq;
	prog = bpf_iter_get_info(&meta, in_stop);
	if (!prog)
		return 0;

	ctx.meta = &meta;
	ctx.mmu = mmu;
	return bpf_iter_run_prog(prog, &ctx);
}

static int mmu_seq_show(struct seq_file *seq, void *v)
{
	return run_mmu(seq, v, false);
}

static void mmu_seq_stop(struct seq_file *seq, void *v)
{
	if (!v)
		run_mmu(seq, NULL, true);
	mutex_unlock(&s2_mmus_lock);
}

/*
 * The first table page at or behind (ipa, level), in the order in which a
 * walk from the root meets them. mmu_lock is held.
 */
static bool find_table(struct s2_ctx *ctx, u64 ipa, s32 level,
		       struct s2_table_pos *pos)
{
	const struct s2_geometry *geo = &ctx->geo;
	struct s2_slot slot;
	u64 *table, base, pte;
	s32 l;

	for (; ipa < s2_ipa_limit(geo); level = geo->start_level) {
		table = ctx->root;
		for (l = geo->start_level; ; l++) {
			base = l == geo->start_level ? 0 :
			       ipa & ~(s2_table_span(l) - 1);
			if (base == ipa && l >= level)
				goto found;

			slot = s2_slot(ctx, table, l, ipa);
			pte = s2_slot_read(&slot);
			if (!s2_pte_table(pte, l))
				break;
			table = s2_table_of(ctx, pte);
		}

		/* No table begins below a page: on with the next table. */
		if (l == S2_LAST_LEVEL)
			l--;
		ipa = s2_next(l, ipa);
	}
	return false;

found:
	*pos = (struct s2_table_pos) {
		.ipa = base,
		.pa = s2_port_pa(table),
		.entries = table,
		.level = l,
		.count = s2_port_table_count(table, l == geo->start_level ?
						    geo->root_pages : 1),
		.nr = s2_entries(geo, l),
	};
	return true;
}

/*
 * Goes to the first table page at or behind the state's place, in this
 * context or in a later one. Fills in @pos for the caller's information.
 */
static struct s2_ctx *seek(struct iter_state *state, struct s2_table_pos *pos)
{
	struct s2_ctx *ctx;
	bool found;

	while ((ctx = find_ctx(state->mmu_id))) {
		if (ctx->id != state->mmu_id) {
			state->mmu_id = ctx->id;
			state->ipa = 0;
			state->level = 0;
		}

		read_lock(s2_port_lock(ctx->pgt.mmu));
		found = ctx->pgt.mmu->pgt && find_table(ctx, state->ipa,
						    state->level, pos);
		read_unlock(s2_port_lock(ctx->pgt.mmu));
		if (found) {
			state->ipa = pos->ipa;
			state->level = pos->level;
			return ctx;
		}

		state->mmu_id++;
		state->ipa = 0;
		state->level = 0;
	}
	return NULL;
}

static void *table_seq_start(struct seq_file *seq, loff_t *pos)
{
	struct iter_state *state = seq->private;
	struct s2_table_pos where;
	struct s2_ctx *ctx;

	mutex_lock(&s2_mmus_lock);
	ctx = seek(state, &where);
	if (ctx && !*pos)
		++*pos;
	return ctx;
}

static void *table_seq_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct iter_state *state = seq->private;
	struct s2_table_pos where;

	++*pos;
	state->level++;
	return seek(state, &where);
}

struct bpf_iter__s2_table {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct kvm_s2_mmu *, mmu);
	__bpf_md_ptr(struct s2_table_pos *, pos);
};

DEFINE_BPF_ITER_FUNC(s2_table, struct bpf_iter_meta *meta,
		     struct kvm_s2_mmu *mmu, struct s2_table_pos *pos)

static int run_table(struct seq_file *seq, struct kvm_s2_mmu *mmu,
		     struct s2_table_pos *pos, bool in_stop)
{
	struct bpf_iter__s2_table ctx;
	struct bpf_iter_meta meta;
	struct bpf_prog *prog;

	meta.seq = seq;
	prog = bpf_iter_get_info(&meta, in_stop);
	if (!prog)
		return 0;

	ctx.meta = &meta;
	ctx.mmu = mmu;
	ctx.pos = pos;
	return bpf_iter_run_prog(prog, &ctx);
}

/* The page is looked up again under the lock: it may have gone by now. */
static int table_seq_show(struct seq_file *seq, void *v)
{
	struct iter_state *state = seq->private;
	struct s2_table_pos pos;
	struct s2_ctx *ctx = v;
	int ret = 0;

	read_lock(s2_port_lock(ctx->pgt.mmu));
	if (ctx->pgt.mmu->pgt &&
	    find_table(ctx, state->ipa, state->level, &pos) &&
	    pos.ipa == state->ipa && pos.level == state->level)
		ret = run_table(seq, ctx->pgt.mmu, &pos, false);
	read_unlock(s2_port_lock(ctx->pgt.mmu));
	return ret;
}

static void table_seq_stop(struct seq_file *seq, void *v)
{
	if (!v)
		run_table(seq, NULL, NULL, true);
	mutex_unlock(&s2_mmus_lock);
}

static const struct seq_operations mmu_seq_ops = {
	.start	= mmu_seq_start,
	.next	= mmu_seq_next,
	.stop	= mmu_seq_stop,
	.show	= mmu_seq_show,
};

static const struct seq_operations table_seq_ops = {
	.start	= table_seq_start,
	.next	= table_seq_next,
	.stop	= table_seq_stop,
	.show	= table_seq_show,
};

static const struct bpf_iter_seq_info mmu_seq_info = {
	.seq_ops		= &mmu_seq_ops,
	.seq_priv_size		= sizeof(struct iter_state),
};

static const struct bpf_iter_seq_info table_seq_info = {
	.seq_ops		= &table_seq_ops,
	.seq_priv_size		= sizeof(struct iter_state),
};

static struct bpf_iter_reg mmu_reg = {
	.target			= "s2_mmu",
	.ctx_arg_info_size	= 1,
	.ctx_arg_info		= {
		{ offsetof(struct bpf_iter__s2_mmu, mmu),
		  PTR_TO_BTF_ID_OR_NULL },
	},
	.seq_info		= &mmu_seq_info,
};

static struct bpf_iter_reg table_reg = {
	.target			= "s2_table",
	.ctx_arg_info_size	= 2,
	.ctx_arg_info		= {
		{ offsetof(struct bpf_iter__s2_table, mmu),
		  PTR_TO_BTF_ID_OR_NULL },
		{ offsetof(struct bpf_iter__s2_table, pos),
		  PTR_TO_BTF_ID_OR_NULL },
	},
	.seq_info		= &table_seq_info,
};

BTF_ID_LIST(btf_ids)
BTF_ID(struct, kvm_s2_mmu)
BTF_ID(struct, s2_table_pos)

static int __init register_iterators(void)
{
	int ret;

	mmu_reg.ctx_arg_info[0].btf_id = btf_ids[0];
	ret = bpf_iter_reg_target(&mmu_reg);
	if (ret)
		return ret;

	table_reg.ctx_arg_info[0].btf_id = btf_ids[0];
	table_reg.ctx_arg_info[1].btf_id = btf_ids[1];
	return bpf_iter_reg_target(&table_reg);
}
late_initcall(register_iterators);
