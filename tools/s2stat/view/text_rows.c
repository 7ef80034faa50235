// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmid, flush, faults and audit as text (see text_rows.h).
 */
#include "text_rows.h"

#include <inttypes.h>

#include "../model/names.h"
#include "fmt.h"

/** text_vmids() - the VMID allocator in a line */
void text_vmids(const struct text *t, const struct host *host)
{
	const struct vmid_space *v = &host->vmids;

	if (host->offers & OFFER_VMID_SPACE && v->bits)
		fprintf(t->out,
			"generation %" PRIu64
			": %u of %llu VMIDs in use (%u bits), %u of them reserved",
			v->generation, v->in_use, (1ULL << v->bits) - 1,
			v->bits, v->reserved);
	else
		fputs("the VMID allocator's state is not known", t->out);
	if (t->rates && host->offers & OFFER_ROLLOVERS)
		fprintf(t->out, "; %" PRIu64 " rollovers in %.1f s",
			host->rollovers, host->since);
	fputc('\n', t->out);
}

void text_vmid_head(const struct text *t)
{
	fprintf(t->out, "%5s %7s %-16s %5s %5s %-8s", "MMU", "VM", "NAME",
		"VMID", "GEN", "STATE");
	if (t->rates)
		fprintf(t->out, " %8s %9s %10s", "ASSIGNED", "/s", "ROLLOVERS");
	fputc('\n', t->out);
}

static const char *vmid_state(const struct host *host, const struct vm *vm)
{
	if (vm->vmid_bits && !vm_generation(vm))
		return "none yet";
	switch (vmid_is_current(host, vm)) {
	case 0:
		return "old";
	case 1:
		return "current";
	}
	return "-";
}

static void vmid_events(const struct text *t, const struct host *host,
			const struct vm *vm)
{
	const struct s2r_counts *c = &vm->total;

	if (host->offers & OFFER_VMID_EVENTS)
		fprintf(t->out, " %8llu %9s", c->vmid_assigns,
			fmt_rate(vm->delta.vmid_assigns, host->seconds).s);
	else
		fprintf(t->out, " %8s %9s", "-", "-");
	if (host->offers & OFFER_VMID_EVENTS)
		fprintf(t->out, " %10llu", c->rollovers);
	else
		fprintf(t->out, " %10s", "-");
}

/** text_vmid() - the VMID of one context in a line */
void text_vmid(const struct text *t, const struct host *host,
	       const struct vm *vm)
{
	fprintf(t->out, "%5" PRIu64 " %7d %-16s ", vm->id, vm->tgid, vm->name);
	if (!vm->vmid_bits || !vm_generation(vm))
		fprintf(t->out, "%5s %5s", "-", "-");
	else
		fprintf(t->out, "%5" PRIu64 " %5" PRIu64, vm_vmid(vm),
			vm_generation(vm));
	fprintf(t->out, " %-8s", vmid_state(host, vm));
	if (t->rates)
		vmid_events(t, host, vm);
	fputc('\n', t->out);
}

void text_flush_head(const struct text *t, const struct host *host)
{
	fprintf(t->out, "in %.1f s\n%5s %-16s %-14s %-11s %9s %8s %5s %9s %s\n",
		host->since, "MMU", "NAME", "REASON", "SCOPE", "COUNT", "/s",
		"SHARE", "PAGES", "PAGES/FLUSH");
}

/** text_flush() - invalidations of one reason and scope in a line */
void text_flush(const struct text *t, const struct host *host,
		const struct vm *vm, unsigned int reason, unsigned int scope)
{
	uint64_t count = vm->total.flushes[reason][scope];
	uint64_t pages = vm->total.flush_pages[reason][scope];
	bool why = host->offers & OFFER_FLUSH_REASONS;
	bool how = host->offers & OFFER_FLUSH_SCOPES;

	fprintf(t->out, "%5" PRIu64 " %-16s %-14s %-11s %9" PRIu64 " %8s %5s ",
		vm->id, vm->name, why ? reason_name(reason) : "-",
		how ? scope_name(scope) : "-", count,
		fmt_rate(vm->delta.flushes[reason][scope], host->seconds).s,
		fmt_percent(count, counts_flushes(&vm->total)).s);
	if (!(host->offers & OFFER_FLUSH_PAGES))
		fprintf(t->out, "%9s %s\n", "-", "-");
	else if (scope_is_bounded(scope))
		fprintf(t->out, "%9" PRIu64 " %.1f\n", pages,
			(double)pages / count);
	else
		fprintf(t->out, "%9s %s\n", "", "all");
}

