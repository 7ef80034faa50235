// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON objects as rows of comma-separated values (see csv.h).
 */
#include "csv.h"

#include <json-c/json.h>
#include <string.h>

/** csv_head() - the first line: @columns, ended by NULL */
void csv_head(FILE *out, const char *const *columns)
{
	for (size_t i = 0; columns[i]; i++)
		fprintf(out, "%s%s", i ? "," : "", columns[i]);
	fputc('\n', out);
}

/* What is at the dotted @path in @o; NULL for null or absent. */
static struct json_object *at(struct json_object *o, const char *path)
{
	while (o && *path) {
		size_t len = strcspn(path, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(o, key, &o))
			return NULL;
		path += len + (path[len] == '.');
	}
	return o;
}

/* In quotes where a comma, a quote or a space at an end would mislead. */
static void put_text(FILE *out, const char *s)
{
	size_t len = strlen(s);

	if (!strpbrk(s, ",\"\n") &&
	    (!len || (*s != ' ' && s[len - 1] != ' '))) {
		fputs(s, out);
		return;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

/** csv_row() - @columns of @o, which is given back; what is null is empty */
void csv_row(FILE *out, const char *const *columns, struct json_object *o)
{
	for (size_t i = 0; columns[i]; i++) {
		struct json_object *value = at(o, columns[i]);

		if (i)
			fputc(',', out);
		if (value)
			put_text(out, json_object_get_string(value));
	}
	fputc('\n', out);
	json_object_put(o);
}
