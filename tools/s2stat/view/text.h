/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model as plain text.
 */
#ifndef S2STAT_VIEW_TEXT_H
#define S2STAT_VIEW_TEXT_H

#include <stdio.h>

#include "../model/vm.h"

/**
 * struct text - where and how
 * @color:	use terminal colours
 * @rates:	a span of time was watched, so rates mean something
 */
struct text {
	FILE *out;
	bool color;
	bool rates;
};

#define TEXT_PLAIN "\033[0m"

const char *text_verdict_color(const struct text *t, enum vm_verdict v);
void text_mismatches(const struct text *t, const struct vm *vm);
void text_title(const struct text *t, const struct vm *vm);
void text_list_head(const struct text *t, const struct host *host);
void text_list_row(const struct text *t, const struct host *host,
		   const struct vm *vm);
void text_summary(const struct text *t, const struct host *host);
void text_warnings(const struct text *t, const struct host *host);
void text_show(const struct text *t, const struct host *host,
	       const struct vm *vm);
void text_table(const struct text *t, const struct s2r_table *rec);
void text_entry(const struct text *t, const struct host *host,
		const struct vm *vm, const struct s2r_table *table,
		unsigned int index, uint64_t pte);
void text_entries(const struct text *t, const struct host *host,
		  const struct vm *vm, const struct s2r_table *table,
		  const struct s2r_entries *rec);

#endif /* S2STAT_VIEW_TEXT_H */
