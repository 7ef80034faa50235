/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux capabilities: which we have, and giving up those we do not need.
 */
#ifndef S2STAT_SOURCE_CAPS_H
#define S2STAT_SOURCE_CAPS_H

#include <stdbool.h>

bool caps_have(unsigned int cap);
void caps_keep_bpf(void);

#endif /* S2STAT_SOURCE_CAPS_H */
