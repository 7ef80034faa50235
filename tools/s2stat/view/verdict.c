// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict for people: what is broken, where, since when and by whom, and the
 * events that led to it.
 */
#include <inttypes.h>
#include <string.h>

#include "verdict.h"

/** verdict_format() - the format of that name, or NULL */
verdict_fn verdict_format(const char *name)
{
	static const struct {
		const char *name;
		verdict_fn fn;
	} formats[] = {
#define VERDICT_FORMAT(name) { #name, verdict_##name },
		VERDICT_FORMATS(VERDICT_FORMAT)
#undef VERDICT_FORMAT
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return formats[i].fn;
	return NULL;
}

void verdict_where(const struct verdict *v, const struct finding *f, char *text,
		   size_t size)
{
	const char *name = verdict_vm(v, f->vm);
	int n;

	if (!f->mmu) {
		snprintf(text, size, "all VMs together");
		return;
	}
	n = snprintf(text, size, "VM %" PRId32 "%s%s%s, mmu %" PRIu64, f->vm,
		     name ? " (" : "", name ? name : "", name ? ")" : "",
		     f->mmu);

	if (f->at.size && n > 0 && (size_t)n < size)
		n += snprintf(text + n, size - n, ", IPA 0x%" PRIx64,
			      f->at.ipa);
	if (f->at.size > 1 && n > 0 && (size_t)n < size)
		n += snprintf(text + n, size - n, " to 0x%" PRIx64,
			      f->at.ipa + f->at.size);
	if (f->at.level >= LEVEL_MIN && f->at.level <= LEVEL_LAST && n > 0 &&
	    (size_t)n < size)
		n += snprintf(text + n, size - n, ", level %d", f->at.level);
	if (f->at.table && n > 0 && (size_t)n < size)
		snprintf(text + n, size - n, ", table page 0x%" PRIx64,
			 f->at.table);
}

void verdict_basis(const struct verdict *v, char *text, size_t size)
{
	if (v->looks)
		snprintf(text, size, "%" PRIu64 " looks at %" PRIu64 " MMUs",
			 v->looks, v->mmus);
	else
		snprintf(text, size, "%" PRIu64 " events of %" PRIu64 " MMUs",
			 v->bench.replay.events, v->mmus);
}

static void print_line(FILE *out, const struct event *e, char mark)
{
	fprintf(out,
		"  %c %" PRIu64 ".%06" PRIu64 " CPU %" PRId32 " pid %" PRId32
		" ",
		mark, e->time / 1000000000, e->time / 1000 % 1000000, e->cpu,
		e->pid);
	event_print(out, e);
	fputc('\n', out);
}

static void print_finding(FILE *out, const struct verdict *v,
			  const struct finding *f)
{
	bool shown = false;
	char where[512];

	verdict_where(v, f, where, sizeof(where));
	fprintf(out, "%s: %s\n  %s\n", f->name, f->what, where);
	for (size_t i = 0; i < f->nr_trail; i++) {
		bool last = f->trail[i].seq == f->event.seq;
		bool first = f->cause.seq && f->trail[i].seq == f->cause.seq;

		shown |= last;
		print_line(out, &f->trail[i], last ? '!' : first ? '*' : ' ');
	}
	if (!shown && !v->looks)
		print_line(out, &f->event, '!');
	fputc('\n', out);
}

static void print_list(FILE *out, const struct verdict *v,
		       enum verdict_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		if (c.state != state)
			continue;
		if (!n++)
			fprintf(out, "%-13s", verdict_state_name(state));
		fprintf(out, " %s", c.name);
		if (c.count > 1)
			fprintf(out, "(%" PRIu64 ")", c.count);
	}
	if (n)
		fputc('\n', out);
}

static void print_date(FILE *out, uint32_t date)
{
	fprintf(out, "%04u-%02u-%02u", date / 10000, date / 100 % 100,
		date % 100);
}

/* Whoever waives something is reminded each time, and loudly in the end. */
static void print_waivers(FILE *out, const struct verdict *v)
{
	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		if (c.waived)
			fprintf(out, "waived        %s(%" PRIu64 ")\n", c.name,
				c.waived);
	}
	for (size_t i = 0; v->rules && i < rules_nr_waivers(v->rules); i++) {
		struct waived w = rules_get_waiver(v->rules, i);

		if (w.until >= v->today && w.used)
			continue;
		fprintf(out, "the waiver of %s for \"%s\" ", w.rule, w.vm);
		if (w.until < v->today) {
			fputs("EXPIRED on ", out);
			print_date(out, w.until);
		} else {
			fputs("was not needed", out);
		}
		fprintf(out, ": %s%s%s\n", w.reason, w.link[0] ? ", " : "",
			w.link);
	}
}

static void print_missing(FILE *out, const struct verdict *v)
{
	const struct replay *r = &v->bench.replay;

	if (verdict_lost(v))
		fprintf(out, "%" PRIu64 " events are missing\n",
			verdict_lost(v));
	if (v->cut)
		fputs(v->looks ? "not all that was to be counted was\n" :
				 "the recording ends in the middle\n",
		      out);
	if (v->unproven)
		fprintf(out,
			"%" PRIu64
			" MMUs are older than the stream, and no snapshot tells what they were\n",
			v->unproven);
	if (r->stale)
		fprintf(out, "%" PRIu64 " events came twice, or too late\n",
			r->stale);
	if (!r->events && !v->looks)
		fputs("there is not one event\n", out);
}

/** verdict_text() - for people */
void verdict_text(FILE *out, const struct verdict *v)
{
	char basis[96];

	for (size_t i = 0; i < verdict_cases(v); i++) {
		const struct verdict_case c = verdict_case(v, i);

		for (size_t n = 0; n < c.nr_kept; n++)
			print_finding(out, v, &c.kept[n]);
		if (c.count > c.nr_kept)
			fprintf(out, "%s: and %" PRIu64 " more\n\n", c.name,
				c.count - c.nr_kept);
	}
	print_list(out, v, VERDICT_BROKEN);
	print_list(out, v, VERDICT_UNKNOWN);
	print_list(out, v, VERDICT_LACKS);
	print_list(out, v, VERDICT_NOT_OFFERED);
	print_list(out, v, VERDICT_HOLDS);
	print_waivers(out, v);
	print_missing(out, v);
	verdict_basis(v, basis, sizeof(basis));
	fprintf(out, "%s: %s: %s\n", v->source, basis, verdict_word(v));
}
