// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names for the numbers of kernel/s2/abi.h (see names.h).
 */
#include "names.h"

#include "../../../kernel/s2/abi.h"

#define NAME(sym, name) [sym] = name,

static const char *const reasons[] = { S2_REASONS(NAME) };
static const char *const scopes[] = { S2_SCOPES(NAME) };
static const char *const faults[] = { S2_FAULTS(NAME) };

/** reason_name() - of an enum s2_reason; "unknown" for what is none */
const char *reason_name(unsigned int reason)
{
	return reason < S2_NR_REASONS ? reasons[reason] : "unknown";
}

/** scope_name() - of an enum s2_scope; "unknown" for what is none */
const char *scope_name(unsigned int scope)
{
	return scope < S2_NR_SCOPES ? scopes[scope] : "unknown";
}

/** fault_name() - of an enum s2_fault_kind; "unknown" for what is none */
const char *fault_name(unsigned int kind)
{
	return kind < S2_NR_FAULTS ? faults[kind] : "unknown";
}
