/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases of `s2guest pressure`: what is done to a crew's memory, and what
 * has to hold meanwhile and afterwards.
 */
#ifndef S2GUEST_PRESSURE_H
#define S2GUEST_PRESSURE_H

#include "crew.h"

/**
 * struct pressure - one case
 * @name:	of the case
 * @asserts:	one sentence: what must hold
 * @backing:	kind of memory
 * @mb:		how much of it
 * @rounds:	how many blows, if nobody says otherwise
 * @prepare:	before the vCPUs begin; sets the crew's mode. 0, or fail()ed
 * @blow:	once a round, while they are at work. 0, or fail()ed
 * @relax:	when they have ended: puts the host as it was. Or NULL
 * @face:	see crew_calm(). Or NULL
 * @whole:	instead of all that: the case makes what it needs itself
 * @happened:	how often that took place which the case is about: never 0
 */
struct pressure {
	const char	*name;
	const char	*asserts;
	enum backing	backing;
	long		mb;
	long		rounds;
	int		(*prepare)(struct crew *c);
	int		(*blow)(struct crew *c);
	void		(*relax)(struct crew *c);
	int		(*face)(struct crew *c, int i);
	int		(*whole)(struct pressure *p, long rounds, int vcpus);
	long		happened;
	unsigned int	seed;
};

extern struct pressure host_cases[], slot_cases[], end_cases[];
/* The case that runs, for its counters. */
extern struct pressure *pressure;

/* A random stretch of the memory, whole pages, at least one. */
void somewhere(struct crew *c, size_t *at, size_t *size);
unsigned int dice(unsigned int sides);

#endif
