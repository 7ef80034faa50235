// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream of events in a few numbers and some curves. See summary.h.
 */
#include "summary.h"

#include <errno.h>
#include <stdlib.h>

#include "pte.h"

/* Bins begin with a millisecond, rows of heat maps with 64 KB. */
#define FIRST_WIDTH 1000000ULL
#define FIRST_ROW 16
#define LAST_LEVEL 3

/** summary_bin() - the bin that @time is in */
size_t summary_bin(const struct summary *s, uint64_t time)
{
	uint64_t bin = time > s->start ? (time - s->start) / s->width : 0;

	return bin < SUMMARY_BINS ? bin : SUMMARY_BINS - 1;
}

/* Two bins become one: sums add, of levels the later one stays. */
static void fold_sums(uint64_t *v)
{
	for (size_t i = 0; i < SUMMARY_BINS / 2; i++)
		v[i] = v[2 * i] + v[2 * i + 1];
	for (size_t i = SUMMARY_BINS / 2; i < SUMMARY_BINS; i++)
		v[i] = 0;
}

static void fold_levels(int64_t *v)
{
	for (size_t i = 0; i < SUMMARY_BINS / 2; i++)
		v[i] = v[2 * i + 1] != SUMMARY_SAME ? v[2 * i + 1] : v[2 * i];
	for (size_t i = SUMMARY_BINS / 2; i < SUMMARY_BINS; i++)
		v[i] = SUMMARY_SAME;
}

static void fold_heat(struct summary_curves *c)
{
	for (size_t row = 0; row < SUMMARY_ROWS; row++) {
		uint32_t *v = c->heat[row];

		for (size_t i = 0; i < SUMMARY_BINS / 2; i++)
			v[i] = v[2 * i] + v[2 * i + 1];
		for (size_t i = SUMMARY_BINS / 2; i < SUMMARY_BINS; i++)
			v[i] = 0;
	}
}

static void fold(struct summary *s)
{
	s->width *= 2;
	fold_sums(s->lost_bins);
	for (size_t r = 0; r <= S2_NR_REASONS; r++)
		fold_sums(s->flush_bins[r]);
	for (size_t i = 0; i < s->nr_mmus; i++) {
		struct summary_curves *c = s->mmu[i]->curves;

		if (!c)
			continue;
		fold_levels(c->tables);
		fold_levels(c->mapped);
		fold_heat(c);
	}
}

/* A file may claim any time: a century is more than a recording has. */
#define LONGEST (1ULL << 61)

static void see_time(struct summary *s, uint64_t time)
{
	if (!s->width) {
		s->start = time;
		s->first = time;
		s->last = time;
		s->width = FIRST_WIDTH;
	}
	if (time < s->first)
		s->first = time;
	if (time > s->last)
		s->last = time;
	while (time > s->start && s->width < LONGEST / SUMMARY_BINS &&
	       (time - s->start) / s->width >= SUMMARY_BINS)
		fold(s);
}

static struct summary_curves *new_curves(void)
{
	struct summary_curves *c = calloc(1, sizeof(*c));

	for (size_t i = 0; c && i < SUMMARY_BINS; i++) {
		c->tables[i] = SUMMARY_SAME;
		c->mapped[i] = SUMMARY_SAME;
	}
	if (c)
		c->row_shift = FIRST_ROW;
	return c;
}

static int add_mmu(struct summary *s, const struct event *e)
{
	struct summary_mmu *m = calloc(1, sizeof(*m));

	if (!s->mmu)
		s->mmu = calloc(SUMMARY_MMUS, sizeof(*s->mmu));
	if (!m || !s->mmu || map_set(&s->by_id, e->mmu, m)) {
		free(m);
		return -1;
	}
	s->mmu[s->nr_mmus++] = m;
	s->recent = m;
	m->id = e->mmu;
	m->vm = e->vm;
	m->begin = e->time;
	m->late = e->type != EV_s2_mmu_init;
	m->page_shift = 12;
	if (s->nr_curves < SUMMARY_CURVES) {
		m->curves = new_curves();
		if (!m->curves)
			return -1;
		s->nr_curves++;
	}
	return 0;
}

