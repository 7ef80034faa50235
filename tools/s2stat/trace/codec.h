/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events to and from the payload of a block: bytes, no I/O.
 *
 * What an event is made of is told by a table of types, which a recording has
 * in its head: a reader follows the file's table, whatever its own is.
 */
#ifndef S2STAT_TRACE_CODEC_H
#define S2STAT_TRACE_CODEC_H

#include "../model/event.h"

#define CODEC_MAX_TYPES 255
#define CODEC_NAME_MAX 32

/* Rings of context: one for each CPU, modulo this. */
#define CODEC_LANES 16
/* MMUs in one block; with more than these a block ends early. */
#define CODEC_MAX_MMUS 4096
/* No event takes more bytes. */
#define CODEC_MAX_EVENT 256

/**
 * struct codec_arg - an argument of an event in the file
 * @field:	which prediction it shares: all arguments with the same name
 *		and meaning do
 * @own:	where it goes in our struct event; NULL: we do not know it
 */
struct codec_arg {
	char name[CODEC_NAME_MAX];
	char show[CODEC_NAME_MAX];
	enum event_arg_type type;
	uint16_t field;
	const struct event_arg *own;
};

/**
 * struct codec_type - an event type of the file
 * @own:	our enum event_type, or -1
 */
struct codec_type {
	char name[CODEC_NAME_MAX];
	int own;
	uint32_t nr_args;
	struct codec_arg arg[EVENT_MAX_ARGS];
};

/**
 * struct codec_table - all event types of the file
 * @nr_fields:	different values of codec_arg.field
 */
struct codec_table {
	uint32_t nr_types;
	uint32_t nr_fields;
	struct codec_type *type;
};

/**
 * struct codec_mmu - an MMU that the block has met
 * @seq:	of its last event
 */
struct codec_mmu {
	uint64_t mmu;
	uint64_t seq;
	int32_t vm;
};

/**
 * struct codec - what coder and decoder both know after each event
 * @time:	of the last event
 * @cpu:	its CPU
 * @slot:	its place in @mmu
 * @pid:	the last thread, by lane
 * @field:	the last value of each field, by lane
 * @hash:	of the coder: places in @mmu, and one more
 */
struct codec {
	const struct codec_table *table;
	uint64_t time;
	uint32_t cpu;
	uint32_t slot;
	uint32_t nr_mmus;
	int32_t pid[CODEC_LANES];
	uint64_t *field;
	struct codec_mmu mmu[CODEC_MAX_MMUS];
	uint16_t hash[2 * CODEC_MAX_MMUS];
};

const char *codec_type_name(enum event_arg_type type);
bool codec_is_name(const char *s);

/* Table: made of our own list, or line by line of a file's. */
int codec_table_own(struct codec_table *t);
struct codec_type *codec_table_add(struct codec_table *t, const char *name);
int codec_table_arg(struct codec_table *t, struct codec_type *type,
		    const char *name, const char *arg_type, const char *show);
void codec_table_free(struct codec_table *t);

int codec_init(struct codec *c, const struct codec_table *table);
void codec_free(struct codec *c);
void codec_reset(struct codec *c, uint64_t time);

size_t codec_put(struct codec *c, const struct event *e, unsigned char *at);
const unsigned char *codec_get(struct codec *c, const unsigned char *at,
			       struct event *e);

#endif /* S2STAT_TRACE_CODEC_H */
