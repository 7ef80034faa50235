// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flat reference. See ref.h.
 */
#include "ref.h"

void ref_init(struct ref *ref)
{
	ref->nr = 0;
	ref->room = 1024;
	ref->units = calloc(ref->room, sizeof(*ref->units));
	if (!ref->units)
		abort();
}

void ref_clear(struct ref *ref)
{
	ref->nr = 0;
}

void ref_free(struct ref *ref)
{
	free(ref->units);
	*ref = (struct ref) { };
}

u32 ref_first(struct ref *ref, u64 ipa)
{
	u32 low = 0, high = ref->nr, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (ref->units[mid].ipa + ref->units[mid].size <= ipa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct unit *ref_find(struct ref *ref, u64 ipa)
{
	u32 i = ref_first(ref, ipa);

	return i < ref->nr && ref->units[i].ipa <= ipa ? &ref->units[i] : NULL;
}

bool ref_any(struct ref *ref, u64 ipa, u64 end)
{
	u32 i = ref_first(ref, ipa);

	return i < ref->nr && ref->units[i].ipa < end;
}

/* Makes the units [from, to) give way to @nr new ones. */
static struct unit *make_room(struct ref *ref, u32 from, u32 to, u32 nr)
{
	u32 total = ref->nr - (to - from) + nr;

	if (total > ref->room) {
		ref->room = 2 * total + 1024;
		ref->units = realloc(ref->units,
				     ref->room * sizeof(*ref->units));
		if (!ref->units)
			abort();
	}
	if (ref->nr > to && to != from + nr)
		memmove(ref->units + from + nr, ref->units + to,
			(ref->nr - to) * sizeof(*ref->units));
	ref->nr = total;
	return ref->units + from;
}

void ref_insert(struct ref *ref, const struct unit *unit)
{
	u32 at = ref_first(ref, unit->ipa);

	if (ref_any(ref, unit->ipa, unit->ipa + unit->size))
		host_fail("reference: 0x%llx is mapped already", unit->ipa);
	*make_room(ref, at, at, 1) = *unit;
}

void ref_remove(struct ref *ref, u64 ipa, u64 end)
{
	u32 from = ref_first(ref, ipa), to = from;

	while (to < ref->nr && ref->units[to].ipa < end)
		to++;
	if (to > from)
		make_room(ref, from, to, 0);
}

void ref_cut(struct ref *ref, u64 ipa, u64 size)
{
	u32 at = ref_first(ref, ipa), nr, i;
	struct unit whole, *parts;

	whole = ref->units[at];
	nr = whole.size / size;
	parts = make_room(ref, at, at + 1, nr);
	for (i = 0; i < nr; i++) {
		parts[i] = whole;
		parts[i].ipa += i * size;
		parts[i].pa += i * size;
		parts[i].size = size;
	}
}