/* The MMU of @e, or NULL if it has no row. */
static int find_mmu(struct summary *s, const struct event *e,
		    struct summary_mmu **m)
{
	*m = NULL;
	if (!e->mmu)
		return 0;
	if (!s->recent || s->recent->id != e->mmu)
		s->recent = map_get(&s->by_id, e->mmu);
	if (!s->recent && s->nr_mmus < SUMMARY_MMUS && add_mmu(s, e))
		return -1;
	s->more += !s->recent && e->type == EV_s2_mmu_init;
	*m = s->recent;
	return 0;
}

static unsigned int shift_of(uint64_t granule)
{
	return granule == 65536 ? 16 : granule == 16384 ? 14 : 12;
}

static int64_t leaf_bytes(const struct summary_mmu *m, uint64_t pte, int level)
{
	if (level < 0 || level > LAST_LEVEL || pte_kind(pte, level) != PTE_LEAF)
		return 0;
	return 1LL
	       << (m->page_shift + (m->page_shift - 3) * (LAST_LEVEL - level));
}

static void set_level(struct summary *s, struct summary_mmu *m, uint64_t time)
{
	if (m->tables > m->peak_tables)
		m->peak_tables = m->tables;
	if (m->mapped > m->peak_mapped)
		m->peak_mapped = m->mapped;
	if (!m->curves)
		return;
	m->curves->tables[summary_bin(s, time)] = m->tables;
	m->curves->mapped[summary_bin(s, time)] = m->mapped;
}

/* Rows of twice the size: what are neighbours now may become one. */
static void fold_rows(struct summary_curves *c)
{
	uint32_t nr = c->nr_rows;

	c->row_shift++;
	c->nr_rows = 0;
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t region = c->row[i] >> 1;
		uint32_t to = 0;

		while (to < c->nr_rows && c->row[to] != region)
			to++;
		if (to == c->nr_rows)
			c->row[c->nr_rows++] = region;
		for (size_t bin = 0; to != i && bin < SUMMARY_BINS; bin++) {
			uint32_t n = c->heat[i][bin];

			c->heat[i][bin] = 0;
			c->heat[to][bin] += n;
		}
	}
}

static uint32_t find_row(struct summary_curves *c, uint64_t ipa)
{
	uint64_t region;
	uint32_t i;

	for (;;) {
		region = ipa >> c->row_shift;
		if (c->hit < c->nr_rows && c->row[c->hit] == region)
			return c->hit;
		for (i = 0; i < c->nr_rows && c->row[i] != region; i++)
			;
		if (i < SUMMARY_ROWS)
			break;
		fold_rows(c);
	}
	if (i == c->nr_rows)
		c->row[c->nr_rows++] = region;
	c->hit = i;
	return i;
}

static void heat(struct summary *s, struct summary_mmu *m,
		 const struct event *e)
{
	struct summary_curves *c = m->curves;

	if (c)
		c->heat[find_row(c, e->s2_fault_begin.ipa)]
		       [summary_bin(s, e->time)]++;
}

static unsigned int bounded(int32_t value, unsigned int nr)
{
	return value >= 0 && (unsigned int)value < nr ? (unsigned int)value :
							nr;
}

static void count_flush(struct summary *s, struct summary_mmu *m,
			const struct event *e)
{
	unsigned int reason = bounded(e->s2_flush.reason, S2_NR_REASONS);
	unsigned int scope = bounded(e->s2_flush.scope, S2_NR_SCOPES);

	s->flushes[reason][scope]++;
	s->flush_bins[reason][summary_bin(s, e->time)]++;
	if (m)
		m->flushes++;
}

static void count_fault_end(struct summary *s, const struct event *e)
{
	uint64_t size = e->s2_fault_end.size;

	switch (e->s2_fault_end.result) {
	case 1:
		s->faults_handled++;
		if (size)
			s->fault_sizes[__builtin_ctzll(size)]++;
		break;
	case 0:
		s->faults_user++;
		break;
	case -EAGAIN:
	case -ESTALE:
		s->faults_again++;
		break;
	default:
		s->faults_failed++;
	}
}

static int add_span(struct summary *s, const struct event *e, uint64_t vmid,
		    uint64_t generation)
{
	if (!s->spans)
		s->spans = calloc(SUMMARY_SPANS, sizeof(*s->spans));
	if (!s->spans)
		return -1;
	if (s->nr_spans < SUMMARY_SPANS)
		s->spans[s->nr_spans++] = (struct summary_span){ e->mmu,
								 e->time, vmid,
								 generation };
	return 0;
}

