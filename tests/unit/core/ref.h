/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference: what is mapped where, as a flat sorted list of units. A unit
 * is what one mapping call installed, or a part of one that was split.
 * Nothing here knows of tables or levels.
 */
#ifndef S2_REF_H
#define S2_REF_H

#include "port_host.h"

/**
 * struct unit - one mapping
 * @ipa:	where
 * @size:	bytes
 * @pa:		what
 * @perms:	REF_*
 * @kind:	what sort of memory
 * @young:	access flag
 * @soft:	software bits, in place
 */
struct unit {
	u64	ipa;
	u64	size;
	u64	pa;
	u64	soft;
	u8	perms;
	u8	kind;
	bool	young;
};

enum { REF_R = 1, REF_W = 2, REF_X = 4 };
enum { REF_NORMAL, REF_NC, REF_DEVICE };

struct ref {
	struct unit	*units;
	u32		nr;
	u32		room;
};

void ref_init(struct ref *ref);
void ref_clear(struct ref *ref);
void ref_free(struct ref *ref);
/* The unit that covers @ipa, or NULL. */
struct unit *ref_find(struct ref *ref, u64 ipa);
/* Index of the first unit that ends behind @ipa. */
u32 ref_first(struct ref *ref, u64 ipa);
/* Is anything mapped in the range? */
bool ref_any(struct ref *ref, u64 ipa, u64 end);
void ref_insert(struct ref *ref, const struct unit *unit);
/* Every unit that overlaps the range goes, whole. */
void ref_remove(struct ref *ref, u64 ipa, u64 end);
/* Cuts the unit that starts at or covers @ipa into parts of @size. */
void ref_cut(struct ref *ref, u64 ipa, u64 size);

#define ref_for_each(u, ref, start, end)				\
	for ((u) = (ref)->units + ref_first(ref, start);		\
	     (u) < (ref)->units + (ref)->nr && (u)->ipa < (end); (u)++)

#endif /* S2_REF_H */
