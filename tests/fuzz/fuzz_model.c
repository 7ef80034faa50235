// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model and all invariants under libFuzzer: whatever events come, in
 * whatever order, nothing is read that is not there, no number of findings and
 * no loss upsets it, and what it knows adds up.
 *
 * An input is a row of records: a type, then a byte for each argument, which
 * chooses one of a few values that meet: small numbers, the addresses of a few
 * tables, leaves, and now and then nonsense.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "invariants/invariant.h"

#define RAM 0x40000000ULL

static uint64_t told;

static void found(const struct finding *f, void *arg)
{
	(void)arg;
	told += strlen(f->what) + f->nr_trail;
}

static uint64_t pick(uint8_t b)
{
	static const uint64_t some[] = {
		0,
		1,
		2,
		3,
		5,
		127,
		512,
		4096,
		0x80000000,
		0x90001000,
		0x90002000,
		0x90003000,
		0x90001003,
		0x90002003,
		0x90003003,
		RAM,
		RAM + 0x1000,
		RAM + 0x200000,
		RAM + 0x1ff000,
		1ULL << 40,
		0x400000400007ffULL,
		0x400000400017ffULL,
		0x4000004000077fULL,
		0x400000402007fdULL,
		1 << 10,
		~0ULL,
		1ULL << 63,
		0x7fffffff,
		40,
		12,
		1ULL << 32,
		0xabcd000,
	};

	return b < 224 ? some[b % 32] : b - 224;
}

/* An MMU that is as it should be, so that events find something. */
static void begin(struct bench *b, uint64_t id)
{
	struct event e = { .type = EV_s2_mmu_init, .mmu = id, .seq = 1 };

	e.s2_mmu_init.ipa_bits = 40;
	e.s2_mmu_init.start_level = 1;
	e.s2_mmu_init.granule = 4096;
	e.s2_mmu_init.root_pa = 0x80000000 + (id << 20);
	e.s2_mmu_init.root_pages = 2;
	replay_event(&b->replay, &e);
}

/* Every table is in the pool once, with the sums of its words. */
static void add_up(const struct bench *b)
{
	const struct table_pool *pool = &b->replay.pool;
	uint64_t live = 0;

	for (uint32_t i = 1; i < pool->nr; i++) {
		const struct table *t = pool->table[i];
		uint32_t counted = 0, leaves = 0;

		if (!t)
			continue;
		live++;
		for (uint32_t n = 0; n < t->nr; n++) {
			counted += !!(t->word[n] & ENT_COUNTED);
			leaves += !!(t->word[n] & ENT_LEAF);
		}
		if (counted != t->counted || leaves != t->leaves ||
		    t->handle != i || map_get(&b->replay.table, t->pa) != t)
			abort();
	}
	if (live != pool->live)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t seq[4] = { 1, 1, 1, 1 };
	struct event e = { 0 };
	struct bench b;

	if (bench_init(&b, ~0u, (1u << EV_NR_S2) - 1))
		return 0;
	b.found = found;
	b.complete = size & 1;
	b.replay.pool.most = 64;
	begin(&b, 1);
	while (size >= 3) {
		const struct event_desc *desc;
		uint8_t how = data[1];

		e.type = data[0] % EV_NR;
		desc = &event_descs[e.type];
		e.mmu = how & 3;
		/* Mostly in order; sometimes early, late, twice, or lost. */
		e.seq = ++seq[how & 3];
		if (how >= 0xe0)
			e.seq += (how & 0x1c) - 12;
		e.time += data[2] == 255 ? 2000000000ULL : data[2];
		e.pid = how >> 2 & 3;
		e.cpu = how >> 4 & 3;
		e.vm = e.mmu;
		data += 3;
		size -= 3;
		for (size_t a = 0; a < desc->nr_args; a++) {
			uint8_t v = size ? *data : 0;

			event_set_arg(&e, &desc->arg[a], pick(v));
			data += !!size;
			size -= !!size;
		}
		if (replay_event(&b.replay, &e))
			break;
	}
	add_up(&b);
	replay_end(&b.replay);
	bench_free(&b);
	return 0;
}
