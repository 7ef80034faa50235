// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stage-2 context as JSON ("vm"), and the end of a sample ("sample").
 */
#include "json.h"

#include <inttypes.h>

#include "../model/names.h"

/** json_put_identity() - whose an object is */
void json_put_identity(struct json_object *o, const struct vm *vm)
{
	json_put_u64(o, "mmu", vm->id);
	json_put_int(o, "vm", vm->tgid);
	json_put_str(o, "name", vm->name);
}

static void put_life(struct json_object *o, const struct vm *vm)
{
	json_put_str(o, "vmm", vm->vmm);
	json_put_bool(o, "alive", vm->alive);
	json_put_bool(o, "nested", vm->nested);
	json_put_known(o, "vcpus", vm->vcpus >= 0, vm->vcpus);
}

static void put_geometry(struct json_object *o, const struct host *host,
			 const struct vm *vm)
{
	struct json_object *g = json_put_object(o, "geometry");

	json_put_u64(g, "ipa_bits", vm->ipa_bits);
	json_put_int(g, "start_level", vm->start_level);
	json_put_u64(g, "root_pages", vm->root_pages);
	json_put_u64(g, "root_pa", vm->root_pa);
	json_put_u64(g, "granule", 1ULL << host->page_shift);
	json_put_bool(g, "fwb", vm->fwb);
	json_put_bool(g, "lpa2", vm->lpa2);
}

/* All null when the kernel would not say how wide a VMID is. */
static void put_vmid(struct json_object *o, const struct vm *vm)
{
	bool known = vm->vmid_bits;

	json_put_known(o, "vmid", known, vm_vmid(vm));
	json_put_known(o, "generation", known, vm_generation(vm));
	json_put_known(o, "vmid_bits", known, vm->vmid_bits);
}

static void put_levels(struct json_object *o, const struct vm *vm)
{
	struct json_object *levels = json_put_object(o, "levels"), *level;

	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++) {
		const struct vm_level *lv = &vm->level[vm_level(l)];
		char key[16];

		if (!lv->tables)
			continue;
		snprintf(key, sizeof(key), "%d", l);
		level = json_put_object(levels, key);
		json_put_u64(level, "pages", lv->tables);
		json_put_u64(level, "entries", lv->entries);
		json_put_u64(level, "used", lv->used);
		json_put_u64(level, "leaves", lv->leaves);
		json_put_u64(level, "annotations", lv->annotations);
	}
}

static void put_tables(struct json_object *o, const struct host *host,
		       const struct vm *vm)
{
	struct json_object *tables = json_put_object(o, "tables");
	struct vm_level sum = vm_sum(vm);
	bool life = host->offers & OFFER_LIFE;

	json_put_u64(tables, "pages", sum.tables);
	json_put_u64(tables, "bytes", sum.tables << host->page_shift);
	json_put_u64(tables, "entries", sum.entries);
	json_put_u64(tables, "used", sum.used);
	json_put_u64(tables, "annotations", sum.annotations);
	json_put_known(tables, "allocated", life, vm->tables_alloc);
	json_put_known(tables, "freed", life, vm->tables_freed);
	put_levels(tables, vm);
}

static void put_mapped(struct json_object *o, const struct host *host,
		       const struct vm *vm)
{
	struct json_object *mapped = json_put_object(o, "mapped");
	struct json_object *sizes = json_put_object(mapped, "sizes");

	json_put_u64(mapped, "bytes", vm_mapped(vm, host->page_shift));
	for (int l = VM_LAST_LEVEL; l > 0; l--) {
		uint64_t size = vm_level_size(host->page_shift, l);
		uint64_t leaves = vm->level[vm_level(l)].leaves;
		struct json_object *s;
		char key[24];

		snprintf(key, sizeof(key), "%" PRIu64, size);
		s = json_put_object(sizes, key);
		json_put_u64(s, "leaves", leaves);
		json_put_u64(s, "bytes", leaves * size);
	}
}

static struct json_object *of_suspect(const struct vm_suspect *s)
{
	struct json_object *m = json_object_new_object();

	json_put_u64(m, "pa", s->pa);
	json_put_u64(m, "ipa", s->ipa);
	json_put_int(m, "level", s->level);
	json_put_int(m, "count", s->count);
	json_put_u64(m, "counted", s->counted);
	json_put_u64(m, "looks", s->looks);
	return m;
}

