/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers for people.
 */
#ifndef S2STAT_VIEW_FMT_H
#define S2STAT_VIEW_FMT_H

#include <stdint.h>

/* Holds any result of the functions below. */
struct fmt {
	char s[40];
};

struct fmt fmt_bytes(uint64_t bytes);
struct fmt fmt_size(uint64_t size);
struct fmt fmt_rate(uint64_t events, double seconds);
struct fmt fmt_percent(uint64_t part, uint64_t whole);

#endif /* S2STAT_VIEW_FMT_H */
