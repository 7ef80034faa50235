/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file format of recordings, as docs/trace-format.md has it: a row of
 * blocks, each with its own head, checksum and meaning, so that whatever a
 * crash leaves behind can be read up to the last whole block.
 *
 * All numbers are little-endian.
 */
#ifndef S2STAT_TRACE_FORMAT_H
#define S2STAT_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rises when an older reader would misread what it is given. */
#define TRACE_VERSION 1

#define TRACE_MAGIC "S2TRACE\n"
#define TRACE_MAGIC_LEN 8
#define TRACE_BLOCK_HEAD 64

/* No payload is larger, compressed or not. */
#define TRACE_MAX_PAYLOAD (1u << 20)
/* What a writer fills a block of events with, at most. */
#define TRACE_FILL (256u << 10)

enum trace_kind {
	TRACE_HEAD = 1, /* text: what the file is, and its table of events */
	TRACE_EVENTS = 2,
	TRACE_NAMES = 3, /* text: what VMs are called */
	TRACE_END = 4, /* text: why and how the recording ended */
};

/* Bits of trace_block.flags. */
#define TRACE_ZSTD 1u

/**
 * struct trace_block - the head of a block, in memory
 * @kind:	enum trace_kind; a reader skips what it does not know
 * @stored:	bytes of payload in the file
 * @raw:	bytes of payload once decompressed
 * @events:	in it
 * @index:	counts the blocks of the file from 0: one that is missing shows
 * @first:	time of its first event
 * @last:	greatest time of its events
 * @id:		of the recording: chosen at random, the same in all its blocks
 * @crc:	CRC-32 of the stored payload
 */
struct trace_block {
	uint16_t kind;
	uint16_t flags;
	uint32_t stored;
	uint32_t raw;
	uint32_t events;
	uint64_t index;
	uint64_t first;
	uint64_t last;
	uint64_t id;
	uint32_t crc;
};

void trace_block_put(const struct trace_block *b, unsigned char *at);
bool trace_block_get(struct trace_block *b, const unsigned char *at);
uint32_t trace_crc(const void *p, size_t len);

#endif /* S2STAT_TRACE_FORMAT_H */
