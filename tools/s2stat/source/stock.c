// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel without the s2 tracepoints, unmodified (see backend.h): its tables
 * are read as they are in memory, without any lock (descend.c); its events are
 * counted by probes on its functions (stock_events.c).
 */
#include "stock.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bpf.h"
#include "descend.h"
#include "layout.h"
#include "stock.skel.h"
#include "stock_vmids.h"

/* VTCR_EL2.VS: VMIDs have 16 bits, not 8; VTCR_EL2.DS: FEAT_LPA2's format. */
#define VTCR_VS (1ULL << 19)
#define VTCR_DS (1ULL << 32)
/* HCR_EL2.FWB: stage 2 decides alone on the memory type. */
#define HCR_FWB (1ULL << 46)
/* Where the kernel has its note for crash dumps, and how large it is. */
#define VMCOREINFO "/sys/kernel/vmcoreinfo"
#define CHUNK_BYTES (S2R_CHUNK * sizeof(uint64_t))
#define NOTE_CHUNKS 2
/* How often a tree is descended that changes under us. */
#define MAX_DESCENTS 4
#define MAX_SLOTS 32768
/* KVM concatenates no more (Arm ARM D8.2.2). */
#define MAX_ROOT_PAGES 16

/**
 * struct stock - what is attached, and what was found
 * @id_key:	see bpf/stock_kvm.h
 * @layout:	known once a VM was met
 * @fwb:	the host has FEAT_S2FWB: known with the first vCPU
 * @ctx:	contexts of the last listing, each once
 * @largest:	most nested contexts that a VM has
 */
struct stock {
	struct probe probe;
	struct stock_bpf *bpf;
	struct bpf_link *contexts;
	struct bpf_link *slots;
	struct stock_events *events;
	struct bpf_buffer buf;
	struct descend_reader reader;
	uint64_t id_key;
	struct layout layout;
	bool fwb;
	struct stock_context *ctx;
	size_t nr_ctx;
	size_t room;
	uint32_t largest;
};

