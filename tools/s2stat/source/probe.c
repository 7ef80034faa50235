// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the running kernel offers (see probe.h).
 */
#include "probe.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

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

/** probe_event_name() - a tracepoint's name, without its system s2: */
const char *probe_event_name(enum probe_event e)
{
	return events[e];
}

static bool has(const struct btf *btf, const char *name, unsigned int kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/** probe_kernel() - looks into the running kernel's BTF */
void probe_kernel(struct probe *p)
{
	struct btf *btf = btf__load_vmlinux_btf();

	*p = (struct probe){};
	if (!btf)
		return;
	p->btf = true;
	p->context = has(btf, "s2_ctx", BTF_KIND_STRUCT);
	p->iter_mmu = has(btf, "bpf_iter_s2_mmu", BTF_KIND_FUNC);
	p->iter_table = has(btf, "bpf_iter_s2_table", BTF_KIND_FUNC);
	for (int e = 0; e < PROBE_NR_EVENTS; e++)
		p->event[e] = has(btf, typedefs[e], BTF_KIND_TYPEDEF);
	btf__free(btf);
}

/**
 * probe_verdict() - can s2stat work on this kernel?
 *
 * Return: 0, or -1 with @f saying what is missing, EXIT_KERNEL.
 */
int probe_verdict(const struct probe *p, struct failure *f)
{
	if (!p->btf)
		return failed(
			f, EXIT_KERNEL,
			"this kernel does not describe its types (no readable /sys/kernel/btf/vmlinux; CONFIG_DEBUG_INFO_BTF): s2stat cannot work on it");
	if (!p->context)
		return failed(
			f, EXIT_KERNEL,
			"this kernel has no s2 stage-2 MMU (CONFIG_KVM_ARM64_S2), and s2stat does not support other kernels yet");
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