static void fault_line(const struct text *t, const char *what, uint64_t total,
		       uint64_t delta, double seconds)
{
	if (total)
		fprintf(t->out, "  %-26s %10" PRIu64 " %9s/s\n", what, total,
			fmt_rate(delta, seconds).s);
}

static void fault_results(const struct text *t, const struct host *host,
			  const struct vm *vm)
{
	const struct s2r_counts *c = &vm->total, *d = &vm->delta;
	double s = host->seconds;

	fault_line(t, "handled", c->faults_handled, d->faults_handled, s);
	fault_line(t, "left to user space", c->faults_user, d->faults_user, s);
	fault_line(t, "lost a race, tried again", c->faults_again,
		   d->faults_again, s);
	fault_line(t, "failed", c->faults_failed, d->faults_failed, s);
}

static void fault_sizes(const struct text *t, const struct host *host,
			const struct vm *vm)
{
	for (int l = VM_LAST_LEVEL; l > 0; l--) {
		uint64_t size = vm_level_size(host->page_shift, l);
		char what[96];

		snprintf(what, sizeof(what), "asked for %s", fmt_size(size).s);
		fault_line(t, what, vm->total.fault_sizes[l],
			   vm->delta.fault_sizes[l], host->seconds);
	}
}

/** text_faults() - guest aborts of one context */
void text_faults(const struct text *t, const struct host *host,
		 const struct vm *vm)
{
	const struct s2r_counts *c = &vm->total, *d = &vm->delta;

	fprintf(t->out,
		"%s (mmu %" PRIu64 ", vm %d): %" PRIu64
		" faults in %.1f s, %s/s now\n",
		vm->name, vm->id, vm->tgid, counts_faults(c), host->since,
		fmt_rate(counts_faults(d), host->seconds).s);
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++) {
		if (host->offers & OFFER_FAULT_KINDS)
			fault_line(t, fault_name(k), c->faults[k], d->faults[k],
				   host->seconds);
	}
	fault_results(t, host, vm);
	fault_sizes(t, host, vm);
}

/** text_hot() - a region that faults hit; over the @first of a VM a head */
void text_hot(const struct text *t, const struct host *host,
	      const struct s2r_hot_key *key, const struct s2r_hot *total,
	      uint64_t delta, bool first)
{
	if (first)
		fprintf(t->out, "  %-26s %10s %11s %10s  %s\n",
			"the hottest 2 MB", "faults", "", "to write", "last");
	fprintf(t->out, "  0x%012llx%12s %10llu %9s/s %10llu  0x%012llx\n",
		key->region << S2R_HOT_SHIFT, "", total->faults,
		fmt_rate(delta, host->seconds).s, total->writes, total->last);
}

/** text_audit() - the verdict on one context */
void text_audit(const struct text *t, const struct vm *vm)
{
	const char *color = text_verdict_color(t, vm_audit(vm));

	fprintf(t->out,
		"%s%-12s%s %s (mmu %" PRIu64 ", vm %d): %" PRIu64
		" table pages",
		color, vm_verdict_name(vm_audit(vm)), *color ? TEXT_PLAIN : "",
		vm->name, vm->id, vm->tgid, vm_sum(vm).tables);
	if (vm->nr_suspects)
		fprintf(t->out, ", %zu looked at again", vm->nr_suspects);
	if (vm->unread)
		fprintf(t->out, ", %" PRIu64 " entries unreadable", vm->unread);
	if (vm->uncounted)
		fprintf(t->out, ", %" PRIu64 " without a count", vm->uncounted);
	fputc('\n', t->out);
	text_mismatches(t, vm);
}
