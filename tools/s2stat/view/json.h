/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NDJSON: one object a line, documented in docs/s2stat-json.md. Here is what
 * all objects are made with; json_*.c make the objects.
 */
#ifndef S2STAT_VIEW_JSON_H
#define S2STAT_VIEW_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../model/ipamap.h"
#include "../model/vm.h"

/* "v" of every object: rises when a key changes its meaning or goes. */
#define JSON_VERSION 1

struct json_object *json_record(const char *type);
void json_emit(FILE *out, struct json_object *o);
void json_error(FILE *out, int code, const char *text);

/* All take over nothing but @o; json_put_object() and _array() return a child. */
void json_put_u64(struct json_object *o, const char *key, uint64_t value);
void json_put_known(struct json_object *o, const char *key, bool known,
		    uint64_t value);
void json_put_int(struct json_object *o, const char *key, int64_t value);
void json_put_bool(struct json_object *o, const char *key, bool value);
void json_put_str(struct json_object *o, const char *key, const char *value);
void json_put_real(struct json_object *o, const char *key, double value);
void json_put_null(struct json_object *o, const char *key);
struct json_object *json_put_object(struct json_object *o, const char *key);
struct json_object *json_put_array(struct json_object *o, const char *key);

/* json_vm.c: contexts and samples. */
struct json_object *json_of_vm(const struct host *host, const struct vm *vm,
			       bool rates);
void json_put_identity(struct json_object *o, const struct vm *vm);
void json_put_audit(struct json_object *o, const struct vm *vm);
void json_vm(FILE *out, const struct host *host, const struct vm *vm,
	     bool rates);
void json_sample(FILE *out, const struct host *host, size_t shown, bool rates);

/* json_table.c: table pages and what is in them. */
void json_table(FILE *out, const struct s2r_table *rec);
struct json_object *json_of_entry(const struct host *host, const struct vm *vm,
				  const struct s2r_table *table,
				  unsigned int index, uint64_t pte);
void json_entries(FILE *out, const struct host *host, const struct vm *vm,
		  const struct s2r_table *table, const struct s2r_entries *rec);

/* json_rows.c: rows of the verbs that look at one side of every VM. */
struct json_object *json_of_flush(const struct host *host, const struct vm *vm,
				  unsigned int reason, unsigned int scope);
struct json_object *json_of_faults(const struct host *host,
				   const struct vm *vm);
struct json_object *json_of_hot(const struct host *host, const struct vm *vm,
				const struct s2r_hot_key *key,
				const struct s2r_hot *total, uint64_t delta);
struct json_object *json_of_vmid(const struct host *host, const struct vm *vm,
				 bool rates);
struct json_object *json_of_vmids(const struct host *host, bool rates);
struct json_object *json_of_audit(const struct vm *vm);

/* json_map.c: the IPA space. */
struct json_object *json_of_slot(const struct vm *vm, const struct host *host,
				 const struct s2r_slot *slot);
struct json_object *json_of_span(const struct vm *vm, const struct ipamap *map,
				 const struct ipa_cell *cell);

#endif /* S2STAT_VIEW_JSON_H */
