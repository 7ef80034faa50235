/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model as NDJSON: one object a line, documented in docs/s2stat-json.md.
 */
#ifndef S2STAT_VIEW_JSON_H
#define S2STAT_VIEW_JSON_H

#include <stdio.h>

#include "../model/vm.h"

struct json_object;

/* "v" of every object: rises when a key changes its meaning or goes. */
#define JSON_VERSION 1

struct json_object *json_record(const char *type);
void json_emit(FILE *out, struct json_object *o);

void json_vm(FILE *out, const struct host *host, const struct vm *vm,
	     bool rates);
void json_sample(FILE *out, const struct host *host, size_t shown, bool rates);
void json_table(FILE *out, const struct s2r_table *rec);
void json_entries(FILE *out, const struct host *host, const struct vm *vm,
		  const struct s2r_table *table, const struct s2r_entries *rec);
void json_error(FILE *out, int code, const char *text);

#endif /* S2STAT_VIEW_JSON_H */
