/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the last samples said of each context, and what it had done when
 * somebody last said "from here". Contexts that are gone are forgotten.
 */
#ifndef S2STAT_MODEL_HISTORY_H
#define S2STAT_MODEL_HISTORY_H

#include "vm.h"

#define HISTORY_LENGTH 240

enum history_what {
	HISTORY_FAULTS,
	HISTORY_SETS,
	HISTORY_CLEARS,
	HISTORY_FLUSHES,
	HISTORY_TABLES,
	NR_HISTORY,
};

/**
 * struct trail - one context's past
 * @base:	its counters when it was reset
 * @nr:		samples taken; the last HISTORY_LENGTH of them are kept
 * @value:	by sample number modulo HISTORY_LENGTH: rates, and table pages
 */
struct trail {
	uint64_t id;
	struct s2r_counts base;
	size_t nr;
	float value[NR_HISTORY][HISTORY_LENGTH];
};

/**
 * struct history - of all contexts
 * @trail:	in the order of ids
 * @since:	host->since when it was reset
 */
struct history {
	struct trail **trail;
	size_t nr;
	double since;
};

int history_sample(struct history *h, const struct host *host);
void history_reset(struct history *h, const struct host *host);
void history_free(struct history *h);
const struct trail *history_find(const struct history *h, uint64_t id);
size_t trail_length(const struct trail *t);
float trail_value(const struct trail *t, enum history_what what, size_t back);
float trail_peak(const struct trail *t, enum history_what what, size_t length);
struct s2r_counts trail_counts(const struct trail *t, const struct vm *vm);

#endif /* S2STAT_MODEL_HISTORY_H */
