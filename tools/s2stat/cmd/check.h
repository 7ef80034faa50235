/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of s2stat check share: check.c judges events, check_looks.c
 * what looks at a kernel without events show.
 */
#ifndef S2STAT_CMD_CHECK_H
#define S2STAT_CMD_CHECK_H

#include "../invariants/verdict.h"
#include "../model/map.h"
#include "child.h"
#include "cmd.h"

struct stream;
struct trace_reader;

/**
 * struct check - one check under way
 * @names:	tgid to what the VM was called, as char *; live only
 * @signals:	SIGINT and SIGTERM arrive here
 * @seconds:	how long to look; 0: until the command's end, or a signal
 * @invariants:	asked for, by id
 * @only:	... by name: what cannot be judged here is an error
 * @looking:	this kernel has no events
 * @ended:	it is time to end
 */
struct check {
	struct verdict verdict;
	struct rules *rules;
	struct trace_reader *reader;
	struct stream *stream;
	struct child child;
	struct map names;
	int signals;
	double seconds;
	uint32_t invariants;
	bool only;
	bool looking;
	bool ended;
	uint64_t begun;
	uint64_t shown;
};

int check_open_verdict(struct check *c, uint32_t events, struct failure *f);
int check_name_vm(struct check *c, int32_t tgid);
bool check_is_over(struct check *c);
uint64_t check_now(void);
int check_looks(struct check *c, const struct options *o, struct failure *f);

#endif /* S2STAT_CMD_CHECK_H */
