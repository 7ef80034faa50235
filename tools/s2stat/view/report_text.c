// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording on one page of text (see report.h), and the same as JSON.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../model/names.h"
#include "fmt.h"
#include "json.h"
#include "report.h"

/* Rows of VMs and findings that a page has room for. */
#define MAX_ROWS 12
#define MAX_FINDINGS 5

const char *report_vm(const struct report *r, int32_t vm, char *text,
		      size_t size)
{
	const struct trace_name *name = trace_name(r->trace, vm);

	if (name)
		return name->name;
	snprintf(text, size, "pid %" PRId32, vm);
	return text;
}

static double seconds(const struct report *r)
{
	return (r->summary->last - r->summary->first) / 1e9;
}

static void put_head(FILE *out, const struct report *r)
{
	const struct trace_head *head = trace_head(r->trace);
	const struct trace_end *end = trace_end(r->trace);
	time_t when = head->realtime / 1000000000;
	char text[64] = "";
	struct tm tm;

	if (head->realtime && localtime_r(&when, &tm))
		strftime(text, sizeof(text), ", %F %T", &tm);
	fprintf(out, "%s: %s%s\n", r->path, head->host, text);
	if (*head->command)
		fprintf(out, "command: %s\n", head->command);
	fprintf(out,
		"%" PRIu64 " events of %" PRIu64
		" MMUs in %.3f s, %s, ended by: %s",
		r->summary->tally.events, r->summary->tally.mmus, seconds(r),
		fmt_bytes(trace_seen(r->trace)->bytes).s,
		trace_end_name(end->reason));
	if (end->status >= 0)
		fprintf(out, " (status %d)", end->status);
	fputc('\n', out);
}

static void put_losses(FILE *out, const struct report *r)
{
	const struct tally *t = &r->summary->tally;
	uint64_t lost = tally_lost(t);

	if (trace_complete(r->trace) && tally_whole(t)) {
		fputs("nothing is missing\n", out);
		return;
	}
	fprintf(out, "INCOMPLETE: ");
	if (lost)
		fprintf(out, "%" PRIu64 " events are missing", lost);
	else
		fputs("events are missing, nobody knows how many", out);
	if (trace_end(r->trace)->reason == TRACE_END_NONE)
		fputs("; it was cut off", out);
	fputc('\n', out);
}

static void put_vms(FILE *out, const struct report *r)
{
	const struct summary *s = r->summary;
	char text[32];

	fprintf(out, "\n%-20s %6s %10s %9s %9s %8s %9s %7s %7s  %s\n", "VM",
		"mmu", "events", "sets", "clears", "flushes", "faults",
		"tables", "mapped", "life");
	for (size_t i = 0; i < s->nr_mmus && i < MAX_ROWS; i++) {
		const struct summary_mmu *m = s->mmu[i];

		fprintf(out,
			"%-20.20s %6" PRIu64 " %10" PRIu64 " %9" PRIu64
			" %9" PRIu64 " %8" PRIu64 " %9" PRIu64 " %7" PRId64
			" %7s  %s%s%s\n",
			report_vm(r, m->vm, text, sizeof(text)), m->id,
			m->events, m->sets, m->clears, m->flushes, m->faults,
			m->peak_tables, fmt_bytes(m->peak_mapped).s,
			m->late ? "older" : "begins",
			m->end ? ", ends" : ", goes on",
			m->leaked ? ", LEAKS" : "");
	}
	if (s->nr_mmus + s->more > MAX_ROWS)
		fprintf(out, "and %" PRIu64 " more\n",
			s->nr_mmus + s->more - MAX_ROWS);
}

static void put_flushes(FILE *out, const struct summary *s)
{
	bool any = false;

	for (unsigned int reason = 0; reason <= S2_NR_REASONS; reason++) {
		bool begun = false;

		for (unsigned int scope = 0; scope <= S2_NR_SCOPES; scope++) {
			uint64_t n = s->flushes[reason][scope];

			if (!n)
				continue;
			if (!any)
				fputs("\nflushes\n", out);
			if (!begun)
				fprintf(out, "  %-16s", reason_name(reason));
			fprintf(out, " %s %" PRIu64, scope_name(scope), n);
			any = begun = true;
		}
		if (begun)
			fputc('\n', out);
	}
}

static void put_faults(FILE *out, const struct summary *s)
{
	uint64_t sum = 0;

	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		sum += s->faults[k];
	if (!sum)
		return;
	fputs("\nfaults\n  kind            ", out);
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		if (s->faults[k])
			fprintf(out, " %s %" PRIu64, fault_name(k),
				s->faults[k]);
	fprintf(out,
		"\n  result           handled %" PRIu64 " user %" PRIu64
		" again %" PRIu64 " failed %" PRIu64 "\n  leaf            ",
		s->faults_handled, s->faults_user, s->faults_again,
		s->faults_failed);
	for (unsigned int i = 0; i < 64; i++)
		if (s->fault_sizes[i])
			fprintf(out, " %s %" PRIu64, fmt_size(1ULL << i).s,
				s->fault_sizes[i]);
	fputc('\n', out);
}

