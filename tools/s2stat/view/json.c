// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model as NDJSON (see json.h). Numbers are plain JSON numbers: addresses
 * have at most 52 bits and fit a double. Only descriptors are strings.
 */
#include "json.h"

#include <inttypes.h>
#include <json-c/json.h>

#include "../model/names.h"
#include "../model/pte.h"

static void put_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void put_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

/* Seconds and rates: a microsecond is fine enough. */
static void put_real(struct json_object *o, const char *key, double value)
{
	char s[40];

	snprintf(s, sizeof(s), "%.6f", value);
	json_object_object_add(o, key, json_object_new_double_s(value, s));
}

static struct json_object *put_object(struct json_object *o, const char *key)
{
	struct json_object *child = json_object_new_object();

	json_object_object_add(o, key, child);
	return child;
}

static struct json_object *put_array(struct json_object *o, const char *key)
{
	struct json_object *child = json_object_new_array();

	json_object_object_add(o, key, child);
	return child;
}

/** json_record() - a new object of @type, with the version */
struct json_object *json_record(const char *type)
{
	struct json_object *o = json_object_new_object();

	put_int(o, "v", JSON_VERSION);
	put_str(o, "type", type);
	return o;
}

/** json_emit() - writes @o as a line and gives it back */
void json_emit(FILE *out, struct json_object *o)
{
	const int flags = JSON_C_TO_STRING_PLAIN |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	fputs(json_object_to_json_string_ext(o, flags), out);
	fputc('\n', out);
	json_object_put(o);
}

static void add_identity(struct json_object *o, const struct vm *vm)
{
	put_u64(o, "mmu", vm->id);
	put_int(o, "vm", vm->tgid);
	put_str(o, "name", vm->name);
	put_str(o, "vmm", vm->vmm);
	put_bool(o, "alive", vm->alive);
	put_bool(o, "nested", vm->nested);
	if (vm->vcpus < 0)
		json_object_object_add(o, "vcpus", NULL);
	else
		put_int(o, "vcpus", vm->vcpus);
}

static void add_geometry(struct json_object *o, const struct host *host,
			 const struct vm *vm)
{
	struct json_object *g = put_object(o, "geometry");

	put_u64(g, "ipa_bits", vm->ipa_bits);
	put_int(g, "start_level", vm->start_level);
	put_u64(g, "root_pages", vm->root_pages);
	put_u64(g, "root_pa", vm->root_pa);
	put_u64(g, "granule", 1ULL << host->page_shift);
	put_bool(g, "fwb", vm->fwb);
	put_bool(g, "lpa2", vm->lpa2);
}

/* Both null when the kernel would not say how wide a VMID is. */
static void add_vmid(struct json_object *o, const struct vm *vm)
{
	if (!vm->vmid_bits) {
		json_object_object_add(o, "vmid", NULL);
		json_object_object_add(o, "generation", NULL);
		json_object_object_add(o, "vmid_bits", NULL);
		return;
	}
	put_u64(o, "vmid", vm_vmid(vm));
	put_u64(o, "generation", vm_generation(vm));
	put_u64(o, "vmid_bits", vm->vmid_bits);
}

static void add_tables(struct json_object *o, const struct host *host,
		       const struct vm *vm)
{
	struct json_object *tables = put_object(o, "tables");
	struct json_object *levels = put_object(tables, "levels");
	struct vm_level sum = vm_sum(vm);

	put_u64(tables, "pages", sum.tables);
	put_u64(tables, "bytes", sum.tables << host->page_shift);
	put_u64(tables, "entries", sum.entries);
	put_u64(tables, "used", sum.used);
	put_u64(tables, "annotations", sum.annotations);
	put_u64(tables, "allocated", vm->tables_alloc);
	put_u64(tables, "freed", vm->tables_freed);
	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++) {
		const struct vm_level *lv = &vm->level[vm_level(l)];
		struct json_object *level;
		char key[16];

		if (!lv->tables)
			continue;
		snprintf(key, sizeof(key), "%d", l);
		level = put_object(levels, key);
		put_u64(level, "pages", lv->tables);
		put_u64(level, "entries", lv->entries);
		put_u64(level, "used", lv->used);
		put_u64(level, "leaves", lv->leaves);
		put_u64(level, "annotations", lv->annotations);
	}
}

static void add_mapped(struct json_object *o, const struct host *host,
		       const struct vm *vm)
{
	struct json_object *mapped = put_object(o, "mapped");
	struct json_object *sizes = put_object(mapped, "sizes");

	put_u64(mapped, "bytes", vm_mapped(vm, host->page_shift));
	for (int l = VM_LAST_LEVEL; l > 0; l--) {
		uint64_t size = vm_level_size(host->page_shift, l);
		uint64_t leaves = vm->level[vm_level(l)].leaves;
		struct json_object *s;
		char key[24];

		snprintf(key, sizeof(key), "%" PRIu64, size);
		s = put_object(sizes, key);
		put_u64(s, "leaves", leaves);
		put_u64(s, "bytes", leaves * size);
	}
}

