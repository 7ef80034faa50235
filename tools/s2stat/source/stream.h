/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every s2 event of the running kernel, as it happens.
 *
 * The stream is exact at both ends. What was there when it began comes first,
 * as a snapshot; of each MMU in it the events follow from the very next one
 * on, of each younger MMU from its beginning. At the end a stream_end for each
 * MMU that is alive says which event was its last. So whoever counts (see
 * model/tally.h) can prove that nothing is missing.
 */
#ifndef S2STAT_SOURCE_STREAM_H
#define S2STAT_SOURCE_STREAM_H

#include "../model/tally.h"
#include "failure.h"

struct stream;

/* Who gets the events; below 0 ends the stream, with the failure filled. */
typedef int (*stream_fn)(const struct event *e, void *arg, struct failure *f);

/**
 * struct stream_wants - how to listen
 * @verbose:	1 shows libbpf's warnings, 2 all it says
 * @buffer:	bytes of the ring buffer: rounded up to a power of two
 */
struct stream_wants {
	int verbose;
	uint64_t buffer;
	stream_fn fn;
	void *arg;
};

/* A quarter of a million events and more. */
#define STREAM_BUFFER (64u << 20)
#define STREAM_BUFFER_MAX (1u << 30)

int stream_open(struct stream **s, const struct stream_wants *wants,
		struct failure *f);
uint32_t stream_listens(const struct stream *s);
const struct tally *stream_tally(const struct stream *s);
int stream_begin(struct stream *s, struct failure *f);
int stream_poll(struct stream *s, int timeout_ms, struct failure *f);
int stream_end(struct stream *s, struct failure *f);
void stream_close(struct stream *s);

#endif /* S2STAT_SOURCE_STREAM_H */
