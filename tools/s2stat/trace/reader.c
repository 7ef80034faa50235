// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a recording. See reader.h.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../model/map.h"
#include "inblock.h"

/* VMs that a file may name: more are passed over. */
#define MAX_NAMES 65536

/**
 * struct trace_reader - where we are
 * @at:		in the payload of the current block of events, up to @stop;
 *		NULL between blocks
 * @id:		of the recording
 * @next:	index that the next block should have
 * @time:	of the latest event
 * @ended:	the end of the file was told
 * @left:	events that the current block should still have
 * @names:	places in @name, and one more, by VM
 */
struct trace_reader {
	char *path;
	int fd;
	bool own_fd;
	struct inblock in;
	struct trace_head head;
	struct trace_end end;
	struct trace_seen seen;
	struct codec codec;
	uint64_t id;
	uint64_t next;
	uint64_t time;
	bool ended;
	const unsigned char *at;
	const unsigned char *stop;
	uint32_t left;
	struct trace_name *name;
	size_t nr_names;
	struct map names;
	struct event batch[TRACE_BATCH + 1];
};

static int no_recording(const struct trace_reader *r, const char *why,
			struct failure *f)
{
	return failed(f, EXIT_ERROR, "%s is no recording of s2stat: %s",
		      r->path, why);
}

static int cannot_read(const struct trace_reader *r, int err, struct failure *f)
{
	return failed(f, EXIT_ERROR, "cannot read %s: %s", r->path,
		      strerror(err));
}

/* The payload of a text block; the byte behind it is there, and 0. */
static char *text_of(struct trace_reader *r)
{
	return (char *)r->in.raw;
}

static int read_head(struct trace_reader *r, struct failure *f)
{
	struct trace_block b;
	struct failure why;
	int n = inblock_next(&r->in, &b);

	if (n < 0)
		return cannot_read(r, -n, f);
	if (!n || r->in.skipped || b.kind != TRACE_HEAD || b.index)
		return no_recording(r, "it does not begin like one", f);
	if (trace_head_read(&r->head, text_of(r), &why))
		return no_recording(r, why.text, f);
	if (codec_init(&r->codec, &r->head.table))
		return failed(f, EXIT_ERROR, "out of memory");
	r->id = b.id;
	r->next = 1;
	r->time = r->head.monotonic;
	r->seen.blocks = 1;
	return 0;
}

/**
 * trace_open_fd() - reads the recording that @fd has, from where it is
 * @out:	NULL on failure
 * @fd:		stays the caller's
 * @path:	for messages
 *
 * Return: 0, or -1 with @f filled.
 */
int trace_open_fd(struct trace_reader **out, int fd, const char *path,
		  struct failure *f)
{
	struct trace_reader *r = calloc(1, sizeof(*r));
	struct stat st;

