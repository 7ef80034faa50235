// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as a trace for Casemate (see convert.h): s-expressions as in its
 * manual, section "trace format", and as its casemate-check reads them
 * (rems-project/casemate, fd6825d7b521 "bump: version: 3.0.2").
 *
 * Casemate speaks of writes, instructions and locks, our events of what they
 * came to. So:
 * - an invalidation becomes the instructions that s2_flush stands for, with
 *   the barriers around them (docs/tracepoints.md);
 * - one of a range, for which the format has no instruction, becomes one by
 *   IPA for each leaf that was changed in it, and one of the whole VMID if a
 *   table was unlinked in it, as Casemate has no other for that;
 * - mmu_lock is held from the begin of an operation that has it for write to
 *   its end, else around each write;
 * - local invalidations, cache maintenance and faults are left out;
 * - a concatenated root is its first page.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../model/map.h"
#include "../model/pte.h"
#include "convert.h"

#define PAGE 4096
#define MAX_CPUS 4096

/**
 * struct owed - an entry that was valid and is not yet invalidated
 */
struct owed {
	uint64_t ipa;
	bool table;
};

/* A page that a snapshot has, or an entry in it. */
struct known {
	uint64_t table;
	uint64_t at;
	uint64_t value;
};

/**
 * struct tree - one MMU
 * @lock:	what stands for its mmu_lock
 * @locked:	by the operation @op; 0: not
 * @owed:	what invalidations are to name
 * @known:	its snapshot: entries before what they link
 */
struct tree {
	uint64_t id;
	uint64_t root;
	uint64_t root_size;
	uint64_t lock;
	uint64_t op;
	uint64_t vmid;
	uint32_t start_level;
	struct owed *owed;
	size_t nr_owed;
	size_t room_owed;
	struct known *known;
	size_t nr_known;
	size_t room_known;
};

/**
 * struct cpu - what a CPU's registers have, as far as we wrote them
 */
struct cpu {
	uint64_t vttbr;
	uint64_t vtcr;
};

/**
 * struct casemate - the trace in the making
 * @source:	of the record that is being written: an event and its number
 * @id:		of the next record
 * @idle:	there is a root for CPUs without a VM
 */
struct casemate {
	FILE *out;
	const char *event;
	uint64_t seq;
	uint64_t id;
	struct map tree;
	struct cpu *cpu;
	bool idle;
};

/* Locks need addresses of their own: above all physical ones. */
#define LOCKS (1ULL << 60)
/* A root without anything, for a CPU that runs no VM; and its lock. */
#define IDLE_ROOT 0ULL
#define IDLE_LOCK LOCKS

static void put(struct casemate *c, int32_t cpu, const char *what,
		const char *rest)
{
	fprintf(c->out,
		"(%s (id %" PRIu64 ") (tid %" PRId32 ") %s (src \"%s:%" PRIu64
		"\"))\n",
		what, c->id++, cpu, rest, c->event, c->seq);
}

static void put_page(struct casemate *c, int32_t cpu, const char *what,
		     uint64_t address, uint64_t size)
{
	char rest[96];

	snprintf(rest, sizeof(rest),
		 "(address 0x%" PRIx64 ") (size 0x%" PRIx64 ")", address, size);
	put(c, cpu, what, rest);
}

static void put_hint(struct casemate *c, int32_t cpu, const char *kind,
		     uint64_t location, uint64_t value)
{
	char rest[128];

	snprintf(rest, sizeof(rest),
		 "(kind %s) (location 0x%" PRIx64 ") (value 0x%" PRIx64 ")",
		 kind, location, value);
	put(c, cpu, "hint", rest);
}

static void put_sysreg(struct casemate *c, int32_t cpu, const char *name,
		       uint64_t value)
{
	char rest[96];

	snprintf(rest, sizeof(rest), "(sysreg %s) (value 0x%" PRIx64 ")", name,
		 value);
	put(c, cpu, "sysreg-write", rest);
}

static void put_lock(struct casemate *c, int32_t cpu, const char *what,
		     uint64_t lock)
{
	char rest[64];

	snprintf(rest, sizeof(rest), "(address 0x%" PRIx64 ")", lock);
	put(c, cpu, what, rest);
}

static void put_dsb(struct casemate *c, int32_t cpu)
{
	put(c, cpu, "barrier", "dsb (kind ish)");
}

static void put_write(struct casemate *c, int32_t cpu, uint64_t address,
		      uint64_t value)
{
	char rest[128];

	snprintf(rest, sizeof(rest),
		 "(mem-order release) (address 0x%" PRIx64 ") (value 0x%" PRIx64
		 ")",
		 address, value);
	put(c, cpu, "mem-write", rest);
}