static void add_audit(struct json_object *o, const struct vm *vm)
{
	struct json_object *audit = put_object(o, "audit");
	struct json_object *list = put_array(audit, "mismatches");

	put_str(audit, "verdict", vm_verdict_name(vm_audit(vm)));
	put_u64(audit, "tables", vm_sum(vm).tables);
	put_u64(audit, "looked_again", vm->nr_suspects);
	put_u64(audit, "unread", vm->unread);
	for (size_t k = 0; k < vm->nr_suspects; k++) {
		const struct vm_suspect *s = &vm->suspect[k];
		struct json_object *m;

		if (!suspect_is_wrong(s))
			continue;
		m = json_object_new_object();
		put_u64(m, "pa", s->pa);
		put_u64(m, "ipa", s->ipa);
		put_int(m, "level", s->level);
		put_int(m, "count", s->count);
		put_u64(m, "counted", s->counted);
		put_u64(m, "looks", s->looks);
		json_object_array_add(list, m);
	}
}

static void add_flushes(struct json_object *o, const struct s2r_counts *c)
{
	struct json_object *f = put_object(o, "flushes");
	struct json_object *reasons = put_object(f, "reasons");
	struct json_object *scopes = put_object(f, "scopes");
	struct json_object *rows = put_array(f, "rows");

	put_u64(f, "total", counts_flushes(c));
	put_u64(f, "pages", counts_flush_pages(c));
	for (unsigned int r = 0; r <= S2_NR_REASONS; r++) {
		uint64_t n = counts_flushes_by_reason(c, r);

		if (n)
			put_u64(reasons, reason_name(r), n);
		for (unsigned int s = 0; n && s <= S2_NR_SCOPES; s++) {
			struct json_object *row;

			if (!c->flushes[r][s])
				continue;
			row = json_object_new_object();
			put_str(row, "reason", reason_name(r));
			put_str(row, "scope", scope_name(s));
			put_u64(row, "count", c->flushes[r][s]);
			json_object_array_add(rows, row);
		}
	}
	for (unsigned int s = 0; s <= S2_NR_SCOPES; s++) {
		uint64_t n = counts_flushes_by_scope(c, s);

		if (n)
			put_u64(scopes, scope_name(s), n);
	}
}

/* Sums since the attach; what is 0 is left out below the first level. */
static void add_events(struct json_object *o, const struct host *host,
		       const struct s2r_counts *c)
{
	struct json_object *e = put_object(o, "events"), *faults;

	put_real(e, "seconds", host->since);
	put_u64(e, "sets", c->sets);
	put_u64(e, "clears", c->clears);
	put_u64(e, "tables_alloc", c->tables_alloc);
	put_u64(e, "tables_freed", c->tables_freed);
	put_u64(e, "vmid_assigns", c->vmid_assigns);
	add_flushes(e, c);
	faults = put_object(e, "faults");
	put_u64(faults, "total", counts_faults(c));
	put_u64(faults, "again", c->faults_again);
	put_u64(faults, "failed", c->faults_failed);
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		if (c->faults[k])
			put_u64(faults, fault_name(k), c->faults[k]);
}

/* Per second, over the time since the sample before. */
static void add_rates(struct json_object *o, const struct host *host,
		      const struct s2r_counts *d)
{
	struct json_object *r = put_object(o, "rates"), *by;
	double s = host->seconds > 0 ? host->seconds : 1;

	put_real(r, "seconds", host->seconds);
	put_real(r, "sets", d->sets / s);
	put_real(r, "clears", d->clears / s);
	put_real(r, "flushes", counts_flushes(d) / s);
	put_real(r, "flush_pages", counts_flush_pages(d) / s);
	put_real(r, "faults", counts_faults(d) / s);
	by = put_object(r, "flush_reasons");
	for (unsigned int k = 0; k <= S2_NR_REASONS; k++)
		if (counts_flushes_by_reason(d, k))
			put_real(by, reason_name(k),
				 counts_flushes_by_reason(d, k) / s);
	by = put_object(r, "flush_scopes");
	for (unsigned int k = 0; k <= S2_NR_SCOPES; k++)
		if (counts_flushes_by_scope(d, k))
			put_real(by, scope_name(k),
				 counts_flushes_by_scope(d, k) / s);
}

/**
 * json_vm() - one context ("vm")
 * @rates:	a span of time was watched; without, there are no "events" and
 *		"rates": absent is not zero
 */
