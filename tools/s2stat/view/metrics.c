// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model as metrics (see metrics.h).
 *
 * A family is a row of a table: name, unit, type, help, and a function that
 * writes the samples of one context (or of the host). All samples of a family
 * stand together, as both formats demand. A context is labelled by its mmu id
 * alone; its name is in an info metric that queries join.
 */
#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include "../model/names.h"

enum type { GAUGE, COUNTER, INFO };

struct writer {
	FILE *out;
	enum metrics_format format;
	const struct host *host;
	const struct metrics *m;
	const char *name;
	enum type type;
};

/**
 * struct family - one metric family
 * @vm:		writes the samples of a living context, or
 * @whole:	those of the host
 * @needs:	enum offer: what the source must offer, else there is no family
 */
struct family {
	const char *name;
	const char *unit;
	enum type type;
	const char *help;
	void (*vm)(const struct writer *w, const struct vm *vm);
	void (*whole)(const struct writer *w);
	uint32_t needs;
};

/* The sample's name and, within braces, the labels that follow as text. */
static void sample(const struct writer *w, const char *labels, uint64_t value)
{
	static const char *const suffix[] = { "", "_total", "_info" };

	fprintf(w->out, "%s%s", w->name, suffix[w->type]);
	if (labels)
		fprintf(w->out, "{%s}", labels);
	fprintf(w->out, " %" PRIu64 "\n", value);
}

static void vm_sample(const struct writer *w, const struct vm *vm,
		      uint64_t value)
{
	char labels[32];

	snprintf(labels, sizeof(labels), "mmu=\"%" PRIu64 "\"", vm->id);
	sample(w, labels, value);
}

/* One more label, of a value that is one of our own words or numbers. */
static void vm_sample_by(const struct writer *w, const struct vm *vm,
			 const char *key, const char *word, uint64_t value)
{
	char labels[128];

	snprintf(labels, sizeof(labels), "mmu=\"%" PRIu64 "\",%s=\"%s\"",
		 vm->id, key, word);
	sample(w, labels, value);
}

/* A label's value: backslash, quote and newline are escaped. */
static void escape(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && n + 3 < size; from++) {
		if (*from == '\\' || *from == '"' || *from == '\n')
			to[n++] = '\\';
		to[n++] = *from == '\n' ? 'n' : *from;
	}
	to[n] = '\0';
}

static void vm_info(const struct writer *w, const struct vm *vm)
{
	char name[2 * VM_NAME_MAX + 1], vmm[2 * VM_VMM_MAX + 1];
	char labels[sizeof(name) + sizeof(vmm) + 96];

	escape(name, sizeof(name), vm->name);
	escape(vmm, sizeof(vmm), vm->vmm);
	snprintf(labels, sizeof(labels),
		 "mmu=\"%" PRIu64 "\",name=\"%s\",vmm=\"%s\",nested=\"%d\"",
		 vm->id, name, vmm, vm->nested);
	sample(w, labels, 1);
}

static void vm_vcpus(const struct writer *w, const struct vm *vm)
{
	if (vm->vcpus >= 0)
		vm_sample(w, vm, vm->vcpus);
}

/* Calls back with each level that has tables, as the word for its label. */
static void by_level(const struct writer *w, const struct vm *vm,
		     uint64_t (*get)(const struct vm_level *l))
{
	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++) {
		const struct vm_level *level = &vm->level[vm_level(l)];
		char word[12];

		if (!level->tables)
			continue;
		snprintf(word, sizeof(word), "%d", l);
		vm_sample_by(w, vm, "level", word, get(level));
	}
}

static uint64_t get_tables(const struct vm_level *l)
{
	return l->tables;
}

static uint64_t get_entries(const struct vm_level *l)
{
	return l->entries;
}

static uint64_t get_used(const struct vm_level *l)
{
	return l->used;
}

static void vm_tables(const struct writer *w, const struct vm *vm)
{
	by_level(w, vm, get_tables);
}

static void vm_entries(const struct writer *w, const struct vm *vm)
{
	by_level(w, vm, get_entries);
}

static void vm_used(const struct writer *w, const struct vm *vm)
{
	by_level(w, vm, get_used);
}

static void vm_mapped_bytes(const struct writer *w, const struct vm *vm)
{
	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++) {
		uint64_t leaves = vm->level[vm_level(l)].leaves;
		uint64_t size = vm_level_size(w->host->page_shift, l);
		char word[24];

		if (!leaves)
			continue;
		snprintf(word, sizeof(word), "%" PRIu64, size);
		vm_sample_by(w, vm, "leaf_bytes", word, leaves * size);
	}
}

