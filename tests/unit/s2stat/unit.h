/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every test of s2stat includes: cmocka, and records to feed a host with.
 */
#ifndef S2STAT_UNIT_H
#define S2STAT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/vm.h"

#define PAGE_4K 12

static inline struct s2r_mmu mmu_rec(uint64_t id, int32_t tgid)
{
	return (struct s2r_mmu){
		.head = { sizeof(struct s2r_mmu), S2R_MMU },
		.id = id,
		.vm = tgid,
		.vmid = 5 << 8 | 7,
		.vmid_bits = 8,
		.vcpus = 2,
		.ipa_bits = 40,
		.start_level = 1,
		.root_pages = 2,
		.root_pa = 0x80000000,
		.tables_alloc = 9,
		.tables_freed = 3,
	};
}

/* A table page with a right count. */
static inline struct s2r_table table_rec(uint64_t mmu, int level, uint64_t pa,
					 uint32_t leaves, uint32_t children)
{
	return (struct s2r_table){
		.head = { sizeof(struct s2r_table), S2R_TABLE },
		.mmu = mmu,
		.pa = pa,
		.level = level,
		.nr = 512,
		.leaves = leaves,
		.children = children,
		.count = 1 + leaves + children,
	};
}

static inline void add_mmu(struct host *host, uint64_t id, int32_t tgid)
{
	struct s2r_mmu rec = mmu_rec(id, tgid);

	assert_int_equal(host_mmu(host, &rec), 0);
}

static inline void add_table(struct host *host, struct s2r_table rec)
{
	assert_int_equal(host_table(host, &rec), 0);
}

/* A host with contexts of these ids, tgid 100 + id, a root each, no more. */
static inline void host_of(struct host *host, size_t n, const uint64_t *ids)
{
	host_init(host, PAGE_4K);
	host_begin(host);
	for (size_t i = 0; i < n; i++)
		add_mmu(host, ids[i], 100 + ids[i]);
	for (size_t i = 0; i < n; i++)
		add_table(host, table_rec(ids[i], 1, 0x1000 * ids[i], 0, 0));
}

#endif /* S2STAT_UNIT_H */
