/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a recording. Events are coded by the caller's thread; another one
 * compresses, checksums and writes the blocks, and sees to it that the disk
 * has them.
 *
 * The file appears in its place with its head and is from then on always
 * readable up to the last whole block.
 */
#ifndef S2STAT_TRACE_WRITER_H
#define S2STAT_TRACE_WRITER_H

#include "../source/failure.h"
#include "head.h"

struct trace_writer;

/**
 * struct trace_options - how to write
 * @force:	a file of that name is replaced
 * @level:	of zstd, 1 to 19; 0: no compression
 * @max_size:	bytes that the file may have; 0: any number
 */
struct trace_options {
	bool force;
	int level;
	uint64_t max_size;
};

/**
 * struct trace_written - how far it is
 * @events:	in whole blocks of the file
 * @full:	@max_size is reached: nothing more is written
 */
struct trace_written {
	uint64_t bytes;
	uint64_t events;
	bool full;
};

int trace_writer_open(struct trace_writer **w, const char *path,
		      const struct trace_options *o, struct failure *f);
int trace_writer_begin(struct trace_writer *w, const struct trace_head *h,
		       struct failure *f);
int trace_write(struct trace_writer *w, const struct event *e,
		struct failure *f);
int trace_write_names(struct trace_writer *w, const struct trace_name *name,
		      size_t nr, struct failure *f);
int trace_flush(struct trace_writer *w, struct failure *f);
struct trace_written trace_written(struct trace_writer *w);
int trace_writer_end(struct trace_writer *w, const struct trace_end *end,
		     struct failure *f);
void trace_writer_close(struct trace_writer *w);

#endif /* S2STAT_TRACE_WRITER_H */