/* Room for one more element of @size; the array's address is in @array. */
static int make_room(void *array, size_t *room, size_t nr, size_t size,
		     struct failure *f)
{
	size_t more = *room ? 2 * *room : 64;
	void **p = array, *q;

	if (nr < *room)
		return 0;
	q = reallocarray(*p, more, size);
	if (!q)
		return failed(f, EXIT_ERROR, "out of memory");
	*p = q;
	*room = more;
	return 0;
}

/* T0SZ that Casemate, which knows no concatenated roots, begins there with. */
static uint64_t vtcr_of(const struct tree *t)
{
	return 16 + 9 * t->start_level;
}

static uint64_t vttbr_of(const struct tree *t)
{
	return t->root | t->vmid << 48;
}

static void set_vtcr(struct casemate *c, int32_t cpu, const struct tree *t)
{
	if (c->cpu[cpu].vtcr == vtcr_of(t))
		return;
	c->cpu[cpu].vtcr = vtcr_of(t);
	put_sysreg(c, cpu, "vtcr_el2", vtcr_of(t));
}

static void set_vttbr(struct casemate *c, int32_t cpu, uint64_t vttbr)
{
	if (c->cpu[cpu].vttbr == vttbr)
		return;
	c->cpu[cpu].vttbr = vttbr;
	put_sysreg(c, cpu, "vttbr_el2", vttbr);
	put(c, cpu, "barrier", "isb");
}

/* Where a CPU points to that runs no VM, so that roots can be given back. */
static void make_idle(struct casemate *c, int32_t cpu)
{
	if (!c->idle) {
		put_page(c, cpu, "mem-init", IDLE_ROOT, PAGE);
		put_hint(c, cpu, "set_root_lock", IDLE_ROOT, IDLE_LOCK);
		c->idle = true;
	}
	set_vttbr(c, cpu, IDLE_ROOT);
}

static int new_tree(struct casemate *c, const struct event *e, uint64_t root,
		    uint64_t size, int32_t start_level, struct failure *f)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t || map_set(&c->tree, e->mmu, t)) {
		free(t);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	t->id = e->mmu;
	t->root = root;
	t->root_size = size;
	t->start_level = start_level;
	t->lock = LOCKS + 8 * e->mmu;
	set_vtcr(c, e->cpu, t);
	put_page(c, e->cpu, "mem-init", t->root, t->root_size);
	put_hint(c, e->cpu, "set_root_lock", t->root, t->lock);
	return 0;
}

static int refuse(uint64_t granule, int32_t start_level, struct failure *f)
{
	if (granule != PAGE)
		return failed(
			f, EXIT_ERROR,
			"Casemate knows pages of 4K, and this host has %" PRIu64
			"K",
			granule / 1024);
	if (start_level < 0 || start_level > 2)
		return failed(
			f, EXIT_ERROR,
			"Casemate does not know tables that begin at level %" PRId32,
			start_level);
	return 0;
}

static int init(struct casemate *c, const struct event *e, struct failure *f)
{
	if (refuse(e->s2_mmu_init.granule, e->s2_mmu_init.start_level, f))
		return -1;
	return new_tree(c, e, e->s2_mmu_init.root_pa,
			(uint64_t)e->s2_mmu_init.root_pages * PAGE,
			e->s2_mmu_init.start_level, f);
}

static int init_late(struct casemate *c, const struct event *e,
		     struct failure *f)
{
	struct tree *t;

	if (refuse(e->snap_mmu.granule, e->snap_mmu.start_level, f) ||
	    new_tree(c, e, e->snap_mmu.root_pa,
		     (uint64_t)e->snap_mmu.root_pages * PAGE,
		     e->snap_mmu.start_level, f))
		return -1;
	t = map_get(&c->tree, e->mmu);
	t->vmid = e->snap_mmu.vmid;
	return 0;
}

/*
 * The pages first, then what is in them, from the leaves up: whoever follows a
 * link finds what it leads to.
 */
static void tell_known(struct casemate *c, const struct event *e,
		       struct tree *t)
{
	for (size_t i = 0; i < t->nr_known; i++) {
		if (t->known[i].at || t->known[i].table == t->root)
			continue;
		put_page(c, e->cpu, "mem-init", t->known[i].table, PAGE);
		put_hint(c, e->cpu, "set_owner_root", t->known[i].table,
			 t->root);
	}
	put_lock(c, e->cpu, "lock", t->lock);
	for (size_t i = t->nr_known; i--;)
		if (t->known[i].at)
			put_write(c, e->cpu, t->known[i].at, t->known[i].value);
	put_lock(c, e->cpu, "unlock", t->lock);
	free(t->known);
	t->known = NULL;
	t->nr_known = 0;
	t->room_known = 0;
}

