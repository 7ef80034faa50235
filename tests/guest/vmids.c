// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that every VM sees its own memory and nobody else's, whichever VMID
 * it is given: many VMs one after another, or more VMs at once than there are
 * VMIDs, run from threads on every CPU so that the VMIDs roll over again and
 * again. A wrong marker is the symptom of a shared VMID; since emulation does
 * not show stale translations reliably, the verdict comes from the events.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "s2guest.h"
#include "vm.h"

#define DATA_PAGES	64
#define MARKER(n)	(0x5200000000000000UL + (n))

struct guest {
	struct vm	vm;
	uint64_t	*data;
	unsigned long	id;
};

struct crowd {
	struct guest		*guests;
	long			nr;
	long			rounds;
	long			threads;
	atomic_long		runs;
	atomic_long		wrong;
	atomic_int		error;
	pthread_barrier_t	round;
};

struct runner {
	struct crowd	*crowd;
	pthread_t	thread;
	long		index;
};

static uint64_t marker_ipa(const struct guest *g)
{
	return DATA_IPA + g->id % DATA_PAGES * PAGE_SIZE;
}

static int guest_start(struct guest *g, unsigned long id)
{
	int ret;

	g->id = id;
	g->data = mmap(NULL, DATA_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->data == MAP_FAILED)
		return -1;
	ret = vm_start(&g->vm, 0, 1);
	if (!ret)
		ret = vm_set_slot(&g->vm, 1, DATA_IPA, g->data,
				  DATA_PAGES * PAGE_SIZE, 0);
	return ret;
}

static void guest_stop(struct guest *g)
{
	vm_close(&g->vm);
	munmap(g->data, DATA_PAGES * PAGE_SIZE);
}

static int guest_job(struct guest *g, uint64_t job)
{
	return vcpu_do(&g->vm.vcpu[0], &(struct job){
		.job = job, .ipa = marker_ipa(g), .count = 1,
		.value = MARKER(g->id) });
}

/* Is the marker where the guest put it, and nothing anywhere else? */
static bool marker_wrong(const struct guest *g)
{
	for (size_t page = 0; page < DATA_PAGES; page++) {
		uint64_t want = page == g->id % DATA_PAGES ? MARKER(g->id) : 0;

		if (*(volatile uint64_t *)(g->data + page * PAGE_SIZE / 8) != want)
			return true;
	}
	return false;
}

static int sequential(long nr)
{
	long before = meminfo_kb("SecPageTables"), wrong = 0, growth;
	struct guest g;

	for (long i = 1; i <= nr; i++) {
		int ret = guest_start(&g, i);

		pin_to_cpu(i);
		if (!ret)
			ret = guest_job(&g, JOB_WRITE);
		if (!ret)
			ret = guest_job(&g, JOB_READ);
		if (ret)
			return fail("VM %ld: %s", i, errname(ret));
		wrong += g.vm.vcpu[0].mb->bad || marker_wrong(&g);
		guest_stop(&g);
	}
	growth = sec_growth_kb(before);
	printf("vmids mode=sequential vms=%ld wrong=%ld sec_growth_kb=%ld\n",
	       nr, wrong, growth);
	if (wrong)
		return fail("%ld of %ld VMs saw foreign memory", wrong, nr);
	if (growth > 0)
		return fail("%ld kB of tables were left behind", growth);
	return 0;
}

/* Every round each guest is run once, each time from another thread. */
static void run_round(struct runner *r, long round)
{
	struct crowd *c = r->crowd;

	for (long i = 0; i < c->nr; i++) {
		struct guest *g = &c->guests[i];
		int ret;

		if ((i + round) % c->threads != r->index)
			continue;
		ret = guest_job(g, round ? JOB_READ : JOB_WRITE);
		if (!ret && g->vm.vcpu[0].mb->bad)
			c->wrong++;
		if (!ret)
			ret = guest_job(g, JOB_WRITE);
		if (ret)
			atomic_store(&c->error, ret);
		c->runs += 2;
	}
}

static void *runner_main(void *arg)
{
	struct runner *r = arg;

	pin_to_cpu(r->index);
	for (long round = 0; round < r->crowd->rounds; round++) {
		run_round(r, round);
		pthread_barrier_wait(&r->crowd->round);
	}
	return NULL;
}

static void run_crowd(struct crowd *c)
{
	struct runner *runners = calloc(c->threads, sizeof(*runners));

	pthread_barrier_init(&c->round, NULL, c->threads);
	for (long i = 0; i < c->threads; i++) {
		runners[i] = (struct runner){ .crowd = c, .index = i };
		pthread_create(&runners[i].thread, NULL, runner_main, &runners[i]);
	}
	for (long i = 0; i < c->threads; i++)
		pthread_join(runners[i].thread, NULL);
	pthread_barrier_destroy(&c->round);
	free(runners);
}

static int alive(long nr, long rounds, long threads)
{
	struct crowd c = { .nr = nr, .rounds = rounds, .threads = threads };
	long before = meminfo_kb("SecPageTables"), growth;

	c.guests = calloc(nr, sizeof(*c.guests));
	for (long i = 0; i < nr; i++) {
		int ret = guest_start(&c.guests[i], i + 1);

		if (ret)
			return fail("VM %ld: %s", i, errname(ret));
	}
	run_crowd(&c);
	for (long i = 0; i < nr; i++) {
		c.wrong += marker_wrong(&c.guests[i]);
		guest_stop(&c.guests[i]);
	}
	free(c.guests);
	growth = sec_growth_kb(before);
	printf("vmids mode=alive vms=%ld threads=%ld rounds=%ld runs=%ld wrong=%ld sec_growth_kb=%ld\n",
	       nr, threads, rounds, c.runs, c.wrong, growth);
	if (c.error)
		return fail("a guest could not run: %s", errname(c.error));
	if (c.wrong)
		return fail("%ld foreign markers", c.wrong);
	if (growth > 0)
		return fail("%ld kB of tables were left behind", growth);
	return 0;
}

static int run(int argc, char **argv)
{
	long seq = 0, at_once = 0, rounds = 20, threads = 2 * nr_cpus();
	const struct opt opts[] = {
		{ "sequential", .number = &seq },
		{ "alive", .number = &at_once },
		{ "rounds", .number = &rounds },
		{ "threads", .number = &threads },
	};

	parse_opts(&scn_vmids, argc, argv, opts, ARRAY_SIZE(opts));
	if (!seq && !at_once)
		seq = 300;
	return (seq ? sequential(seq) : 0) |
	       (at_once ? alive(at_once, rounds, threads) : 0);
}

const struct scenario scn_vmids = {
	.name	= "vmids",
	.usage	= "[--sequential N] [--alive N [--rounds N] [--threads M]]",
	.proves	= "Each of many VMs sees its own memory only: N one after another, or N at\n"
		  "once, run in turn by M threads pinned across the CPUs (boot with\n"
		  "kvm-arm.vmid_bits=4 and the VMIDs roll over many times).",
	.run	= run,
};
