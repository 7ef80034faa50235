/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of Linux's own VMID allocator, arch/arm64/kvm/vmid.c.
 */
#ifndef S2STAT_SOURCE_STOCK_VMIDS_H
#define S2STAT_SOURCE_STOCK_VMIDS_H

#include <stdbool.h>
#include <stdint.h>

#include "../../../bpf/stock.h"
#include "descend.h"

bool stock_vmids_known(const struct stock_symbols *symbols);
int stock_vmids_read(const struct descend_reader *reader,
		     const struct stock_symbols *symbols, uint32_t bits,
		     struct s2r_vmids *rec);

#endif /* S2STAT_SOURCE_STOCK_VMIDS_H */
