// SPDX-License-Identifier: GPL-2.0-only
/*
 * The head of a block, to and from its 64 bytes. See format.h.
 */
#include <endian.h>
#include <string.h>
#include <zlib.h>

#include "format.h"

/* Where what is in the 64 bytes; the rest follows from it. */
enum {
	AT_KIND = TRACE_MAGIC_LEN,
	AT_FLAGS = AT_KIND + 2,
	AT_STORED = AT_FLAGS + 2,
	AT_RAW = AT_STORED + 4,
	AT_EVENTS = AT_RAW + 4,
	AT_INDEX = AT_EVENTS + 4,
	AT_FIRST = AT_INDEX + 8,
	AT_LAST = AT_FIRST + 8,
	AT_ID = AT_LAST + 8,
	AT_CRC = AT_ID + 8,
	AT_HEAD_CRC = AT_CRC + 4,
};
_Static_assert(AT_HEAD_CRC + 4 == TRACE_BLOCK_HEAD, "64 bytes");

static void put16(unsigned char *at, uint16_t v)
{
	v = htole16(v);
	memcpy(at, &v, sizeof(v));
}

static void put32(unsigned char *at, uint32_t v)
{
	v = htole32(v);
	memcpy(at, &v, sizeof(v));
}

static void put64(unsigned char *at, uint64_t v)
{
	v = htole64(v);
	memcpy(at, &v, sizeof(v));
}

static uint16_t get16(const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return le16toh(v);
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

static uint64_t get64(const unsigned char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

/** trace_crc() - the checksum of the format, CRC-32 as in zlib */
uint32_t trace_crc(const void *p, size_t len)
{
	return crc32(0, p, len);
}

/** trace_block_put() - writes a head to TRACE_BLOCK_HEAD bytes at @at */
void trace_block_put(const struct trace_block *b, unsigned char *at)
{
	memcpy(at, TRACE_MAGIC, TRACE_MAGIC_LEN);
	put16(at + AT_KIND, b->kind);
	put16(at + AT_FLAGS, b->flags);
	put32(at + AT_STORED, b->stored);
	put32(at + AT_RAW, b->raw);
	put32(at + AT_EVENTS, b->events);
	put64(at + AT_INDEX, b->index);
	put64(at + AT_FIRST, b->first);
	put64(at + AT_LAST, b->last);
	put64(at + AT_ID, b->id);
	put32(at + AT_CRC, b->crc);
	put32(at + AT_HEAD_CRC, trace_crc(at, AT_HEAD_CRC));
}

/**
 * trace_block_get() - reads a head from TRACE_BLOCK_HEAD bytes at @at
 *
 * Return: whether it is one, whole, and with sizes that a block may have.
 */
bool trace_block_get(struct trace_block *b, const unsigned char *at)
{
	if (memcmp(at, TRACE_MAGIC, TRACE_MAGIC_LEN) ||
	    get32(at + AT_HEAD_CRC) != trace_crc(at, AT_HEAD_CRC))
		return false;
	*b = (struct trace_block){
		.kind = get16(at + AT_KIND),
		.flags = get16(at + AT_FLAGS),
		.stored = get32(at + AT_STORED),
		.raw = get32(at + AT_RAW),
		.events = get32(at + AT_EVENTS),
		.index = get64(at + AT_INDEX),
		.first = get64(at + AT_FIRST),
		.last = get64(at + AT_LAST),
		.id = get64(at + AT_ID),
		.crc = get32(at + AT_CRC),
	};
	return b->stored <= TRACE_MAX_PAYLOAD && b->raw <= TRACE_MAX_PAYLOAD;
}
