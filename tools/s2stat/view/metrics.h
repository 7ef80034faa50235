/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model as metrics for fleets: names, units and labels of docs/metrics.md.
 */
#ifndef S2STAT_VIEW_METRICS_H
#define S2STAT_VIEW_METRICS_H

#include <stdio.h>

#include "../model/vm.h"

/**
 * enum metrics_format - what the reader understands
 * @METRICS_OPENMETRICS: OpenMetrics 1.0
 * @METRICS_PROMETHEUS: Prometheus's text format 0.0.4, which knows no units,
 *			no info type and no end mark
 */
enum metrics_format {
	METRICS_OPENMETRICS,
	METRICS_PROMETHEUS,
};

/**
 * struct metrics - what is known besides the model
 * @version:	of s2stat
 * @secondary_bytes: of all of the host's secondary page tables, by
 *		/proc/meminfo; negative when it would not say
 */
struct metrics {
	const char *version;
	int64_t secondary_bytes;
};

const char *metrics_type(enum metrics_format format);
void metrics_write(FILE *out, enum metrics_format format,
		   const struct host *host, const struct metrics *m);

#endif /* S2STAT_VIEW_METRICS_H */
