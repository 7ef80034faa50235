/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc tells about the owner of a VM.
 */
#ifndef S2STAT_SOURCE_PROC_H
#define S2STAT_SOURCE_PROC_H

#include "../model/vm.h"

void proc_name(struct vm *vm);
int64_t proc_secondary_tables(void);
void proc_fold_counters(void);

#endif /* S2STAT_SOURCE_PROC_H */
