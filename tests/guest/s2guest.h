/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every scenario uses: its entry in the table, its options, its verdict.
 *
 * A scenario prints one line of facts (name key=value ...) on stdout and
 * returns 0 only if everything it claims to prove held; what did not hold
 * goes to stderr.
 */
#ifndef S2GUEST_H
#define S2GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE	4096UL
#define BLOCK_SIZE	(2UL << 20)
#define MB		(1UL << 20)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct scenario {
	const char	*name;
	const char	*usage;
	const char	*proves;
	int		(*run)(int argc, char **argv);
};

extern const struct scenario scn_vmids, scn_touch, scn_memslot, scn_dirtylog,
	scn_notifier, scn_readonly, scn_bad, scn_ipa, scn_failnth,
	scn_createleak, scn_gicv2, scn_gmem, scn_nested, scn_storm, scn_stale, scn_prefault, scn_around,
	scn_stats, scn_eager, scn_soak, scn_stream, scn_pressure, scn_corpus, scn_cost, scn_scale,
	scn_bench;

/* One option: --name (flag set) or --name VALUE. */
struct opt {
	const char	*name;
	bool		*flag;
	long		*number;
	const char	**word;
};

/* Exits with 2 and the usage when argv does not fit. */
void parse_opts(const struct scenario *scn, int argc, char **argv,
		const struct opt *opts, size_t nr);

/* Says what did not hold; returns 1, so that "return fail(...)" reads well. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *errname(int negative_errno);

/* sys.c: the host, as user space sees it. */
long meminfo_kb(const char *field);
/*
 * Waits until the kernel's lazily summed counter of stage-2 (and other
 * secondary) table pages is back at @before, at most four seconds. Returns
 * the growth in kB that remains.
 */
long sec_growth_kb(long before);
int write_text(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
long read_long(const char *path, long missing);
/* kB of this process that are in swap, or -1. */
long swapped_kb(void);
/* ksmd merges what is MADV_MERGEABLE, as fast as it can; or rests. */
void ksm_run(bool run);
/* How many pages of the host are spared by that now. */
long ksm_sharing(void);
int nr_cpus(void);
void pin_to_cpu(int cpu);

#endif
