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

enum state { OK, MISSING, UNKNOWN };

static const char *const state_names[] = { "ok", "missing", "unknown" };

static void check(const struct options *o, const char *name, enum state state,
		  const char *detail, const char *remedy)
{
	struct json_object *j;

	if (!o->json) {
		printf("%-18s %-8s %s\n", name, state_names[state], detail);
		if (state != OK && remedy)
			printf("%-27s -> %s\n", "", remedy);
		return;
	}
	j = json_record("check");
	json_object_object_add(j, "check", json_object_new_string(name));
	json_object_object_add(j, "state",
			       json_object_new_string(state_names[state]));
	json_object_object_add(j, "detail", json_object_new_string(detail));
	if (state != OK && remedy)
		json_object_object_add(j, "remedy",
				       json_object_new_string(remedy));
	json_emit(stdout, j);
}

static void check_kernel(const struct options *o, const struct probe *p)
{
	char detail[256];
	struct utsname u;
	size_t missing = 0;

	uname(&u);
	snprintf(detail, sizeof(detail), "Linux %.60s %.30s", u.release,
		 u.machine);
	check(o, "kernel", OK, detail, NULL);
	check(o, "BTF", p->btf ? OK : MISSING, "types of the running kernel",
	      "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	check(o, "s2 MMU", p->context ? OK : MISSING,
	      "stage-2 contexts (struct s2_ctx)",
	      "boot an arm64 kernel with CONFIG_KVM_ARM64_S2=y; other kernels are not supported yet");
	check(o, "s2 iterators", p->iter_mmu && p->iter_table ? OK : MISSING,
	      "live tables of VMs older than s2stat",
	      "boot a kernel of the same version as s2stat");
	for (int e = 0; e < PROBE_NR_EVENTS; e++)
		missing += !p->event[e];
	snprintf(detail, sizeof(detail), "%zu of %d that s2stat counts",
		 PROBE_NR_EVENTS - missing, PROBE_NR_EVENTS);
	check(o, "s2 tracepoints", missing ? MISSING : OK, detail,
	      "boot a kernel of the same version as s2stat");
}

static void check_privileges(const struct options *o)
{
	bool all = caps_have(CAP_SYS_ADMIN);
	bool bpf = all || caps_have(CAP_BPF);
	bool perfmon = all || caps_have(CAP_PERFMON);

	check(o, "privileges", bpf && perfmon ? OK : MISSING,
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
		check(o, "VMID width", UNKNOWN, detail,
		      "no VM runs: start one to see");
	else
		check(o, "VMID width", silent ? MISSING : OK, detail,
		      "needs CONFIG_KALLSYMS_ALL=y and a readable /proc/kallsyms");
}

static void check_sample(const struct options *o, const struct host *host)
{
	char detail[128];

	snprintf(detail, sizeof(detail), "%zu stage-2 contexts read", host->nr);
	check(o, "attach and read", OK, detail, NULL);
	check_vmid_width(o, host);
}

/* Attaches and reads one sample. */
static int prove(const struct options *o, struct failure *f)
{
	struct live *live;
	struct host host;
	int err;

	host_init(&host, __builtin_ctzl(sysconf(_SC_PAGESIZE)));
	err = live_open(&live, o->verbose, f);
	if (!err)
		err = live_sample(live, &host, f);
	if (!err)
		check_sample(o, &host);
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
	if (probe_verdict(&p, &f) || prove(o, &f)) {
		check(o, "attach and read", MISSING, f.text, NULL);
		return report(o, &f);
	}
	return EXIT_FINE;
}

const struct verb doctor_verb = {
	.name = "doctor",
	.help = "what this kernel offers, and what to do about what it lacks",
	.doc = "Checks what the running kernel offers to s2stat and what this process may do, "
	       "then attaches and reads once to prove it.\v"
	       "Exit status: 0 all verbs work; 3 a privilege is missing; 4 this kernel cannot do it.\n"
	       "Examples:\n"
	       "  s2stat doctor\n"
	       "  s2stat doctor --json\n",
	.json = "check error",
	.run = doctor_run,
};
