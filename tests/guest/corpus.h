/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What provokes a fault of the corpus (tests/faults): the same act with two
 * VMs side by side, of which the first may have a fault switched on.
 */
#ifndef S2GUEST_CORPUS_H
#define S2GUEST_CORPUS_H

#include "mem.h"
#include "vm.h"

#define CORPUS_SLOT 1

/**
 * struct side - one of the two VMs
 * @mem:	slot 1, unless its act does without
 * @ipa:	and where
 */
struct side {
	struct vm		vm;
	struct mem		mem;
	uint64_t		ipa;
	const struct act	*act;
};

/**
 * struct act - what is done
 * @pages:	of 4 KB; 0: no slot
 * @shift:	bytes by which the slot begins late in its memory
 * @flags:	of the slot
 * @no_eager:	blocks are not split when logging begins
 * @run:	0 or a negative errno
 */
struct act {
	const char	*name;
	enum backing	kind;
	size_t		pages;
	uint64_t	ipa;
	size_t		shift;
	uint32_t	flags;
	int		vcpus;
	bool		no_eager;
	int		(*run)(struct side *side);
};

/* Job on vCPU 0, one word of each page from @page on. */
int side_job(struct side *side, uint64_t job, size_t page, size_t pages);
int side_slot(struct side *side, uint32_t flags);
/* corpus_cpu.c */
extern const struct act corpus_cpu_acts[];
extern const size_t corpus_nr_cpu_acts;

#endif
