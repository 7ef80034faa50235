// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model as plain text (see text.h). Columns, units and words are for
 * people and may change; whoever parses takes --json.
 */
#include "text.h"

#include <inttypes.h>

#include "../model/names.h"
#include "../model/pte.h"
#include "fmt.h"

#define RED "\033[1;31m"
#define DIM "\033[2m"

static const char *on(const struct text *t, const char *color)
{
	return t->color ? color : "";
}

static const char *off(const struct text *t)
{
	return t->color ? TEXT_PLAIN : "";
}

/* Seconds that a rate of @offer is over; 0: there is no such rate. */
static double span(const struct text *t, const struct host *host,
		   uint32_t offer)
{
	return t->rates && host->offers & offer ? host->seconds : 0;
}

/** text_list_head() - the column heads over text_list_row() */
void text_list_head(const struct text *t, const struct host *host)
{
	fprintf(t->out, "%5s %7s %-16s %4s %5s %4s %6s %5s %6s ", "MMU", "VM",
		"NAME", "VCPU", "VMID", "GEN", "TABLES", "USED", "MAPPED");
	for (int l = VM_LAST_LEVEL; l > 0; l--)
		fprintf(t->out, "%6s ",
			fmt_size(vm_level_size(host->page_shift, l)).s);
	fprintf(t->out, "%7s %7s %7s %7s  %-8s %s\n", "FAULT/s", "SET/s",
		"CLEAR/s", "FLUSH/s", "AUDIT", "FLUSHES");
}

/* The reason and scope of most flushes, and their share: "fault/ipa 85%". */
static void main_flush(const struct text *t, const struct host *host,
		       const struct s2r_counts *c)
{
	const uint32_t needed = OFFER_FLUSH_REASONS | OFFER_FLUSH_SCOPES;
	unsigned int reason, scope;
	uint64_t most = counts_leading_flush(c, &reason, &scope);

	if (!most || (host->offers & needed) != needed)
		fputs("-", t->out);
	else
		fprintf(t->out, "%s/%s %s", reason_name(reason),
			scope_name(scope),
			fmt_percent(most, counts_flushes(c)).s);
}

static void vmid_columns(const struct text *t, const struct vm *vm)
{
	if (!vm->vmid_bits || !vm_generation(vm))
		fprintf(t->out, "%5s %4s ", "-", "-");
	else
		fprintf(t->out, "%5" PRIu64 " %4" PRIu64 " ", vm_vmid(vm),
			vm_generation(vm));
}

/* Mapped bytes by leaf size, as the levels of this granule have them. */
static struct fmt mapped_at(const struct host *host, const struct vm *vm,
			    int level)
{
	return fmt_bytes(vm->level[vm_level(level)].leaves *
			 vm_level_size(host->page_shift, level));
}

static void occupancy_columns(const struct text *t, const struct host *host,
			      const struct vm *vm)
{
	struct vm_level sum = vm_sum(vm);

	fprintf(t->out, "%6" PRIu64 " %5s %6s %6s %6s %6s ", sum.tables,
		fmt_percent(sum.used, sum.entries).s,
		fmt_bytes(vm_mapped(vm, host->page_shift)).s,
		mapped_at(host, vm, 3).s, mapped_at(host, vm, 2).s,
		mapped_at(host, vm, 1).s);
}

/** text_mismatches() - table pages whose count is wrong, a line each */
void text_mismatches(const struct text *t, const struct vm *vm)
{
	for (size_t k = 0; k < vm->nr_suspects; k++) {
		const struct vm_suspect *s = &vm->suspect[k];

		if (!suspect_is_wrong(s))
			continue;
		fprintf(t->out,
			"%s      AUDIT: level %d table 0x%" PRIx64
			" at IPA 0x%" PRIx64
			" has count %d, but 1 + %u counted entries (%u looks)%s\n",
			on(t, RED), s->level, s->pa, s->ipa, s->count,
			s->counted, s->looks, off(t));
	}
}

/** text_verdict_color() - "" for one that is fine, or without colours */
const char *text_verdict_color(const struct text *t, enum vm_verdict v)
{
	return v == VM_AUDIT_OK ? "" : on(t, RED);
}