static void vm_audit_mismatches(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm_mismatches(vm));
}

static void vm_unread(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->unread);
}

static void vm_tables_alloc(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->tables_alloc);
}

static void vm_tables_freed(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->tables_freed);
}

static void vm_sets(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->total.sets);
}

static void vm_clears(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->total.clears);
}

static void vm_flushes(const struct writer *w, const struct vm *vm)
{
	for (unsigned int r = 0; r <= S2_NR_REASONS; r++) {
		for (unsigned int s = 0; s <= S2_NR_SCOPES; s++) {
			uint64_t n = vm->total.flushes[r][s];
			char labels[128];

			if (!n)
				continue;
			snprintf(labels, sizeof(labels),
				 "mmu=\"%" PRIu64
				 "\",reason=\"%s\",scope=\"%s\"",
				 vm->id, reason_name(r), scope_name(s));
			sample(w, labels, n);
		}
	}
}

static void vm_flush_pages(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, counts_flush_pages(&vm->total));
}

static void vm_faults(const struct writer *w, const struct vm *vm)
{
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		if (k < S2_NR_FAULTS || vm->total.faults[k])
			vm_sample_by(w, vm, "kind", fault_name(k),
				     vm->total.faults[k]);
}

static void vm_faults_again(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->total.faults_again);
}

static void vm_faults_failed(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->total.faults_failed);
}

static void vm_vmid_assigns(const struct writer *w, const struct vm *vm)
{
	vm_sample(w, vm, vm->total.vmid_assigns);
}

static void build_info(const struct writer *w)
{
	char labels[96], version[64];

	escape(version, sizeof(version), w->m->version);
	snprintf(labels, sizeof(labels), "version=\"%s\"", version);
	sample(w, labels, 1);
}

static void host_contexts(const struct writer *w)
{
	uint64_t alive = 0;

	for (size_t i = 0; i < w->host->nr; i++)
		alive += w->host->vm[i]->alive;
	sample(w, NULL, alive);
}

static void host_secondary(const struct writer *w)
{
	if (w->m->secondary_bytes >= 0)
		sample(w, NULL, w->m->secondary_bytes);
}

static void host_unowned(const struct writer *w)
{
	int64_t owned = 0;

	if (w->m->secondary_bytes < 0)
		return;
	for (size_t i = 0; i < w->host->nr; i++)
		if (w->host->vm[i]->alive)
			owned += vm_sum(w->host->vm[i]).tables
				 << w->host->page_shift;
	sample(w, NULL,
	       owned < w->m->secondary_bytes ? w->m->secondary_bytes - owned :
					       0);
}

static void host_leaked(const struct writer *w)
{
	sample(w, NULL, w->host->leaked);
}

static void host_rollovers(const struct writer *w)
{
	sample(w, NULL, w->host->rollovers);
}

static void host_dropped(const struct writer *w)
{
	sample(w, NULL, w->host->dropped);
}

