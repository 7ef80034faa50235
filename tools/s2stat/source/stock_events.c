// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts events on a kernel without the s2 tracepoints, by probes on KVM's own
 * functions (see stock.h). What cannot be counted whole is not offered.
 */
#include "stock.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "counters.h"
#include "stock_count.skel.h"

/* The exception level in PSTATE.M. */
#define PSTATE_EL(pstate) ((pstate) >> 2 & 3)

/* Offered where the functions can be probed, and what more fexit tells. */
#define OFFERS_FAULTS (OFFER_FAULTS | OFFER_FAULT_KINDS | OFFER_HOT)
#define OFFERS_FLUSHES                                            \
	(OFFER_FLUSHES | OFFER_FLUSH_SCOPES | OFFER_FLUSH_PAGES | \
	 OFFER_ROLLOVERS)

enum kind { FENTRY, KPROBE };

static const char *const kind_names[] = { "fentry", "kprobe" };

/**
 * struct stock_events - what is attached
 * @kind:	programs of which kind
 * @level:	exception level the kernel runs at; -1: not known
 * @error:	negative errno: why nothing could be attached; 0: all is
 */
struct stock_events {
	struct stock_count_bpf *bpf;
	struct bpf_link *link[PROBE_NR_FUNCTIONS + 1];
	struct counters counters;
	enum kind kind;
	int level;
	int error;
	uint32_t offers;
};

static struct bpf_program *program(const struct stock_events *e,
				   enum probe_function fn)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", kind_names[e->kind],
		 probe_function_id(fn));
	return bpf_object__find_program_by_name(e->bpf->obj, name);
}

/* Loads the programs of one kind, for those functions that the kernel has. */
static int load(struct stock_events *e, const struct stock_wants *w)
{
	struct bpf_program *prog;

	e->bpf = stock_count_bpf__open();
	if (!e->bpf)
		return -errno;
	e->bpf->rodata->page_shift = bpf_page_shift();
	e->bpf->rodata->want_hot = w->live->hot;
	e->bpf->rodata->id_key = w->id_key;
	e->bpf->rodata->nested_pointers = w->probe->nested_pointers;
	if (!w->live->hot)
		bpf_map__set_max_entries(e->bpf->maps.hot, 1);
	bpf_object__for_each_program(prog, e->bpf->obj)
		bpf_program__set_autoload(prog, false);
	bpf_program__set_autoload(e->bpf->progs.read_pstate, true);
	bpf_program__set_autoload(e->bpf->progs.fexit_fault,
				  e->kind == FENTRY &&
					  w->probe->function[PROBE_FN_fault]);
	for (int i = 0; i < PROBE_NR_FUNCTIONS; i++)
		bpf_program__set_autoload(program(e, i), w->probe->function[i]);
	return stock_count_bpf__load(e->bpf);
}

static int attach_one(struct bpf_program *prog, struct bpf_link **link)
{
	*link = bpf_program__attach(prog);
	return *link ? 0 : -errno;
}

static int attach(struct stock_events *e, const struct stock_wants *w)
{
	int err = 0;

	for (int i = 0; i < PROBE_NR_FUNCTIONS && !err; i++)
		if (w->probe->function[i])
			err = attach_one(program(e, i), &e->link[i]);
	if (!err && e->link[PROBE_FN_fault] && e->kind == FENTRY)
		err = attach_one(e->bpf->progs.fexit_fault,
				 &e->link[PROBE_NR_FUNCTIONS]);
	return err;
}

static void detach(struct stock_events *e)
{
	for (int i = 0; i <= PROBE_NR_FUNCTIONS; i++) {
		bpf_link__destroy(e->link[i]);
		e->link[i] = NULL;
	}
	stock_count_bpf__destroy(e->bpf);
	e->bpf = NULL;
}

/* Trampolines are cheaper and tell more, but not every kernel has them. */
static int load_and_attach(struct stock_events *e, const struct stock_wants *w)
{
	int err = 0;

	for (e->kind = FENTRY; e->kind <= KPROBE; e->kind++) {
		err = load(e, w);
		if (!err)
			err = attach(e, w);
		if (!err)
			return 0;
		detach(e);
	}
	return err;
}

/*
 * At which exception level the kernel runs: a probe on a system call that we
 * make ourselves sees it in the state that the probe saved. -1: not known.
 */
static int exception_level(struct stock_events *e)
{
	struct bpf_link *link;

	link = bpf_program__attach_kprobe(e->bpf->progs.read_pstate, false,
					  "__arm64_sys_getppid");
	if (!link)
		return -1;
	syscall(SYS_getppid);
	bpf_link__destroy(link);
	return e->bpf->bss->seen_pstate ? (int)PSTATE_EL(e->bpf->bss->pstate) :
					  -1;
}

static bool sees_flushes(const struct stock_events *e, const struct probe *p)
{
	return e->level == 2 && !*p->stranger && p->function[PROBE_FN_ipa] &&
	       p->function[PROBE_FN_vmid] &&
	       p->function[PROBE_FN_cpu_context] &&
	       p->function[PROBE_FN_rollover];
}

