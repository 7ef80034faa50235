/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the cmocka programs share: a broken promise fails the running test.
 */
#ifndef S2_UNIT_H
#define S2_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

static inline void unit_on_fail(void)
{
	fail();
}

static inline u64 env_u64(const char *name, u64 value)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : value;
}

#endif /* S2_UNIT_H */