static int know(struct tree *t, const struct event *e, struct failure *f)
{
	struct known k = { .table = e->snap_table.table };

	if (e->type == EV_snap_entry) {
		k.at = e->snap_entry.table + 8ULL * e->snap_entry.index;
		k.value = e->snap_entry.pte;
	}
	if (make_room(&t->known, &t->room_known, t->nr_known, sizeof(k), f))
		return -1;
	t->known[t->nr_known++] = k;
	return 0;
}

static int note_owed(struct tree *t, const struct event *e, struct failure *f)
{
	enum pte_kind was = pte_kind(e->s2_set.old, e->s2_set.level);

	/* What stays valid owes nothing that Casemate knows of. */
	if (was < PTE_TABLE ||
	    pte_kind(e->s2_set.new, e->s2_set.level) >= PTE_TABLE)
		return 0;
	if (make_room(&t->owed, &t->room_owed, t->nr_owed, sizeof(*t->owed), f))
		return -1;
	t->owed[t->nr_owed++] =
		(struct owed){ e->s2_set.ipa, was == PTE_TABLE };
	return 0;
}

static int write_entry(struct casemate *c, const struct event *e,
		       struct tree *t, struct failure *f)
{
	bool held = t->op && t->op == e->s2_set.op;

	set_vtcr(c, e->cpu, t);
	if (!held)
		put_lock(c, e->cpu, "lock", t->lock);
	put_write(c, e->cpu, e->s2_set.table + 8ULL * e->s2_set.index,
		  e->s2_set.new);
	if (!held)
		put_lock(c, e->cpu, "unlock", t->lock);
	return note_owed(t, e, f);
}

static void put_tlbi(struct casemate *c, int32_t cpu, const char *op)
{
	put_dsb(c, cpu);
	put(c, cpu, "tlbi", op);
	put_dsb(c, cpu);
}

static void put_ipas(struct casemate *c, int32_t cpu, const struct owed *owed,
		     size_t nr)
{
	char op[64];

	put_dsb(c, cpu);
	for (size_t i = 0; i < nr; i++) {
		snprintf(op, sizeof(op), "ipas2e1is (value 0x%" PRIx64 ")",
			 owed[i].ipa >> 12);
		put(c, cpu, "tlbi", op);
	}
	put_dsb(c, cpu);
	put(c, cpu, "tlbi", "vmalle1is");
	put_dsb(c, cpu);
}

/*
 * What is owed in [@ipa, @end) goes to the back, and there tables behind
 * leaves. Returns how much stays; @leaves says how many of the rest are such.
 */
static size_t part(struct tree *t, uint64_t ipa, uint64_t end, size_t *leaves)
{
	size_t stays = 0, at;

	for (size_t i = 0; i < t->nr_owed; i++) {
		struct owed o = t->owed[i];

		if (o.ipa >= ipa && o.ipa < end)
			continue;
		t->owed[i] = t->owed[stays];
		t->owed[stays++] = o;
	}
	at = stays;
	for (size_t i = stays; i < t->nr_owed; i++) {
		struct owed o = t->owed[i];

		if (o.table)
			continue;
		t->owed[i] = t->owed[at];
		t->owed[at++] = o;
	}
	*leaves = at - stays;
	return stays;
}

/* To Casemate the leaves of a table must be clean before the table itself. */
static void pay(struct casemate *c, const struct event *e, struct tree *t,
		uint64_t ipa, uint64_t end, bool wide)
{
	size_t leaves, stays = part(t, ipa, end, &leaves);
	bool table = t->nr_owed - stays > leaves;

	if (leaves && (table || !wide))
		put_ipas(c, e->cpu, t->owed + stays, leaves);
	if (table || wide)
		put_tlbi(c, e->cpu, "vmalls12e1is");
	t->nr_owed = stays;
}

static void flush_range(struct casemate *c, const struct event *e,
			struct tree *t)
{
	uint64_t end = e->s2_flush.ipa + e->s2_flush.size;

	pay(c, e, t, e->s2_flush.ipa, end < e->s2_flush.ipa ? UINT64_MAX : end,
	    false);
}

static void flush_ipa(struct casemate *c, const struct event *e, struct tree *t)
{
	const struct owed one = { .ipa = e->s2_flush.ipa };
	size_t leaves;

	t->nr_owed = part(t, e->s2_flush.ipa,
			  e->s2_flush.ipa + e->s2_flush.size, &leaves);
	put_ipas(c, e->cpu, &one, 1);
}

