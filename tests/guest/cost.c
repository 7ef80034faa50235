// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command costs: the time from its start to its end, the CPU time it and
 * its children had, and the most memory any of them had. On a host that counts
 * instructions (tests/vm/run --icount) time is nothing else.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "s2guest.h"

static uint64_t cpu_ns(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000000UL +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1000UL;
}

static int run(int argc, char **argv)
{
	struct rusage used;
	uint64_t began;
	int status;
	pid_t pid;

	if (argc < 2 || argv[1][0] == '-')
		parse_opts(&scn_cost, argc, argv, NULL, 0);
	if (argc < 2)
		return fail("no command") + 1;
	began = clock_ns(CLOCK_MONOTONIC);
	pid = fork();
	if (!pid) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return fail("the command could not be run");
	printf("cost ns=%lu cpu_ns=%lu rss_kb=%ld status=%d\n",
	       clock_ns(CLOCK_MONOTONIC) - began, cpu_ns(&used), used.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}

const struct scenario scn_cost = {
	.name	= "cost",
	.usage	= "COMMAND [ARGUMENT...]",
	.proves	= "Nothing: runs the command and says what it cost in time, CPU time and\n"
		  "memory, and how it ended.",
	.run	= run,
};
