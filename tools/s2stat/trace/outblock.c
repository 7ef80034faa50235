// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks into a file. See outblock.h.
 */
#include "outblock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

/* What is kept free of a bounded file for the block that ends it. */
#define END_ROOM 4096
/* A host that crashes takes at most so much with it. */
#define SYNC_NS 1000000000ULL

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/** outblock_failed() - @err, a positive errno, as a sentence. Return: -1 */
int outblock_failed(const struct outblock *o, int err, struct failure *f)
{
	return failed(f, EXIT_ERROR, "cannot write %s: %s", o->path,
		      strerror(err));
}

/* What is no file (a pipe, /dev/null) is written to as it is. */
static int open_special(struct outblock *o, const struct stat *st,
			struct failure *f)
{
	if (S_ISDIR(st->st_mode))
		return outblock_failed(o, EISDIR, f);
	o->fd = open(o->path, O_WRONLY | O_CLOEXEC);
	return o->fd < 0 ? outblock_failed(o, errno, f) : 0;
}

/* The file begins beside its place, so that a failure leaves nothing there. */
static int open_beside(struct outblock *o, struct failure *f)
{
	mode_t mask = umask(0);

	umask(mask);
	o->plain = true;
	if (asprintf(&o->temp, "%s.XXXXXX", o->path) < 0) {
		o->temp = NULL;
		return failed(f, EXIT_ERROR, "out of memory");
	}
	o->fd = mkostemp(o->temp, O_CLOEXEC);
	if (o->fd < 0) {
		int err = errno;

		free(o->temp);
		o->temp = NULL;
		return outblock_failed(o, err, f);
	}
	fchmod(o->fd, 0666 & ~mask);
	return 0;
}

static int exists(const struct outblock *o, struct failure *f)
{
	return failed(f, EXIT_ERROR,
		      "%s is there already (--force replaces it)", o->path);
}

/**
 * outblock_open() - begins a file that is to be @path
 *
 * Return: 0, or -1 with @f filled; outblock_close() in any case.
 */
int outblock_open(struct outblock *o, const char *path,
		  const struct trace_options *how, struct failure *f)
{
	struct stat st;
	int err;

	*o = (struct outblock){
		.fd = -1,
		.path = strdup(path),
		.force = how->force,
		.level = how->level,
		.max_size = how->max_size,
		.room = TRACE_BLOCK_HEAD +
			ZSTD_COMPRESSBOUND(TRACE_MAX_PAYLOAD),
		.zstd = ZSTD_createCCtx(),
		.synced = now(),
	};
	o->buf = malloc(o->room);
	if (!o->path || !o->buf || !o->zstd)
		return failed(f, EXIT_ERROR, "out of memory");
	while (getrandom(&o->id, sizeof(o->id), 0) < 0 && errno == EINTR)
		;
	err = stat(path, &st);
	if (!err && !S_ISREG(st.st_mode))
		return open_special(o, &st, f);
	if (!err && !o->force)
		return exists(o, f);
	return open_beside(o, f);
}

/**
 * outblock_place() - moves the file to its place
 *
 * Return: 0, or -1 with @f filled.
 */
int outblock_place(struct outblock *o, struct failure *f)
{
	int err;

	if (!o->temp)
		return 0;
	/* Unlike rename(), link() replaces nothing. */
	if (o->force)
		err = rename(o->temp, o->path);
	else
		err = link(o->temp, o->path);
	if (err)
		return errno == EEXIST ? exists(o, f) :
					 outblock_failed(o, errno, f);
	if (!o->force)
		unlink(o->temp);
	free(o->temp);
	o->temp = NULL;
	o->placed = true;
	return 0;
}

static int write_all(int fd, const unsigned char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= n;
	}
	return 0;
}

/* The payload behind the room for the head, small if that helps. */
static void pack(struct outblock *o, struct trace_block *b, const void *payload)
{
	unsigned char *at = o->buf + TRACE_BLOCK_HEAD;
	size_t n = 0;

	if (o->level && b->raw)
		n = ZSTD_compressCCtx(o->zstd, at, o->room - TRACE_BLOCK_HEAD,
				      payload, b->raw, o->level);
	if (n && !ZSTD_isError(n) && n < b->raw) {
		b->flags |= TRACE_ZSTD;
		b->stored = n;
	} else {
		memcpy(at, payload, b->raw);
		b->stored = b->raw;
	}
	b->id = o->id;
	b->index = o->index;
	b->crc = trace_crc(at, b->stored);
	trace_block_put(b, o->buf);
}

/**
 * outblock_write() - one more block
 * @b:		kind, raw, events and times filled
 *
 * A block that finds no room in a bounded file is dropped, and so are all that
 * follow but the one that ends it.
 *
 * Return: 0 or -errno; then the file ends with the block before.
 */
int outblock_write(struct outblock *o, const struct trace_block *b,
		   const void *payload)
{
	struct trace_block block = *b;
	uint64_t keep = b->kind == TRACE_END ? 0 : END_ROOM;
	size_t len;
	int err;

	if (o->full && b->kind != TRACE_END)
		return 0;
	pack(o, &block, payload);
	len = TRACE_BLOCK_HEAD + block.stored;
	if (o->max_size && o->size + len + keep > o->max_size) {
		o->full = true;
		return 0;
	}
	err = write_all(o->fd, o->buf, len);
	if (err) {
		/* Half a block does no harm to a reader, but looks bad. */
		if (o->plain && ftruncate(o->fd, o->size))
			o->plain = false;
		return err;
	}
	o->size += len;
	o->index++;
	o->content |= b->kind == TRACE_EVENTS || b->kind == TRACE_END;
	return now() - o->synced >= SYNC_NS ? outblock_sync(o) : 0;
}

/** outblock_sync() - the disk has it. Return: 0 or -errno */
int outblock_sync(struct outblock *o)
{
	o->synced = now();
	if (o->plain && fdatasync(o->fd))
		return -errno;
	return 0;
}

/** outblock_close() - gives all back; a file with nothing in it is removed */
void outblock_close(struct outblock *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->temp)
		unlink(o->temp);
	else if (o->placed && !o->content)
		unlink(o->path);
	free(o->temp);
	free(o->path);
	free(o->buf);
	ZSTD_freeCCtx(o->zstd);
	*o = (struct outblock){ .fd = -1 };
}
