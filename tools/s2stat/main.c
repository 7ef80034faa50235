// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat: live view of stage-2 MMUs. Finds the verb and hands over to it.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static const struct verb *const verbs[] = {
#define ENTRY(name) &name##_verb,
	S2STAT_VERBS(ENTRY)
#undef ENTRY
};
#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *out)
{
	fputs("usage: s2stat VERB [OPTION...]\n\n"
	      "Shows the stage-2 MMUs of the VMs on this Arm host.\n\n",
	      out);
	for (size_t i = 0; i < NR_VERBS; i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->help);
	fputs("\n`s2stat VERB --help` tells more, with examples. Without a verb,\n"
	      "on a terminal, it is top.\n\n"
	      "Exit status: 0 fine, 1 bad verdict, 2 usage, 3 error, 4 this kernel\n"
	      "cannot do it, 5 inconclusive (events were lost).\n",
	      out);
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < NR_VERBS; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2 && isatty(STDOUT_FILENO))
		return verb_main(&top_verb, argc, argv);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_FINE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("s2stat " S2STAT_VERSION);
		return EXIT_FINE;
	}
	if (!strcmp(argv[1], "--dump-cli")) {
		cli_dump(verbs, NR_VERBS);
		return EXIT_FINE;
	}
	if (!strcmp(argv[1], "--words")) {
		cli_words(verbs, NR_VERBS, argc > 2 ? argv[2] : NULL);
		return EXIT_FINE;
	}
	verb = find(argv[1]);
	if (verb)
		return verb_main(verb, argc - 1, argv + 1);
	fprintf(stderr, "s2stat: there is no verb '%s'\n\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
