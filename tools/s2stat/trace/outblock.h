/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of a recording that is being written: blocks, one after the other,
 * compressed and checksummed; never more of them than the file may have; and
 * how it comes to its place.
 */
#ifndef S2STAT_TRACE_OUTBLOCK_H
#define S2STAT_TRACE_OUTBLOCK_H

#include "format.h"
#include "writer.h"

/**
 * struct outblock - the file
 * @path:	where it will be, or is
 * @temp:	where it is until then; NULL once it is in its place
 * @plain:	it is a file: it can be cut, and the disk can be asked to have it
 * @placed:	it is in its place
 * @content:	more than a head is in it
 * @size:	of the whole blocks in it
 * @full:	a block found no room
 * @id:		of the recording
 * @index:	of the next block
 * @buf:	head and payload of one block
 */
struct outblock {
	int fd;
	char *path;
	char *temp;
	bool plain;
	bool placed;
	bool content;
	bool force;
	bool full;
	int level;
	uint64_t max_size;
	uint64_t size;
	uint64_t id;
	uint64_t index;
	uint64_t synced;
	void *zstd;
	size_t room;
	unsigned char *buf;
};

int outblock_open(struct outblock *o, const char *path,
		  const struct trace_options *how, struct failure *f);
int outblock_place(struct outblock *o, struct failure *f);
int outblock_write(struct outblock *o, const struct trace_block *b,
		   const void *payload);
int outblock_sync(struct outblock *o);
int outblock_failed(const struct outblock *o, int err, struct failure *f);
void outblock_close(struct outblock *o);

#endif /* S2STAT_TRACE_OUTBLOCK_H */
