/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of every stage-2 MMU, replayed from the event stream and from
 * nothing else: which table pages there are and what is in them, what is owed
 * to the TLBs, which operations and faults are under way, which memslots there
 * are, who has which VMID on which CPU.
 *
 * Events of one MMU are put back into the order of their sequence numbers
 * (reorder.h) and then change its state, one at a time. Around each change those
 * who judge are asked: before it, and after. The model itself accuses nobody.
 */
#ifndef S2STAT_MODEL_REPLAY_H
#define S2STAT_MODEL_REPLAY_H

#include "debt.h"
#include "descriptor.h"
#include "event.h"
#include "map.h"
#include "reorder.h"
#include "slot.h"
#include "span.h"
#include "table.h"
#include "trail.h"
#include "vmid.h"

/**
 * struct leaf - a leaf as an event told it
 * @pte:	0: there was none
 */
struct leaf {
	uint64_t ipa;
	uint64_t pte;
	int32_t level;
};

/**
 * struct op - an operation under way
 * @id:		0: no operation
 * @pid:	who is at it
 * @yielded:	it dropped mmu_lock: another one has begun meanwhile
 * @changes:	entries set and cleared
 * @flushes:	invalidations issued, local ones not counted
 * @notifier_seq: invalidations by the host that had ended when it began
 * @reached:	end of the last entry it changed in reach of the walkers
 * @taken:	table pages taken, less those put back
 * @excused:	somebody else's invalidation paid what may have been its debts
 * @last:	number of its last event
 * @renewed:	an invalidation covered its first IPA, if only on its own CPU
 * @cleaned:	the last data cache maintenance
 * @cleaned_bytes: of all of it
 * @synced:	the last instruction cache maintenance
 * @lines:	memory that was unmapped and is not cleaned yet
 * @amid:	IPA ranges that others changed while it had yielded
 * @leaf:	the last leaf it set in reach of the walkers
 * @broken:	the last leaf it cleared there
 * @begun:	its begin
 */
struct op {
	uint64_t id;
	uint64_t ipa;
	uint64_t end;
	int32_t kind;
	int32_t reason;
	int32_t lock;
	int32_t pid;
	bool may_block;
	bool yielded;
	bool renewed;
	bool excused;
	uint64_t last;
	uint64_t changes;
	uint64_t flushes;
	uint64_t notifier_seq;
	uint64_t reached;
	int64_t taken;
	struct span cleaned;
	uint64_t cleaned_bytes;
	struct span synced;
	struct spans lines;
	struct spans amid;
	struct leaf leaf;
	struct leaf broken;
	struct origin begun;
};

/**
 * struct flight - a fault under way
 * @vcpu:	whose
 * @used:	there is one
 * @floor:	least notifier sequence that a leaf set now may be based on
 * @mapped:	the notifier sequence under mmu_lock, when one was set
 * @changed:	an entry was set for it
 * @made:	and was no leaf before: it did not only come to allow more
 * @writes:	and the guest can write there, which it could not
 * @leaf:	the last leaf that was
 */
struct flight {
	bool used;
	bool changed;
	bool made;
	bool writes;
	int32_t vcpu;
	int32_t pid;
	int32_t kind;
	bool write;
	bool exec;
	uint64_t ipa;
	uint64_t notifier_seq;
	uint64_t floor;
	uint64_t mapped;
	struct leaf leaf;
	struct origin begun;
};

/**
 * struct piece - what was unmapped last for the host
 * @told:	there was one
 * @pid:	by whom
 * @end:	up to where
 * @notifier_seq: how many invalidations had ended then
 */
struct piece {
	bool told;
	int32_t pid;
	uint64_t end;
	uint64_t notifier_seq;
	struct origin begun;
};

/**
 * struct swap - an entry whose events came the wrong way round
 *
 * Two CPUs that change one entry with mmu_lock held for read may be numbered
 * either way. The event that was second then finds what nobody told, until
 * the first one comes: it must lead from @told to @awaits.
 */
struct swap {
	struct table *table;
	uint32_t index;
	uint32_t told;
	uint32_t awaits;
};

/**
 * struct stall - a place at which a vCPU faults and faults again
 * @faults:	so often, with nothing changed there
 * @changes:	what @mmu->changes was at the last of them
 */
struct stall {
	uint64_t ipa;
	uint64_t faults;
	uint64_t changes;
	struct origin first;
};

/**
 * struct flip - an entry that faults change between two values
 * @times:	so often, with nobody else in between
 */
struct flip {
	uint32_t handle;
	uint32_t index;
	uint32_t from;
	uint32_t to;
	uint32_t times;
};

#define PA_48 ((1ULL << 48) - 1)
#define NR_FLIPS 16 /* a power of two */

