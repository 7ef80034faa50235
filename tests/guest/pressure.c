// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a guest's memory stays its own under pressure: eight vCPUs fault
 * on, write and reread all of it while the host does one thing to it, again and
 * again. Every word is compared, during the storm where no write may be lost,
 * and after it in any case; the thing must really have happened; nothing is left
 * behind. The events tell whether the protocol was kept meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pressure.h"
#include "s2guest.h"

static struct pressure *const tables[] = { host_cases, slot_cases, end_cases };

struct pressure *pressure;

unsigned int dice(unsigned int sides)
{
	return rand_r(&pressure->seed) % sides;
}

void somewhere(struct crew *c, size_t *at, size_t *size)
{
	size_t pages = c->mem.size / PAGE_SIZE, first = dice(pages);

	*at = first * PAGE_SIZE;
	*size = (1 + dice(pages - first)) * PAGE_SIZE;
}

static int verdict(struct crew *c, int ret, uint64_t wrong, uint64_t calm)
{
	printf("pressure case=%s vcpus=%d pages=%zu passes=%ld refused=%ld mmio=%ld happened=%ld lost=%ld wrong=%lu calm=%lu\n",
	       pressure->name, c->vm.nr_vcpus, c->mem.size / PAGE_SIZE, c->passes,
	       c->refused, c->left, pressure->happened, c->lost, wrong, calm);
	if (ret)
		return 1;
	if (c->error)
		return fail("a vCPU stopped: %s", errname(c->error));
	if (c->lost)
		return fail("%ld words were not what had just been written", c->lost);
	if (wrong)
		return fail("%lu words are not what they may be", wrong);
	if (calm)
		return fail("%lu words are wrong in the calm after", calm);
	if (pressure->happened <= 0)
		return fail("what the case is about did not happen");
	return 0;
}

/* It may take luck to hit a vCPU at the right moment: then, some more rounds. */
static bool more(const struct pressure *p, long done, long rounds)
{
	return done < rounds || (!p->happened && done < 20 * rounds);
}

static int storm(struct pressure *p, long rounds, int vcpus)
{
	static struct crew c;
	uint64_t wrong = 0, calm = 0;
	int ret = crew_make(&c, p->backing, p->mb * MB, vcpus);

	if (ret)
		return fail("no VM: %s", errname(ret));
	ret = p->prepare(&c);
	if (!ret) {
		crew_begin(&c);
		for (long i = 0; !ret && !c.error && more(p, i, rounds); i++)
			ret = p->blow(&c);
		crew_end(&c);
	}
	if (p->relax)
		p->relax(&c);
	if (!ret && !c.error) {
		wrong = crew_wrong(&c, false);
		calm = crew_calm(&c, p->face);
	}
	ret = verdict(&c, ret, wrong, calm);
	crew_free(&c);
	return ret;
}

static struct pressure *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (struct pressure *p = tables[i]; p->name; p++) {
			if (name && !strcmp(p->name, name))
				return p;
			if (!name)
				printf("%-10s %s\n", p->name, p->asserts);
		}
	}
	return NULL;
}

static int run(int argc, char **argv)
{
	const char *name = NULL;
	long rounds = 0, vcpus = 8, seed = 1, times = 1;
	long before = meminfo_kb("SecPageTables"), growth;
	const struct opt opts[] = {
		{ "case", .word = &name },
		{ "rounds", .number = &rounds },
		{ "times", .number = &times },
		{ "vcpus", .number = &vcpus },
		{ "seed", .number = &seed },
	};
	int ret;

	parse_opts(&scn_pressure, argc, argv, opts, ARRAY_SIZE(opts));
	pressure = find(name);
	if (!name)
		return 0;
	if (!pressure || vcpus < 2 || vcpus > MAX_VCPUS)
		return fail("no such case, or not 2 to %d vCPUs", MAX_VCPUS) + 1;
	pressure->seed = seed;
	rounds = (rounds ?: pressure->rounds) * times;
	ret = pressure->whole ? pressure->whole(pressure, rounds, vcpus) :
				storm(pressure, rounds, vcpus);
	growth = sec_growth_kb(before);
	if (growth > 0)
		ret |= fail("%ld kB of tables were left behind", growth);
	return ret;
}

const struct scenario scn_pressure = {
	.name	= "pressure",
	.usage	= "[--case NAME [--rounds N] [--times N] [--vcpus N] [--seed N]]",
	.proves	= "Every word is right while and after eight vCPUs work on memory to which\n"
		  "the host does things; without a case: which things.",
	.run	= run,
};
