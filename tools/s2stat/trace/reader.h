/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a recording, whatever is in the file: what is damaged or cut off is
 * passed over and told as a loss, what no recording is gives an error.
 */
#ifndef S2STAT_TRACE_READER_H
#define S2STAT_TRACE_READER_H

#include "../source/failure.h"
#include "head.h"

/* Events that trace_next() hands over at once, at most. */
#define TRACE_BATCH 256

/**
 * struct trace_seen - what the file was found to be so far
 * @blocks:	whole ones
 * @events:	handed over, those that tell of damage not counted
 * @damaged:	places where something was passed over
 * @cut:	the file ends within a block
 * @foreign:	blocks of another recording, passed over
 * @bytes:	read
 * @size:	of the file; 0: not known
 */
struct trace_seen {
	uint64_t blocks;
	uint64_t events;
	uint64_t damaged;
	uint64_t foreign;
	uint64_t bytes;
	uint64_t size;
	bool cut;
};

struct trace_reader;

int trace_open(struct trace_reader **r, const char *path, struct failure *f);
int trace_open_fd(struct trace_reader **r, int fd, const char *path,
		  struct failure *f);
void trace_close(struct trace_reader *r);
int trace_next(struct trace_reader *r, const struct event **events, size_t *nr,
	       struct failure *f);
const struct trace_head *trace_head(const struct trace_reader *r);
const struct trace_end *trace_end(const struct trace_reader *r);
const struct trace_seen *trace_seen(const struct trace_reader *r);
const struct trace_name *trace_names(const struct trace_reader *r, size_t *nr);
const struct trace_name *trace_name(const struct trace_reader *r, int32_t vm);
bool trace_complete(const struct trace_reader *r);

#endif /* S2STAT_TRACE_READER_H */
