/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of addresses, and short lists of them.
 */
#ifndef S2STAT_MODEL_SPAN_H
#define S2STAT_MODEL_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct span - from @start to before @end
 */
struct span {
	uint64_t start;
	uint64_t end;
};

/**
 * struct spans - disjoint but for what was added twice; all zero: none
 */
struct spans {
	struct span *span;
	size_t nr;
	size_t room;
};

int spans_add(struct spans *s, uint64_t start, uint64_t end);
int spans_cut(struct spans *s, uint64_t start, uint64_t end);
bool spans_meet(const struct spans *s, uint64_t start, uint64_t end);
void spans_free(struct spans *s);

static inline bool span_holds(const struct span *s, uint64_t start,
			      uint64_t end)
{
	return s->start <= start && end <= s->end;
}

#endif /* S2STAT_MODEL_SPAN_H */
