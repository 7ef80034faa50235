/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel keeps a symbol, by /proc/kallsyms.
 */
#ifndef S2STAT_SOURCE_KSYM_H
#define S2STAT_SOURCE_KSYM_H

#include <stdint.h>

uint64_t ksym_address(const char *name);

#endif /* S2STAT_SOURCE_KSYM_H */