/** json_put_audit() - the verdict on a context's reference counts */
void json_put_audit(struct json_object *o, const struct vm *vm)
{
	struct json_object *list;

	json_put_str(o, "verdict", vm_verdict_name(vm_audit(vm)));
	json_put_u64(o, "tables", vm_sum(vm).tables);
	json_put_u64(o, "looked_again", vm->nr_suspects);
	json_put_u64(o, "unread", vm->unread);
	json_put_u64(o, "uncounted", vm->uncounted);
	list = json_put_array(o, "mismatches");
	for (size_t k = 0; k < vm->nr_suspects; k++)
		if (suspect_is_wrong(&vm->suspect[k]))
			json_object_array_add(list,
					      of_suspect(&vm->suspect[k]));
}

/* Count by name of what is not 0; @get may be asked up to @last. */
static struct json_object *
put_names(struct json_object *o, const char *key, const struct s2r_counts *c,
	  unsigned int last,
	  uint64_t (*get)(const struct s2r_counts *c, unsigned int i),
	  const char *(*name)(unsigned int i))
{
	struct json_object *names = json_put_object(o, key);

	for (unsigned int i = 0; i <= last; i++)
		if (get(c, i))
			json_put_u64(names, name(i), get(c, i));
	return names;
}

static void put_flush_rows(struct json_object *o, const struct host *host,
			   const struct s2r_counts *c)
{
	struct json_object *rows = json_put_array(o, "rows"), *row;

	for (unsigned int r = 0; r <= S2_NR_REASONS; r++) {
		for (unsigned int s = 0; s <= S2_NR_SCOPES; s++) {
			if (!c->flushes[r][s])
				continue;
			row = json_object_new_object();
			json_put_str(row, "reason", reason_name(r));
			json_put_str(row, "scope", scope_name(s));
			json_put_u64(row, "count", c->flushes[r][s]);
			json_put_known(row, "pages",
				       host->offers & OFFER_FLUSH_PAGES &&
					       scope_is_bounded(s),
				       c->flush_pages[r][s]);
			json_object_array_add(rows, row);
		}
	}
}

static void put_flushes(struct json_object *e, const struct host *host,
			const struct s2r_counts *c)
{
	const uint32_t has = host->offers;
	struct json_object *f;

	if (!(has & OFFER_FLUSHES)) {
		json_put_null(e, "flushes");
		return;
	}
	f = json_put_object(e, "flushes");
	json_put_u64(f, "total", counts_flushes(c));
	json_put_known(f, "pages", has & OFFER_FLUSH_PAGES,
		       counts_flush_pages(c));
	if (has & OFFER_FLUSH_REASONS)
		put_names(f, "reasons", c, S2_NR_REASONS,
			  counts_flushes_by_reason, reason_name);
	else
		json_put_null(f, "reasons");
	if (has & OFFER_FLUSH_SCOPES)
		put_names(f, "scopes", c, S2_NR_SCOPES, counts_flushes_by_scope,
			  scope_name);
	else
		json_put_null(f, "scopes");
	if (has & OFFER_FLUSH_REASONS && has & OFFER_FLUSH_SCOPES)
		put_flush_rows(f, host, c);
	else
		json_put_null(f, "rows");
}

static void put_faults(struct json_object *e, const struct host *host,
		       const struct s2r_counts *c)
{
	const uint32_t has = host->offers;
	struct json_object *f;

	if (!(has & OFFER_FAULTS)) {
		json_put_null(e, "faults");
		return;
	}
	f = json_put_object(e, "faults");
	json_put_u64(f, "total", counts_faults(c));
	json_put_known(f, "handled", has & OFFER_FAULT_RESULTS,
		       c->faults_handled);
	json_put_known(f, "user", has & OFFER_FAULT_RESULTS, c->faults_user);
	json_put_known(f, "again", has & OFFER_FAULT_AGAIN, c->faults_again);
	json_put_known(f, "failed", has & OFFER_FAULT_RESULTS,
		       c->faults_failed);
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		if (has & OFFER_FAULT_KINDS && c->faults[k])
			json_put_u64(f, fault_name(k), c->faults[k]);
}

