/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VM is called: read from its VMM's command line, which is hostile.
 */
#ifndef S2STAT_MODEL_VMM_H
#define S2STAT_MODEL_VMM_H

#include <stdbool.h>
#include <stddef.h>

void clean_text(char *dst, size_t size, const char *src, size_t len);
bool vmm_name(char *dst, size_t size, const char *cmdline, size_t len);

#endif /* S2STAT_MODEL_VMM_H */
