/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's binary statistics of a VM or vCPU, by name.
 */
#ifndef S2GUEST_BINSTAT_H
#define S2GUEST_BINSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct binstat - one statistic
 * @name:	as KVM names it
 * @gauge:	how many there are, not how many there ever were
 * @value:	when it was read (of the first bucket of a histogram)
 */
struct binstat {
	char		name[48];
	bool		gauge;
	uint64_t	value;
};

/* @fd is a VM's or a vCPU's. A file descriptor, or -errno. */
int binstat_open(int fd);
/* Reads all of them, at most @room. How many, or -errno. */
int binstat_all(int stats, struct binstat *out, int room);
/* The value by @name; ~0 if there is none of that name or it cannot be read. */
uint64_t binstat(int stats, const char *name);

#endif