/**
 * struct mmu - one stage-2 MMU
 * @late:	older than the stream
 * @lost:	events of it are missing
 * @exact:	a snapshot tells all that came before
 * @exact_from:	what has a number up to this may be part of the snapshot: it is
 *		replayed but not judged
 * @met:	when it was first heard of
 * @root:	NULL if it is not known
 * @limit:	first IPA behind the space
 * @shift:	log2 of what an entry translates, by level
 * @has_vmid:	it may be in a TLB
 * @old_ops:	operations may be under way whose begin was not seen
 * @over:	it was freed
 * @down:	its tables were taken down
 * @fwb:	FEAT_S2FWB, as far as the leaves tell: 1 yes, 0 no, -1 unknown
 * @lpa2:	likewise
 * @bbm2:	FEAT_BBM level 2: blocks and tables may replace each other
 * @told:	the kernel tells its features, and op_begin's notifier_seq
 * @piece:	the last unmap for the host
 * @tables:	table pages alive, without the root
 * @taken:	table pages ever taken
 * @freed:	of these, freed
 * @crowd:	most operations at once since all was quiet
 * @window:	counts the moments of quiet
 * @touched:	handles of tables changed since the last one; they may be gone
 * @changes:	operations that took something away: who faults again has cause
 * @seq_floor:	greatest notifier sequence that was seen
 * @seq_bump:	and there was an invalidation since
 * @last:	the table that the last event was about
 */
struct mmu {
	uint64_t id;
	int32_t vm;
	bool late;
	bool lost;
	bool exact;
	bool nested;
	bool has_vmid;
	bool old_ops;
	bool over;
	bool down;
	int8_t fwb;
	int8_t lpa2;
	bool bbm2;
	bool told;
	uint64_t exact_from;
	uint64_t met;
	struct reorder order;
	struct trail trail;

	uint8_t page_shift;
	int8_t start_level;
	uint8_t ipa_bits;
	uint8_t shift[NR_LEVELS];
	uint64_t limit;
	struct table *root;
	struct table *last;
	uint64_t tables;
	uint64_t taken;
	uint64_t freed;

	struct op *op;
	size_t nr_ops;
	size_t room_ops;
	size_t crowd;
	uint64_t first_op;
	uint32_t window;
	uint32_t *touched;
	size_t nr_touched;
	size_t room_touched;
	struct swap *swap;
	size_t nr_swaps;
	size_t room_swaps;

	struct debts debts;
	struct slots slots;

	struct flight *flight;
	size_t nr_flights;
	size_t room_flights;
	struct piece piece;
	uint64_t seq_floor;
	bool seq_bump;
	uint64_t changes;
	struct stall *stall;
	size_t nr_stalls;
	struct flip flip[NR_FLIPS];
	struct mmu_vmid vmid;
};

/**
 * enum point - when judges are asked: at each event, and
 * @POINT_QUIET: no operation is under way in the MMU any more
 * @POINT_LOST:	events of the MMU are missing; what is known of it is not sure
 * @POINT_GHOST: an event of an MMU that was freed; @mmu has no more than its id
 * @POINT_END:	there are no more events, of an MMU that is still there
 */
enum point {
	POINT_QUIET = EV_NR,
	POINT_LOST,
	POINT_GHOST,
	POINT_END,
	NR_POINTS,
};

/**
 * enum asked - and in which state of the model
 * @ON_ARRIVAL:	the event comes in; the MMU's state is that of its own order,
 *		only the VMIDs' is that of the stream
 * @BEFORE:	as the events before left it
 * @AFTER:	the event has been applied
 */
enum asked {
	ON_ARRIVAL,
	BEFORE,
	AFTER,
	NR_ASKED,
};

/**
 * struct step - one event and what it meets
 * @op:		the operation it belongs to, NULL if it names none, or none
 *		that is known
 * @table:	the table page it names, NULL if it is none of the MMU's
 * @child:	the table page that the entry is to link, if it is the MMU's
 * @index:	of the entry; meaningful only with @sane
 * @size:	bytes that the entry translates
 * @told:	the entry as the model knew it
 * @live:	walkers can reach the table
 * @sane:	level, IPA and index agree with what is known of the table
 * @fits:	the entry was found as the event before left it
 * @useful:	the invalidation paid for something
 * @missing:	events that were lost (POINT_LOST)
 */
struct step {
	struct replay *r;
	const struct event *e;
	struct mmu *mmu;
	struct op *op;
	struct table *table;
	struct table *child;
	uint32_t index;
	uint32_t told;
	uint64_t size;
	bool live;
	bool sane;
	bool fits;
	bool useful;
	uint64_t missing;
};