static const struct family families[] = {
	{ "s2_build", NULL, INFO, "The s2stat that exports this.",
	  .whole = build_info },
	{ "s2_contexts", NULL, GAUGE,
	  "Stage-2 contexts alive: one a VM, one more for each nested one.",
	  .whole = host_contexts },
	{ "s2_host_secondary_table_bytes", "bytes", GAUGE,
	  "Secondary page tables on the host by /proc/meminfo, whoever owns them.",
	  .whole = host_secondary },
	{ "s2_host_unowned_table_bytes", "bytes", GAUGE,
	  "Of these, what no living context accounts for.",
	  .whole = host_unowned },
	{ "s2_leaked_table_pages", NULL, COUNTER,
	  "Table pages that were still there when their context was freed.",
	  .whole = host_leaked, .needs = OFFER_LEAKS },
	{ "s2_vmid_rollovers", NULL, COUNTER,
	  "VMID generations turned since the attach.", .whole = host_rollovers,
	  .needs = OFFER_ROLLOVERS },
	{ "s2_events_lost", NULL, COUNTER,
	  "Events that went uncounted: the other counters are too low by as many.",
	  .whole = host_dropped },
	{ "s2_context", NULL, INFO, "Who a context belongs to.",
	  .vm = vm_info },
	{ "s2_vcpus", NULL, GAUGE, "vCPUs created.", .vm = vm_vcpus },
	{ "s2_table_pages", NULL, GAUGE, "Table pages by level.",
	  .vm = vm_tables },
	{ "s2_table_entries", NULL, GAUGE,
	  "Entries that the table pages have room for, by level.",
	  .vm = vm_entries },
	{ "s2_table_entries_used", NULL, GAUGE, "Counted entries, by level.",
	  .vm = vm_used },
	{ "s2_mapped_bytes", "bytes", GAUGE,
	  "Guest memory mapped, by the size of the leaves.",
	  .vm = vm_mapped_bytes },
	{ "s2_audit_mismatches", NULL, GAUGE,
	  "Table pages whose reference count was wrong at every look.",
	  .vm = vm_audit_mismatches },
	{ "s2_audit_unread_entries", NULL, GAUGE,
	  "Entries that could not be read, so nobody audited them.",
	  .vm = vm_unread },
	{ "s2_tables_allocated", NULL, COUNTER,
	  "Table pages allocated in the life of the context.",
	  .vm = vm_tables_alloc, .needs = OFFER_LIFE },
	{ "s2_tables_freed", NULL, COUNTER,
	  "Table pages freed in the life of the context.",
	  .vm = vm_tables_freed, .needs = OFFER_LIFE },
	{ "s2_sets", NULL, COUNTER, "Entries set since the attach.",
	  .vm = vm_sets, .needs = OFFER_ENTRIES },
	{ "s2_clears", NULL, COUNTER, "Entries cleared since the attach.",
	  .vm = vm_clears, .needs = OFFER_ENTRIES },
	{ "s2_flushes", NULL, COUNTER,
	  "TLB invalidations since the attach, by reason and scope.",
	  .vm = vm_flushes, .needs = OFFER_FLUSHES },
	{ "s2_flush_pages", NULL, COUNTER,
	  "Pages covered by invalidations of a bounded scope.",
	  .vm = vm_flush_pages, .needs = OFFER_FLUSH_PAGES },
	{ "s2_faults", NULL, COUNTER, "Guest aborts at stage 2, by kind.",
	  .vm = vm_faults, .needs = OFFER_FAULTS },
	{ "s2_faults_again", NULL, COUNTER,
	  "Guest aborts that lost a race and were taken again.",
	  .vm = vm_faults_again, .needs = OFFER_FAULT_AGAIN },
	{ "s2_faults_failed", NULL, COUNTER,
	  "Guest aborts that ended with an error.", .vm = vm_faults_failed,
	  .needs = OFFER_FAULT_RESULTS },
	{ "s2_vmid_assigns", NULL, COUNTER, "VMIDs given to the context.",
	  .vm = vm_vmid_assigns, .needs = OFFER_VMID_EVENTS },
};

/*
 * OpenMetrics names the family, Prometheus's older format the sample; the
 * older one has no info, a gauge takes its place.
 */
static void head(const struct writer *w, const struct family *f)
{
	static const char *const word[] = { "gauge", "counter", "info" };
	static const char *const older[] = { "", "_total", "_info" };
	bool open = w->format == METRICS_OPENMETRICS;
	const char *suffix = open ? "" : older[f->type];
	const char *type = !open && f->type == INFO ? "gauge" : word[f->type];

	fprintf(w->out, "# HELP %s%s %s\n", f->name, suffix, f->help);
	fprintf(w->out, "# TYPE %s%s %s\n", f->name, suffix, type);
	if (open && f->unit)
		fprintf(w->out, "# UNIT %s %s\n", f->name, f->unit);
}

static void write_family(struct writer *w, const struct family *f)
{
	if ((w->host->offers & f->needs) != f->needs)
		return;
	w->name = f->name;
	w->type = f->type;
	head(w, f);
	if (f->whole)
		f->whole(w);
	for (size_t i = 0; f->vm && i < w->host->nr; i++)
		if (w->host->vm[i]->alive)
			f->vm(w, w->host->vm[i]);
}

/** metrics_type() - the media type of @format */
const char *metrics_type(enum metrics_format format)
{
	if (format == METRICS_OPENMETRICS)
		return "application/openmetrics-text; version=1.0.0; charset=utf-8";
	return "text/plain; version=0.0.4; charset=utf-8";
}

/**
 * metrics_write() - writes every family
 * @host:	a whole sample
 *
 * Errors are @out's: the caller looks at ferror().
 */
void metrics_write(FILE *out, enum metrics_format format,
		   const struct host *host, const struct metrics *m)
{
	struct writer w = {
		.out = out,
		.format = format,
		.host = host,
		.m = m,
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		write_family(&w, &families[i]);
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", out);
}