static int of_host(struct summary *s, struct summary_mmu *m,
		   const struct event *e)
{
	switch (e->type) {
	case EV_s2_flush:
		count_flush(s, m, e);
		return 0;
	case EV_s2_fault_begin:
		s->faults[bounded(e->s2_fault_begin.kind, S2_NR_FAULTS)]++;
		return 0;
	case EV_s2_fault_end:
		count_fault_end(s, e);
		return 0;
	case EV_s2_vmid_assign:
		s->assigns++;
		return add_span(s, e, e->s2_vmid_assign.vmid,
				e->s2_vmid_assign.generation);
	case EV_s2_vmid_rollover:
		if (s->rollovers < SUMMARY_TURNS)
			s->turns[s->rollovers] = e->time;
		s->rollovers++;
		return 0;
	case EV_lost:
		s->lost_bins[summary_bin(s, e->time)] += e->lost.count;
		return 0;
	}
	return 0;
}

/* What was not told of cannot be taken away; a file may claim anything. */
static void map_more(struct summary_mmu *m, int64_t bytes)
{
	if (__builtin_add_overflow(m->mapped, bytes, &m->mapped))
		m->mapped = INT64_MAX;
	if (m->mapped < 0)
		m->mapped = 0;
}

static void change(struct summary *s, struct summary_mmu *m,
		   const struct event *e)
{
	m->sets += e->type == EV_s2_set;
	m->clears += e->type == EV_s2_clear;
	map_more(m, leaf_bytes(m, e->s2_set.new, e->s2_set.level) -
			    leaf_bytes(m, e->s2_set.old, e->s2_set.level));
	set_level(s, m, e->time);
}

static void begin_late(struct summary *s, struct summary_mmu *m,
		       const struct event *e)
{
	m->nested = e->snap_mmu.nested;
	m->page_shift = shift_of(e->snap_mmu.granule);
	m->root = e->snap_mmu.root_pa;
	if (e->snap_mmu.generation)
		add_span(s, e, e->snap_mmu.vmid, e->snap_mmu.generation);
}

static void of_mmu(struct summary *s, struct summary_mmu *m,
		   const struct event *e)
{
	m->events += event_is_s2(e);
	switch (e->type) {
	case EV_s2_mmu_init:
		m->nested = e->s2_mmu_init.nested;
		m->page_shift = shift_of(e->s2_mmu_init.granule);
		break;
	case EV_snap_mmu:
		begin_late(s, m, e);
		break;
	case EV_snap_table:
		m->tables += e->snap_table.table != m->root;
		break;
	case EV_snap_entry:
		map_more(m,
			 leaf_bytes(m, e->snap_entry.pte, e->snap_entry.level));
		break;
	case EV_snap_end:
		set_level(s, m, e->time);
		break;
	case EV_s2_table_alloc:
		m->tables++;
		set_level(s, m, e->time);
		break;
	case EV_s2_table_free:
		m->tables -= m->tables > 0;
		set_level(s, m, e->time);
		break;
	case EV_s2_set:
	case EV_s2_clear:
		change(s, m, e);
		break;
	case EV_s2_fault_begin:
		m->faults++;
		heat(s, m, e);
		break;
	case EV_s2_mmu_free:
		m->end = e->time;
		m->leaked = e->s2_mmu_free.tables_live;
		break;
	}
}

/**
 * summary_event() - one more event
 *
 * Return: 0 or -1 without memory.
 */
int summary_event(struct summary *s, const struct event *e)
{
	struct summary_mmu *m;

	see_time(s, e->time);
	if (tally_event(&s->tally, e) || find_mmu(s, e, &m) || of_host(s, m, e))
		return -1;
	if (m)
		of_mmu(s, m, e);
	return 0;
}

static int busier(const void *a, const void *b)
{
	const struct summary_mmu *x = *(struct summary_mmu *const *)a;
	const struct summary_mmu *y = *(struct summary_mmu *const *)b;

	if (x->events != y->events)
		return x->events < y->events ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

/** summary_sort() - all was told: the busiest MMUs come first */
void summary_sort(struct summary *s)
{
	if (s->nr_mmus)
		qsort(s->mmu, s->nr_mmus, sizeof(*s->mmu), busier);
}

void summary_free(struct summary *s)
{
	for (size_t i = 0; i < s->nr_mmus; i++) {
		free(s->mmu[i]->curves);
		free(s->mmu[i]);
	}
	free(s->mmu);
	free(s->spans);
	map_free(&s->by_id);
	tally_free(&s->tally);
	*s = (struct summary){};
}
