/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on request (CONFIG_FAULT_INJECTION).
 */
#ifndef S2GUEST_INJECT_H
#define S2GUEST_INJECT_H

/* Any allocation may fail from now on, if asked to. 0, or it fail()s. */
int inject_allow(void);
/* In threads that asked for it, so many of a hundred fail. 0 or -errno. */
int inject_rate(int percent);
/* This thread asks for it. */
void inject_this_thread(void);

#endif
