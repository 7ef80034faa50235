/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invariants of a stage-2 MMU, and the bench that holds a stream of events
 * against them. Each invariant has a file of its own; docs/invariants.md tells
 * what is judged and how.
 */
#ifndef S2STAT_INVARIANT_H
#define S2STAT_INVARIANT_H

#include "../model/replay.h"

#define ON(event) (1u << EV_##event)
#define ON_TABLES                                                              \
	(ON(s2_mmu_init) | ON(s2_mmu_free) | ON(s2_op_begin) | ON(s2_op_end) | \
	 ON(s2_table_alloc) | ON(s2_table_free) | ON(s2_set) | ON(s2_clear))
#define ON_TLBS (ON_TABLES | ON(s2_flush) | ON(s2_vmid_assign))

/**
 * struct hook - when an invariant is asked
 * @point:	an event's type, or enum point
 */
struct hook {
	enum asked asked;
	unsigned int point;
	judge_fn judge;
};

/**
 * struct invariant - one
 * @name:	its key
 * @says:	one sentence
 * @needs:	events without which it cannot be judged, by type
 * @local:	an event proves it by itself, whatever was lost before
 * @hooks:	ends with a NULL judge
 */
struct invariant {
	const char *name;
	const char *says;
	uint32_t needs;
	bool local;
	const struct hook *hooks;
};

/* All of them, in the order of docs/invariants.md. */
#define INVARIANTS(X) \
	X(free)       \
	X(refs)       \
	X(bbm)        \
	X(owed)       \
	X(flushid)    \
	X(over)       \
	X(vmidx)      \
	X(vmidg)      \
	X(vcputlb)    \
	X(leak)       \
	X(walk)       \
	X(root)       \
	X(unmapall)   \
	X(inslot)     \
	X(lockctx)    \
	X(seq)        \
	X(dirty)      \
	X(pin)        \
	X(attr)       \
	X(cmo)        \
	X(cache)      \
	X(progress)   \
	X(stream)

enum invariant_id {
#define INV_ENUM(name) INV_##name,
	INVARIANTS(INV_ENUM)
#undef INV_ENUM
		NR_INVARIANTS
};

#define INV_EXTERN(name) extern const struct invariant inv_##name;
INVARIANTS(INV_EXTERN)
#undef INV_EXTERN

extern const struct invariant *const invariants[NR_INVARIANTS];

#define NO_LEVEL 127
#define FINDING_TRAIL 16

/**
 * struct place - where something is wrong
 * @size:	0: no address is meant
 * @level:	NO_LEVEL: none is
 * @table:	table page, 0: none
 */
struct place {
	uint64_t ipa;
	uint64_t size;
	uint64_t table;
	int32_t level;
};

/**
 * struct finding - an invariant, or a rule, does not hold
 * @inv:	which invariant; NULL: a rule
 * @name:	its name
 * @mmu:	0: all of them together
 * @event:	that shows it
 * @cause:	what it began with; all zero: the event itself
 * @what:	a sentence, without a full stop
 * @trail:	the events that led to it, in order; @event is the last
 */
struct finding {
	const struct invariant *inv;
	const char *name;
	uint64_t mmu;
	int32_t vm;
	struct place at;
	struct event event;
	struct origin cause;
	char what[256];
	struct event trail[FINDING_TRAIL];
	size_t nr_trail;
};

/**
 * struct bench - judges at work
 * @replay:	fed by whoever has the events
 * @found:	called for each finding
 * @arg:	its own
 * @asked:	invariants that are to be judged, by id
 * @events:	kinds of events that the stream has
 * @complete:	every MMU in the stream must be freed in it
 * @count:	findings by invariant
 * @unjudged:	what was not called a finding because events of the MMU are
 *		missing
 * @lists:	who is asked, see struct replay
 */
struct bench {
	struct replay replay;
	void (*found)(const struct finding *f, void *arg);
	void *arg;
	uint32_t asked;
	uint32_t events;
	bool complete;
	uint64_t count[NR_INVARIANTS];
	uint64_t unjudged[NR_INVARIANTS];
	judge_fn *lists;
};

int bench_init(struct bench *b, uint32_t asked, uint32_t events);
void bench_free(struct bench *b);
bool bench_judges(const struct bench *b, enum invariant_id id);
uint64_t bench_findings(const struct bench *b);
const struct invariant *invariant_find(const char *name);

/**
 * struct charge - the particulars of an accusation
 * @cause:	NULL: none but the event
 */
struct charge {
	struct place at;
	const struct origin *cause;
};

__attribute__((format(printf, 4, 5))) void accuse(const struct step *s,
						  enum invariant_id id,
						  const struct charge *c,
						  const char *fmt, ...);

static inline struct place place_of_entry(const struct step *s)
{
	return (struct place){
		.ipa = s->e->s2_set.ipa,
		.size = s->size ? s->size : 1,
		.level = s->e->s2_set.level,
		.table = s->e->s2_set.table,
	};
}

static inline struct place place_of_table(const struct table *t)
{
	return (struct place){
		.ipa = t->ipa,
		.size = t->span,
		.level = t->level,
		.table = t->pa,
	};
}

static inline struct place place_of_op(const struct op *op)
{
	return (struct place){
		.ipa = op->ipa,
		.size = op->end - op->ipa,
		.level = NO_LEVEL,
	};
}

static inline struct place place_of_leaf(const struct mmu *mmu,
					 const struct leaf *leaf)
{
	return (struct place){
		.ipa = leaf->ipa,
		.size = mmu_level_size(mmu, leaf->level),
		.level = leaf->level,
	};
}

#endif /* S2STAT_INVARIANT_H */
