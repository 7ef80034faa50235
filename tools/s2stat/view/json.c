// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all JSON objects are made with (see json.h). Numbers are plain JSON
 * numbers: addresses have at most 52 bits and fit a double. Only descriptors
 * are strings.
 */
#include "json.h"

void json_put_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void json_put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

void json_put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void json_put_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

void json_put_null(struct json_object *o, const char *key)
{
	json_object_object_add(o, key, NULL);
}

/** json_put_known() - @value, or null for what is not known: never a false 0 */
void json_put_known(struct json_object *o, const char *key, bool known,
		    uint64_t value)
{
	if (known)
		json_put_u64(o, key, value);
	else
		json_put_null(o, key);
}

/** json_put_real() - seconds and rates: a microsecond is fine enough */
void json_put_real(struct json_object *o, const char *key, double value)
{
	char s[40];

	snprintf(s, sizeof(s), "%.6f", value);
	json_object_object_add(o, key, json_object_new_double_s(value, s));
}

struct json_object *json_put_object(struct json_object *o, const char *key)
{
	struct json_object *child = json_object_new_object();

	json_object_object_add(o, key, child);
	return child;
}

struct json_object *json_put_array(struct json_object *o, const char *key)
{
	struct json_object *child = json_object_new_array();

	json_object_object_add(o, key, child);
	return child;
}

/** json_record() - a new object of @type, with the version */
struct json_object *json_record(const char *type)
{
	struct json_object *o = json_object_new_object();

	json_put_int(o, "v", JSON_VERSION);
	json_put_str(o, "type", type);
	return o;
}

/** json_emit() - writes @o as a line and gives it back */
void json_emit(FILE *out, struct json_object *o)
{
	const int flags = JSON_C_TO_STRING_PLAIN |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	fputs(json_object_to_json_string_ext(o, flags), out);
	fputc('\n', out);
	json_object_put(o);
}

/** json_error() - why the command ends with exit code @code ("error") */
void json_error(FILE *out, int code, const char *text)
{
	struct json_object *o = json_record("error");

	json_put_int(o, "exit", code);
	json_put_str(o, "error", text);
	json_emit(out, o);
}
