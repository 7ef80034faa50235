/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crew: a VM whose vCPUs, each in a thread of its own, keep rewriting and
 * rereading one memory, all of them all pages, while somebody does things to
 * it. Of every page word i is vCPU i's, and it says who wrote it, where and in
 * which pass: so a lost, a misplaced and an old write each look different.
 */
#ifndef S2GUEST_CREW_H
#define S2GUEST_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "vm.h"

#define CREW_SLOT	1

struct crew;

/**
 * struct member - one vCPU at work
 * @base:	IPA at which it finds the memory
 * @pass:	the pass it is writing or has written last
 */
struct member {
	struct crew	*crew;
	pthread_t	thread;
	int		index;
	uint64_t	base;
	atomic_ulong	pass;
};

/**
 * struct crew - a VM at work
 * @keeps:	no write may be lost: what is reread must be what was written
 * @same:	all pages get the same contents
 * @lockstep:	passes begin with crew_pass(), not one after the other
 * @mmio:	accesses may leave the guest as MMIO: then they are lost
 * @refusals:	errnos with which KVM_RUN may refuse for the moment, or 0
 * @enter:	called in each vCPU's thread before it begins, or NULL
 * @hold:	for now what is written is only reread
 * @passes:	of all members
 * @refused:	how often KVM_RUN did refuse
 * @left:	how many accesses were MMIO
 * @lost:	rereads that found something else, with @keeps
 */
struct crew {
	struct vm	vm;
	struct mem	mem;
	bool		keeps, same, lockstep, mmio;
	int		refusals[2];
	void		(*enter)(void);
	struct member	member[MAX_VCPUS];
	pthread_barrier_t begin, end;
	atomic_bool	over, hold;
	atomic_int	error;
	atomic_long	passes, refused, left, lost;
};

/* Of the memory's size there can be one slot, here. */
int crew_slot(struct crew *c, uint64_t ipa, unsigned int flags);
/* The VM with its memory; -errno, and then nothing is left. */
int crew_make(struct crew *c, enum backing kind, size_t size, int vcpus);
void crew_free(struct crew *c);

void crew_begin(struct crew *c);
/* 0, or what KVM_RUN said that it should not. */
int crew_end(struct crew *c);
/* Without lockstep: until all vCPUs together have done so many more passes. */
void crew_wait(struct crew *c, long passes);
/* With lockstep: all vCPUs write and reread once. */
void crew_pass(struct crew *c);

/*
 * How many words of the memory are not what they may be; nobody is at work.
 * @exact: each word is of its owner's last pass. Else, unless the crew keeps
 * everything, it may be of an earlier one, or zero.
 */
uint64_t crew_wrong(struct crew *c, bool exact);
/*
 * vCPU @i writes where no memory should be: how many of its writes did not
 * leave as MMIO. Nobody else is at work.
 */
uint64_t crew_reached(struct crew *c, int i);
/*
 * Every vCPU writes once more, alone, and another one rereads it; then every
 * word must be exact. @face, if not NULL, is called before vCPU i is run.
 */
uint64_t crew_calm(struct crew *c, int (*face)(struct crew *c, int i));

#endif
