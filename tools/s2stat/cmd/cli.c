// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the command line offers, for other programs: the shell's completion and
 * the test that holds manual pages and documents against it. Both read the
 * very tables that the command line is parsed with.
 */
#include <string.h>

#include "../view/json.h"
#include "cmd.h"

/* Is @name one of the verb's own options, not one that verbs share? */
static bool is_own(const struct verb *verb, const char *name)
{
	for (const struct argp_option *o = verb->options; o && o->key; o++)
		if (!strcmp(o->name, name))
			return true;
	return false;
}

static struct json_object *of_option(const struct verb *verb,
				     const struct argp_option *o)
{
	struct json_object *j = json_object_new_object();
	char key[2] = { o->key < 0x80 ? o->key : '\0' };

	json_put_str(j, "name", o->name);
	if (*key)
		json_put_str(j, "key", key);
	else
		json_put_null(j, "key");
	if (o->arg)
		json_put_str(j, "arg", o->arg);
	else
		json_put_null(j, "arg");
	json_put_str(j, "help", o->doc);
	json_put_bool(j, "shared", !is_own(verb, o->name));
	return j;
}

static void put_words(struct json_object *o, const char *key, const char *words)
{
	struct json_object *list = json_put_array(o, key);

	while (words && *words) {
		size_t len = strcspn(words, " ");

		json_object_array_add(list,
				      json_object_new_string_len(words, len));
		words += len + strspn(words + len, " ");
	}
}

static void dump_verb(const struct verb *verb)
{
	struct json_object *o = json_record("verb"), *options;

	json_put_str(o, "verb", verb->name);
	json_put_str(o, "help", verb->help);
	if (verb->args)
		json_put_str(o, "args", verb->args);
	else
		json_put_null(o, "args");
	put_words(o, "objects", verb->json);
	options = json_put_array(o, "options");
	for (const struct argp_option *p = verb_options(verb); p->key; p++)
		json_object_array_add(options, of_option(verb, p));
	json_emit(stdout, o);
}

/** cli_dump() - every verb as JSON ("verb"), with its options */
void cli_dump(const struct verb *const *verbs, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		dump_verb(verbs[i]);
}

/**
 * cli_words() - what may stand on the command line, a word a line
 * @verb:	NULL: the verbs; else the options of it, and "VM", "FILE" and
 *		the like for what it takes besides
 */
void cli_words(const struct verb *const *verbs, size_t nr, const char *verb)
{
	for (size_t i = 0; i < nr; i++) {
		const struct verb *v = verbs[i];

		if (!verb) {
			puts(v->name);
			continue;
		}
		if (strcmp(v->name, verb))
			continue;
		for (const struct argp_option *o = verb_options(v); o->key; o++)
			printf("--%s%s\n", o->name, o->arg ? "=" : "");
		puts("--help");
		if (v->args)
			puts(v->args);
	}
}
