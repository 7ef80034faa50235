/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks in nanoseconds. On a host under tests/vm/run --icount a nanosecond is
 * half an instruction, on each of them.
 */
#ifndef S2GUEST_CLOCK_H
#define S2GUEST_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

#endif
