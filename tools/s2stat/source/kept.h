/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counts that the kernel keeps of each context (struct s2r_kept): since
 * s2stat has looked for the first time.
 */
#ifndef S2STAT_SOURCE_KEPT_H
#define S2STAT_SOURCE_KEPT_H

#include <stddef.h>

#include "../model/vm.h"

/**
 * struct kept - what was there at the attach
 * @base:	the counts of those that were alive, by id: somebody else may have
 *		had them counted before
 */
struct kept {
	struct s2r_kept *base;
	size_t nr;
	size_t room;
};

void kept_free(struct kept *k);
int kept_base(struct kept *k, const struct s2r_kept *rec);
void kept_since(const struct kept *k, const struct s2r_kept *rec,
		struct s2r_counts *c);

#endif /* S2STAT_SOURCE_KEPT_H */
