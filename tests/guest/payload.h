/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMM and the guest code agree on: the guest's address map and the
 * mailbox through which the VMM hands it one job at a time.
 */
#ifndef S2GUEST_PAYLOAD_H
#define S2GUEST_PAYLOAD_H

/* Control slot: the code page, then one mailbox page per vCPU. */
#define CTL_IPA		0x10000000
#define CTL_SLOT	0
#define CTL_PAGES	16
#define MAX_VCPUS	(CTL_PAGES - 1)

/* No slot is here: a store to it ends the job, or reports an exception. */
#define DOORBELL_IPA	0x09000000
#define BELL_DONE	0
#define BELL_FAULT	8

/* Where scenarios put their memory. */
#define DATA_IPA	0x40000000UL

/* Jobs. Each visits count addresses: ipa, ipa + stride, ... */
#define JOB_WRITE	1	/* store value, value + step, ... */
#define JOB_READ	2	/* load and compare with value, value + step, ... */
#define JOB_EXEC	3	/* call it; compare what it returns */
#define JOB_SPIN	4	/* rewrite and compare one word until told to stop */
#define JOB_READ32	5	/* one 32-bit load, returned in got */
#define JOB_NOP		6	/* report back at once */
#define JOB_MMU		7	/* turn MMU and caches on, table of level 1 at ipa */

/* Mailbox offsets. */
#define MB_JOB		0
#define MB_IPA		8
#define MB_COUNT	16
#define MB_STRIDE	24
#define MB_VALUE	32
#define MB_STEP		40
#define MB_STOP		48
#define MB_BAD		56	/* how many comparisons failed */
#define MB_BAD_IPA	64	/* the last of them */
#define MB_GOT		72	/* what was there instead */
#define MB_ROUNDS	80
#define MB_ESR		88
#define MB_FAR		96
#define MB_ELR		104

#ifndef __ASSEMBLER__
#include <stdint.h>

struct mailbox {
	uint64_t job;
	uint64_t ipa;
	uint64_t count;
	uint64_t stride;
	uint64_t value;
	uint64_t step;
	uint64_t stop;
	uint64_t bad;
	uint64_t bad_ipa;
	uint64_t got;
	uint64_t rounds;
	uint64_t esr;
	uint64_t far;
	uint64_t elr;
};

extern const char payload_start[], payload_end[];
#endif

#endif
