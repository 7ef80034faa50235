/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording in the formats of others: docs/trace-format.md tells what becomes
 * of what.
 */
#ifndef S2STAT_VIEW_CONVERT_H
#define S2STAT_VIEW_CONVERT_H

#include <stdio.h>

#include "../model/event.h"
#include "../source/failure.h"
#include "../trace/reader.h"

/**
 * struct converter - one format
 * @name:	as --to has it
 * @begin:	the file's head; @self is given to the others
 * @event:	the next one
 * @end:	all was read; gives @self back
 *
 * All return 0, or -1 with the failure filled; @end is called in any case.
 * Errors of @out show when it is closed.
 */
struct converter {
	const char *name;
	int (*begin)(void **self, FILE *out, const struct trace_reader *r,
		     struct failure *f);
	int (*event)(void *self, const struct event *e, struct failure *f);
	int (*end)(void *self, struct failure *f);
};

extern const struct converter json_converter, casemate_converter,
	perfetto_converter;

#endif /* S2STAT_VIEW_CONVERT_H */