void json_vm(FILE *out, const struct host *host, const struct vm *vm,
	     bool rates)
{
	struct json_object *o = json_record("vm");

	add_identity(o, vm);
	if (vm->alive) {
		add_geometry(o, host, vm);
		add_vmid(o, vm);
		add_tables(o, host, vm);
		add_mapped(o, host, vm);
		add_audit(o, vm);
	}
	if (rates) {
		add_events(o, host, &vm->total);
		add_rates(o, host, &vm->delta);
	}
	json_emit(out, o);
}

/**
 * json_sample() - ends a sample ("sample")
 * @shown:	how many "vm" objects came before it
 */
void json_sample(FILE *out, const struct host *host, size_t shown, bool rates)
{
	struct json_object *o = json_record("sample");
	size_t alive = 0;

	for (size_t i = 0; i < host->nr; i++)
		alive += host->vm[i]->alive;
	put_real(o, "time", host->time);
	put_u64(o, "vms", alive);
	put_u64(o, "shown", shown);
	if (rates) {
		put_real(o, "seconds", host->seconds);
		put_real(o, "since_attach", host->since);
		put_u64(o, "vmid_rollovers", host->rollovers);
		put_u64(o, "dropped", host->dropped);
	}
	json_emit(out, o);
}

/** json_table() - one table page ("table") */
void json_table(FILE *out, const struct s2r_table *rec)
{
	struct json_object *o = json_record("table");

	put_u64(o, "mmu", rec->mmu);
	put_u64(o, "ipa", rec->ipa);
	put_int(o, "level", rec->level);
	put_u64(o, "pa", rec->pa);
	put_int(o, "count", rec->count);
	put_u64(o, "used", rec->leaves + rec->children + rec->annotations);
	put_u64(o, "entries", rec->nr);
	put_u64(o, "leaves", rec->leaves);
	put_u64(o, "children", rec->children);
	put_u64(o, "annotations", rec->annotations);
	put_u64(o, "locked", rec->locked);
	put_u64(o, "unread", rec->unread);
	json_emit(out, o);
}

static const char *const kinds[] = {
	[PTE_NONE] = NULL,
	[PTE_LOCKED] = NULL,
	[PTE_ANNOTATION] = "annotation",
	[PTE_TABLE] = "table",
	[PTE_LEAF] = "leaf",
};

static void put_pte(struct json_object *o, uint64_t pte)
{
	char hex[24];

	snprintf(hex, sizeof(hex), "0x%016" PRIx64, pte);
	put_str(o, "pte", hex);
}

static void put_leaf(struct json_object *o, const struct pte_leaf *leaf)
{
	put_u64(o, "pa", leaf->pa);
	put_bool(o, "r", leaf->r);
	put_bool(o, "w", leaf->w);
	put_bool(o, "x", leaf->x);
	put_bool(o, "af", leaf->af);
	put_u64(o, "memattr", leaf->memattr);
	put_str(o, "memtype", leaf->memtype);
}

static void put_place(struct json_object *o, const struct host *host,
		      const struct s2r_table *table, unsigned int index)
{
	uint64_t size = vm_level_size(host->page_shift, table->level);

	put_u64(o, "mmu", table->mmu);
	put_u64(o, "ipa", table->ipa + index * size);
	put_int(o, "level", table->level);
	put_u64(o, "size", size);
	put_u64(o, "table", table->pa);
	put_u64(o, "index", index);
}

static void json_entry(FILE *out, const struct host *host, const struct vm *vm,
		       const struct s2r_table *table, unsigned int index,
		       uint64_t pte)
{
	uint64_t size = vm_level_size(host->page_shift, table->level);
	enum pte_kind kind = pte_kind(pte, table->level);
	struct json_object *o;
	struct pte_leaf leaf;

	if (!kinds[kind])
		return;
	o = json_record("entry");
	put_str(o, "kind", kinds[kind]);
	put_place(o, host, table, index);
	put_pte(o, pte);
	if (kind == PTE_LEAF) {
		leaf = pte_leaf(pte, size, host->page_shift, vm->lpa2, vm->fwb);
		put_leaf(o, &leaf);
	} else if (kind == PTE_TABLE) {
		put_u64(o, "pa", pte_address(pte, host->page_shift, vm->lpa2));
	}
	json_emit(out, o);
}

/** json_entries() - "entry" for each counted entry of @rec */
void json_entries(FILE *out, const struct host *host, const struct vm *vm,
		  const struct s2r_table *table, const struct s2r_entries *rec)
{
	for (unsigned int i = 0; i < rec->nr && i < S2R_CHUNK; i++)
		json_entry(out, host, vm, table, rec->first + i, rec->e[i]);
}

/** json_error() - why the command ends with exit code @code ("error") */
void json_error(FILE *out, int code, const char *text)
{
	struct json_object *o = json_record("error");

	put_int(o, "exit", code);
	put_str(o, "error", text);
	json_emit(out, o);
}