/* Sums since the attach; what is 0 is left out below the first level. */
static void put_events(struct json_object *o, const struct host *host,
		       const struct s2r_counts *c)
{
	struct json_object *e = json_put_object(o, "events");
	const uint32_t has = host->offers;

	json_put_real(e, "seconds", host->since);
	json_put_known(e, "sets", has & OFFER_ENTRIES, c->sets);
	json_put_known(e, "clears", has & OFFER_ENTRIES, c->clears);
	json_put_known(e, "tables_alloc", has & OFFER_TABLES, c->tables_alloc);
	json_put_known(e, "tables_freed", has & OFFER_TABLES, c->tables_freed);
	json_put_known(e, "vmid_assigns", has & OFFER_VMID_EVENTS,
		       c->vmid_assigns);
	json_put_known(e, "vmid_rollovers", has & OFFER_VMID_EVENTS,
		       c->rollovers);
	put_flushes(e, host, c);
	put_faults(e, host, c);
}

static void put_rate(struct json_object *r, const char *key, bool known,
		     uint64_t delta, double seconds)
{
	if (known)
		json_put_real(r, key, delta / seconds);
	else
		json_put_null(r, key);
}

/* Rate by name of what is not 0. */
static void
put_rates_by(struct json_object *r, const char *key, bool known,
	     const struct s2r_counts *d, unsigned int last, double seconds,
	     uint64_t (*get)(const struct s2r_counts *c, unsigned int i),
	     const char *(*name)(unsigned int i))
{
	struct json_object *by;

	if (!known) {
		json_put_null(r, key);
		return;
	}
	by = json_put_object(r, key);
	for (unsigned int i = 0; i <= last; i++)
		if (get(d, i))
			json_put_real(by, name(i), get(d, i) / seconds);
}

/* Per second, over the time since the sample before. */
static void put_rates(struct json_object *o, const struct host *host,
		      const struct s2r_counts *d)
{
	struct json_object *r = json_put_object(o, "rates");
	double s = host->seconds > 0 ? host->seconds : 1;
	const uint32_t has = host->offers;

	json_put_real(r, "seconds", host->seconds);
	put_rate(r, "sets", has & OFFER_ENTRIES, d->sets, s);
	put_rate(r, "clears", has & OFFER_ENTRIES, d->clears, s);
	put_rate(r, "flushes", has & OFFER_FLUSHES, counts_flushes(d), s);
	put_rate(r, "flush_pages", has & OFFER_FLUSH_PAGES,
		 counts_flush_pages(d), s);
	put_rate(r, "faults", has & OFFER_FAULTS, counts_faults(d), s);
	put_rates_by(r, "flush_reasons", has & OFFER_FLUSH_REASONS, d,
		     S2_NR_REASONS, s, counts_flushes_by_reason, reason_name);
	put_rates_by(r, "flush_scopes", has & OFFER_FLUSH_SCOPES, d,
		     S2_NR_SCOPES, s, counts_flushes_by_scope, scope_name);
}

/**
 * json_of_vm() - one context ("vm")
 * @rates:	a span of time was watched; without, there are no "events" and
 *		"rates": absent is not zero
 */
struct json_object *json_of_vm(const struct host *host, const struct vm *vm,
			       bool rates)
{
	struct json_object *o = json_record("vm");

	json_put_identity(o, vm);
	put_life(o, vm);
	if (vm->alive) {
		put_geometry(o, host, vm);
		put_vmid(o, vm);
		put_tables(o, host, vm);
		put_mapped(o, host, vm);
		json_put_audit(json_put_object(o, "audit"), vm);
	}
	if (rates) {
		put_events(o, host, &vm->total);
		put_rates(o, host, &vm->delta);
	}
	return o;
}

/** json_vm() - writes json_of_vm() */
void json_vm(FILE *out, const struct host *host, const struct vm *vm,
	     bool rates)
{
	json_emit(out, json_of_vm(host, vm, rates));
}

/**
 * json_sample() - ends a sample ("sample")
 * @shown:	how many objects of the verb's own type came before it
 */
void json_sample(FILE *out, const struct host *host, size_t shown, bool rates)
{
	struct json_object *o = json_record("sample");
	const uint32_t has = host->offers;
	size_t alive = 0;

	for (size_t i = 0; i < host->nr; i++)
		alive += host->vm[i]->alive;
	json_put_real(o, "time", host->time);
	json_put_u64(o, "vms", alive);
	json_put_u64(o, "shown", shown);
	if (rates) {
		json_put_real(o, "seconds", host->seconds);
		json_put_real(o, "since_attach", host->since);
		json_put_known(o, "vmid_rollovers", has & OFFER_ROLLOVERS,
			       host->rollovers);
		json_put_known(o, "leaked", has & OFFER_LEAKS, host->leaked);
		json_put_u64(o, "dropped", host->dropped);
	}
	json_emit(out, o);
}
