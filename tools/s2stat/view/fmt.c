// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers for people (see fmt.h).
 */
#include "fmt.h"

#include <stdio.h>

static const char *const units[] = { "B", "K", "M", "G", "T", "P", "E" };
#define NR_UNITS (sizeof(units) / sizeof(units[0]))

/** fmt_bytes() - "0", "4K", "1.5G": binary units, at most four digits */
struct fmt fmt_bytes(uint64_t bytes)
{
	double v = bytes;
	unsigned int u = 0;
	struct fmt f;

	if (!bytes)
		return (struct fmt){ "0" };
	for (; v >= 1023.95 && u + 1 < NR_UNITS; u++)
		v /= 1024;
	snprintf(f.s, sizeof(f.s),
		 v >= 99.95 || v == (int)v ? "%.0f%s" : "%.1f%s", v, units[u]);
	return f;
}

/** fmt_size() - a page or block size: "4K", "2M", "1G", never rounded */
struct fmt fmt_size(uint64_t size)
{
	unsigned int u = 0;
	struct fmt f;

	for (; size && !(size % 1024) && u + 1 < NR_UNITS; u++)
		size /= 1024;
	snprintf(f.s, sizeof(f.s), "%llu%s", (unsigned long long)size,
		 units[u]);
	return f;
}

/** fmt_rate() - events per second: "-" when no time was watched */
struct fmt fmt_rate(uint64_t events, double seconds)
{
	struct fmt f;
	double v;

	if (!(seconds > 0))
		return (struct fmt){ "-" };
	v = events / seconds;
	if (!events)
		return (struct fmt){ "0" };
	if (v < 9.95)
		snprintf(f.s, sizeof(f.s), "%.1f", v);
	else if (v < 99999.5)
		snprintf(f.s, sizeof(f.s), "%.0f", v);
	else if (v < 9999.5e3)
		snprintf(f.s, sizeof(f.s), "%.0fk", v / 1e3);
	else
		snprintf(f.s, sizeof(f.s), "%.0fM", v / 1e6);
	return f;
}

/** fmt_percent() - "0%", "<1%", "17%", ">99%", "100%": only all is 100 % */
struct fmt fmt_percent(uint64_t part, uint64_t whole)
{
	double p = whole ? 100.0 * part / whole : 0;
	struct fmt f;

	if (!part || !whole)
		return (struct fmt){ "0%" };
	if (p < 1)
		return (struct fmt){ "<1%" };
	if (p > 99 && part < whole)
		return (struct fmt){ ">99%" };
	snprintf(f.s, sizeof(f.s), "%.0f%%", p);
	return f;
}