/**
 * text_list_row() - one context in one line
 *
 * A context that is gone shows what it did last; a count that is wrong shows
 * in a line of its own.
 */
void text_list_row(const struct text *t, const struct host *host,
		   const struct vm *vm)
{
	enum vm_verdict verdict = vm_audit(vm);
	const struct s2r_counts *d = &vm->delta;

	fprintf(t->out, "%5" PRIu64 " %7d %-16s ", vm->id, vm->tgid, vm->name);
	if (vm->vcpus < 0)
		fprintf(t->out, "%4s ", "-");
	else
		fprintf(t->out, "%4d ", vm->vcpus);
	vmid_columns(t, vm);
	occupancy_columns(t, host, vm);
	fprintf(t->out, "%7s %7s %7s %7s  ",
		fmt_rate(counts_faults(d), span(t, host, OFFER_FAULTS)).s,
		fmt_rate(d->sets, span(t, host, OFFER_ENTRIES)).s,
		fmt_rate(d->clears, span(t, host, OFFER_ENTRIES)).s,
		fmt_rate(counts_flushes(d), span(t, host, OFFER_FLUSHES)).s);
	if (!vm->alive)
		fprintf(t->out, "%s%-8s%s ", on(t, DIM), "(gone)", off(t));
	else
		fprintf(t->out, "%s%-8s%s ", text_verdict_color(t, verdict),
			vm_verdict_name(verdict),
			*text_verdict_color(t, verdict) ? off(t) : "");
	main_flush(t, host, &vm->delta);
	fputc('\n', t->out);
	text_mismatches(t, vm);
}

/** text_summary() - the host in one line, over top's rows */
void text_summary(const struct text *t, const struct host *host)
{
	uint64_t tables = 0, mapped = 0, flushes = 0, sets = 0, clears = 0;
	size_t alive = 0;

	for (size_t i = 0; i < host->nr; i++) {
		const struct vm *vm = host->vm[i];

		alive += vm->alive;
		tables += vm_sum(vm).tables;
		mapped += vm_mapped(vm, host->page_shift);
		sets += vm->delta.sets;
		clears += vm->delta.clears;
		flushes += counts_flushes(&vm->delta);
	}
	fprintf(t->out,
		"%zu stage-2 contexts, %" PRIu64
		" table pages (%s), %s mapped; %s set/s, %s clear/s, %s flush/s",
		alive, tables, fmt_bytes(tables << host->page_shift).s,
		fmt_bytes(mapped).s,
		fmt_rate(sets, span(t, host, OFFER_ENTRIES)).s,
		fmt_rate(clears, span(t, host, OFFER_ENTRIES)).s,
		fmt_rate(flushes, span(t, host, OFFER_FLUSHES)).s);
	if (host->offers & OFFER_ROLLOVERS)
		fprintf(t->out, "; %" PRIu64 " VMID rollovers",
			host->rollovers);
	fputc('\n', t->out);
}

/** text_warnings() - what makes the figures less than exact, if anything */
void text_warnings(const struct text *t, const struct host *host)
{
	if (host->dropped)
		fprintf(t->out,
			"%sLOST: %" PRIu64
			" events were not counted, so rates and sums are too low%s\n",
			on(t, RED), host->dropped, off(t));
}

static void show_identity(const struct text *t, const struct vm *vm)
{
	fprintf(t->out, "%s\n", vm->name);
	fprintf(t->out, "  context       mmu %" PRIu64 "%s of vm %d", vm->id,
		vm->nested ? " (nested)" : "", vm->tgid);
	if (*vm->vmm)
		fprintf(t->out, " (%s)", vm->vmm);
	if (vm->vcpus >= 0)
		fprintf(t->out, ", %d vCPUs", vm->vcpus);
	fprintf(t->out, "%s\n", vm->alive ? "" : ", gone");
	fprintf(t->out,
		"  geometry      %u-bit IPA, root at level %d in %u pages at 0x%" PRIx64
		"%s%s\n",
		vm->ipa_bits, vm->start_level, vm->root_pages, vm->root_pa,
		vm->fwb ? ", FWB" : "", vm->lpa2 ? ", LPA2" : "");
	if (!vm->vmid_bits)
		fprintf(t->out,
			"  VMID          not known (raw 0x%" PRIx64 ")\n",
			vm->vmid_raw);
	else if (!vm_generation(vm))
		fprintf(t->out, "  VMID          none yet\n");
	else
		fprintf(t->out,
			"  VMID          %" PRIu64 " of generation %" PRIu64
			" (%u bits)\n",
			vm_vmid(vm), vm_generation(vm), vm->vmid_bits);
}

