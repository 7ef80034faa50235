/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of the verbs that look at one side of every VM, as text.
 */
#ifndef S2STAT_VIEW_TEXT_ROWS_H
#define S2STAT_VIEW_TEXT_ROWS_H

#include "text.h"

void text_vmids(const struct text *t, const struct host *host);
void text_vmid_head(const struct text *t);
void text_vmid(const struct text *t, const struct host *host,
	       const struct vm *vm);
void text_flush_head(const struct text *t, const struct host *host);
void text_flush(const struct text *t, const struct host *host,
		const struct vm *vm, unsigned int reason, unsigned int scope);
void text_faults(const struct text *t, const struct host *host,
		 const struct vm *vm);
void text_hot(const struct text *t, const struct host *host,
	      const struct s2r_hot_key *key, const struct s2r_hot *total,
	      uint64_t delta, bool first);
void text_audit(const struct text *t, const struct vm *vm);

#endif /* S2STAT_VIEW_TEXT_ROWS_H */
