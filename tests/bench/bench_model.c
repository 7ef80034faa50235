// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the model takes events, with every invariant judged, and how much
 * memory it needs beside the tables that it models.
 *
 *	bench_model [EVENTS [MMUS]]
 *
 * Several VMs fault their memory in, lose single pages and 2 MB ranges to the
 * host, are write-protected and fault again, as a busy host would have it.
 * Events are made in portions; the making is not timed. Any finding is a
 * failure: the work is legal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "invariants/invariant.h"

#define PORTION 65536
/* An operation has fewer events than this. */
#define MARGIN 4096
#define BATCH 256
#define CHUNK 256 /* one VM's events in a row */

#define PAGE 4096ULL
#define TABLE_SPAN (512 * PAGE)
#define GUEST_TABLES 2048ULL /* 4 GB */
#define GUEST (GUEST_TABLES * TABLE_SPAN)
#define BASE 0x40000000ULL

#define LEAF 0x400000000007ffULL /* a page: XN, young, inner shareable, RW */

/**
 * struct guest - one VM and what is mapped in it
 * @next:	page to fault in next
 * @notifier:	invalidations by the host so far
 * @table:	address of each last-level table, 0: none
 * @mid:	likewise of the level above
 * @count:	entries in each
 * @present:	a bit for each page
 */
struct guest {
	uint64_t id;
	uint64_t seq;
	uint64_t op;
	uint64_t next;
	uint64_t notifier;
	uint64_t root;
	uint64_t mid[GUEST_TABLES / 512 + 1];
	uint32_t mid_count[GUEST_TABLES / 512 + 1];
	uint32_t root_count;
	uint64_t table[GUEST_TABLES];
	uint32_t count[GUEST_TABLES];
	uint64_t present[GUEST_TABLES * 512 / 64];
};

static struct event *out;
static size_t nr;
static uint64_t now, next_pa = 0x800000000ULL;
static uint64_t state = 0x9e3779b97f4a7c15ULL;

