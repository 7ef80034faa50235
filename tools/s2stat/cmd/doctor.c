// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat doctor: what this kernel offers, what s2stat makes of it, and what to
 * do about what is missing. The last check is the proof: it attaches and reads.
 */
#include <json-c/json.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../source/caps.h"
#include "../source/probe.h"
#include "../view/json.h"
#include "cmd.h"

static const char *const state_names[] = {
	[LIVE_OK] = "ok",
	[LIVE_MISSING] = "missing",
	[LIVE_UNKNOWN] = "unknown",
	[LIVE_NOT_OFFERED] = "not offered",
};

static void check(const struct options *o, const char *name,
		  enum live_state state, const char *detail, const char *remedy)
{
	struct json_object *j;

	if (!o->json) {
		printf("%-18s %-11s %s\n", name, state_names[state], detail);
		if (state != LIVE_OK && remedy)
			printf("%-30s -> %s\n", "", remedy);
		return;
	}
	j = json_record("check");
	json_object_object_add(j, "check", json_object_new_string(name));
	json_object_object_add(j, "state",
			       json_object_new_string(state_names[state]));
	json_object_object_add(j, "detail", json_object_new_string(detail));
	if (state != LIVE_OK && remedy)
		json_object_object_add(j, "remedy",
				       json_object_new_string(remedy));
	json_emit(stdout, j);
}

/* Called by live_explain(). */
static void explained(const char *name, enum live_state state,
		      const char *detail, const char *remedy, void *arg)
{
	check(arg, name, state, detail, remedy);
}

static void check_s2(const struct options *o, const struct probe *p)
{
	char detail[256];
	size_t missing = 0;

	check(o, "s2 iterators",
	      p->iter_mmu && p->iter_table ? LIVE_OK : LIVE_MISSING,
	      "live tables of VMs older than s2stat",
	      "boot a kernel of the same version as s2stat");
	for (int e = 0; e < PROBE_NR_EVENTS; e++)
		missing += !p->event[e];
	snprintf(detail, sizeof(detail), "%zu of %d that s2stat counts",
		 PROBE_NR_EVENTS - missing, PROBE_NR_EVENTS);
	check(o, "s2 tracepoints", missing ? LIVE_MISSING : LIVE_OK, detail,
	      "boot a kernel of the same version as s2stat");
}

static void check_kernel(const struct options *o, const struct probe *p)
{
	char detail[256];
	struct utsname u;

	uname(&u);
	snprintf(detail, sizeof(detail), "Linux %.60s %.30s", u.release,
		 u.machine);
	check(o, "kernel", LIVE_OK, detail, NULL);
	check(o, "BTF", p->btf ? LIVE_OK : LIVE_MISSING,
	      "types of the running kernel",
	      "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	if (!p->btf)
		return;
	check(o, "KVM", p->kvm && p->kvm_runs ? LIVE_OK : LIVE_MISSING,
	      p->kvm ? "initialised, so that VMs can run" :
		       "KVM for arm64, built in",
	      p->kvm ?
		      "boot at EL2 (firmware, or the host's hypervisor), without kvm-arm.mode=none" :
		      "boot an arm64 kernel with CONFIG_KVM=y");
	check(o, "s2 MMU", p->context ? LIVE_OK : LIVE_NOT_OFFERED,
	      p->context ? "stage-2 contexts (struct s2_ctx)" :
			   "Linux's own stage 2: read as it is, and probed",
	      "for all numbers, a kernel with CONFIG_KVM_ARM64_S2=y");
	if (p->context)
		check_s2(o, p);
	else if (p->kvm && !p->walkable)
		check(o, "age", LIVE_MISSING,
		      "structures of Linux 5.17 or newer",
		      "boot a newer kernel");
}

static void check_privileges(const struct options *o)
{
	bool all = caps_have(CAP_SYS_ADMIN);
	bool bpf = all || caps_have(CAP_BPF);
	bool perfmon = all || caps_have(CAP_PERFMON);

	check(o, "privileges", bpf && perfmon ? LIVE_OK : LIVE_MISSING,
	      "CAP_BPF and CAP_PERFMON",
	      "run s2stat as root, or give it these two capabilities");
}

/* To tell a VMID from its generation takes a data symbol of the kernel. */
static void check_vmid_width(const struct options *o, const struct host *host)
{
	const char *detail = "kvm_arm_vmid_bits, to tell VMID from generation";
	size_t silent = 0;

	for (size_t i = 0; i < host->nr; i++)
		silent += !host->vm[i]->vmid_bits;
	if (!host->nr)
		check(o, "VMID width", LIVE_UNKNOWN, detail,
		      "no VM runs: start one to see");
	else
		check(o, "VMID width", silent ? LIVE_MISSING : LIVE_OK, detail,
		      "needs CONFIG_KALLSYMS_ALL=y and a readable /proc/kallsyms");
}

static void check_sample(const struct options *o, const struct host *host)
{
	char detail[128];

	snprintf(detail, sizeof(detail), "%zu stage-2 contexts read", host->nr);
	check(o, "attach and read", LIVE_OK, detail, NULL);
}

/* Attaches and reads one sample. */
static int prove(const struct options *o, bool s2, struct failure *f)
{
	struct live *live;
	struct host host;
	int err;

	host_init(&host, __builtin_ctzl(sysconf(_SC_PAGESIZE)));
	err = live_open(&live, o->verbose, f);
	if (!err)
		err = live_sample(live, &host, f);
	if (!err) {
		live_explain(live, &host, explained, (void *)o);
		if (s2)
			check_vmid_width(o, &host);
		check_sample(o, &host);
	}
	live_close(live);
	host_free(&host);
	return err;
}

static int doctor_run(const struct options *o)
{
	struct failure f;
	struct probe p;

	probe_kernel(&p);
	check_kernel(o, &p);
	check_privileges(o);
	if (probe_verdict(&p, &f) || prove(o, p.context, &f)) {
		check(o, "attach and read", LIVE_MISSING, f.text, NULL);
		return report(o, &f);
	}
	return EXIT_FINE;
}

const struct verb doctor_verb = {
	.name = "doctor",
	.help = "what this kernel offers, and what to do about what it lacks",
	.doc = "Checks what the running kernel offers to s2stat and what this process may do, "
	       "then attaches and reads once to prove it.\v"
	       "Not offered: this kernel keeps it to itself. All verbs work without; they show - (null in JSON) in its place.\n"
	       "Exit status: 0 all verbs work; 3 a privilege is missing; 4 this kernel cannot do it.\n"
	       "Examples:\n"
	       "  s2stat doctor\n"
	       "  s2stat doctor --json\n",
	.json = "check error",
	.run = doctor_run,
};