static void put_vmids(FILE *out, const struct summary *s)
{
	if (s->assigns || s->rollovers)
		fprintf(out,
			"\nVMIDs             %" PRIu64 " given, %" PRIu64
			" rollovers\n",
			s->assigns, s->rollovers);
}

static void put_finding(FILE *out, const struct verdict *v,
			const struct finding *f)
{
	char where[512];

	verdict_where(v, f, where, sizeof(where));
	fprintf(out, "  %-9s %s\n            %s\n", f->inv->name, f->what,
		where);
}

static void put_findings(FILE *out, const struct verdict *v)
{
	size_t shown = 0;

	fprintf(out, "\ninvariants        %s, %" PRIu64 " findings\n",
		verdict_bad(v)		? "BROKEN" :
		verdict_inconclusive(v) ? "not proved" :
					  "all hold",
		bench_findings(&v->bench));
	for (int id = 0; id < NR_INVARIANTS; id++)
		for (size_t i = 0; i < v->nr_kept[id]; i++)
			if (shown++ < MAX_FINDINGS)
				put_finding(out, v, &v->kept[id][i]);
	if (bench_findings(&v->bench) > MAX_FINDINGS)
		fputs("  (s2stat check tells them all)\n", out);
}

/** report_text() - one page for people */
void report_text(FILE *out, const struct report *r)
{
	put_head(out, r);
	put_losses(out, r);
	put_vms(out, r);
	put_flushes(out, r->summary);
	put_faults(out, r->summary);
	put_vmids(out, r->summary);
	if (r->verdict)
		put_findings(out, r->verdict);
}

static void json_put_vms(struct json_object *o, const struct report *r)
{
	struct json_object *rows = json_put_array(o, "contexts");
	const struct summary *s = r->summary;
	char text[32];

	for (size_t i = 0; i < s->nr_mmus; i++) {
		const struct summary_mmu *m = s->mmu[i];
		struct json_object *row = json_object_new_object();

		json_put_u64(row, "mmu", m->id);
		json_put_int(row, "vm", m->vm);
		json_put_str(row, "name",
			     report_vm(r, m->vm, text, sizeof(text)));
		json_put_bool(row, "nested", m->nested);
		json_put_bool(row, "begins", !m->late);
		json_put_bool(row, "ends", m->end);
		json_put_u64(row, "events", m->events);
		json_put_u64(row, "sets", m->sets);
		json_put_u64(row, "clears", m->clears);
		json_put_u64(row, "flushes", m->flushes);
		json_put_u64(row, "faults", m->faults);
		json_put_int(row, "peak_tables", m->peak_tables);
		json_put_int(row, "peak_mapped", m->peak_mapped);
		json_put_int(row, "leaked", m->leaked);
		json_object_array_add(rows, row);
	}
}

static void json_put_flushes(struct json_object *o, const struct summary *s)
{
	struct json_object *rows = json_put_array(o, "flushes");

	for (unsigned int reason = 0; reason <= S2_NR_REASONS; reason++)
		for (unsigned int scope = 0; scope <= S2_NR_SCOPES; scope++) {
			struct json_object *row;

			if (!s->flushes[reason][scope])
				continue;
			row = json_object_new_object();
			json_put_str(row, "reason", reason_name(reason));
			json_put_str(row, "scope", scope_name(scope));
			json_put_u64(row, "count", s->flushes[reason][scope]);
			json_object_array_add(rows, row);
		}
}

static void json_put_faults(struct json_object *o, const struct summary *s)
{
	struct json_object *faults = json_put_object(o, "faults"), *kinds;

	kinds = json_put_object(faults, "kinds");
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		if (s->faults[k])
			json_put_u64(kinds, fault_name(k), s->faults[k]);
	json_put_u64(faults, "handled", s->faults_handled);
	json_put_u64(faults, "user", s->faults_user);
	json_put_u64(faults, "again", s->faults_again);
	json_put_u64(faults, "failed", s->faults_failed);
}

/** report_json() - the same, as one object */
void report_json(FILE *out, const struct report *r)
{
	const struct trace_end *end = trace_end(r->trace);
	const struct summary *s = r->summary;
	struct json_object *o = json_record("report");

	json_put_str(o, "file", r->path);
	json_put_u64(o, "events", s->tally.events);
	json_put_u64(o, "mmus", s->tally.mmus);
	json_put_real(o, "seconds", seconds(r));
	json_put_u64(o, "lost", tally_lost(&s->tally));
	json_put_bool(o, "complete",
		      trace_complete(r->trace) && tally_whole(&s->tally));
	json_put_str(o, "reason", trace_end_name(end->reason));
	json_put_known(o, "status", end->status >= 0, end->status);
	json_put_flushes(o, s);
	json_put_faults(o, s);
	json_put_u64(o, "vmids", s->assigns);
	json_put_u64(o, "rollovers", s->rollovers);
	json_put_known(o, "findings", r->verdict,
		       r->verdict ? bench_findings(&r->verdict->bench) : 0);
	json_put_vms(o, r);
	json_emit(out, o);
}