	*out = NULL;
	if (!r)
		return failed(f, EXIT_ERROR, "out of memory");
	r->fd = fd;
	r->path = strdup(path);
	r->end.status = -1;
	if (!r->path || inblock_open(&r->in, fd)) {
		trace_close(r);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		r->seen.size = st.st_size;
	if (read_head(r, f)) {
		trace_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

/** trace_open() - trace_open_fd() of the file @path; "-" is standard input */
int trace_open(struct trace_reader **out, const char *path, struct failure *f)
{
	bool own = strcmp(path, "-");
	int fd = own ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	*out = NULL;
	if (fd < 0)
		return failed(f, EXIT_ERROR, "cannot read %s: %s", path,
			      strerror(errno));
	if (trace_open_fd(out, fd, own ? path : "standard input", f)) {
		if (own)
			close(fd);
		return -1;
	}
	(*out)->own_fd = own;
	return 0;
}

void trace_close(struct trace_reader *r)
{
	if (!r)
		return;
	if (r->own_fd)
		close(r->fd);
	inblock_close(&r->in);
	codec_free(&r->codec);
	trace_head_free(&r->head);
	map_free(&r->names);
	free(r->name);
	free(r->path);
	free(r);
}

/* Room for one more name: it doubles whenever a power of two is full. */
static int grow_names(struct trace_reader *r)
{
	size_t n = r->nr_names;
	struct trace_name *more;

	if (n & (n - 1))
		return 0;
	more = reallocarray(r->name, n ? 2 * n : 1, sizeof(*more));
	if (!more)
		return -1;
	r->name = more;
	return 0;
}

static struct trace_name *find_name(const struct trace_reader *r, int32_t vm)
{
	uintptr_t place = (uintptr_t)map_get(&r->names, (uint32_t)vm);

	return place ? &r->name[place - 1] : NULL;
}

/* A later name of a VM takes the place of the earlier one. */
static int add_name(struct trace_reader *r, const struct trace_name *name)
{
	struct trace_name *old = find_name(r, name->vm);

	if (old) {
		*old = *name;
		return 0;
	}
	if (r->nr_names == MAX_NAMES)
		return 0;
	if (grow_names(r) || map_set(&r->names, (uint32_t)name->vm,
				     (void *)(uintptr_t)(r->nr_names + 1)))
		return -1;
	r->name[r->nr_names++] = *name;
	return 0;
}

static int read_names(struct trace_reader *r)
{
	struct trace_name name;
	char *text = text_of(r);

	while (trace_name_read(&name, &text))
		if (add_name(r, &name))
			return -1;
	return 0;
}

/* Tells a user of the stream that something is missing from it here. */
static void tell_loss(struct trace_reader *r, size_t at, uint64_t count)
{
	r->seen.damaged++;
	r->batch[at] = (struct event){
		.type = EV_lost,
		.time = r->time,
		.cpu = -1,
		.lost = { .count = count, .since = r->time },
	};
}

static int take_block(struct trace_reader *r, const struct trace_block *b)
{
	r->seen.blocks++;
	switch (b->kind) {
	case TRACE_EVENTS:
		codec_reset(&r->codec, b->first);
		r->at = r->in.raw;
		r->stop = r->in.raw + b->raw;
		r->left = b->events;
		return 0;
	case TRACE_NAMES:
		return read_names(r);
	case TRACE_END:
		trace_end_read(&r->end, text_of(r));
		return 0;
	}
	return 0;
}

/*
 * The next block. Returns 1 if it follows the one before, or ends the file as
 * it should; 2 if something is missing in between, which is in the batch; 0 at
 * the end; -1 with @f filled.
 */
static int next_block(struct trace_reader *r, struct failure *f)
{
	struct trace_block b;
	bool gap = false;
	int n;

	do {
		n = inblock_next(&r->in, &b);
		if (n < 0)
			return cannot_read(r, -n, f);
		gap |= r->in.skipped;
		if (n && (b.id != r->id || b.index < r->next)) {
			r->seen.foreign++;
			gap = true;
		}
	} while (n && (b.id != r->id || b.index < r->next));
	r->seen.bytes = r->in.bytes;
	r->seen.cut = r->in.cut;
	if (n) {
		gap |= b.index != r->next;
		r->next = b.index + 1;
		if (take_block(r, &b))
			return failed(f, EXIT_ERROR, "out of memory");
	} else if (!r->ended) {
		r->ended = true;
		gap |= r->end.reason == TRACE_END_NONE;
	}
	if (!gap)
		return n;
	tell_loss(r, 0, r->in.lost);
	return 2;
}

/* Events of the current block, up to a batch. Returns -1 if it is damaged. */
static int decode(struct trace_reader *r, size_t *nr)
{
	const unsigned char *at = r->at;
	size_t n = 0;

	while (n < TRACE_BATCH && at < r->stop) {
		at = codec_get(&r->codec, at, &r->batch[n]);
		if (!at || at > r->stop || !r->left)
			break;
		r->left--;
		if (r->batch[n].type != EV_NR)
			n++;
	}
	*nr = n;
	if (n && r->batch[n - 1].time > r->time)
		r->time = r->batch[n - 1].time;
	if (at && at < r->stop && r->left) {
		r->at = at;
		return 0;
	}
	r->at = NULL;
	return at == r->stop && !r->left ? 0 : -1;
}

/**
 * trace_next() - the next events
 * @events:	the reader's; valid until the next call
 * @nr:		how many; 0: there are no more
 *
 * Where something is missing from the file there is an event `lost`, and so at
 * its end if nobody ended it.
 *
 * Return: 0, or -1 with @f filled.
 */
int trace_next(struct trace_reader *r, const struct event **events, size_t *nr,
	       struct failure *f)
{
	*events = r->batch;
	*nr = 0;
	while (!*nr) {
		int n = r->at ? 0 : next_block(r, f);

		if (n < 0)
			return -1;
		if (n == 2) {
			*nr = 1;
			return 0;
		}
		if (!r->at && !n)
			return 0;
		if (r->at && decode(r, nr)) {
			/* It is whole, but no writer of ours wrote it. */
			r->seen.events += *nr;
			tell_loss(r, (*nr)++, r->left);
			return 0;
		}
	}
	r->seen.events += *nr;
	return 0;
}

/** trace_head() - what the file is; valid until trace_close() */
const struct trace_head *trace_head(const struct trace_reader *r)
{
	return &r->head;
}

/** trace_end() - how it ended, once all was read */
const struct trace_end *trace_end(const struct trace_reader *r)
{
	return &r->end;
}

/** trace_seen() - what was found so far */
const struct trace_seen *trace_seen(const struct trace_reader *r)
{
	return &r->seen;
}

/** trace_names() - what VMs are called, as far as it was told */
const struct trace_name *trace_names(const struct trace_reader *r, size_t *nr)
{
	*nr = r->nr_names;
	return r->name;
}

/** trace_name() - what the VM of that owner is called; NULL: not told */
const struct trace_name *trace_name(const struct trace_reader *r, int32_t vm)
{
	return find_name(r, vm);
}

/**
 * trace_complete() - is everything here that happened?
 *
 * Call when all was read. What the recorder lost is in the stream besides.
 */
bool trace_complete(const struct trace_reader *r)
{
	return r->ended && !r->seen.damaged && !r->end.lost &&
	       (r->end.reason == TRACE_END_COMMAND ||
		r->end.reason == TRACE_END_TIME ||
		r->end.reason == TRACE_END_SIGNAL);
}
