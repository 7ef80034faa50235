// SPDX-License-Identifier: GPL-2.0-only
/*
 * An HTTP server for one document (see http.h). A static s2stat has none: the
 * TLS library that libmicrohttpd wants has no static archive.
 */
#include "http.h"

#ifndef S2STAT_HTTP

int http_open(struct http **http, const char *address, http_document document,
	      void *arg, struct failure *f)
{
	(void)http;
	(void)address;
	(void)document;
	(void)arg;
	return failed(
		f, EXIT_ERROR,
		"this static s2stat has no HTTP server; use --textfile, or the dynamic build");
}

void http_close(struct http *http)
{
	(void)http;
}

int http_fd(const struct http *http)
{
	(void)http;
	return -1;
}

int http_timeout(const struct http *http)
{
	(void)http;
	return -1;
}

void http_run(struct http *http)
{
	(void)http;
}

const char *http_address(const struct http *http)
{
	(void)http;
	return "";
}

#else

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A scraper or two: who opens more connections waits. */
#define CONNECTIONS 32
#define IDLE_SECONDS 15

struct http {
	struct MHD_Daemon *daemon;
	http_document document;
	void *arg;
	char address[NI_MAXHOST + NI_MAXSERV + 4];
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status,
			      const char *type, void *body, size_t len,
			      enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(len, body, mode);
	enum MHD_Result done;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result answer_text(struct MHD_Connection *c,
				   unsigned int status, const char *text)
{
	return answer(c, status, "text/plain; charset=utf-8", (void *)text,
		      strlen(text), MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer_document(struct http *http,
				       struct MHD_Connection *c)
{
	const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
							 "Accept");
	char text[sizeof(((struct failure *)0)->text) + 1];
	const char *type;
	struct failure f;
	size_t len;
	char *body;

	if (!http->document(accept, &type, &body, &len, http->arg, &f))
		return answer(c, MHD_HTTP_OK, type, body, len,
			      MHD_RESPMEM_MUST_FREE);
	snprintf(text, sizeof(text), "%s\n", f.text);
	return answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

static enum MHD_Result request(void *arg, struct MHD_Connection *c,
			       const char *url, const char *method,
			       const char *version, const char *upload,
			       size_t *upload_len, void **state)
{
	static int begun;

	(void)version;
	(void)upload;
	/* The first call has the headers alone; a body, if any, is dropped. */
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET and HEAD\n");
	if (!strcmp(url, "/"))
		return answer_text(c, MHD_HTTP_OK,
				   "s2stat: the metrics are at /metrics\n");
	if (strcmp(url, "/metrics"))
		return answer_text(c, MHD_HTTP_NOT_FOUND,
				   "the metrics are at /metrics\n");
	return answer_document(arg, c);
}

/* Splits [HOST:]PORT, where a HOST with colons stands in brackets. */
static int split(char *address, const char **host, const char **port,
		 struct failure *f)
{
	char *colon = strrchr(address, ':'), *end = NULL;

	*host = "127.0.0.1";
	*port = address;
	if (colon) {
		*colon = '\0';
		*port = colon + 1;
		*host = address;
	}
	if (colon && *address == '[') {
		end = strchr(address, ']');
		if (!end || end[1])
			*host = "";
		else
			*end = '\0', *host = address + 1;
	}
	if (**host && **port && strspn(*port, "0123456789") == strlen(*port) &&
	    atol(*port) <= 65535)
		return 0;
	return failed(f, EXIT_USAGE,
		      "--listen takes PORT, HOST:PORT or [V6]:PORT");
}

/* A listening socket on one of the addresses of @host. */
static int listen_on(const struct addrinfo *ai)
{
	int fd, one = 1, err;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, CONNECTIONS))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The socket; what it is bound to is told, for port 0 the kernel chooses. */
static int open_socket(struct http *http, const char *host, const char *port,
		       struct failure *f)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_ADDRCONFIG,
	};
	char name[NI_MAXHOST], serv[NI_MAXSERV];
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct addrinfo *ai;
	int err, fd;

	err = getaddrinfo(host, port, &hints, &ai);
	if (err)
		return failed(f, EXIT_ERROR, "cannot listen on %s: %s", host,
			      gai_strerror(err));
	fd = listen_on(ai);
	freeaddrinfo(ai);
	if (fd < 0)
		return failed(f, EXIT_ERROR, "cannot listen on %s port %s: %s",
			      host, port, strerror(-fd));
	if (getsockname(fd, (struct sockaddr *)&bound, &len) ||
	    getnameinfo((struct sockaddr *)&bound, len, name, sizeof(name),
			serv, sizeof(serv), NI_NUMERICHOST | NI_NUMERICSERV)) {
		close(fd);
		return failed(f, EXIT_ERROR, "cannot listen on %s", host);
	}
	snprintf(http->address, sizeof(http->address),
		 strchr(name, ':') ? "[%s]:%s" : "%s:%s", name, serv);
	return fd;
}

/**
 * http_open() - listens on @address
 * @address:	[HOST:]PORT; without a host the loopback address
 * @document:	called for each GET /metrics, from http_run()
 *
 * Return: 0, or -1 with @f filled.
 */
int http_open(struct http **out, const char *address, http_document document,
	      void *arg, struct failure *f)
{
	struct http *http = calloc(1, sizeof(*http));
	char *copy = strdup(address);
	const char *host, *port;
	int fd = -1;

	*out = NULL;
	if (!http || !copy)
		failed(f, EXIT_ERROR, "out of memory");
	else if (!split(copy, &host, &port, f))
		fd = open_socket(http, host, port, f);
	free(copy);
	if (fd < 0) {
		free(http);
		return -1;
	}
	http->document = document;
	http->arg = arg;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL,
		request, http, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
	if (!http->daemon) {
		close(fd);
		free(http);
		return failed(f, EXIT_ERROR,
			      "libmicrohttpd cannot serve on this socket");
	}
	*out = http;
	return 0;
}

/** http_close() - ends all connections; @http may be NULL */
void http_close(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	free(http);
}

/** http_fd() - readable when http_run() has something to do */
int http_fd(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		->epoll_fd;
}

/** http_timeout() - milliseconds until http_run() is due anyway, or -1 */
int http_timeout(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/** http_run() - does what there is to do, without waiting */
void http_run(struct http *http)
{
	MHD_run(http->daemon);
}

/** http_address() - where it listens, numerically */
const char *http_address(const struct http *http)
{
	return http->address;
}

#endif /* S2STAT_HTTP */