typedef void (*judge_fn)(const struct step *s);

/**
 * struct replay - the host
 * @judges:	whom to ask, each list ends with NULL
 * @arg:	theirs
 * @mmu:	by id
 * @dead:	ids of MMUs that were freed
 * @table:	table pages of all MMUs, by address
 * @cache:	what table caches were left with, and one more
 * @now:	the latest time of an event
 * @events:	how many came
 * @lost:	how many are missing, by the numbers of their MMUs
 * @told_lost:	how many the source of the stream knows to be missing
 * @stale:	came too late, or twice
 * @late:	some MMUs are older than the stream
 * @holding:	MMUs may be waiting for an event
 * @shared:	this kernel changes tables with mmu_lock held for read, and
 *		frees them later (S2_LOCK_SHARED was seen)
 * @err:	-ENOMEM, or -E2BIG: more than a host can have. The rest of the
 *		stream is not looked at
 */
struct replay {
	const judge_fn *judges[NR_ASKED][NR_POINTS];
	void *arg;
	struct map mmu;
	struct map dead;
	struct map table;
	struct map cache;
	struct table_pool pool;
	struct vmids vmids;
	struct mmu *last;
	uint64_t now;
	uint64_t events;
	uint64_t lost;
	uint64_t told_lost;
	uint64_t stale;
	bool late;
	bool holding;
	bool shared;
	int err;
};

int replay_event(struct replay *r, const struct event *e);
int replay_batch(struct replay *r, const struct event *e, size_t nr);
int replay_tick(struct replay *r);
int replay_end(struct replay *r);
int replay_give_up(struct replay *r, struct mmu *mmu, const struct event *e);
void replay_free(struct replay *r);

/* snapshot.c: what the stream itself tells. */
int replay_stream_event(struct replay *r, const struct event *e);

/* mmu.c: MMUs, and what is in one. */
struct mmu *mmu_new(struct replay *r, uint64_t id, int32_t vm);
int mmu_shape(struct mmu *mmu, uint64_t granule, int32_t ipa_bits,
	      int32_t start_level);
int mmu_root(struct replay *r, struct mmu *mmu, uint64_t pa);
void mmu_drop_table(struct replay *r, struct table *t);
void mmu_forget(struct replay *r, struct mmu *mmu);
void mmu_free(struct replay *r, struct mmu *mmu);
struct op *mmu_op(const struct mmu *mmu, uint64_t id);
struct flight *mmu_flight(const struct mmu *mmu, int32_t pid);
uint64_t mmu_link_pa(const struct mmu *mmu, uint64_t pte);
uint64_t mmu_leaf_pa(const struct mmu *mmu, uint64_t pte);
struct span mmu_leaf_lines(const struct mmu *mmu, uint64_t pte, uint64_t size);

/* find.c: leaves in a range. */
bool mmu_find_leaf(const struct replay *r, const struct mmu *mmu,
		   const struct span *range, uint32_t kind,
		   const struct spans *but, struct leaf *found,
		   uint64_t *table);
uint64_t mmu_leaf_bytes(const struct replay *r, const struct mmu *mmu,
			const struct span *range, uint32_t kind);

/* The operation that an event names; 0: none. */
static inline uint64_t event_op(const struct event *e)
{
	const uint32_t with_op = 1u << EV_s2_op_begin | 1u << EV_s2_op_end |
				 1u << EV_s2_table_alloc |
				 1u << EV_s2_table_free | 1u << EV_s2_set |
				 1u << EV_s2_clear | 1u << EV_s2_flush |
				 1u << EV_s2_cmo;

	/* It is the first argument of all of them. */
	return event_is_s2(e) && (with_op >> e->type & 1) ? e->s2_set.op : 0;
}

static inline struct origin origin_of(const struct event *e)
{
	return (struct origin){
		.time = e->time,
		.seq = e->seq,
		.op = event_op(e),
		.pid = e->pid,
		.cpu = e->cpu,
	};
}

static inline uint64_t mmu_level_size(const struct mmu *mmu, int level)
{
	return 1ULL << mmu->shift[level - LEVEL_MIN];
}

static inline bool mmu_level_valid(const struct mmu *mmu, int level)
{
	return mmu->root && level >= mmu->start_level && level <= LEVEL_LAST;
}

/* Nothing that is known of it is a guess. */
static inline bool mmu_sure(const struct mmu *mmu)
{
	return !mmu->lost && (!mmu->late || mmu->exact);
}

static inline void ask(const struct step *s, enum asked asked,
		       unsigned int point)
{
	const judge_fn *fn = s->r->judges[asked][point];

	for (; fn && *fn; fn++)
		(*fn)(s);
}

#endif /* S2STAT_MODEL_REPLAY_H */
