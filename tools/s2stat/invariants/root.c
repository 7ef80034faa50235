// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROOT: an MMU has a root, and one only, from its first event to its last.
 *
 *	      s2_mmu_init          end of destroy         s2_mmu_free
 *	none -------------> alive -----------------> down ------------> dead
 */
#include "invariant.h"

static const struct charge nowhere = { .at = { .level = NO_LEVEL } };

static void init(const struct step *s)
{
	const struct event *e = s->e;
	struct mmu probe = { 0 };

	if (s->mmu->root) {
		accuse(s, INV_root, &nowhere, "the MMU is initialised twice");
		return;
	}
	if (mmu_shape(&probe, e->s2_mmu_init.granule, e->s2_mmu_init.ipa_bits,
		      e->s2_mmu_init.start_level))
		accuse(s, INV_root, &nowhere,
		       "there is no root of level %d for %d bits of IPA",
		       e->s2_mmu_init.start_level, e->s2_mmu_init.ipa_bits);
	else if (e->s2_mmu_init.root_pa & (e->s2_mmu_init.granule - 1))
		accuse(s, INV_root, &nowhere, "a root cannot be at 0x%llx",
		       (unsigned long long)e->s2_mmu_init.root_pa);
}

static void freed(const struct step *s)
{
	const struct table *root = s->mmu->root;

	if (root && root->pa != s->e->s2_mmu_free.root_pa)
		accuse(s, INV_root, &nowhere,
		       "0x%llx is freed, the root is 0x%llx",
		       (unsigned long long)s->e->s2_mmu_free.root_pa,
		       (unsigned long long)root->pa);
}

static void still_runs(const struct step *s)
{
	const struct vmids *v = &s->r->vmids;

	for (size_t i = 0; i < v->nr_cpus; i++)
		if (v->cpu[i].loaded && v->cpu[i].mmu == s->e->mmu)
			accuse(s, INV_root, &nowhere,
			       "CPU %zu runs under it when it is freed", i);
}

static void begins(const struct step *s)
{
	if (s->mmu->down)
		accuse(s, INV_root, &nowhere,
		       "an operation begins when the tables are taken down");
	/* With the host's memory gone from under them (U14). */
	if (s->e->s2_op_begin.reason == S2_REASON_CREATE_FAILED &&
	    s->mmu->vmid.generation)
		accuse(s, INV_root, &nowhere,
		       "the tables of a VM that has run are not taken down before its end");
}

static void loaded(const struct step *s)
{
	const unsigned long long pa = s->e->s2_vmid_load.root_pa;
	const struct table *root = s->mmu->root;

	if (s->mmu->down)
		accuse(s, INV_root, &nowhere,
		       "the root is loaded when the tables are taken down");
	else if (root && pa && pa != root->pa)
		accuse(s, INV_root, &nowhere,
		       "0x%llx is loaded, the root is 0x%llx", pa,
		       (unsigned long long)root->pa);
}

static void ghost(const struct step *s)
{
	accuse(s, INV_root, &nowhere, "the MMU has been freed");
}

const struct invariant inv_root = {
	.name = "ROOT",
	.says = "an MMU gets its root once and gives it back once, and nothing happens to it before, after, or once its tables are taken down",
	.needs = ON(s2_mmu_init) | ON(s2_mmu_free),
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_mmu_init, init },
			{ BEFORE, EV_s2_mmu_free, freed },
			{ ON_ARRIVAL, EV_s2_mmu_free, still_runs },
			{ BEFORE, EV_s2_op_begin, begins },
			{ BEFORE, EV_s2_vmid_load, loaded },
			{ BEFORE, POINT_GHOST, ghost },
			{},
		},
};
