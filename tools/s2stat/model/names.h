/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for the numbers of kernel/s2/abi.h, taken from its own lists.
 */
#ifndef S2STAT_MODEL_NAMES_H
#define S2STAT_MODEL_NAMES_H

const char *reason_name(unsigned int reason);
const char *scope_name(unsigned int scope);
const char *fault_name(unsigned int kind);

#endif /* S2STAT_MODEL_NAMES_H */
