/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memslots of a VM, as s2_memslot tells of them.
 */
#ifndef S2STAT_MODEL_SLOT_H
#define S2STAT_MODEL_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_LOG (1ULL << 0) /* KVM_MEM_LOG_DIRTY_PAGES */
#define SLOT_READONLY (1ULL << 1) /* KVM_MEM_READONLY */

/**
 * struct slot - one memslot
 * @start:	first IPA
 * @end:	first IPA behind it
 * @logged:	its log has begun: it was write-protected, or is bit by bit
 */
struct slot {
	uint64_t start;
	uint64_t end;
	uint64_t hva;
	uint64_t flags;
	int32_t id;
	bool logged;
};

/**
 * struct slots - in the order of @start
 * @log:	any of them has @logged
 */
struct slots {
	struct slot *slot;
	size_t nr;
	size_t room;
	size_t last;
	bool log;
};

int slots_put(struct slots *s, const struct slot *new);
void slots_remove(struct slots *s, int32_t id);
const struct slot *slots_at(struct slots *s, uint64_t ipa);
void slots_begin_log(struct slots *s, uint64_t ipa, uint64_t end);
void slots_free(struct slots *s);

#endif /* S2STAT_MODEL_SLOT_H */
