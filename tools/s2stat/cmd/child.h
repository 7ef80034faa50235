/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command whose life is watched: made ready before anything is attached,
 * with all the rights that s2stat was given, and started when all is set.
 */
#ifndef S2STAT_CMD_CHILD_H
#define S2STAT_CMD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "../source/failure.h"

/**
 * struct child - the command; all zero: there is none
 * @go:		socket that it waits at; -1 once it runs
 * @status:	as a shell has it, 128 and more for a signal; -1: it runs
 */
struct child {
	pid_t pid;
	int go;
	int status;
};

int child_prepare(struct child *c, char **argv, struct failure *f);
void child_start(struct child *c);
bool child_reap(struct child *c);
void child_signal(const struct child *c, int sig);
void child_end(struct child *c);

#endif /* S2STAT_CMD_CHILD_H */