static uint32_t offers(const struct stock_events *e, const struct probe *p)
{
	uint32_t o = 0;

	if (e->error || !p->function[PROBE_FN_over])
		return 0;
	if (p->function[PROBE_FN_fault])
		o |= OFFERS_FAULTS;
	if (p->function[PROBE_FN_fault] && e->kind == FENTRY)
		o |= OFFER_FAULT_RESULTS;
	if (sees_flushes(e, p))
		o |= OFFERS_FLUSHES;
	return o;
}

/**
 * stock_events_open() - attaches
 * @events:	given back with stock_events_close(), also when this fails
 * @offers:	gets those events that can be counted
 *
 * A kernel without any way to attach offers no events, and that is no failure.
 *
 * Return: 0, or -1 with @f filled.
 */
int stock_events_open(struct stock_events **events,
		      const struct stock_wants *wants, uint32_t *offered,
		      struct failure *f)
{
	struct stock_events *e = calloc(1, sizeof(*e));

	*events = e;
	if (!e)
		return failed(f, EXIT_ERROR, "out of memory");
	e->level = -1;
	e->error = load_and_attach(e, wants);
	if (e->error == -EPERM || e->error == -EACCES)
		return bpf_refused(f, "attach to KVM's functions", e->error);
	if (!e->error) {
		e->level = exception_level(e);
		if (counters_init(&e->counters, e->bpf->obj, f))
			return -1;
	}
	e->offers = offers(e, wants->probe);
	*offered |= e->offers;
	return 0;
}

void stock_events_close(struct stock_events *e)
{
	if (!e)
		return;
	counters_free(&e->counters);
	detach(e);
	free(e);
}

/*
 * It said so itself; or it was there in an earlier sample, and is not at two: its
 * files are closed a moment before it goes.
 */
static bool is_over(uint64_t id, const struct s2r_counts *sum,
		    const struct host *host, void *unused)
{
	const struct vm *vm = host_find(host, id);

	(void)unused;
	return sum->freed || (vm && !vm->seen && vm->missed);
}

/** stock_events_counts() - see struct backend */
int stock_events_counts(struct stock_events *e, struct host *host,
			struct failure *f)
{
	struct s2r_global global;

	if (e->error)
		return 0;
	if (counters_rows(&e->counters, host, is_over, NULL, f) ||
	    counters_global(&e->counters, &global, f))
		return -1;
	host->rollovers = global.rollovers;
	host->dropped = global.dropped;
	return 0;
}

/** stock_events_hot() - see struct backend */
int stock_events_hot(struct stock_events *e, live_hot_fn fn, void *arg,
		     uint64_t *cold, struct failure *f)
{
	*cold = 0;
	return e->error ? 0 : counters_hot(&e->counters, fn, arg, cold, f);
}

static void explain_flushes(const struct stock_events *e, const struct probe *p,
			    live_check_fn fn, void *arg)
{
	char detail[160];

	if (e->offers & OFFER_FLUSHES) {
		snprintf(
			detail, sizeof(detail),
			"exact, by %s on the functions that invalidate (the kernel is at EL2: VHE); not why, but for vCPU migration",
			kind_names[e->kind]);
		fn("flushes", LIVE_OK, detail, NULL, arg);
		return;
	}
	if (e->level == 1)
		snprintf(
			detail, sizeof(detail),
			"the kernel is at EL1 (nVHE): the hypervisor at EL2 invalidates, out of sight");
	else if (*p->stranger)
		snprintf(
			detail, sizeof(detail),
			"this kernel invalidates by %s, too, which s2stat does not know",
			p->stranger);
	else
		snprintf(
			detail, sizeof(detail),
			"this kernel has not all the functions that s2stat would count, or no way to attach to them");
	fn("flushes", LIVE_NOT_OFFERED, detail,
	   e->level == 1 ?
		   "a CPU with FEAT_VHE, or a kernel with the s2 tracepoints" :
		   "a kernel with the s2 tracepoints",
	   arg);
}

static void explain_faults(const struct stock_events *e, live_check_fn fn,
			   void *arg)
{
	if (!(e->offers & OFFER_FAULTS))
		fn("faults", LIVE_NOT_OFFERED,
		   "this kernel has no way to attach to kvm_handle_guest_abort",
		   "a kernel with CONFIG_KPROBES=y or, from 6.4 on, CONFIG_DYNAMIC_FTRACE=y",
		   arg);
	else if (e->offers & OFFER_FAULT_RESULTS)
		fn("faults", LIVE_OK,
		   "exact, by fentry and fexit; not what size was mapped, nor which lost a race",
		   NULL, arg);
	else
		fn("faults", LIVE_OK,
		   "exact, by kprobe; not what came of them, nor what size was mapped",
		   NULL, arg);
}

/** stock_events_explain() - see struct backend */
void stock_events_explain(const struct stock_events *e, const struct probe *p,
			  live_check_fn fn, void *arg)
{
	explain_faults(e, fn, arg);
	explain_flushes(e, p, fn, arg);
}
