/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which VMs a selector means.
 */
#ifndef S2STAT_MODEL_SELECT_H
#define S2STAT_MODEL_SELECT_H

#include <stddef.h>

#include "vm.h"

size_t select_vms(const struct host *host, const char *selector, bool *chosen);

#endif /* S2STAT_MODEL_SELECT_H */
