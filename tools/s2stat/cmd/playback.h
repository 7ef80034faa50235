/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording played from its first event to its last, for whoever wants the
 * events; with progress on a terminal.
 */
#ifndef S2STAT_CMD_PLAYBACK_H
#define S2STAT_CMD_PLAYBACK_H

#include "../trace/reader.h"

/* Gets @nr events in a row; below 0 ends it, with the failure filled. */
typedef int (*playback_fn)(const struct event *e, size_t nr, void *arg,
			   struct failure *f);

int playback(struct trace_reader *r, playback_fn fn, void *arg,
	     struct failure *f);
void playback_warn(const struct trace_reader *r, const char *path);

#endif /* S2STAT_CMD_PLAYBACK_H */
