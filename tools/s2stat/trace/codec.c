// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events to and from bytes. See codec.h and docs/trace-format.md.
 *
 * An event is told by how it differs from those before it: its time from the
 * last one's, its number from the one that is due in its MMU, its arguments
 * from the last argument of the same name and meaning that the same CPU told.
 * One operation names its IPA, table and id again and again, so most
 * differences are zero and take one bit.
 */
#include "codec.h"

#include <stdlib.h>
#include <string.h>

/* What the second byte of an event says: what differs, and is told. */
enum {
	FLAG_MMU = 1 << 0,
	FLAG_SEQ = 1 << 1,
	FLAG_CPU = 1 << 2,
	FLAG_PID = 1 << 3,
	FLAG_ALL = (1 << 4) - 1,
};

static unsigned char *put_varint(unsigned char *at, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*at++ = v | 0x80;
	*at++ = v;
	return at;
}

/* Small differences, of either sign, become small numbers. */
static unsigned char *put_diff(unsigned char *at, uint64_t now, uint64_t before)
{
	uint64_t d = now - before;

	return put_varint(at, d << 1 ^ -(d >> 63));
}

/* Ten bytes at most, whatever they are: a hostile number only comes out odd. */
static inline const unsigned char *get_varint(const unsigned char *at,
					      uint64_t *v)
{
	uint64_t sum = *at & 0x7f;
	unsigned int shift = 0;

	while (*at++ & 0x80) {
		shift += 7;
		if (shift > 63)
			break;
		sum |= (uint64_t)(*at & 0x7f) << shift;
	}
	*v = sum;
	return at;
}

static inline const unsigned char *get_diff(const unsigned char *at,
					    uint64_t *value)
{
	uint64_t v;

	at = get_varint(at, &v);
	*value += v >> 1 ^ -(v & 1);
	return at;
}

/** codec_init() - Return: 0 or -1 without memory */
int codec_init(struct codec *c, const struct codec_table *table)
{
	c->table = table;
	c->field =
		calloc(table->nr_fields * CODEC_LANES + 1, sizeof(*c->field));
	return c->field ? 0 : -1;
}

void codec_free(struct codec *c)
{
	free(c->field);
	c->field = NULL;
}

/** codec_reset() - a block begins; @time is that of its first event */
void codec_reset(struct codec *c, uint64_t time)
{
	if (c->nr_mmus)
		memset(c->hash, 0, sizeof(c->hash));
	memset(c->pid, 0, sizeof(c->pid));
	memset(c->field, 0,
	       c->table->nr_fields * CODEC_LANES * sizeof(*c->field));
	c->time = time;
	c->cpu = 0;
	c->slot = 0;
	c->nr_mmus = 0;
}

static uint32_t hash_of(uint64_t mmu)
{
	const uint32_t size = 2 * CODEC_MAX_MMUS;

	return (mmu * 0x9e3779b97f4a7c15ULL >> 32) & (size - 1);
}

/* The place of @e's MMU, new or not; CODEC_MAX_MMUS when there is no room. */
static uint32_t find_slot(struct codec *c, const struct event *e)
{
	uint32_t h = hash_of(e->mmu);

	for (; c->hash[h]; h = (h + 1) % (2 * CODEC_MAX_MMUS)) {
		const struct codec_mmu *m = &c->mmu[c->hash[h] - 1];

		if (m->mmu == e->mmu && m->vm == e->vm)
			return c->hash[h] - 1;
	}
	if (c->nr_mmus == CODEC_MAX_MMUS)
		return CODEC_MAX_MMUS;
	c->hash[h] = ++c->nr_mmus;
	c->mmu[c->nr_mmus - 1] =
		(struct codec_mmu){ .mmu = e->mmu, .vm = e->vm };
	return c->nr_mmus - 1;
}

static inline bool same_mmu(const struct codec *c, const struct event *e)
{
	const struct codec_mmu *m = &c->mmu[c->slot];

	return c->nr_mmus && m->mmu == e->mmu && m->vm == e->vm;
}

/* The MMU: a place that the block has, or the next one and whose it is. */
static unsigned char *put_mmu(struct codec *c, const struct event *e,
			      uint32_t had, unsigned char *at)
{
	at = put_varint(at, c->slot);
	if (c->slot < had)
		return at;
	at = put_varint(at, e->mmu);
	return put_diff(at, (int64_t)e->vm, 0);
}

static unsigned char *put_args(struct codec *c, const struct event *e,
			       uint64_t *lane, unsigned char *at)
{
	const struct codec_type *type = &c->table->type[e->type];
	uint32_t bytes = (type->nr_args + 7) / 8, mask = 0;
	unsigned char *where = at;

	at += bytes;
	for (uint32_t i = 0; i < type->nr_args; i++) {
		uint64_t *before = &lane[type->arg[i].field];
		uint64_t v = event_arg(e, type->arg[i].own);

		if (v == *before)
			continue;
		mask |= 1u << i;
		at = put_diff(at, v, *before);
		*before = v;
	}
	for (uint32_t i = 0; i < bytes; i++)
		where[i] = mask >> 8 * i;
	return at;
}