/* Runs @prog, which takes and returns everything in its global variables. */
static int run(struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

static int read_batch(void *self, uint32_t nr)
{
	struct stock *s = self;

	s->bpf->bss->nr_reads = nr;
	return run(s->bpf->progs.read_tables);
}

static int attach_iter(struct bpf_program *prog, struct bpf_link **link,
		       struct failure *f)
{
	*link = bpf_program__attach_iter(prog, NULL);
	return *link ? 0 : bpf_refused(f, "attach a BPF iterator", -errno);
}

static int open_reader(struct stock *s, struct failure *f)
{
	int err;

	s->bpf = stock_bpf__open();
	if (!s->bpf)
		return bpf_refused(f, "open the BPF reader", -errno);
	s->bpf->rodata->id_key = s->id_key;
	s->bpf->rodata->nested_pointers = s->probe.nested_pointers;
	err = stock_bpf__load(s->bpf);
	if (err)
		return bpf_refused(f, "load the BPF reader", err);
	s->reader = (struct descend_reader){
		.reads = s->bpf->bss->reads,
		.pages = s->bpf->bss->pages,
		.go = read_batch,
		.arg = s,
	};
	if (attach_iter(s->bpf->progs.list_contexts, &s->contexts, f))
		return -1;
	return attach_iter(s->bpf->progs.list_slots, &s->slots, f);
}

/* The addresses must be asked for while we still may know them. */
static void find_vmids(struct stock *s, uint32_t *offers)
{
	if (!run(s->bpf->progs.find_symbols) &&
	    stock_vmids_known(&s->bpf->bss->symbols))
		*offers |= OFFER_VMID_SPACE;
}

static int stock_open(void **self, const struct live_wants *wants,
		      uint32_t *offers, struct failure *f)
{
	struct stock *s = calloc(1, sizeof(*s));
	struct stock_wants w = { .live = wants, .probe = wants->probe };

	*self = s;
	if (!s)
		return failed(f, EXIT_ERROR, "out of memory");
	*offers = OFFER_SLOTS;
	s->probe = *wants->probe;
	s->layout.page_shift = bpf_page_shift();
	if (getrandom(&s->id_key, sizeof(s->id_key), 0) < 0)
		return failed(f, EXIT_ERROR, "no random number: %s",
			      strerror(errno));
	w.id_key = s->id_key;
	if (bpf_buffer_init(&s->buf, f) || open_reader(s, f))
		return -1;
	find_vmids(s, offers);
	return wants->counts ? stock_events_open(&s->events, &w, offers, f) : 0;
}

static void stock_close(void *self)
{
	struct stock *s = self;

	if (!s)
		return;
	bpf_link__destroy(s->contexts);
	bpf_link__destroy(s->slots);
	stock_bpf__destroy(s->bpf);
	stock_events_close(s->events);
	bpf_buffer_free(&s->buf);
	free(s->ctx);
	free(s);
}

static int feed_context(const struct s2r_head *rec, void *self)
{
	const struct stock_context *c = (const void *)rec;
	struct stock *s = self;

	if (c->nr_nested > s->largest)
		s->largest = c->nr_nested;
	if (s->nr_ctx == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		void *p = realloc(s->ctx, room * sizeof(*s->ctx));

		if (!p)
			return -ENOMEM;
		s->ctx = p;
		s->room = room;
	}
	s->ctx[s->nr_ctx++] = *c;
	return 0;
}

/* By context; and first as seen in the process that created its VM. */
static int by_context(const void *a, const void *b)
{
	const struct stock_context *x = a, *y = b;

	if (x->mmu != y->mmu)
		return x->mmu < y->mmu ? -1 : 1;
	return y->creator - x->creator;
}

/* A context was met once for each file that any process has of its VM. */
static void keep_one_of_each(struct stock *s)
{
	size_t kept = 0;

	if (s->nr_ctx)
		qsort(s->ctx, s->nr_ctx, sizeof(*s->ctx), by_context);
	for (size_t i = 0; i < s->nr_ctx; i++)
		if (!kept || s->ctx[kept - 1].mmu != s->ctx[i].mmu)
			s->ctx[kept++] = s->ctx[i];
	s->nr_ctx = kept;
}

/* All contexts, a bounded number of nested ones at a time. */
static int list(struct stock *s, struct failure *f)
{
	uint32_t *first = &s->bpf->bss->first_nested;

	s->nr_ctx = 0;
	s->largest = 0;
	*first = 0;
	do {
		if (bpf_pass(&s->buf, s->contexts, feed_context, s, f))
			return -1;
		*first += STOCK_NESTED_PER_PASS;
	} while (*first < s->largest);
	keep_one_of_each(s);
	return 0;
}

/* Reads the kernel's note, at @va, into the pages of the reader. */
static int read_note(struct stock *s, uint64_t va)
{
	for (int i = 0; i < NOTE_CHUNKS; i++)
		s->reader.reads[i] = (struct stock_read){
			.at = va + i * CHUNK_BYTES,
		};
	return s->reader.go(s->reader.arg, NOTE_CHUNKS);
}

/*
 * Learns the layout from context @c, whose root is known by both addresses,
 * and from the kernel's note. Without that there are no reference counts.
 */
static void locate(struct stock *s, const struct stock_context *c)
{
	FILE *in = fopen(VMCOREINFO, "re");
	uint64_t pa, size;

	s->layout.offset = c->pgd - c->pgd_phys;
	if (in && fscanf(in, "%" SCNx64 " %" SCNx64, &pa, &size) == 2 &&
	    !read_note(s, layout_va(&s->layout, pa)))
		layout_from_note(&s->layout, (const char *)s->reader.pages,
				 NOTE_CHUNKS * CHUNK_BYTES);
	if (in)
		fclose(in);
}

static uint32_t root_pages(const struct stock *s, const struct stock_context *c)
{
	uint32_t bits = s->layout.page_shift - 3;
	uint32_t one_page = s->layout.page_shift + (4 - c->start_level) * bits;

	return c->ipa_bits > one_page ? 1U << (c->ipa_bits - one_page) : 1;
}

/* One that is being made or freed was read half. */
static bool is_whole(const struct stock *s, const struct stock_context *c)
{
	return c->pgd_phys && layout_va(&s->layout, c->pgd_phys) == c->pgd &&
	       c->start_level >= VM_LEVEL_MIN &&
	       c->start_level <= VM_LAST_LEVEL && c->ipa_bits <= 52 &&
	       root_pages(s, c) <= MAX_ROOT_PAGES;
}

static uint32_t vmid_bits(const struct stock_context *c)
{
	return c->vtcr & VTCR_VS ? 16 : 8;
}

static struct s2r_mmu mmu_of(const struct stock *s,
			     const struct stock_context *c)
{
	return (struct s2r_mmu){
		.head = { sizeof(struct s2r_mmu), S2R_MMU },
		.id = c->id,
		.vmid = c->vmid,
		.root_pa = c->pgd_phys,
		.vm = c->vm,
		.vmid_bits = vmid_bits(c),
		.vcpus = c->vcpus,
		.ipa_bits = c->ipa_bits,
		.start_level = c->start_level,
		.root_pages = root_pages(s, c),
		.nested = !!c->nested,
		.lpa2 = !!(c->vtcr & VTCR_DS),
		.fwb = s->fwb,
	};
}

static int no_tables(const struct stock *s, struct failure *f)
{
	if (!s->probe.protected)
		return 0;
	return failed(
		f, EXIT_KERNEL,
		"KVM runs in protected mode on this kernel: the guests' tables belong to the hypervisor, out of the kernel's sight (boot without kvm-arm.mode=protected to see them)");
}

/* Learns what all contexts of the host have in common. */
static void learn(struct stock *s)
{
	for (size_t i = 0; i < s->nr_ctx; i++) {
		if (s->ctx[i].pgd_phys && !s->layout.counts)
			locate(s, &s->ctx[i]);
		s->fwb |= !!(s->ctx[i].hcr & HCR_FWB);
	}
}

static int stock_contexts(void *self, record_fn fn, void *arg,
			  struct failure *f)
{
	struct stock *s = self;
	struct s2r_vmids vmids;
	size_t whole = 0;
	int err = 0;

	if (list(s, f))
		return -1;
	learn(s);
	for (size_t i = 0; i < s->nr_ctx && !err; i++) {
		const struct stock_context *c = &s->ctx[i];
		struct s2r_mmu rec;

		if (!is_whole(s, c))
			continue;
		whole++;
		rec = mmu_of(s, c);
		err = fn(&rec.head, arg);
	}
	if (s->nr_ctx && !whole && no_tables(s, f))
		return -1;
	if (!err && s->nr_ctx &&
	    !stock_vmids_read(&s->reader, &s->bpf->bss->symbols,
			      vmid_bits(&s->ctx[0]), &vmids))
		err = fn(&vmids.head, arg);
	return err < 0 ? bpf_refused(f, "keep the contexts", err) : 0;
}

/* Records that are held back until it is known that they are whole. */
struct held {
	char *p;
	size_t len;
	size_t room;
};

static int hold(const struct s2r_head *rec, void *arg)
{
	struct held *h = arg;

	if (h->len + rec->size > h->room) {
		size_t room = h->room ? 2 * h->room : 1 << 16;
		char *p = realloc(h->p, room);

		if (!p)
			return -ENOMEM;
		h->p = p;
		h->room = room;
	}
	memcpy(h->p + h->len, rec, rec->size);
	h->len += rec->size;
	return 0;
}

static int let_go(const struct held *h, record_fn fn, void *arg)
{
	const struct s2r_head *rec;
	int err = 0;

	for (size_t at = 0; at < h->len && err >= 0; at += rec->size) {
		rec = (const void *)(h->p + at);
		err = fn(rec, arg);
	}
	return err;
}

/* As often as it takes to see the tree whole; the last time, what is there. */
static int descend_whole(struct stock *s, const struct descend_tree *tree,
			 const struct table_query *q, record_fn fn, void *arg)
{
	struct held h = {};
	int err = -EAGAIN;

	for (int i = 1; i <= MAX_DESCENTS && err == -EAGAIN; i++) {
		h.len = 0;
		err = descend(&s->reader, &s->layout, tree, q, i < MAX_DESCENTS,
			      hold, &h);
	}
	if (!err || err == -EAGAIN)
		err = let_go(&h, fn, arg);
	free(h.p);
	return err;
}

static int show_tree(struct stock *s, const struct stock_context *c,
		     const struct table_query *q, record_fn fn, void *arg)
{
	const struct descend_tree tree = {
		.id = c->id,
		.root = c->pgd,
		.root_pa = c->pgd_phys,
		.root_at = c->root_at,
		.root_pages = root_pages(s, c),
		.start_level = c->start_level,
		.lpa2 = !!(c->vtcr & VTCR_DS),
	};
	int err;

	/* Entries are too many to hold back. */
	if (q->entries)
		err = descend(&s->reader, &s->layout, &tree, q, false, fn, arg);
	else
		err = descend_whole(s, &tree, q, fn, arg);
	return err == -ESRCH || err == -EAGAIN ? 0 : err;
}

static int stock_tables(void *self, const struct table_query *q, record_fn fn,
			void *arg, struct failure *f)
{
	struct stock *s = self;
	int err = 0;

	for (size_t i = 0; i < s->nr_ctx && err >= 0; i++)
		if ((!q->mmu || q->mmu == s->ctx[i].id) &&
		    is_whole(s, &s->ctx[i]))
			err = show_tree(s, &s->ctx[i], q, fn, arg);
	return err < 0 ? bpf_refused(f, "read the stage-2 tables", err) : 0;
}

/* Slots come once for each file of the VM. */
struct slots {
	record_fn fn;
	void *arg;
	uint8_t seen[MAX_SLOTS / 8];
};

static int feed_slot(const struct s2r_head *rec, void *arg)
{
	const struct s2r_slot *slot = (const void *)rec;
	uint32_t id = (uint32_t)slot->id % MAX_SLOTS;
	struct slots *s = arg;

	if (s->seen[id / 8] & 1 << id % 8)
		return 0;
	s->seen[id / 8] |= 1 << id % 8;
	return s->fn(rec, s->arg);
}

static int stock_slots(void *self, uint64_t mmu, record_fn fn, void *arg,
		       struct failure *f)
{
	struct slots slots = { .fn = fn, .arg = arg };
	struct stock *s = self;

	for (size_t i = 0; i < s->nr_ctx; i++) {
		if (s->ctx[i].id != mmu)
			continue;
		s->bpf->bss->slots_kvm = s->ctx[i].kvm;
		s->bpf->bss->slots_mmu = mmu;
		return bpf_pass(&s->buf, s->slots, feed_slot, &slots, f);
	}
	return 0;
}

static int stock_counts(void *self, struct host *host, struct failure *f)
{
	struct stock *s = self;

	return s->events ? stock_events_counts(s->events, host, f) : 0;
}

static int stock_hot(void *self, live_hot_fn fn, void *arg, uint64_t *cold,
		     struct failure *f)
{
	struct stock *s = self;

	*cold = 0;
	return s->events ? stock_events_hot(s->events, fn, arg, cold, f) : 0;
}

static void explain_counts(const struct stock *s, live_check_fn fn, void *arg)
{
	const char *name = "table counts";

	if (s->layout.counts)
		fn(name, LIVE_OK,
		   "exact, from the struct pages; what looks wrong is read again",
		   NULL, arg);
	else if (s->nr_ctx)
		fn(name, LIVE_NOT_OFFERED,
		   "this kernel does not say where its struct pages are (no readable " VMCOREINFO
		   ")",
		   "a kernel with CONFIG_VMCORE_INFO=y (before 6.9: CONFIG_CRASH_CORE)",
		   arg);
	else
		fn(name, LIVE_UNKNOWN, "from the struct pages",
		   "no VM runs: start one to see", arg);
}

static void explain_vmids(const struct host *host, live_check_fn fn, void *arg)
{
	fn("VMIDs", LIVE_OK, "exact, of each context; not their assignments",
	   NULL, arg);
	if (host->offers & OFFER_VMID_SPACE)
		fn("VMID space", LIVE_OK, "exact, from the allocator's bitmap",
		   NULL, arg);
	else
		fn("VMID space", LIVE_NOT_OFFERED,
		   "the addresses of the allocator's data are not known",
		   "a kernel with CONFIG_KALLSYMS_ALL=y, and CAP_SYSLOG", arg);
}

static void stock_explain(void *self, const struct host *host, live_check_fn fn,
			  void *arg)
{
	const struct stock *s = self;

	fn("tables", LIVE_OK,
	   "exact, read without a lock; what changes meanwhile is read again",
	   NULL, arg);
	explain_counts(s, fn, arg);
	fn("table events", LIVE_NOT_OFFERED,
	   "sets, clears, tables allocated and freed, and those left behind",
	   "a kernel with the s2 tracepoints", arg);
	if (s->events)
		stock_events_explain(s->events, &s->probe, fn, arg);
	explain_vmids(host, fn, arg);
}

const struct backend stock_backend = {
	.open = stock_open,
	.close = stock_close,
	.contexts = stock_contexts,
	.tables = stock_tables,
	.slots = stock_slots,
	.counts = stock_counts,
	.explain = stock_explain,
	.hot = stock_hot,
};
