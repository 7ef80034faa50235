// SPDX-License-Identifier: GPL-2.0-only
/*
 * What events are called and consist of, made of the list in event.h.
 */
#include "event.h"

#include <inttypes.h>
#include <string.h>

#define ARG(ev, c_type, arg_name, how)                         \
	{                                                      \
		.name = #arg_name,                             \
		.type = ARG_##c_type,                          \
		.show = SHOW_##how,                            \
		.offset = offsetof(struct event, ev.arg_name), \
	},
#define ARGS(ev, args) \
	static const struct event_arg ev##_args[] = { args(ARG, ev) };
EVENTS(ARGS)
#undef ARGS
#undef ARG

#define DESC(ev, args)                                               \
	[EV_##ev] = {                                                \
		.name = #ev,                                         \
		.arg = ev##_args,                                    \
		.nr_args = sizeof(ev##_args) / sizeof(ev##_args[0]), \
	},
const struct event_desc event_descs[EV_NR] = { EVENTS(DESC) };
#undef DESC

#define FITS(ev, args)                                             \
	_Static_assert(sizeof(ev##_args) / sizeof(ev##_args[0]) <= \
			       EVENT_MAX_ARGS,                     \
		       #ev " has too many arguments");
EVENTS(FITS)
#undef FITS

#define WORD(sym, word) [sym] = word,
static const char *const op_kinds[] = { S2_OP_KINDS(WORD) };
static const char *const reasons[] = { S2_REASONS(WORD) };
static const char *const locks[] = { S2_LOCKS(WORD) };
static const char *const scopes[] = { S2_SCOPES(WORD) };
static const char *const faults[] = { S2_FAULTS(WORD) };
static const char *const memslots[] = { S2_MEMSLOTS(WORD) };
static const char *const cmos[] = { S2_CMOS(WORD) };
#undef WORD

#define WORDS(show, list, array) \
	[SHOW_##show] = { list, array, sizeof(array) / sizeof(array[0]) }
static const struct {
	const char *name;
	const char *const *word;
	size_t nr;
} shows[NR_SHOWS] = {
	[SHOW_DEC] = { "dec", NULL, 0 },
	[SHOW_HEX] = { "hex", NULL, 0 },
	[SHOW_BITS] = { "bits", NULL, 0 },
	WORDS(OP_KIND, "op_kind", op_kinds),
	WORDS(REASON, "reason", reasons),
	WORDS(LOCK, "lock", locks),
	WORDS(SCOPE, "scope", scopes),
	WORDS(FAULT, "fault", faults),
	WORDS(MEMSLOT, "memslot", memslots),
	WORDS(CMO, "cmo", cmos),
};
#undef WORDS

/** event_find() - the enum event_type of that name, or -1 */
int event_find(const char *name)
{
	for (int t = 0; t < EV_NR; t++)
		if (!strcmp(name, event_descs[t].name))
			return t;
	return -1;
}

/** event_show_name() - what a way to show numbers is called in a recording */
const char *event_show_name(enum event_show show)
{
	return shows[show].name;
}

/** event_word() - the name of a number; NULL if it has none */
const char *event_word(enum event_show show, uint64_t value)
{
	return value < shows[show].nr ? shows[show].word[value] : NULL;
}

/** event_arg() - the value of an argument of @e, sign-extended */
uint64_t event_arg(const struct event *e, const struct event_arg *arg)
{
	const char *at = (const char *)e + arg->offset;

	if (arg->type == ARG_s32)
		return (int64_t) * (const int32_t *)at;
	return *(const uint64_t *)at;
}

/** event_set_arg() - sets an argument of @e */
void event_set_arg(struct event *e, const struct event_arg *arg, uint64_t value)
{
	char *at = (char *)e + arg->offset;

	if (arg->type == ARG_s32)
		*(int32_t *)at = value;
	else
		*(uint64_t *)at = value;
}

static void print_arg(FILE *out, const struct event *e,
		      const struct event_arg *arg)
{
	uint64_t value = event_arg(e, arg);
	const char *word = event_word(arg->show, value);

	if (word)
		fprintf(out, " %s=%s", arg->name, word);
	else if (arg->show == SHOW_HEX || arg->show == SHOW_BITS)
		fprintf(out, " %s=0x%" PRIx64, arg->name, value);
	else if (arg->type == ARG_u64)
		fprintf(out, " %s=%" PRIu64, arg->name, value);
	else
		fprintf(out, " %s=%" PRId64, arg->name, (int64_t)value);
}

/**
 * event_print() - one line, as the kernel's own trace prints an event
 * @out:	gets it, without the end of the line
 */
void event_print(FILE *out, const struct event *e)
{
	const struct event_desc *desc = &event_descs[e->type];

	fprintf(out, "%s: mmu=%" PRIu64 " vm=%" PRId32 " seq=%" PRIu64,
		desc->name, e->mmu, e->vm, e->seq);
	for (size_t i = 0; i < desc->nr_args; i++)
		print_arg(out, e, &desc->arg[i]);
}
