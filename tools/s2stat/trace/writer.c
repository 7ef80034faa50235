// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a recording (see writer.h): the caller's side, which codes events,
 * and the thread that takes whole blocks from it.
 */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "outblock.h"

/* Blocks that may wait for the disk, beside the one that is being filled. */
#define NR_JOBS 32

/* Raw bytes for one block. A codec writes past TRACE_FILL by one event. */
struct job {
	enum trace_kind kind;
	uint32_t len;
	uint32_t events;
	uint64_t first;
	uint64_t last;
	unsigned char raw[TRACE_FILL + CODEC_MAX_EVENT];
};

/**
 * struct trace_writer - both sides
 * @out:	the thread's, once it runs
 * @fill:	raw bytes that make a block: fewer where the file is bounded to
 *		so little that a usual block might find no room in it
 * @job:	a ring: the caller fills @job[@filled], the thread writes
 *		@job[@written]; both only rise
 * @err:	errno of the thread's first failure; it writes no more then
 * @quit:	the thread ends when nothing is left
 */
struct trace_writer {
	struct outblock out;
	uint32_t fill;
	struct codec_table table;
	struct codec codec;
	struct job *job;

	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t less;
	uint64_t filled;
	uint64_t written;
	bool quit;
	int err;
	struct trace_written done;
};

static struct job *current(struct trace_writer *w)
{
	return &w->job[w->filled % NR_JOBS];
}

/**
 * trace_writer_open() - prepares a recording that will be @path
 * @out:	to be given to trace_writer_close() in any case
 *
 * Nothing is at @path yet.
 *
 * Return: 0, or -1 with @f filled.
 */
int trace_writer_open(struct trace_writer **out, const char *path,
		      const struct trace_options *o, struct failure *f)
{
	struct trace_writer *w = calloc(1, sizeof(*w));

	*out = w;
	if (!w)
		return failed(f, EXIT_ERROR, "out of memory");
	w->out.fd = -1;
	w->fill = TRACE_FILL;
	if (o->max_size && o->max_size / 8 < TRACE_FILL)
		w->fill = o->max_size / 8;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->less, NULL);
	w->job = calloc(NR_JOBS, sizeof(*w->job));
	if (!w->job || codec_table_own(&w->table) ||
	    codec_init(&w->codec, &w->table))
		return failed(f, EXIT_ERROR, "out of memory");
	return outblock_open(&w->out, path, o, f);
}

static int write_job(struct trace_writer *w, const struct job *job)
{
	const struct trace_block b = {
		.kind = job->kind,
		.raw = job->len,
		.events = job->events,
		.first = job->first,
		.last = job->last,
	};

	return outblock_write(&w->out, &b, job->raw);
}