/**
 * codec_put() - adds an event to a block
 * @c:		its table is our own
 * @at:		room for CODEC_MAX_EVENT bytes
 *
 * Return: bytes written; 0 if it needs a new block, for it has too many MMUs.
 */
size_t codec_put(struct codec *c, const struct event *e, unsigned char *at)
{
	const uint32_t lane = (uint32_t)e->cpu % CODEC_LANES;
	const uint32_t had = c->nr_mmus;
	unsigned char *begin = at, flags = 0;
	struct codec_mmu *m;

	if (!same_mmu(c, e)) {
		uint32_t slot = find_slot(c, e);

		if (slot == CODEC_MAX_MMUS)
			return 0;
		c->slot = slot;
		flags |= FLAG_MMU;
	}
	m = &c->mmu[c->slot];
	flags |= e->seq != m->seq + 1 ? FLAG_SEQ : 0;
	flags |= (uint32_t)e->cpu != c->cpu ? FLAG_CPU : 0;
	flags |= e->pid != c->pid[lane] ? FLAG_PID : 0;
	*at++ = e->type;
	*at++ = flags;
	at = put_diff(at, e->time, c->time);
	if (flags & FLAG_MMU)
		at = put_mmu(c, e, had, at);
	if (flags & FLAG_SEQ)
		at = put_diff(at, e->seq, m->seq + 1);
	if (flags & FLAG_CPU)
		at = put_varint(at, (uint32_t)e->cpu);
	if (flags & FLAG_PID)
		at = put_diff(at, (int64_t)e->pid, (int64_t)c->pid[lane]);
	c->time = e->time;
	m->seq = e->seq;
	c->cpu = e->cpu;
	c->pid[lane] = e->pid;
	return put_args(c, e, c->field + lane * c->table->nr_fields, at) -
	       begin;
}

static const unsigned char *get_mmu(struct codec *c, const unsigned char *at)
{
	uint64_t slot, vm = 0;

	at = get_varint(at, &slot);
	if (slot > c->nr_mmus || slot >= CODEC_MAX_MMUS)
		return NULL;
	c->slot = slot;
	if (slot < c->nr_mmus)
		return at;
	c->nr_mmus++;
	c->mmu[slot] = (struct codec_mmu){};
	at = get_varint(at, &c->mmu[slot].mmu);
	at = get_diff(at, &vm);
	c->mmu[slot].vm = vm;
	return at;
}

/* What comes before the arguments. */
static const unsigned char *get_head(struct codec *c, const unsigned char *at,
				     uint32_t flags, struct event *e)
{
	struct codec_mmu *m;
	uint64_t v = 0;

	at = get_diff(at, &c->time);
	if (flags & FLAG_MMU)
		at = get_mmu(c, at);
	if (!at || !c->nr_mmus)
		return NULL;
	m = &c->mmu[c->slot];
	m->seq++;
	if (flags & FLAG_SEQ)
		at = get_diff(at, &m->seq);
	if (flags & FLAG_CPU) {
		at = get_varint(at, &v);
		c->cpu = v;
	}
	if (flags & FLAG_PID) {
		v = (int64_t)c->pid[c->cpu % CODEC_LANES];
		at = get_diff(at, &v);
		c->pid[c->cpu % CODEC_LANES] = v;
	}
	e->time = c->time;
	e->mmu = m->mmu;
	e->seq = m->seq;
	e->vm = m->vm;
	e->cpu = c->cpu;
	e->pid = c->pid[c->cpu % CODEC_LANES];
	return at;
}

/**
 * codec_get() - takes an event from a block
 * @at:		at least CODEC_MAX_EVENT bytes from here can be read, though the
 *		block may end before
 * @e:		filled; its type is EV_NR if it is one that we do not know
 *
 * Return: behind the event, possibly behind the end of the block, which is
 * then damaged; NULL if it can be no event.
 */
const unsigned char *codec_get(struct codec *c, const unsigned char *at,
			       struct event *e)
{
	uint32_t number = *at++, flags = *at++, mask = 0;
	const struct codec_type *type;
	uint64_t *lane;

	if (number >= c->table->nr_types || flags & ~FLAG_ALL)
		return NULL;
	type = &c->table->type[number];
	memset(e, 0, sizeof(*e));
	at = get_head(c, at, flags, e);
	if (!at)
		return NULL;
	e->type = type->own < 0 ? EV_NR : type->own;

	if (type->nr_args)
		mask = *at++;
	if (type->nr_args > 8)
		mask |= (uint32_t)*at++ << 8;
	lane = c->field + c->cpu % CODEC_LANES * c->table->nr_fields;
	for (uint32_t i = 0; i < type->nr_args; i++, mask >>= 1) {
		uint64_t *v = &lane[type->arg[i].field];

		if (mask & 1)
			at = get_diff(at, v);
		if (type->arg[i].own)
			event_set_arg(e, type->arg[i].own, *v);
	}
	return mask ? NULL : at;
}
