// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the running kernel offers (see probe.h).
 */
#include "probe.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../../../bpf/records.h"

/*
 * The misc device is there once KVM is initialised; containers without /dev/kvm
 * see it, too. Where there is no sysfs nobody knows.
 */
#define MISC_DEVICES "/sys/class/misc"

static const char *const events[] = {
#define PROBE_NAME(name) [PROBE_##name] = #name,
	PROBE_EVENTS(PROBE_NAME)
#undef PROBE_NAME
};

/* TRACE_EVENT(name) leaves this typedef behind for tp_btf programs. */
static const char *const typedefs[] = {
#define PROBE_TYPEDEF(name) [PROBE_##name] = "btf_trace_" #name,
	PROBE_EVENTS(PROBE_TYPEDEF)
#undef PROBE_TYPEDEF
};

static const char *const function_ids[] = {
#define PROBE_ID(id, name) #id,
	PROBE_FUNCTIONS(PROBE_ID)
#undef PROBE_ID
};

static const char *const function_names[] = {
#define PROBE_FUNCTION(id, name) #name,
	PROBE_FUNCTIONS(PROBE_FUNCTION)
#undef PROBE_FUNCTION
};

/* What the names of functions begin with that invalidate for a guest. */
static const char *const flushers[] = { "__kvm_tlb_flush_", "__kvm_flush_" };

/** probe_event_name() - a tracepoint's name, without its system s2: */
const char *probe_event_name(enum probe_event e)
{
	return events[e];
}

/** probe_function_id() - what the programs on a function are called after */
const char *probe_function_id(enum probe_function fn)
{
	return function_ids[fn];
}

static bool has(const struct btf *btf, const char *name, unsigned int kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/* The type behind typedefs and qualifiers. */
static const struct btf_type *plain(const struct btf *btf, unsigned int id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* The type of @member of struct @name; NULL when there is none. */
static const struct btf_type *member_type(const struct btf *btf,
					  const char *name, const char *member)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (unsigned int i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (!strcmp(btf__name_by_offset(btf, m->name_off), member))
			return plain(btf, m->type);
	}
	return NULL;
}

/*
 * Our own MMU's contexts do, while somebody listens to s2_counts. Counts of
 * another size are another version's: then they are made of the events, as they
 * are where Linux's MMU is only observed.
 */
static bool keeps_counts(const struct btf *btf)
{
	const struct btf_type *t = member_type(btf, "s2_ctx", "counts");

	return t && has(btf, "btf_trace_s2_counts", BTF_KIND_TYPEDEF) &&
	       t->size == sizeof(struct s2r_kept_counts);
}

static bool is_flusher(const char *name)
{
	for (size_t i = 0; i < sizeof(flushers) / sizeof(flushers[0]); i++)
		if (!strncmp(name, flushers[i], strlen(flushers[i])))
			return true;
	return false;
}

static void probe_function(struct probe *p, const char *name)
{
	for (int i = 0; i < PROBE_NR_FUNCTIONS; i++) {
		if (!strcmp(name, function_names[i])) {
			p->function[i] = true;
			return;
		}
	}
	if (is_flusher(name))
		snprintf(p->stranger, sizeof(p->stranger), "%s", name);
}

static void probe_functions(struct probe *p, const struct btf *btf)
{
	for (unsigned int id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_func(t))
			probe_function(p,
				       btf__name_by_offset(btf, t->name_off));
	}
}

/*
 * A VMID is one atomic word with its generation since 3248136b3637 "KVM:
 * arm64: Align the VMID allocation with the arm64 ASID", 5.17. The same version
 * brought the helper bpf_loop(), the hash of memslots and the array of vCPUs.
 */
static void probe_stock(struct probe *p, const struct btf *btf)
{
	const struct btf_type *nested;

	p->walkable = has(btf, "bpf_iter_task_file", BTF_KIND_FUNC) &&
		      member_type(btf, "kvm_vmid", "id");
	nested = member_type(btf, "kvm_arch", "nested_mmus");
	if (nested && btf_is_ptr(nested))
		p->nested_pointers = btf_is_ptr(plain(btf, nested->type));
	probe_functions(p, btf);
}

static bool booted_with(const char *word)
{
	FILE *in = fopen("/proc/cmdline", "re");
	char line[4096];
	bool found = false;

	if (in && fgets(line, sizeof(line), in))
		for (char *w = strtok(line, " \n"); w; w = strtok(NULL, " \n"))
			found |= !strcmp(w, word);
	if (in)
		fclose(in);
	return found;
}

/** probe_kernel() - looks into the running kernel's BTF */
void probe_kernel(struct probe *p)
{
	struct btf *btf = btf__load_vmlinux_btf();

	*p = (struct probe){};
	p->kvm_runs = !access(MISC_DEVICES "/kvm", F_OK) ||
		      access(MISC_DEVICES, F_OK);
	p->protected = booted_with("kvm-arm.mode=protected");
	if (!btf)
		return;
	p->btf = true;
	p->kvm = has(btf, "kvm_s2_mmu", BTF_KIND_STRUCT);
	p->context = has(btf, "s2_ctx", BTF_KIND_STRUCT);
	p->iter_mmu = has(btf, "bpf_iter_s2_mmu", BTF_KIND_FUNC);
	p->iter_table = has(btf, "bpf_iter_s2_table", BTF_KIND_FUNC);
	for (int e = 0; e < PROBE_NR_EVENTS; e++)
		p->event[e] = has(btf, typedefs[e], BTF_KIND_TYPEDEF);
	p->counts = keeps_counts(btf);
	if (p->kvm && !p->context)
		probe_stock(p, btf);
	btf__free(btf);
}

/* A kernel with our stage-2 MMU has all of it, or is of another version. */
static int s2_verdict(const struct probe *p, struct failure *f)
{
	if (!p->iter_mmu || !p->iter_table)
		return failed(
			f, EXIT_KERNEL,
			"this kernel's s2 has no bpf_iter target %s: it and s2stat are not of one version",
			p->iter_mmu ? "s2_table" : "s2_mmu");
	for (int e = 0; e < PROBE_NR_EVENTS; e++)
		if (!p->event[e])
			return failed(
				f, EXIT_KERNEL,
				"this kernel has no tracepoint s2:%s: it and s2stat are not of one version",
				events[e]);
	return 0;
}

/**
 * probe_verdict() - can s2stat work on this kernel?
 *
 * Return: 0, or -1 with @f saying what is missing, EXIT_KERNEL.
 */
int probe_verdict(const struct probe *p, struct failure *f)
{
	struct utsname u;

	uname(&u);
	if (!p->btf)
		return failed(
			f, EXIT_KERNEL,
			"this kernel does not describe its types (no readable /sys/kernel/btf/vmlinux; CONFIG_DEBUG_INFO_BTF): s2stat cannot work on it");
	if (!p->kvm)
		return failed(
			f, EXIT_KERNEL,
			"this kernel (Linux %.60s, %.30s) has no KVM for arm64, so there are no stage-2 tables for s2stat to read",
			u.release, u.machine);
	if (!p->kvm_runs)
		return failed(
			f, EXIT_KERNEL,
			"this kernel offers no KVM: it was not started at EL2, or kvm-arm.mode=none was asked for");
	if (p->context)
		return s2_verdict(p, f);
	if (!p->walkable)
		return failed(
			f, EXIT_KERNEL,
			"this kernel (Linux %.60s) is too old: s2stat needs 5.17 or newer",
			u.release);
	return 0;
}