static uint64_t draw(uint64_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static struct event *emit(struct guest *g, enum event_type type)
{
	struct event *e = &out[nr++];

	e->time = now += 50;
	e->mmu = g->id;
	e->seq = ++g->seq;
	e->vm = 1000 + g->id;
	e->pid = 2000 + g->id;
	e->cpu = g->id % 64;
	e->type = type;
	return e;
}

static void begin(struct guest *g, int kind, int reason, uint64_t ipa,
		  uint64_t end, int lock)
{
	struct event *e = emit(g, EV_s2_op_begin);

	e->s2_op_begin.op = ++g->op;
	e->s2_op_begin.kind = kind;
	e->s2_op_begin.reason = reason;
	e->s2_op_begin.ipa = ipa;
	e->s2_op_begin.end = end;
	e->s2_op_begin.lock = lock;
	e->s2_op_begin.may_block = 0;
}

static void end(struct guest *g, int kind, int reason, uint64_t entries)
{
	struct event *e = emit(g, EV_s2_op_end);

	memset(&e->s2_op_end, 0, sizeof(e->s2_op_end));
	e->s2_op_end.op = g->op;
	e->s2_op_end.kind = kind;
	e->s2_op_end.reason = reason;
	e->s2_op_end.entries = entries;
}

static void entry(struct guest *g, enum event_type type, uint64_t ipa,
		  int level, uint64_t table, uint64_t old, uint64_t new,
		  uint32_t count)
{
	struct event *e = emit(g, type);

	e->s2_set.op = g->op;
	e->s2_set.ipa = ipa;
	e->s2_set.level = level;
	e->s2_set.table = table;
	/* The root is two tables side by side. */
	e->s2_set.index = ipa >> (12 + 9 * (3 - level)) &
			  (level == 1 ? 1023 : 511);
	e->s2_set.old = old;
	e->s2_set.new = new;
	e->s2_set.count = 1 + count;
}

static uint64_t take(struct guest *g, int level, uint64_t ipa)
{
	struct event *e = emit(g, EV_s2_table_alloc);

	e->s2_table_alloc.op = g->op;
	e->s2_table_alloc.table = next_pa += PAGE;
	e->s2_table_alloc.level = level;
	e->s2_table_alloc.ipa = ipa;
	return next_pa;
}

static void give_back(struct guest *g, uint64_t table, int level, uint64_t ipa)
{
	struct event *e = emit(g, EV_s2_table_free);

	e->s2_table_free.op = g->op;
	e->s2_table_free.table = table;
	e->s2_table_free.level = level;
	e->s2_table_free.ipa = ipa;
	e->s2_table_free.count = 1;
	e->s2_table_free.deferred = 0;
}

static void flush(struct guest *g, int scope, int level, uint64_t ipa,
		  uint64_t size, int reason)
{
	struct event *e = emit(g, EV_s2_flush);

	e->s2_flush.op = g->op;
	e->s2_flush.scope = scope;
	e->s2_flush.raw = ipa >> 12;
	e->s2_flush.level = level;
	e->s2_flush.ipa = ipa;
	e->s2_flush.size = size;
	e->s2_flush.vmid = g->id;
	e->s2_flush.generation = 1;
	e->s2_flush.reason = reason;
	e->s2_flush.cpu = e->cpu;
}

static void start(struct guest *g)
{
	struct event *e = emit(g, EV_s2_mmu_init);

	g->root = next_pa += 2 * PAGE;
	next_pa += PAGE;
	e->s2_mmu_init.ipa_bits = 40;
	e->s2_mmu_init.start_level = 1;
	e->s2_mmu_init.granule = PAGE;
	e->s2_mmu_init.root_pa = g->root;
	e->s2_mmu_init.root_pages = 2;
	e->s2_mmu_init.nested = 0;

	e = emit(g, EV_s2_memslot);
	memset(&e->s2_memslot, 0, sizeof(e->s2_memslot));
	e->s2_memslot.change = S2_MEMSLOT_CREATE;
	e->s2_memslot.base_gfn = BASE / PAGE;
	e->s2_memslot.npages = GUEST / PAGE;
	e->s2_memslot.hva = 0x7f0000000000ULL;

	e = emit(g, EV_s2_vmid_assign);
	memset(&e->s2_vmid_assign, 0, sizeof(e->s2_vmid_assign));
	e->s2_vmid_assign.vmid = g->id;
	e->s2_vmid_assign.generation = 1;
	e->s2_vmid_assign.in_use = g->id;
	e->s2_vmid_assign.cpu = e->cpu;

	e = emit(g, EV_s2_vmid_load);
	e->s2_vmid_load.vmid = g->id;
	e->s2_vmid_load.generation = 1;
	e->s2_vmid_load.cpu = e->cpu;
	e->s2_vmid_load.vcpu = 0;
}

/* The tables down to the page, as far as they are missing. */
static uint64_t link(struct guest *g, uint64_t t)
{
	uint64_t ipa = BASE + t * TABLE_SPAN, m = t / 512, n = 0;

	if (!g->mid[m]) {
		g->mid[m] = take(g, 2, ipa & ~(512 * TABLE_SPAN - 1));
		entry(g, EV_s2_set, ipa & ~(512 * TABLE_SPAN - 1), 1, g->root,
		      0, g->mid[m] | 3, ++g->root_count);
		n++;
	}
	if (!g->table[t]) {
		g->table[t] = take(g, 3, ipa);
		entry(g, EV_s2_set, ipa, 2, g->mid[m], 0, g->table[t] | 3,
		      ++g->mid_count[m]);
		n++;
	}
	return n;
}

static void fault(struct guest *g, uint64_t page)
{
	uint64_t ipa = BASE + page * PAGE, t = page / 512, n;
	/* The host's pages are anywhere. */
	uint64_t pa = (page * 0x9e3779b1 + g->id * 77) % (1 << 24) * PAGE;
	struct event *e = emit(g, EV_s2_fault_begin);

	memset(&e->s2_fault_begin, 0, sizeof(e->s2_fault_begin));
	e->s2_fault_begin.ipa = ipa;
	e->s2_fault_begin.write = 1;
	e->s2_fault_begin.notifier_seq = g->notifier;
	begin(g, S2_OP_MAP, S2_REASON_FAULT, ipa, ipa + PAGE, S2_LOCK_READ);
	n = link(g, t);
	if (!(g->present[page / 64] >> page % 64 & 1)) {
		entry(g, EV_s2_set, ipa, 3, g->table[t], 0,
		      (LEAF & ~0x3cULL) | 6 << 2 | pa, ++g->count[t]);
		g->present[page / 64] |= 1ULL << page % 64;
		n++;
	}
	end(g, S2_OP_MAP, S2_REASON_FAULT, n);
	e = emit(g, EV_s2_fault_end);
	memset(&e->s2_fault_end, 0, sizeof(e->s2_fault_end));
	e->s2_fault_end.ipa = ipa;
	e->s2_fault_end.result = 1;
	e->s2_fault_end.notifier_seq = g->notifier;
	e->s2_fault_end.pfn = pa / PAGE;
	e->s2_fault_end.size = PAGE;
	e->s2_fault_end.refs_taken = e->s2_fault_end.refs_put = 1;
}

static uint64_t leaf_of(const struct guest *g, uint64_t page)
{
	uint64_t pa = (page * 0x9e3779b1 + g->id * 77) % (1 << 24) * PAGE;

	return (LEAF & ~0x3cULL) | 6 << 2 | pa;
}

static void lose_page(struct guest *g, uint64_t page)
{
	uint64_t ipa = BASE + page * PAGE, t = page / 512;

	if (!(g->present[page / 64] >> page % 64 & 1) || g->count[t] < 2)
		return;
	g->present[page / 64] &= ~(1ULL << page % 64);
	begin(g, S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, ipa, ipa + PAGE,
	      S2_LOCK_WRITE);
	entry(g, EV_s2_clear, ipa, 3, g->table[t], leaf_of(g, page), 0,
	      --g->count[t]);
	flush(g, S2_SCOPE_IPA, 3, ipa, PAGE, S2_REASON_NOTIFIER_UNMAP);
	end(g, S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, 1);
	g->notifier++;
}

static void lose_table(struct guest *g, uint64_t t)
{
	uint64_t ipa = BASE + t * TABLE_SPAN, m = t / 512, n = 1;

	if (!g->table[t])
		return;
	begin(g, S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, ipa, ipa + TABLE_SPAN,
	      S2_LOCK_WRITE);
	entry(g, EV_s2_clear, ipa, 2, g->mid[m], g->table[t] | 3, 0,
	      --g->mid_count[m]);
	flush(g, S2_SCOPE_RANGE, S2_LEVEL_ANY, ipa, TABLE_SPAN,
	      S2_REASON_NOTIFIER_UNMAP);
	for (uint64_t i = t * 512; i < (t + 1) * 512; i++) {
		if (!(g->present[i / 64] >> i % 64 & 1))
			continue;
		entry(g, EV_s2_clear, BASE + i * PAGE, 3, g->table[t],
		      leaf_of(g, i), 0, --g->count[t]);
		n++;
	}
	memset(&g->present[t * 8], 0, 64);
	give_back(g, g->table[t], 3, ipa);
	g->table[t] = 0;
	end(g, S2_OP_UNMAP, S2_REASON_NOTIFIER_UNMAP, n);
	g->notifier++;
}

static void some_work(struct guest *g)
{
	size_t until = nr + CHUNK;
	uint64_t pages = GUEST / PAGE;

	if (!g->seq)
		start(g);
	while (nr < until) {
		switch (draw(64)) {
		case 0:
			lose_page(g, draw(pages));
			break;
		case 1:
			if (!draw(64))
				lose_table(g, draw(GUEST_TABLES));
			break;
		case 2 ... 20:
			fault(g, draw(pages));
			break;
		default:
			fault(g, g->next++ % pages);
		}
	}
}

static void found(const struct finding *f, void *arg)
{
	(void)arg;
	printf("%s: %s\n  at ", f->name, f->what);
	event_print(stdout, &f->event);
	putchar('\n');
}

/* Of this CPU's time: others may be using it, too. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Memory that the tables take, roots included, on the host that is modelled. */
static uint64_t modelled_bytes(const struct bench *b, uint64_t mmus)
{
	return (b->replay.pool.live + mmus) * PAGE;
}

static uint64_t model_bytes(const struct bench *b)
{
	uint64_t sum = b->replay.pool.bytes +
		       map_size(&b->replay.table) * sizeof(struct map_slot);
	size_t i;

	map_for_each(i, &b->replay.mmu)
	{
		const struct mmu *mmu = b->replay.mmu.slot[i].value;

		sum += sizeof(*mmu) + mmu->trail.size * sizeof(struct event) +
		       mmu->room_ops * sizeof(struct op);
	}
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000000;
	uint64_t mmus = argc > 2 ? strtoull(argv[2], NULL, 0) : 8;
	struct guest *guest = calloc(mmus, sizeof(*guest));
	double spent = 0, from;
	uint64_t done = 0;
	struct bench b;

	out = malloc((PORTION + MARGIN) * sizeof(*out));
	if (!guest || !out || bench_init(&b, ~0u, (1u << EV_NR_S2) - 1))
		return 3;
	b.found = found;
	for (uint64_t i = 0; i < mmus; i++)
		guest[i].id = i + 1;
	while (done < events) {
		for (nr = 0; nr < PORTION;)
			some_work(&guest[draw(mmus)]);
		from = seconds();
		/* As many at once as the reader of recordings gives. */
		for (size_t i = 0; i < nr; i += BATCH)
			replay_batch(&b.replay, &out[i],
				     nr - i < BATCH ? nr - i : BATCH);
		spent += seconds() - from;
		done += nr;
	}
	printf("%" PRIu64 " events of %" PRIu64
	       " MMUs in %.2f s: %.2f M events/s\n",
	       done, mmus, spent, done / spent / 1e6);
	printf("tables %" PRIu64 ", %.1f MB; model %.1f MB, %.2f of that\n",
	       b.replay.pool.live, modelled_bytes(&b, mmus) / 1e6,
	       model_bytes(&b) / 1e6,
	       (double)model_bytes(&b) / modelled_bytes(&b, mmus));
	return bench_findings(&b) || b.replay.err || b.replay.lost;
}
