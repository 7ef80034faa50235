// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a recording of any length, to measure with: VMs side by side that
 * fault their memory in page by page, lose a page to the host now and then,
 * and, once all is mapped, lose 2 MB after 2 MB.
 *
 *	gen_trace FILE [EVENTS [VMS]]
 *
 * All of it is legal work, but the recording ends with the VMs alive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/writer.h"

#define PAGE 4096ULL
#define ENTRIES 512
#define TABLE_SPAN (ENTRIES * PAGE)
#define BASE 0x40000000ULL
/* Last-level tables of a VM: its memory is 1 GB, below one mid-level table. */
#define TABLES 512
#define LEAF 0x400000000007dbULL /* XN, young, inner shareable, RW, normal */

/**
 * struct guest - one VM
 * @next:	page to be faulted in, or table to be lost once all are mapped
 * @losing:	all was mapped
 * @notifier:	invalidations by the host so far
 */
struct guest {
	uint64_t id;
	uint64_t seq;
	uint64_t op;
	uint64_t root;
	uint64_t mid;
	uint64_t table[TABLES];
	uint32_t tables;
	uint64_t next;
	uint64_t notifier;
	bool losing;
};

static struct trace_writer *writer;
static uint64_t now = 1000000, next_pa = 0x800000000ULL, written;

static void put(struct guest *g, enum event_type type, struct event e)
{
	struct failure f;

	/* Steps of real events differ, and so do their differences' sizes. */
	now += 200 + (now * 0x9e3779b97f4a7c15ULL >> 55);
	written++;
	e.type = type;
	e.time = now;
	e.mmu = g->id;
	e.seq = ++g->seq;
	e.vm = 1000 + g->id;
	e.pid = 2000 + g->id;
	e.cpu = g->id % 64;
	if (trace_write(writer, &e, &f)) {
		fprintf(stderr, "gen_trace: %s\n", f.text);
		exit(3);
	}
}

