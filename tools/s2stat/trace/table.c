// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of event types that a recording is read and written by. See
 * codec.h.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"

static const char *const arg_types[NR_ARG_TYPES] = {
	[ARG_u64] = "u64",
	[ARG_s64] = "s64",
	[ARG_s32] = "s32",
};

/** codec_type_name() - a type of arguments, as a recording names it */
const char *codec_type_name(enum event_arg_type type)
{
	return arg_types[type];
}

/** codec_is_name() - is it a word that needs no care when it is printed? */
bool codec_is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n && !s[n] && n < CODEC_NAME_MAX;
}

/**
 * codec_table_add() - one more event type, which has no arguments yet
 *
 * Return: the type, valid until the next call; NULL if @name is no name, is
 * there already, or if there is no memory or room.
 */
struct codec_type *codec_table_add(struct codec_table *t, const char *name)
{
	struct codec_type *type;

	if (!codec_is_name(name) || t->nr_types == CODEC_MAX_TYPES)
		return NULL;
	for (uint32_t i = 0; i < t->nr_types; i++)
		if (!strcmp(t->type[i].name, name))
			return NULL;
	type = reallocarray(t->type, t->nr_types + 1, sizeof(*type));
	if (!type)
		return NULL;
	t->type = type;
	type += t->nr_types++;
	*type = (struct codec_type){ .own = event_find(name) };
	strcpy(type->name, name);
	return type;
}

/* Arguments with one name and meaning predict each other. */
static uint32_t field_of(struct codec_table *t, const struct codec_arg *arg)
{
	for (uint32_t i = 0; i < t->nr_types; i++) {
		const struct codec_type *type = &t->type[i];

		for (uint32_t j = 0; j < type->nr_args; j++)
			if (!strcmp(type->arg[j].name, arg->name) &&
			    !strcmp(type->arg[j].show, arg->show))
				return type->arg[j].field;
	}
	return t->nr_fields++;
}

static const struct event_arg *find_own(const struct codec_type *type,
					const char *name)
{
	const struct event_desc *desc;

	if (type->own < 0)
		return NULL;
	desc = &event_descs[type->own];
	for (size_t i = 0; i < desc->nr_args; i++)
		if (!strcmp(desc->arg[i].name, name))
			return &desc->arg[i];
	return NULL;
}

/**
 * codec_table_arg() - one more argument of @type, which is the last of @t
 *
 * Return: 0, or -1 if it can be none.
 */
int codec_table_arg(struct codec_table *t, struct codec_type *type,
		    const char *name, const char *arg_type, const char *show)
{
	struct codec_arg *arg = &type->arg[type->nr_args];
	int kind = 0;

	while (kind < NR_ARG_TYPES && strcmp(arg_types[kind], arg_type))
		kind++;
	if (kind == NR_ARG_TYPES || type->nr_args == EVENT_MAX_ARGS ||
	    !codec_is_name(name) || !codec_is_name(show))
		return -1;
	*arg = (struct codec_arg){ .type = kind };
	strcpy(arg->name, name);
	strcpy(arg->show, show);
	arg->field = field_of(t, arg);
	arg->own = find_own(type, name);
	type->nr_args++;
	return 0;
}

/** codec_table_own() - the table of our own events. Return: 0 or -1 */
int codec_table_own(struct codec_table *t)
{
	*t = (struct codec_table){};
	for (int e = 0; e < EV_NR; e++) {
		const struct event_desc *desc = &event_descs[e];
		struct codec_type *type = codec_table_add(t, desc->name);

		for (size_t i = 0; type && i < desc->nr_args; i++)
			if (codec_table_arg(t, type, desc->arg[i].name,
					    arg_types[desc->arg[i].type],
					    event_show_name(desc->arg[i].show)))
				type = NULL;
		if (!type) {
			codec_table_free(t);
			return -1;
		}
	}
	return 0;
}

void codec_table_free(struct codec_table *t)
{
	free(t->type);
	*t = (struct codec_table){};
}
