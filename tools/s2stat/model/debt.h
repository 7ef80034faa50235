/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invalidations that are owed: for leaves that were cleared or restricted,
 * and for tables that were unlinked.
 *
 *		clear, restrict, unlink
 *	settled ----------------------> owed ----------> overdue: the operation
 *	   ^				| |	ends
 *	   |	covering invalidation	| | op_end says that KVM will pay
 *	   +----------------------------+ v
 *	   +-------------------------- deferred
 */
#ifndef S2STAT_MODEL_DEBT_H
#define S2STAT_MODEL_DEBT_H

#include "table.h"

/**
 * struct debt - leaves of one level, side by side
 * @ipa:	first IPA
 * @end:	first IPA behind them
 * @size:	of one leaf
 * @level:	their level
 * @deferred:	the operation is over, KVM has yet to invalidate
 * @by:		what opened it, the first of the leaves
 */
struct debt {
	uint64_t ipa;
	uint64_t end;
	uint64_t size;
	int8_t level;
	bool deferred;
	struct origin by;
};

/**
 * struct debts - what one MMU owes
 * @debt:	for leaves, in the order in which they were opened
 * @table:	unlinked and not freed
 */
struct debts {
	struct debt *debt;
	size_t nr;
	size_t room;
	struct table **table;
	size_t nr_tables;
	size_t room_tables;
};

/**
 * struct payment - one completed invalidation
 * @all:	of everything the MMU has
 * @point:	by one IPA, for what translates it
 * @level:	hint, or S2_LEVEL_ANY
 */
struct payment {
	bool all;
	bool point;
	int32_t level;
	uint64_t ipa;
	uint64_t end;
};

int debts_open(struct debts *d, uint64_t ipa, uint64_t size, int level,
	       const struct origin *by);
int debts_unlink(struct debts *d, struct table *t);
void debts_bury(struct debts *d, struct table *t);
bool debts_pay(struct debts *d, const struct payment *p);
const struct debt *debts_in(const struct debts *d, uint64_t ipa, uint64_t end);
const struct table *debts_table_in(const struct debts *d, uint64_t ipa,
				   uint64_t end);
const struct debt *debts_of(const struct debts *d, uint64_t op);
const struct table *debts_table_of(const struct debts *d, uint64_t op);
void debts_end(struct debts *d, uint64_t op, bool defer);
void debts_free(struct debts *d);

#endif /* S2STAT_MODEL_DEBT_H */