static void show_occupancy(const struct text *t, const struct host *host,
			   const struct vm *vm)
{
	fprintf(t->out, "  %-13s %8s %10s %10s %6s %8s %8s %8s\n", "tables",
		"pages", "entries", "used", "", "leaves", "of", "mapped");
	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++) {
		const struct vm_level *lv = &vm->level[vm_level(l)];
		uint64_t size = vm_level_size(host->page_shift, l);

		if (!lv->tables)
			continue;
		fprintf(t->out,
			"  level %-7d %8" PRIu64 " %10" PRIu64 " %10" PRIu64
			" %6s %8" PRIu64 " %8s %8s\n",
			l, lv->tables, lv->entries, lv->used,
			fmt_percent(lv->used, lv->entries).s, lv->leaves,
			fmt_size(size).s, fmt_bytes(lv->leaves * size).s);
	}
	fprintf(t->out, "  in all        %" PRIu64 " pages", vm_sum(vm).tables);
	if (host->offers & OFFER_LIFE)
		fprintf(t->out,
			" (%" PRIu64 " allocated, %" PRIu64
			" freed in its life)",
			vm->tables_alloc, vm->tables_freed);
	fprintf(t->out, ", %s mapped\n",
		fmt_bytes(vm_mapped(vm, host->page_shift)).s);
}

static void show_audit(const struct text *t, const struct vm *vm)
{
	enum vm_verdict verdict = vm_audit(vm);

	fprintf(t->out, "  count audit   %s%s%s",
		text_verdict_color(t, verdict), vm_verdict_name(verdict),
		*text_verdict_color(t, verdict) ? off(t) : "");
	if (vm->unread)
		fprintf(t->out, " (%" PRIu64 " entries unreadable)",
			vm->unread);
	if (vm->uncounted)
		fprintf(t->out, " (%" PRIu64 " table pages without a count)",
			vm->uncounted);
	if (vm_mismatches(vm))
		fprintf(t->out, ": %zu table pages", vm_mismatches(vm));
	fputc('\n', t->out);
	text_mismatches(t, vm);
}

/* One counter: its sum and rate, or "-" where the kernel does not offer it. */
static void event(const struct text *t, const char *what, bool offered,
		  uint64_t total, uint64_t delta, double seconds)
{
	if (offered)
		fprintf(t->out, "  %-30s %12" PRIu64 " %9s/s\n", what, total,
			fmt_rate(delta, seconds).s);
	else
		fprintf(t->out, "  %-30s %12s\n", what, "-");
}

static void show_flushes(const struct text *t, const struct host *host,
			 const struct vm *vm)
{
	const struct s2r_counts *c = &vm->total, *d = &vm->delta;

	event(t, "flushes", host->offers & OFFER_FLUSHES, counts_flushes(c),
	      counts_flushes(d), host->seconds);
	for (unsigned int r = 0; r <= S2_NR_REASONS; r++) {
		for (unsigned int s = 0; s <= S2_NR_SCOPES; s++) {
			char what[64];

			if (!c->flushes[r][s])
				continue;
			snprintf(what, sizeof(what), "  %s/%s", reason_name(r),
				 scope_name(s));
			event(t, what, true, c->flushes[r][s], d->flushes[r][s],
			      host->seconds);
		}
	}
	event(t, "  pages covered", host->offers & OFFER_FLUSH_PAGES,
	      counts_flush_pages(c), counts_flush_pages(d), host->seconds);
}