/* Who flushes for a VM that it does not run takes its VMID for the while. */
static void flush(struct casemate *c, const struct event *e, struct tree *t)
{
	uint64_t before = c->cpu[e->cpu].vttbr;

	if (e->s2_flush.scope == S2_SCOPE_IPA_LOCAL ||
	    e->s2_flush.scope == S2_SCOPE_CPU_CONTEXT)
		return;
	t->vmid = e->s2_flush.vmid;
	set_vtcr(c, e->cpu, t);
	if (t->vmid)
		set_vttbr(c, e->cpu, vttbr_of(t));
	switch (e->s2_flush.scope) {
	case S2_SCOPE_IPA:
		flush_ipa(c, e, t);
		break;
	case S2_SCOPE_RANGE:
		flush_range(c, e, t);
		break;
	case S2_SCOPE_VMID:
		pay(c, e, t, 0, UINT64_MAX, true);
		break;
	case S2_SCOPE_ALL:
		put_tlbi(c, e->cpu, "alle1is");
		break;
	}
	if (before)
		set_vttbr(c, e->cpu, before);
	else
		make_idle(c, e->cpu);
}

static void forget_tree(struct casemate *c, struct tree *t)
{
	map_del(&c->tree, t->id);
	free(t->owed);
	free(t->known);
	free(t);
}

static void free_tree(struct casemate *c, const struct event *e, struct tree *t)
{
	for (int32_t cpu = 0; cpu < MAX_CPUS; cpu++)
		if (c->cpu[cpu].vttbr == vttbr_of(t))
			make_idle(c, cpu);
	put_hint(c, e->cpu, "release_table", t->root, 0);
	put_page(c, e->cpu, "mem-free", t->root, t->root_size);
	forget_tree(c, t);
}

static void begin_op(struct casemate *c, const struct event *e, struct tree *t)
{
	if (e->s2_op_begin.lock != S2_LOCK_WRITE || t->op)
		return;
	t->op = e->s2_op_begin.op;
	put_lock(c, e->cpu, "lock", t->lock);
}

static void end_op(struct casemate *c, const struct event *e, struct tree *t)
{
	if (!t->op || t->op != e->s2_op_end.op)
		return;
	t->op = 0;
	put_lock(c, e->cpu, "unlock", t->lock);
}

static int of_tree(struct casemate *c, const struct event *e, struct tree *t,
		   struct failure *f)
{
	switch (e->type) {
	case EV_snap_table:
	case EV_snap_entry:
		return know(t, e, f);
	case EV_snap_end:
		tell_known(c, e, t);
		return 0;
	case EV_s2_op_begin:
		begin_op(c, e, t);
		return 0;
	case EV_s2_op_end:
		end_op(c, e, t);
		return 0;
	case EV_s2_table_alloc:
		put_page(c, e->cpu, "mem-init", e->s2_table_alloc.table, PAGE);
		put_hint(c, e->cpu, "set_owner_root", e->s2_table_alloc.table,
			 t->root);
		return 0;
	case EV_s2_table_free:
		put_page(c, e->cpu, "mem-free", e->s2_table_free.table, PAGE);
		return 0;
	case EV_s2_set:
	case EV_s2_clear:
		return write_entry(c, e, t, f);
	case EV_s2_flush:
		flush(c, e, t);
		return 0;
	case EV_s2_vmid_load:
		t->vmid = e->s2_vmid_load.vmid;
		set_vtcr(c, e->cpu, t);
		set_vttbr(c, e->cpu, vttbr_of(t));
		return 0;
	case EV_s2_vmid_put:
		make_idle(c, e->cpu);
		return 0;
	case EV_s2_mmu_free:
		free_tree(c, e, t);
		return 0;
	}
	return 0;
}

static int begin(void **self, FILE *out, const struct trace_reader *r,
		 struct failure *f)
{
	struct casemate *c = calloc(1, sizeof(*c));

	(void)r;
	*self = c;
	if (!c)
		return failed(f, EXIT_ERROR, "out of memory");
	c->out = out;
	c->cpu = calloc(MAX_CPUS, sizeof(*c->cpu));
	return c->cpu ? 0 : failed(f, EXIT_ERROR, "out of memory");
}

static int put_event(void *self, const struct event *e, struct failure *f)
{
	struct casemate *c = self;
	struct tree *t = map_get(&c->tree, e->mmu);

	if (!e->mmu || e->cpu < 0 || e->cpu >= MAX_CPUS)
		return 0;
	c->event = event_descs[e->type].name;
	c->seq = e->seq;
	if (!t && e->type == EV_s2_mmu_init)
		return init(c, e, f);
	if (!t && e->type == EV_snap_mmu)
		return init_late(c, e, f);
	return t ? of_tree(c, e, t, f) : 0;
}

static int end(void *self, struct failure *f)
{
	struct casemate *c = self;
	size_t i;

	(void)f;
	if (!c)
		return 0;
	while (c->tree.used)
		map_for_each(i, &c->tree)
		{
			forget_tree(c, c->tree.slot[i].value);
			break;
		}
	map_free(&c->tree);
	free(c->cpu);
	free(c);
	return 0;
}

const struct converter casemate_converter = {
	.name = "casemate",
	.begin = begin,
	.event = put_event,
	.end = end,
};
