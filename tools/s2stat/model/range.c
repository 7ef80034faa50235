// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses a range of addresses (see range.h).
 */
#include "range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A number in C's notation and a unit, K to T; NULL if there is none at @s. */
static const char *number(const char *s, uint64_t *value)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*s))
		return NULL;
	errno = 0;
	*value = strtoull(s, &end, 0);
	if (errno || end == s)
		return NULL;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		unsigned int shift = 10 * (unit - units + 1);

		if (*value > UINT64_MAX >> shift)
			return NULL;
		*value <<= shift;
		end++;
	}
	return end;
}

/**
 * range_parse() - "A" is one byte, "A-B" goes up to B without it, "A+SIZE"
 * @first, @last: the first and the last byte
 *
 * Return: whether @s is a range, and not an empty one.
 */
bool range_parse(const char *s, uint64_t *first, uint64_t *last)
{
	uint64_t other;
	char how;

	s = number(s, first);
	if (!s)
		return false;
	if (!*s) {
		*last = *first;
		return true;
	}
	how = *s++;
	s = number(s, &other);
	if (!s || *s || !other)
		return false;
	if (how == '-')
		*last = other - 1;
	else if (how == '+' && other - 1 <= UINT64_MAX - *first)
		*last = *first + other - 1;
	else
		return false;
	return *last >= *first;
}
