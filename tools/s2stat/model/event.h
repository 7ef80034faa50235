/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event, as everything in user space speaks of it: the ring buffer and the
 * reader of recordings hand these over, the model, the invariants, the rules
 * and the converters take them.
 *
 * All that is said of events here is made of one list, EVENTS() of
 * bpf/events.h. Behind the tracepoints come the events of the stream itself:
 * what was there when it began, and what is missing from it.
 */
#ifndef S2STAT_MODEL_EVENT_H
#define S2STAT_MODEL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../../bpf/events.h"

/* The types, as BTF names them. */
typedef uint64_t event_u64;
typedef int64_t event_s64;
typedef int32_t event_s32;

/**
 * struct event - one event
 * @time:	CLOCK_MONOTONIC, in ns
 * @mmu:	id of the context, never reused; 0: of none
 * @seq:	its number among all events of @mmu; 0: it has none
 * @vm:		thread-group id of the process that created the VM
 * @pid:	thread that ran when it happened, 0 for none
 * @cpu:	where it happened
 * @type:	enum event_type; says which member of the union is meant
 */
struct event {
	uint64_t time;
	uint64_t mmu;
	uint64_t seq;
	int32_t vm;
	int32_t pid;
	int32_t cpu;
	uint32_t type;
	union {
#define EVENT_ARG(ev, type, name, show) event_##type name;
#define EVENT_STRUCT(name, args)      \
	struct {                      \
		args(EVENT_ARG, name) \
	} name;
		EVENTS(EVENT_STRUCT)
#undef EVENT_STRUCT
#undef EVENT_ARG
	};
};

/*
 * How a number is meant. Hexadecimal ones are addresses and the like, below
 * 2^53, so that JSON can have them as numbers; bits are all 64 of them.
 */
enum event_show {
	SHOW_DEC,
	SHOW_HEX,
	SHOW_BITS,
	SHOW_OP_KIND,
	SHOW_REASON,
	SHOW_LOCK,
	SHOW_SCOPE,
	SHOW_FAULT,
	SHOW_MEMSLOT,
	SHOW_CMO,
	NR_SHOWS,
};

/* What a type is; the values are those in a recording. */
enum event_arg_type {
	ARG_u64,
	ARG_s64,
	ARG_s32,
	NR_ARG_TYPES,
};

/**
 * struct event_arg - one argument
 * @offset:	in struct event
 */
struct event_arg {
	const char *name;
	enum event_arg_type type;
	enum event_show show;
	size_t offset;
};

/**
 * struct event_desc - one event's name and arguments, without mmu and seq
 */
struct event_desc {
	const char *name;
	const struct event_arg *arg;
	size_t nr_args;
};

/* No event has more arguments than a BPF program takes, less mmu and seq. */
#define EVENT_MAX_ARGS 16

extern const struct event_desc event_descs[EV_NR];

int event_find(const char *name);
const char *event_show_name(enum event_show show);
const char *event_word(enum event_show show, uint64_t value);
uint64_t event_arg(const struct event *e, const struct event_arg *arg);
void event_set_arg(struct event *e, const struct event_arg *arg,
		   uint64_t value);
void event_print(FILE *out, const struct event *e);

/* Is it a tracepoint's, or the stream's own? */
static inline bool event_is_s2(const struct event *e)
{
	return e->type < EV_NR_S2;
}

#endif /* S2STAT_MODEL_EVENT_H */
