/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of comma-separated values (RFC 4180), picked from the JSON objects: a
 * column is named by its path in the object, "tables.pages".
 */
#ifndef S2STAT_VIEW_CSV_H
#define S2STAT_VIEW_CSV_H

#include <stdio.h>

struct json_object;

void csv_head(FILE *out, const char *const *columns);
void csv_row(FILE *out, const char *const *columns, struct json_object *o);

#endif /* S2STAT_VIEW_CSV_H */
