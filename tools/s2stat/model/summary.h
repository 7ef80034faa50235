/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream of events in a few numbers and some curves: what a report shows.
 * One pass over any length of stream, in bounded memory: curves have a fixed
 * number of bins, which become wider as time goes on.
 */
#ifndef S2STAT_MODEL_SUMMARY_H
#define S2STAT_MODEL_SUMMARY_H

#include "event.h"
#include "map.h"
#include "tally.h"

#define SUMMARY_BINS 240 /* an even number */
#define SUMMARY_ROWS 96 /* of a heat map */
/* MMUs that have a row of their own, and those that have curves. */
#define SUMMARY_MMUS 1024
#define SUMMARY_CURVES 16
#define SUMMARY_SPANS 4096
#define SUMMARY_TURNS 512

/* A bin in which nothing was told: the value is that of the bin before. */
#define SUMMARY_SAME INT64_MIN

/**
 * struct summary_curves - what is drawn of one MMU
 * @tables:	table pages at the end of each bin, or SUMMARY_SAME
 * @mapped:	bytes that leaves translate, likewise
 * @row_shift:	log2 of the bytes of a row: it rises when there are too many
 * @row:	IPA >> @row_shift of the @nr_rows regions that were hit, in any order
 * @hit:	the row of the last fault
 * @heat:	faults by row and bin
 */
struct summary_curves {
	int64_t tables[SUMMARY_BINS];
	int64_t mapped[SUMMARY_BINS];
	uint32_t row_shift;
	uint32_t nr_rows;
	uint32_t hit;
	uint64_t row[SUMMARY_ROWS];
	uint32_t heat[SUMMARY_ROWS][SUMMARY_BINS];
};

/**
 * struct summary_mmu - one MMU
 * @begin:	its first event
 * @end:	when it was freed; 0: it was not
 * @late:	older than the stream
 * @tables:	table pages now, the root not counted
 * @leaked:	tables alive when it was freed
 * @curves:	NULL: it came too late to have any
 */
struct summary_mmu {
	uint64_t id;
	int32_t vm;
	bool nested;
	bool late;
	uint8_t page_shift;
	uint64_t root;
	uint64_t begin;
	uint64_t end;
	uint64_t events;
	uint64_t sets;
	uint64_t clears;
	uint64_t flushes;
	uint64_t faults;
	int64_t tables;
	int64_t peak_tables;
	int64_t mapped;
	int64_t peak_mapped;
	int64_t leaked;
	struct summary_curves *curves;
};

/**
 * struct summary_span - from @time on the MMU had this VMID
 */
struct summary_span {
	uint64_t mmu;
	uint64_t time;
	uint64_t vmid;
	uint64_t generation;
};

/**
 * struct summary - all zero: nothing was told yet
 * @start:	left end of the first bin
 * @width:	of a bin, ns
 * @first:	time of the earliest event
 * @last:	and of the latest
 * @mmu:	in the order in which they came
 * @by_id:	the same
 * @more:	MMUs that are not in @mmu
 * @flushes:	by reason and scope; the last of each is for unknown ones
 * @flush_bins:	by reason
 * @fault_sizes: of leaves that faults mapped, by log2
 * @spans:	VMIDs given, the first SUMMARY_SPANS
 * @turns:	when generations turned, the first SUMMARY_TURNS
 * @lost_bins:	events that the stream says are missing
 */
struct summary {
	struct tally tally;
	uint64_t start;
	uint64_t width;
	uint64_t first;
	uint64_t last;
	struct summary_mmu **mmu;
	size_t nr_mmus;
	struct map by_id;
	struct summary_mmu *recent;
	uint64_t more;
	size_t nr_curves;
	uint64_t flushes[S2_NR_REASONS + 1][S2_NR_SCOPES + 1];
	uint64_t flush_bins[S2_NR_REASONS + 1][SUMMARY_BINS];
	uint64_t faults[S2_NR_FAULTS + 1];
	uint64_t fault_sizes[64];
	uint64_t faults_handled;
	uint64_t faults_user;
	uint64_t faults_again;
	uint64_t faults_failed;
	struct summary_span *spans;
	size_t nr_spans;
	uint64_t assigns;
	uint64_t turns[SUMMARY_TURNS];
	uint64_t rollovers;
	uint64_t lost_bins[SUMMARY_BINS];
};

int summary_event(struct summary *s, const struct event *e);
size_t summary_bin(const struct summary *s, uint64_t time);
void summary_sort(struct summary *s);
void summary_free(struct summary *s);

#endif /* S2STAT_MODEL_SUMMARY_H */
