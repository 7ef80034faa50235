/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Orders in which VMs can be shown.
 */
#ifndef S2STAT_MODEL_ORDER_H
#define S2STAT_MODEL_ORDER_H

#include "vm.h"

enum order {
	ORDER_ACTIVITY, /* sets, clears and flushes together */
	ORDER_NAME,
	ORDER_PID,
	ORDER_VCPUS,
	ORDER_MAPPED,
	ORDER_TABLES,
	ORDER_FILL,
	ORDER_BLOCKS,
	ORDER_AUDIT,
	ORDER_FAULTS,
	ORDER_SETS,
	ORDER_CLEARS,
	ORDER_FLUSHES,
	ORDER_VMID,
	NR_ORDERS,
};

size_t order_vms(const struct host *host, const bool *chosen, enum order order,
		 bool reverse, const struct vm **out);
double vm_block_share(const struct vm *vm, uint32_t page_shift);
double vm_fill(const struct vm *vm);

#endif /* S2STAT_MODEL_ORDER_H */
