/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each event changes in the model: entries and table pages
 * (apply_table.c), operations and invalidations (apply_op.c), faults
 * (apply_fault.c).
 */
#ifndef S2STAT_MODEL_APPLY_H
#define S2STAT_MODEL_APPLY_H

#include "replay.h"

void find_entry(struct step *s);
void find_table(struct step *s);

int apply_table_alloc(struct step *s);
int apply_table_free(struct step *s);
int apply_entry(struct step *s);
int apply_op_begin(struct step *s);
int apply_op_end(struct step *s);
int apply_flush(struct step *s);
int apply_cmo(struct step *s);
int apply_cache(struct step *s);
int apply_fault_begin(struct step *s);
int apply_fault_end(struct step *s);
int apply_fault_leaf(struct step *s);
int apply_memslot(struct step *s);

/* Room for one more in a vector of the model; new elements are zero. */
int make_room(void **array, size_t *room, size_t nr, size_t size);

#endif /* S2STAT_MODEL_APPLY_H */
