/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording on one page: as text, and as HTML with pictures in it.
 */
#ifndef S2STAT_VIEW_REPORT_H
#define S2STAT_VIEW_REPORT_H

#include <stdio.h>

#include "verdict.h"
#include "../model/summary.h"
#include "../trace/reader.h"

/**
 * struct report - what there is to be shown
 * @path:	of the recording
 * @verdict:	of its invariants; NULL: they were not judged
 */
struct report {
	const char *path;
	const struct trace_reader *trace;
	const struct summary *summary;
	const struct verdict *verdict;
};

void report_text(FILE *out, const struct report *r);
void report_json(FILE *out, const struct report *r);
void report_html(FILE *out, const struct report *r);

/* What a VM is called; @text, of @size bytes, is used if it has no name. */
const char *report_vm(const struct report *r, int32_t vm, char *text,
		      size_t size);

#endif /* S2STAT_VIEW_REPORT_H */
