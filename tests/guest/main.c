// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2guest: exact scenarios for a stage-2 MMU. One subcommand, one scenario.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s2guest.h"
#include "vm.h"

static const struct scenario *const scenarios[] = {
	&scn_vmids, &scn_touch, &scn_memslot, &scn_dirtylog, &scn_notifier,
	&scn_readonly, &scn_bad, &scn_ipa, &scn_failnth, &scn_createleak,
	&scn_gicv2, &scn_gmem, &scn_nested, &scn_storm, &scn_stale, &scn_prefault, &scn_around, &scn_stats,
	&scn_eager,
	&scn_soak, &scn_stream, &scn_pressure, &scn_corpus, &scn_cost, &scn_scale,
	&scn_bench,
};

static const struct scenario *current;

int fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "FAIL %s: ", current->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

const char *errname(int negative_errno)
{
	return negative_errno < 0 ? strerrorname_np(-negative_errno) : "0";
}

static void usage(FILE *out, const struct scenario *scn)
{
	fprintf(out, "usage: s2guest %s %s\n\n%s\n", scn->name, scn->usage,
		scn->proves);
}

/* Consumes the option at argv[*i]; false if nobody knows it. */
static bool take_opt(char **argv, int *i, const struct opt *opts, size_t nr)
{
	for (size_t n = 0; n < nr; n++) {
		const struct opt *o = &opts[n];
		char *end;

		if (strncmp(argv[*i], "--", 2) || strcmp(argv[*i] + 2, o->name))
			continue;
		if (o->flag) {
			*o->flag = true;
			return true;
		}
		if (!argv[*i + 1])
			return false;
		++*i;
		if (o->word) {
			*o->word = argv[*i];
			return true;
		}
		*o->number = strtol(argv[*i], &end, 0);
		return *argv[*i] && !*end;
	}
	return false;
}

void parse_opts(const struct scenario *scn, int argc, char **argv,
		const struct opt *opts, size_t nr)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			usage(stdout, scn);
			exit(0);
		}
		if (!take_opt(argv, &i, opts, nr)) {
			usage(stderr, scn);
			exit(2);
		}
	}
}

static void list(FILE *out)
{
	fprintf(out, "usage: s2guest SCENARIO [OPTIONS] (--help: what it proves)\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(out, "  %s %s\n", scenarios[i]->name,
			scenarios[i]->usage);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		list(stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(scenarios); i++) {
		current = scenarios[i];
		if (strcmp(argv[1], current->name))
			continue;
		if (kvm_dev() < 0 && (argc < 3 || strcmp(argv[2], "--help")))
			return fail("no /dev/kvm: %s", errname(kvm_dev()));
		return current->run(argc - 1, argv + 1);
	}
	list(stderr);
	return 2;
}
