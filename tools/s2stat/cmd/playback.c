// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording played from its first event to its last. See playback.h.
 */
#include "playback.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

/* Events between two looks at the clock. */
#define LOOK (1u << 20)

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void show(const struct trace_reader *r)
{
	const struct trace_seen *seen = trace_seen(r);

	if (seen->size)
		fprintf(stderr, "\r\033[Ks2stat: %.0f %%",
			100.0 * seen->bytes / seen->size);
	else
		fprintf(stderr, "\r\033[Ks2stat: %" PRIu64 " events",
			seen->events);
}

/**
 * playback() - all events of a recording
 *
 * Return: 0, or -1 with @f filled.
 */
int playback(struct trace_reader *r, playback_fn fn, void *arg,
	     struct failure *f)
{
	bool terminal = isatty(STDERR_FILENO), shown = false;
	uint64_t next = LOOK;
	double began = now();
	const struct event *e;
	size_t nr = 1;
	int err = 0;

	while (!err && nr) {
		err = trace_next(r, &e, &nr, f);
		if (!err && nr)
			err = fn(e, nr, arg, f);
		if (!terminal || trace_seen(r)->events < next)
			continue;
		next = trace_seen(r)->events + LOOK;
		if (now() - began < 2)
			continue;
		show(r);
		shown = true;
	}
	if (shown)
		fputs("\r\033[K", stderr);
	return err;
}

/** playback_warn() - says on stderr what is amiss with a recording, if it is */
void playback_warn(const struct trace_reader *r, const char *path)
{
	const struct trace_seen *seen = trace_seen(r);
	const struct trace_end *end = trace_end(r);

	if (seen->damaged > (end->reason == TRACE_END_NONE))
		fprintf(stderr,
			"s2stat: %s is damaged: something is missing in it\n",
			path);
	if (end->reason == TRACE_END_NONE)
		fprintf(stderr,
			"s2stat: %s was cut off: what came later is not in it\n",
			path);
	else if (end->reason == TRACE_END_SIZE)
		fprintf(stderr,
			"s2stat: %s had come to its largest size: what came later is not in it\n",
			path);
	else if (end->reason == TRACE_END_ERROR)
		fprintf(stderr, "s2stat: recording %s failed\n", path);
	if (end->lost)
		fprintf(stderr,
			"s2stat: %" PRIu64
			" events were lost when %s was recorded\n",
			end->lost, path);
}