static void show_faults(const struct text *t, const struct host *host,
			const struct vm *vm)
{
	const struct s2r_counts *c = &vm->total, *d = &vm->delta;
	double seconds = host->seconds;

	event(t, "faults", host->offers & OFFER_FAULTS, counts_faults(c),
	      counts_faults(d), seconds);
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++) {
		char what[64];

		if (!c->faults[k])
			continue;
		snprintf(what, sizeof(what), "  %s", fault_name(k));
		event(t, what, true, c->faults[k], d->faults[k], seconds);
	}
	if (c->faults_user)
		event(t, "  left to user space", true, c->faults_user,
		      d->faults_user, seconds);
	if (c->faults_again)
		event(t, "  lost a race", true, c->faults_again,
		      d->faults_again, seconds);
	if (c->faults_failed)
		event(t, "  failed", true, c->faults_failed, d->faults_failed,
		      seconds);
}

static void show_events(const struct text *t, const struct host *host,
			const struct vm *vm)
{
	const struct s2r_counts *c = &vm->total, *d = &vm->delta;
	bool entries = host->offers & OFFER_ENTRIES;
	bool tables = host->offers & OFFER_TABLES;
	double s = host->seconds;

	fprintf(t->out, "  events in %.1f s\n", host->since);
	event(t, "sets", entries, c->sets, d->sets, s);
	event(t, "clears", entries, c->clears, d->clears, s);
	event(t, "tables allocated", tables, c->tables_alloc, d->tables_alloc,
	      s);
	event(t, "tables freed", tables, c->tables_freed, d->tables_freed, s);
	show_flushes(t, host, vm);
	show_faults(t, host, vm);
	event(t, "VMIDs assigned", host->offers & OFFER_VMID_EVENTS,
	      c->vmid_assigns, d->vmid_assigns, s);
}

/** text_show() - all about one context */
void text_show(const struct text *t, const struct host *host,
	       const struct vm *vm)
{
	show_identity(t, vm);
	if (vm->alive) {
		show_occupancy(t, host, vm);
		show_audit(t, vm);
	}
	if (t->rates)
		show_events(t, host, vm);
}

/** text_title() - whose what follows is */
void text_title(const struct text *t, const struct vm *vm)
{
	fprintf(t->out, "%s (mmu %" PRIu64 ", vm %d)\n", vm->name, vm->id,
		vm->tgid);
}

/** text_table() - one table page, before its entries */
void text_table(const struct text *t, const struct s2r_table *rec)
{
	char count[16] = "-";

	if (rec->count != S2R_NO_COUNT)
		snprintf(count, sizeof(count), "%d", rec->count);
	fprintf(t->out,
		"table  level %d  ipa 0x%010llx  pa 0x%010llx  count %s  used %u of %u\n",
		rec->level, rec->ipa, rec->pa, count,
		rec->leaves + rec->children + rec->annotations, rec->nr);
}

/** text_entry() - a leaf or an annotation; a table comes for itself */
void text_entry(const struct text *t, const struct host *host,
		const struct vm *vm, const struct s2r_table *table,
		unsigned int index, uint64_t pte)
{
	uint64_t size = vm_level_size(host->page_shift, table->level);
	uint64_t ipa = table->ipa + index * size;
	struct pte_leaf leaf;

	switch (pte_kind(pte, table->level)) {
	case PTE_LEAF:
		leaf = pte_leaf(pte, size, host->page_shift, vm->lpa2, vm->fwb);
		fprintf(t->out,
			"  [%4u] leaf   ipa 0x%010" PRIx64 "  pa 0x%010" PRIx64
			"  %4s  %c%c%c %s %s\n",
			index, ipa, leaf.pa, fmt_size(size).s,
			leaf.r ? 'r' : '-', leaf.w ? 'w' : '-',
			leaf.x ? 'x' : '-', leaf.af ? "af" : "--",
			leaf.memtype);
		break;
	case PTE_ANNOTATION:
		fprintf(t->out,
			"  [%4u] note   ipa 0x%010" PRIx64 "  raw 0x%" PRIx64
			"\n",
			index, ipa, pte);
		break;
	case PTE_TABLE:
	case PTE_LOCKED:
	case PTE_NONE:
		break;
	}
}

/** text_entries() - the leaves and annotations among @rec's entries */
void text_entries(const struct text *t, const struct host *host,
		  const struct vm *vm, const struct s2r_table *table,
		  const struct s2r_entries *rec)
{
	for (unsigned int i = 0; i < rec->nr && i < S2R_CHUNK; i++)
		text_entry(t, host, vm, table, rec->first + i, rec->e[i]);
}
