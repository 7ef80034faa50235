/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The blocks of a recording that are text: what the file is and what its
 * events are made of; what VMs are called; how it ended. Lines of words, to
 * be read by people, too; a reader passes over words that it does not know.
 */
#ifndef S2STAT_TRACE_HEAD_H
#define S2STAT_TRACE_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../source/failure.h"
#include "codec.h"

#define HEAD_TEXT_MAX 256
#define HEAD_MAX_WORDS 64

/**
 * struct trace_words - what the file calls the values of an enumeration
 */
struct trace_words {
	char show[CODEC_NAME_MAX];
	uint32_t nr;
	char word[HEAD_MAX_WORDS][CODEC_NAME_MAX];
};

/**
 * struct trace_head - what the file is
 * @monotonic:	when it began, by the clock of its events
 * @realtime:	the same moment in ns since the epoch; 0: not told
 * @page_size:	of the host
 * @cpus:	of the host
 * @listens:	which of our events the recorder listened to, 1 << EV_*
 * @host:	kernel release and machine
 * @command:	whose life was recorded; empty: nobody's
 */
struct trace_head {
	uint64_t monotonic;
	uint64_t realtime;
	uint32_t page_size;
	uint32_t cpus;
	uint32_t listens;
	char host[HEAD_TEXT_MAX];
	char command[HEAD_TEXT_MAX];
	struct codec_table table;
	struct trace_words words[NR_SHOWS];
	uint32_t nr_words;
};

/* Why a recording ended. */
#define TRACE_ENDS(X)                                           \
	X(TRACE_END_NONE, "none") /* it was cut off */          \
	X(TRACE_END_COMMAND, "command") /* which it recorded */ \
	X(TRACE_END_TIME, "time")                               \
	X(TRACE_END_SIGNAL, "signal")                           \
	X(TRACE_END_SIZE, "size") /* no more may be written */  \
	X(TRACE_END_ERROR, "error")

enum trace_end_reason {
#define TRACE_END_MEMBER(sym, name) sym,
	TRACE_ENDS(TRACE_END_MEMBER)
#undef TRACE_END_MEMBER
		TRACE_NR_ENDS
};

/**
 * struct trace_end - how it ended
 * @time:	when, by the clock of the events
 * @events:	in the file
 * @lost:	and not in it, as far as the recorder knew
 * @status:	of the command, as a shell has it; -1: there was none
 */
struct trace_end {
	enum trace_end_reason reason;
	uint64_t time;
	uint64_t events;
	uint64_t lost;
	int status;
};

/**
 * struct trace_name - what a VM is called
 * @vmm:	comm of its owner
 * Both safe to print.
 */
struct trace_name {
	int32_t vm;
	char vmm[32];
	char name[128];
};

void trace_head_write(FILE *out, const struct trace_head *h);
int trace_head_read(struct trace_head *h, char *text, struct failure *f);
void trace_head_free(struct trace_head *h);
const char *trace_word(const struct trace_head *h, enum event_show show,
		       uint64_t value);

const char *trace_end_name(enum trace_end_reason reason);
void trace_end_write(FILE *out, const struct trace_end *end);
void trace_end_read(struct trace_end *end, char *text);

void trace_name_write(FILE *out, const struct trace_name *name);
bool trace_name_read(struct trace_name *name, char **text);

#endif /* S2STAT_TRACE_HEAD_H */
