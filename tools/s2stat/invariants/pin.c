// SPDX-License-Identifier: GPL-2.0-only
/*
 * PIN: a fault keeps no reference on a host page.
 */
#include "invariant.h"

static void fault_ends(const struct step *s)
{
	const struct charge c = { .at = { .ipa = s->e->s2_fault_end.ipa,
					  .size = 1,
					  .level = NO_LEVEL } };

	if (s->e->s2_fault_end.refs_taken != s->e->s2_fault_end.refs_put)
		accuse(s, INV_pin, &c,
		       "a fault that ended with %d took %d references on host pages and put %d",
		       s->e->s2_fault_end.result, s->e->s2_fault_end.refs_taken,
		       s->e->s2_fault_end.refs_put);
}

const struct invariant inv_pin = {
	.name = "PIN",
	.says = "a fault puts every page reference that it took, whatever came of it",
	.needs = ON(s2_fault_end),
	.local = true,
	.hooks =
		(const struct hook[]){
			{ BEFORE, EV_s2_fault_end, fault_ends },
			{},
		},
};
