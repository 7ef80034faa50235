/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of a recording that is being read, block by block: finds the next
 * whole one, checks and unpacks it. What is no block is passed over.
 */
#ifndef S2STAT_TRACE_INBLOCK_H
#define S2STAT_TRACE_INBLOCK_H

#include "format.h"

/**
 * struct inblock - the file
 * @buf:	@room bytes; what was read and is not used yet is in @buf[@at] to
 *		@buf[@end]
 * @raw:	payload of the last block, with CODEC_MAX_EVENT zeroes behind it
 * @skipped:	bytes passed over before the last block
 * @lost:	events in whole heads of damaged blocks among them
 * @bytes:	read
 * @cut:	the file ends within a block
 */
struct inblock {
	int fd;
	unsigned char *buf;
	size_t room;
	size_t at;
	size_t end;
	bool eof;
	unsigned char *raw;
	size_t raw_room;
	void *zstd;
	uint64_t skipped;
	uint64_t lost;
	uint64_t bytes;
	bool cut;
};

int inblock_open(struct inblock *in, int fd);
int inblock_next(struct inblock *in, struct trace_block *b);
void inblock_close(struct inblock *in);

#endif /* S2STAT_TRACE_INBLOCK_H */
