// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat check on a kernel without the s2 tracepoints: the host is looked at
 * again and again, and what looks can show is judged (invariants/looks.h).
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../invariants/looks.h"
#include "../source/proc.h"
#include "check.h"

#define MS 1000000ULL
/* Between two looks; as long as a look takes if that is longer. */
#define PAUSE_NS (100 * MS)
/* Looks at what there is before anything begins. */
#define LOOKS_BEFORE 3
/* A VM may go late: so long is waited for table pages to be given back. */
#define SETTLE_NS (3000 * MS)

struct lookout {
	struct live *live;
	struct host host;
	struct looks looks;
};

/* As exact as the kernel can tell it now. */
static int64_t secondary(void)
{
	proc_fold_counters();
	return proc_secondary_tables();
}

static void pause_ns(uint64_t ns)
{
	const struct timespec ts = { .tv_sec = ns / (1000 * MS),
				     .tv_nsec = ns % (1000 * MS) };

	nanosleep(&ts, NULL);
}

/* Names of the invariants in @mask, with commas between them. */
static void list_names(char *text, size_t size, uint32_t mask)
{
	size_t n = 0;

	*text = 0;
	for (int id = 0; id < NR_INVARIANTS; id++) {
		if (!(mask >> id & 1))
			continue;
		n += snprintf(text + n, size - n, "%s%s", n ? ", " : "",
			      invariants[id]->name);
		if (n >= size)
			return;
	}
}

/* What was asked for by name must be possible. */
static int demand(const struct check *c, struct failure *f)
{
	uint32_t lacks = c->invariants & ~c->verdict.offered;
	char names[128];

	if (!c->only || !lacks)
		return 0;
	list_names(names, sizeof(names), lacks);
	return failed(
		f, EXIT_KERNEL,
		"%s cannot be judged here: this kernel has no s2 tracepoints",
		names);
}

static int begin(struct check *c, struct lookout *l, struct failure *f)
{
	int64_t bytes = -1;

	for (int i = 0; i < LOOKS_BEFORE; i++) {
		if (live_sample(l->live, &l->host, f))
			return -1;
		bytes = secondary();
		looks_before(&l->looks, &l->host, bytes);
	}
	if (check_open_verdict(c, looks_events(l->host.offers), f))
		return -1;
	c->verdict.offered = looks_offer(bytes);
	return demand(c, f);
}

static int look(struct check *c, struct lookout *l, struct failure *f)
{
	if (live_sample(l->live, &l->host, f))
		return -1;
	for (size_t i = 0; i < l->host.nr; i++)
		if (check_name_vm(c, l->host.vm[i]->tgid))
			return failed(f, EXIT_ERROR, "out of memory");
	if (looks_take(&l->looks, &l->host, check_now()))
		return failed(f, EXIT_ERROR, "out of memory");
	return 0;
}

static int watch(struct check *c, struct lookout *l, struct failure *f)
{
	uint64_t from, took;

	do {
		from = check_now();
		if (look(c, l, f))
			return -1;
		took = check_now() - from;
		pause_ns(took > PAUSE_NS ? took : PAUSE_NS);
	} while (!check_is_over(c));
	/* What happened since the last look. */
	return look(c, l, f);
}

static int settle(struct lookout *l, struct failure *f)
{
	uint64_t until = check_now() + SETTLE_NS;

	while (!looks_after(&l->looks, &l->host, secondary()) &&
	       check_now() < until) {
		pause_ns(PAUSE_NS);
		if (live_sample(l->live, &l->host, f))
			return -1;
	}
	looks_end(&l->looks, check_now());
	return 0;
}

/**
 * check_looks() - until it is over; the verdict is complete but for its end
 *
 * Return: 0, or -1 with @f filled.
 */
int check_looks(struct check *c, const struct options *o, struct failure *f)
{
	const struct live_wants wants = {
		.verbose = o->verbose,
		.counts = true,
		.tables = true,
	};
	struct lookout l = {};
	int err;

	host_init(&l.host, __builtin_ctzl(sysconf(_SC_PAGESIZE)));
	looks_init(&l.looks, &c->verdict);
	err = live_open_for(&l.live, &wants, f) ?: begin(c, &l, f);
	if (!err) {
		child_start(&c->child);
		err = watch(c, &l, f) ?: settle(&l, f);
	}
	looks_free(&l.looks);
	live_close(l.live);
	host_free(&l.host);
	return err;
}