#define PUT(g, type, ...) \
	put(g, EV_##type, (struct event){ .type = { __VA_ARGS__ } })

static uint64_t pa_of(const struct guest *g, uint64_t page)
{
	return (page * 0x9e3779b1 + g->id * 77) % (1 << 24) * PAGE;
}

static void start(struct guest *g)
{
	g->root = next_pa;
	next_pa += 2 * PAGE;
	PUT(g, s2_mmu_init, .ipa_bits = 40, .start_level = 1, .granule = PAGE,
	    .root_pa = g->root, .root_pages = 2);
	PUT(g, s2_memslot, .change = S2_MEMSLOT_CREATE, .base_gfn = BASE / PAGE,
	    .npages = TABLES * ENTRIES, .hva = 0x7f0000000000ULL);
	PUT(g, s2_vmid_assign, .vmid = g->id, .generation = 1, .in_use = g->id,
	    .cpu = g->id % 64);
	PUT(g, s2_vmid_load, .vmid = g->id, .generation = 1, .cpu = g->id % 64);
}

/* A table page is told of before it is linked. Returns its address. */
static uint64_t link_table(struct guest *g, uint64_t parent, int level,
			   uint64_t ipa, int index, int count)
{
	const uint64_t table = next_pa;

	next_pa += PAGE;
	PUT(g, s2_table_alloc, .op = g->op, .table = table, .level = level + 1,
	    .ipa = ipa);
	PUT(g, s2_set, .op = g->op, .ipa = ipa, .level = level, .table = parent,
	    .index = index, .new = table | 3, .count = count);
	return table;
}

static void fault(struct guest *g, uint64_t page)
{
	const uint64_t ipa = BASE + page * PAGE, t = page / ENTRIES;
	const uint64_t pa = pa_of(g, page), links = g->seq;

	PUT(g, s2_fault_begin, .ipa = ipa, .write = 1,
	    .notifier_seq = g->notifier);
	g->op++;
	PUT(g, s2_op_begin, .op = g->op, .kind = S2_OP_MAP, .ipa = ipa,
	    .end = ipa + PAGE, .lock = S2_LOCK_READ);
	if (!g->mid)
		g->mid = link_table(g, g->root, 1, BASE, 1, 2);
	if (!g->table[t])
		g->table[t] = link_table(g, g->mid, 2, BASE + t * TABLE_SPAN, t,
					 ++g->tables + 1);
	PUT(g, s2_set, .op = g->op, .ipa = ipa, .level = 3,
	    .table = g->table[t], .index = page % ENTRIES, .new = LEAF | pa,
	    .count = page % ENTRIES + 2);
	PUT(g, s2_op_end, .op = g->op, .kind = S2_OP_MAP,
	    .entries = (g->seq - links - 1) / 2);
	PUT(g, s2_fault_end, .ipa = ipa, .result = 1, .pfn = pa / PAGE,
	    .size = PAGE, .notifier_seq = g->notifier, .refs_taken = 1,
	    .refs_put = 1);
}

static void begin_unmap(struct guest *g, uint64_t ipa, uint64_t size)
{
	g->op++;
	PUT(g, s2_op_begin, .op = g->op, .kind = S2_OP_UNMAP,
	    .reason = S2_REASON_NOTIFIER_UNMAP, .ipa = ipa, .end = ipa + size,
	    .lock = S2_LOCK_WRITE);
}

static void end_unmap(struct guest *g, uint64_t entries)
{
	PUT(g, s2_op_end, .op = g->op, .kind = S2_OP_UNMAP,
	    .reason = S2_REASON_NOTIFIER_UNMAP, .entries = entries);
	g->notifier++;
}

/* The host takes the page that was mapped last, and the guest wants it back. */
static void lose_page(struct guest *g, uint64_t page)
{
	const uint64_t ipa = BASE + page * PAGE;

	begin_unmap(g, ipa, PAGE);
	PUT(g, s2_clear, .op = g->op, .ipa = ipa, .level = 3,
	    .table = g->table[page / ENTRIES], .index = page % ENTRIES,
	    .old = LEAF | pa_of(g, page), .count = page % ENTRIES + 1);
	PUT(g, s2_flush, .op = g->op, .scope = S2_SCOPE_IPA, .raw = ipa >> 12,
	    .level = 3, .ipa = ipa, .size = PAGE, .vmid = g->id,
	    .generation = 1, .reason = S2_REASON_NOTIFIER_UNMAP,
	    .cpu = g->id % 64);
	end_unmap(g, 1);
	fault(g, page);
}

/* Unlinked, invalidated, and only then emptied and given back. */
static void lose_table(struct guest *g, uint64_t t)
{
	const uint64_t ipa = BASE + t * TABLE_SPAN;

	begin_unmap(g, ipa, TABLE_SPAN);
	PUT(g, s2_clear, .op = g->op, .ipa = ipa, .level = 2, .table = g->mid,
	    .index = t, .old = g->table[t] | 3, .count = g->tables--);
	PUT(g, s2_flush, .op = g->op, .scope = S2_SCOPE_RANGE, .raw = ipa >> 12,
	    .level = S2_LEVEL_ANY, .ipa = ipa, .size = TABLE_SPAN,
	    .vmid = g->id, .generation = 1, .reason = S2_REASON_NOTIFIER_UNMAP,
	    .cpu = g->id % 64);
	for (int i = 0; i < ENTRIES; i++)
		PUT(g, s2_clear, .op = g->op, .ipa = ipa + i * PAGE, .level = 3,
		    .table = g->table[t], .index = i,
		    .old = LEAF | pa_of(g, t * ENTRIES + i),
		    .count = ENTRIES - i);
	PUT(g, s2_table_free, .op = g->op, .table = g->table[t], .level = 3,
	    .ipa = ipa, .count = 1);
	g->table[t] = 0;
	end_unmap(g, 1 + ENTRIES);
}

static void step(struct guest *g)
{
	if (!g->seq)
		start(g);
	if (g->losing) {
		lose_table(g, g->next++);
		g->losing = g->next < TABLES;
	} else {
		fault(g, g->next++);
		if (g->next % 37 == 0)
			lose_page(g, g->next - 1);
		g->losing = g->next == TABLES * ENTRIES;
	}
	if (g->next == (g->losing ? TABLES * ENTRIES : TABLES) &&
	    (g->losing || !g->tables))
		g->next = 0;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 0) : 100000000;
	uint64_t vms = argc > 3 ? strtoull(argv[3], NULL, 0) : 8;
	const struct trace_options o = { .force = true, .level = 1 };
	const struct trace_head head = {
		.monotonic = now,
		.page_size = PAGE,
		.cpus = 64,
		.listens = (1u << EV_NR_S2) - 1,
		.host = "synthetic",
	};
	struct trace_end end = { .reason = TRACE_END_TIME, .status = -1 };
	struct guest *guest = calloc(vms, sizeof(*guest));
	struct failure f;

	if (argc < 2 || !vms || !guest) {
		fputs("usage: gen_trace FILE [EVENTS [VMS]]\n", stderr);
		return 2;
	}
	if (trace_writer_open(&writer, argv[1], &o, &f) ||
	    trace_writer_begin(writer, &head, &f)) {
		fprintf(stderr, "gen_trace: %s\n", f.text);
		return 3;
	}
	for (uint64_t i = 0; i < vms; i++)
		guest[i].id = i + 1;
	for (uint64_t i = 0; written < events; i++)
		for (int n = 0; n < 16; n++)
			step(&guest[i % vms]);
	end.time = now;
	if (trace_writer_end(writer, &end, &f)) {
		fprintf(stderr, "gen_trace: %s\n", f.text);
		return 3;
	}
	trace_writer_close(writer);
	free(guest);
	return 0;
}
