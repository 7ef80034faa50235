// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks out of a file. See inblock.h.
 */
#include "inblock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "codec.h"

/* What is read at once, and what a usual block is unpacked to. */
#define FIRST_ROOM ((size_t)TRACE_FILL)

/** inblock_open() - reads from @fd, which stays the caller's. 0 or -ENOMEM */
int inblock_open(struct inblock *in, int fd)
{
	*in = (struct inblock){
		.fd = fd,
		.zstd = ZSTD_createDCtx(),
	};
	return in->zstd ? 0 : -ENOMEM;
}

void inblock_close(struct inblock *in)
{
	free(in->buf);
	free(in->raw);
	ZSTD_freeDCtx(in->zstd);
	*in = (struct inblock){};
}

/* @p with room for @len bytes at least; blocks are bounded, so this is. */
static int make_room(unsigned char **p, size_t *room, size_t len)
{
	size_t more = *room ? *room : FIRST_ROOM;
	unsigned char *q;

	if (len <= *room)
		return 0;
	while (more < len)
		more *= 2;
	q = realloc(*p, more);
	if (!q)
		return -ENOMEM;
	*p = q;
	*room = more;
	return 0;
}

/* Makes @len bytes available, if the file has them. Returns 0 or -errno. */
static int want(struct inblock *in, size_t len)
{
	if (in->end - in->at >= len || in->eof)
		return 0;
	if (make_room(&in->buf, &in->room, len))
		return -ENOMEM;
	memmove(in->buf, in->buf + in->at, in->end - in->at);
	in->end -= in->at;
	in->at = 0;
	while (in->end < len && !in->eof) {
		ssize_t n = read(in->fd, in->buf + in->end, in->room - in->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		in->eof = !n;
		in->end += n;
		in->bytes += n;
	}
	return 0;
}

static size_t have(const struct inblock *in)
{
	return in->end - in->at;
}

static void skip(struct inblock *in, size_t len)
{
	in->at += len;
	in->skipped += len;
}

/* On to the next place that could be the beginning of a block. */
static void skip_to_magic(struct inblock *in)
{
	const unsigned char *from = in->buf + in->at;
	const unsigned char *p;

	p = have(in) > 1 ? memchr(from + 1, TRACE_MAGIC[0], have(in) - 1) :
			   NULL;
	skip(in, p ? (size_t)(p - from) : have(in));
}

/* Unpacks and checks the payload at @at. Returns 1, 0 if it is damaged. */
static int unpack(struct inblock *in, const struct trace_block *b,
		  const unsigned char *at)
{
	size_t n = b->stored;

	if (trace_crc(at, b->stored) != b->crc || b->flags & ~TRACE_ZSTD)
		return 0;
	if (make_room(&in->raw, &in->raw_room, b->raw + CODEC_MAX_EVENT))
		return -ENOMEM;
	if (b->flags & TRACE_ZSTD)
		n = ZSTD_decompressDCtx(in->zstd, in->raw, b->raw, at,
					b->stored);
	else if (n == b->raw)
		memcpy(in->raw, at, n);
	if (ZSTD_isError(n) || n != b->raw)
		return 0;
	memset(in->raw + n, 0, CODEC_MAX_EVENT);
	return 1;
}

/**
 * inblock_next() - the next whole block
 * @b:		its head; @in->raw has its payload
 *
 * Return: 1; 0 at the end of the file; -errno if it cannot be read.
 */
int inblock_next(struct inblock *in, struct trace_block *b)
{
	in->skipped = 0;
	in->lost = 0;
	for (;;) {
		int err = want(in, TRACE_BLOCK_HEAD);
		size_t len;

		if (err)
			return err;
		if (have(in) < TRACE_BLOCK_HEAD)
			break;
		if (!trace_block_get(b, in->buf + in->at)) {
			skip_to_magic(in);
			continue;
		}
		len = TRACE_BLOCK_HEAD + b->stored;
		err = want(in, len);
		if (err)
			return err;
		if (have(in) < len) {
			in->lost += b->events;
			break;
		}
		err = unpack(in, b, in->buf + in->at + TRACE_BLOCK_HEAD);
		if (err < 0)
			return err;
		if (err) {
			in->at += len;
			return 1;
		}
		/* Its head is whole, so it is known where it ends. */
		in->lost += b->events;
		skip(in, len);
	}
	in->cut = have(in);
	skip(in, have(in));
	return 0;
}