static void *run(void *arg)
{
	struct trace_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		const struct job *job = &w->job[w->written % NR_JOBS];
		int err = 0;

		while (w->written == w->filled && !w->quit)
			pthread_cond_wait(&w->more, &w->lock);
		if (w->written == w->filled)
			break;
		if (!w->err) {
			pthread_mutex_unlock(&w->lock);
			err = write_job(w, job);
			pthread_mutex_lock(&w->lock);
		}
		if (err < 0)
			w->err = -err;
		else if (!w->err && !w->out.full)
			w->done.events += job->events;
		w->done.bytes = w->out.size;
		w->done.full = w->out.full;
		w->written++;
		pthread_cond_signal(&w->less);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Hands the current block to the thread and begins another. */
static int hand_over(struct trace_writer *w, struct failure *f)
{
	int err;

	pthread_mutex_lock(&w->lock);
	w->filled++;
	pthread_cond_signal(&w->more);
	while (w->filled - w->written >= NR_JOBS)
		pthread_cond_wait(&w->less, &w->lock);
	err = w->err;
	pthread_mutex_unlock(&w->lock);
	current(w)->len = 0;
	return err ? outblock_failed(&w->out, err, f) : 0;
}

/* A block of text, as the next one. */
static int hand_text(struct trace_writer *w, enum trace_kind kind,
		     const char *text, size_t len, struct failure *f)
{
	struct job *job;

	if (current(w)->len && hand_over(w, f))
		return -1;
	job = current(w);
	job->kind = kind;
	job->events = 0;
	job->first = 0;
	job->last = 0;
	job->len = len < TRACE_FILL ? len : TRACE_FILL;
	memcpy(job->raw, text, job->len);
	return hand_over(w, f);
}

static int begin_block(struct trace_writer *w, const char *text, size_t len,
		       struct failure *f)
{
	const struct trace_block b = { .kind = TRACE_HEAD, .raw = len };
	int err = outblock_write(&w->out, &b, text);

	return err < 0 ? outblock_failed(&w->out, -err, f) : 0;
}

/**
 * trace_writer_begin() - puts the file, with its head, into its place
 * @h:		its table is not looked at
 *
 * Return: 0, or -1 with @f filled.
 */
int trace_writer_begin(struct trace_writer *w, const struct trace_head *h,
		       struct failure *f)
{
	struct trace_head head = *h;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	head.table = w->table;
	if (out)
		trace_head_write(out, &head);
	if (!out || fclose(out)) {
		free(text);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	err = begin_block(w, text, len, f);
	free(text);
	if (err || outblock_place(&w->out, f))
		return -1;
	w->done.bytes = w->out.size;
	err = pthread_create(&w->thread, NULL, run, w);
	if (err)
		return failed(f, EXIT_ERROR, "cannot start a thread: %s",
			      strerror(err));
	w->running = true;
	return 0;
}

/**
 * trace_write() - one more event
 *
 * May wait for the disk.
 *
 * Return: 0, or -1 with @f filled.
 */
int trace_write(struct trace_writer *w, const struct event *e,
		struct failure *f)
{
	struct job *job = current(w);
	size_t n = 0;

	if (!job->len) {
		codec_reset(&w->codec, e->time);
		job->kind = TRACE_EVENTS;
		job->events = 0;
		job->first = e->time;
		job->last = e->time;
	}
	n = codec_put(&w->codec, e, job->raw + job->len);
	/* A new block has room for another MMU. */
	if (!n)
		return hand_over(w, f) ? -1 : trace_write(w, e, f);
	job->len += n;
	job->events++;
	if (e->time > job->last)
		job->last = e->time;
	return job->len >= w->fill ? hand_over(w, f) : 0;
}

/** trace_flush() - what was written is handed to the disk. As trace_write() */
int trace_flush(struct trace_writer *w, struct failure *f)
{
	return current(w)->len ? hand_over(w, f) : 0;
}

/** trace_write_names() - what VMs are called. As trace_write() */
int trace_write_names(struct trace_writer *w, const struct trace_name *name,
		      size_t nr, struct failure *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	for (size_t i = 0; out && i < nr; i++)
		trace_name_write(out, &name[i]);
	if (!out || fclose(out)) {
		free(text);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	err = hand_text(w, TRACE_NAMES, text, len, f);
	free(text);
	return err;
}

/** trace_written() - how far the file has come */
struct trace_written trace_written(struct trace_writer *w)
{
	struct trace_written done;

	pthread_mutex_lock(&w->lock);
	done = w->done;
	pthread_mutex_unlock(&w->lock);
	return done;
}

/* Waits until all is written. Returns errno of what was not. */
static int join(struct trace_writer *w)
{
	if (w->running) {
		pthread_mutex_lock(&w->lock);
		w->quit = true;
		pthread_cond_signal(&w->more);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
		w->running = false;
	}
	return w->err;
}

/**
 * trace_writer_end() - the recording is over
 * @end:	its number of events is filled in here, and that the file was
 *		full, which may show with the last events only
 *
 * Return: 0 with everything on the disk, or -1 with @f filled.
 */
int trace_writer_end(struct trace_writer *w, const struct trace_end *end,
		     struct failure *f)
{
	struct trace_block b = { .kind = TRACE_END };
	struct trace_end e = *end;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (trace_flush(w, f))
		return -1;
	err = join(w);
	if (err)
		return outblock_failed(&w->out, err, f);
	e.events = w->done.events;
	if (w->done.full)
		e.reason = TRACE_END_SIZE;
	out = open_memstream(&text, &len);
	if (out)
		trace_end_write(out, &e);
	if (!out || fclose(out)) {
		free(text);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	b.raw = len;
	err = outblock_write(&w->out, &b, text);
	free(text);
	w->done.bytes = w->out.size;
	if (!err)
		err = outblock_sync(&w->out);
	return err < 0 ? outblock_failed(&w->out, -err, f) : 0;
}

/**
 * trace_writer_close() - gives all back
 *
 * A file without an event or an end is taken away again.
 */
void trace_writer_close(struct trace_writer *w)
{
	if (!w)
		return;
	join(w);
	outblock_close(&w->out);
	codec_free(&w->codec);
	codec_table_free(&w->table);
	pthread_cond_destroy(&w->less);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w->job);
	free(w);
}
