/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An HTTP server for one document, by libmicrohttpd; driven by its user's own
 * poll loop, without threads.
 */
#ifndef S2STAT_EXPORT_HTTP_H
#define S2STAT_EXPORT_HTTP_H

#include <stddef.h>

#include "../source/failure.h"

struct http;

/**
 * http_document - makes the document
 * @accept:	the request's Accept header, or NULL
 * @type:	set to the media type
 * @body:	set to the text, on the heap
 * @arg:	from http_open()
 *
 * Return: 0, or -1 with @f filled: the client gets its sentence with a 503.
 */
typedef int (*http_document)(const char *accept, const char **type,
			     char **body, size_t *len, void *arg,
			     struct failure *f);

int http_open(struct http **http, const char *address, http_document document,
	      void *arg, struct failure *f);
void http_close(struct http *http);
int http_fd(const struct http *http);
int http_timeout(const struct http *http);
void http_run(struct http *http);
const char *http_address(const struct http *http);

#endif /* S2STAT_EXPORT_HTTP_H */
