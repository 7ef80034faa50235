/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A range of addresses, as a person writes it.
 */
#ifndef S2STAT_MODEL_RANGE_H
#define S2STAT_MODEL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

bool range_parse(const char *s, uint64_t *first, uint64_t *last);

#endif /* S2STAT_MODEL_RANGE_H */
