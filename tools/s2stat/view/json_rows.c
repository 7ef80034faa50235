// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of the verbs that look at one side of every VM as JSON: "flush",
 * "faults", "hot", "vmid", "vmids", "audit".
 */
#include "json.h"

#include "../model/names.h"

static double per_second(const struct host *host, uint64_t delta)
{
	return host->seconds > 0 ? delta / host->seconds : 0;
}

/** json_of_flush() - invalidations of one reason and scope ("flush") */
struct json_object *json_of_flush(const struct host *host, const struct vm *vm,
				  unsigned int reason, unsigned int scope)
{
	bool paged = host->offers & OFFER_FLUSH_PAGES &&
		     scope_is_bounded(scope);
	uint64_t count = vm->total.flushes[reason][scope];
	uint64_t pages = vm->total.flush_pages[reason][scope];
	struct json_object *o = json_record("flush");

	json_put_identity(o, vm);
	if (host->offers & OFFER_FLUSH_REASONS)
		json_put_str(o, "reason", reason_name(reason));
	else
		json_put_null(o, "reason");
	if (host->offers & OFFER_FLUSH_SCOPES)
		json_put_str(o, "scope", scope_name(scope));
	else
		json_put_null(o, "scope");
	json_put_u64(o, "count", count);
	json_put_real(o, "rate",
		      per_second(host, vm->delta.flushes[reason][scope]));
	json_put_known(o, "pages", paged, pages);
	if (paged && count)
		json_put_real(o, "pages_per_flush", (double)pages / count);
	else
		json_put_null(o, "pages_per_flush");
	return o;
}

static void put_kinds(struct json_object *o, const struct host *host,
		      const struct s2r_counts *c)
{
	struct json_object *kinds;

	if (!(host->offers & OFFER_FAULT_KINDS)) {
		json_put_null(o, "kinds");
		return;
	}
	kinds = json_put_object(o, "kinds");
	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		if (c->faults[k])
			json_put_u64(kinds, fault_name(k), c->faults[k]);
}

static void put_results(struct json_object *o, const struct host *host,
			const struct s2r_counts *c)
{
	struct json_object *r;

	if (!(host->offers & OFFER_FAULT_RESULTS)) {
		json_put_null(o, "results");
		return;
	}
	r = json_put_object(o, "results");
	json_put_u64(r, "handled", c->faults_handled);
	json_put_u64(r, "user", c->faults_user);
	json_put_known(r, "again", host->offers & OFFER_FAULT_AGAIN,
		       c->faults_again);
	json_put_u64(r, "failed", c->faults_failed);
}

/* By the size in bytes of the leaf that was wanted. */
static void put_sizes(struct json_object *o, const struct host *host,
		      const struct s2r_counts *c)
{
	struct json_object *sizes;
	char key[24];

	if (!(host->offers & OFFER_FAULT_SIZES)) {
		json_put_null(o, "sizes");
		return;
	}
	sizes = json_put_object(o, "sizes");
	for (int l = VM_LAST_LEVEL; l > 0; l--) {
		snprintf(key, sizeof(key), "%llu",
			 (unsigned long long)vm_level_size(host->page_shift,
							   l));
		json_put_u64(sizes, key, c->fault_sizes[l]);
	}
	if (c->fault_sizes[0])
		json_put_u64(sizes, "other", c->fault_sizes[0]);
}

/** json_of_faults() - guest aborts of one context ("faults") */
struct json_object *json_of_faults(const struct host *host, const struct vm *vm)
{
	struct json_object *o = json_record("faults");
	bool known = host->offers & OFFER_FAULTS;

	json_put_identity(o, vm);
	json_put_known(o, "total", known, counts_faults(&vm->total));
	if (known)
		json_put_real(o, "rate",
			      per_second(host, counts_faults(&vm->delta)));
	else
		json_put_null(o, "rate");
	put_kinds(o, host, &vm->total);
	put_results(o, host, &vm->total);
	put_sizes(o, host, &vm->total);
	return o;
}

/**
 * json_of_hot() - guest aborts in one region ("hot")
 * @total:	since the attach
 * @delta:	since the sample before
 */
struct json_object *json_of_hot(const struct host *host, const struct vm *vm,
				const struct s2r_hot_key *key,
				const struct s2r_hot *total, uint64_t delta)
{
	struct json_object *o = json_record("hot");

	json_put_identity(o, vm);
	json_put_u64(o, "ipa", key->region << S2R_HOT_SHIFT);
	json_put_u64(o, "size", 1ULL << S2R_HOT_SHIFT);
	json_put_u64(o, "count", total->faults);
	json_put_real(o, "rate", per_second(host, delta));
	json_put_u64(o, "writes", total->writes);
	json_put_u64(o, "last", total->last);
	return o;
}

/** json_of_vmid() - the VMID of one context ("vmid") */
struct json_object *json_of_vmid(const struct host *host, const struct vm *vm,
				 bool rates)
{
	struct json_object *o = json_record("vmid");
	bool known = vm->vmid_bits;

	json_put_identity(o, vm);
	json_put_known(o, "vmid", known, vm_vmid(vm));
	json_put_known(o, "generation", known, vm_generation(vm));
	if (vmid_is_current(host, vm) < 0)
		json_put_null(o, "current");
	else
		json_put_bool(o, "current", vmid_is_current(host, vm));
	if (!rates)
		return o;
	json_put_known(o, "assigns", host->offers & OFFER_VMID_EVENTS,
		       vm->total.vmid_assigns);
	json_put_known(o, "rollovers", host->offers & OFFER_VMID_EVENTS,
		       vm->total.rollovers);
	return o;
}

/** json_of_vmids() - the VMID allocator ("vmids") */
struct json_object *json_of_vmids(const struct host *host, bool rates)
{
	struct json_object *o = json_record("vmids");
	bool known = host->offers & OFFER_VMID_SPACE && host->vmids.bits;

	json_put_known(o, "vmid_bits", known, host->vmids.bits);
	json_put_known(o, "generation", known, host->vmids.generation);
	json_put_known(o, "in_use", known, host->vmids.in_use);
	json_put_known(o, "reserved", known, host->vmids.reserved);
	json_put_known(o, "available", known,
		       (1ULL << (host->vmids.bits & 63)) - 1);
	if (rates)
		json_put_known(o, "rollovers", host->offers & OFFER_ROLLOVERS,
			       host->rollovers);
	return o;
}

/** json_of_audit() - the verdict on one context ("audit") */
struct json_object *json_of_audit(const struct vm *vm)
{
	struct json_object *o = json_record("audit");

	json_put_identity(o, vm);
	json_put_audit(o, vm);
	return o;
}
