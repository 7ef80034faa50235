// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sorts VMs (see order.h).
 */
#include "order.h"

#include <stdlib.h>
#include <string.h>

struct criterion {
	enum order order;
	bool reverse;
	uint32_t page_shift;
};

/** vm_block_share() - part of what is mapped that blocks map, 0 to 1 */
double vm_block_share(const struct vm *vm, uint32_t page_shift)
{
	uint64_t all = vm_mapped(vm, page_shift);
	uint64_t pages = vm->level[vm_level(VM_LAST_LEVEL)].leaves
			 << page_shift;

	return all ? (double)(all - pages) / all : 0;
}

/** vm_fill() - part of the entries that are used, 0 to 1 */
double vm_fill(const struct vm *vm)
{
	struct vm_level sum = vm_sum(vm);

	return sum.entries ? (double)sum.used / sum.entries : 0;
}

/* What is more comes first; a bad audit before an inconclusive one. */
static double weight(const struct vm *vm, const struct criterion *c)
{
	switch (c->order) {
	case ORDER_VCPUS:
		return vm->vcpus;
	case ORDER_MAPPED:
		return vm_mapped(vm, c->page_shift);
	case ORDER_TABLES:
		return vm_sum(vm).tables;
	case ORDER_FILL:
		return vm_fill(vm);
	case ORDER_BLOCKS:
		return vm_block_share(vm, c->page_shift);
	case ORDER_AUDIT:
		return vm_audit(vm) == VM_AUDIT_MISMATCH ?
			       2 :
			       vm_audit(vm) != VM_AUDIT_OK;
	case ORDER_FAULTS:
		return counts_faults(&vm->delta);
	case ORDER_SETS:
		return vm->delta.sets;
	case ORDER_CLEARS:
		return vm->delta.clears;
	case ORDER_FLUSHES:
		return counts_flushes(&vm->delta);
	default:
		return counts_activity(&vm->delta);
	}
}

static int up(double x, double y)
{
	return x < y ? -1 : x > y;
}

static int compare(const struct vm *x, const struct vm *y,
		   const struct criterion *c)
{
	switch (c->order) {
	case ORDER_NAME:
		return strcmp(x->name, y->name);
	case ORDER_PID:
		return up(x->tgid, y->tgid);
	case ORDER_VMID:
		return up(vm_vmid(x), vm_vmid(y));
	default:
		return up(weight(y, c), weight(x, c));
	}
}

/* Among equals the one with more table pages, then the older one. */
static int by_criterion(const void *a, const void *b, void *arg)
{
	const struct vm *x = *(const struct vm *const *)a;
	const struct vm *y = *(const struct vm *const *)b;
	const struct criterion *c = arg;
	int r = compare(x, y, c);

	if (r)
		return c->reverse ? -r : r;
	r = up(vm_sum(y).tables, vm_sum(x).tables);
	return r ? r : up(x->id, y->id);
}

/**
 * order_vms() - the chosen contexts of @host in order
 * @out:	room for host->nr of them
 *
 * Return: how many.
 */
size_t order_vms(const struct host *host, const bool *chosen, enum order order,
		 bool reverse, const struct vm **out)
{
	struct criterion c = { order, reverse, host->page_shift };
	size_t n = 0;

	for (size_t i = 0; i < host->nr; i++)
		if (chosen[i])
			out[n++] = host->vm[i];
	qsort_r(out, n, sizeof(*out), by_criterion, &c);
	return n;
}
