// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat export: metrics for a fleet's monitoring, by HTTP, to a file, or both.
 *
 * One thread: it sleeps until a scraper calls, the file is due or a signal
 * ends it.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../export/http.h"
#include "../source/proc.h"
#include "../view/metrics.h"
#include "../view/outfile.h"
#include "cmd.h"

/* Scrapes closer together than this share one sample. */
#define FRESH_SECONDS 1.0

enum { KEY_LISTEN = KEY_OF_VERB, KEY_TEXTFILE, KEY_FORMAT };

static struct {
	const char *listen;
	const char *textfile;
	enum metrics_format format;
} asked;

struct exporter {
	struct live *live;
	struct http *http;
	struct host host;
	struct metrics metrics;
	double sampled;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int refresh(struct exporter *e, struct failure *f)
{
	if (e->sampled && now() - e->sampled < FRESH_SECONDS)
		return 0;
	if (live_sample(e->live, &e->host, f))
		return -1;
	e->metrics.secondary_bytes = proc_secondary_tables();
	e->sampled = now();
	return 0;
}

static int scrape(const char *accept, const char **type, char **body,
		  size_t *len, void *arg, struct failure *f)
{
	bool open = accept && strstr(accept, "application/openmetrics-text");
	enum metrics_format format = open ? METRICS_OPENMETRICS :
					    METRICS_PROMETHEUS;
	struct exporter *e = arg;
	FILE *out;

	if (refresh(e, f))
		return -1;
	out = open_memstream(body, len);
	if (!out)
		return failed(f, EXIT_ERROR, "out of memory");
	metrics_write(out, format, &e->host, &e->metrics);
	if (fclose(out)) {
		free(*body);
		return failed(f, EXIT_ERROR, "out of memory");
	}
	*type = metrics_type(format);
	return 0;
}

static int write_textfile(struct exporter *e, struct failure *f)
{
	struct outfile file;

	if (refresh(e, f) || outfile_open(&file, asked.textfile, f))
		return -1;
	metrics_write(file.out, asked.format, &e->host, &e->metrics);
	return outfile_commit(&file, f);
}

/* Milliseconds until @due, or until libmicrohttpd wants its turn. */
static int patience(const struct exporter *e, double due)
{
	double ms = asked.textfile ? ceil((due - now()) * 1000) : -1;
	int http = e->http ? http_timeout(e->http) : -1;

	if (asked.textfile && ms < 0)
		ms = 0;
	if (http >= 0 && (ms < 0 || http < ms))
		return http;
	return ms;
}

/* Until a signal comes, or --count files are written. */
static int serve(const struct options *o, struct exporter *e, int signals,
		 struct failure *f)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = e->http ? http_fd(e->http) : -1, .events = POLLIN },
	};
	unsigned long written = 0;
	double due = now();

	for (;;) {
		if (asked.textfile && now() >= due) {
			if (write_textfile(e, f))
				return -1;
			if (o->count && ++written >= o->count)
				return 0;
			due = now() + o->interval;
		}
		if (poll(fds, 2, patience(e, due)) < 0 && errno != EINTR)
			return failed(f, EXIT_ERROR, "cannot wait: %s",
				      strerror(errno));
		if (fds[0].revents)
			return 0;
		if (e->http)
			http_run(e->http);
	}
}

/* SIGINT and SIGTERM as something to poll for. */
static int open_signals(struct failure *f)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		failed(f, EXIT_ERROR, "cannot wait for signals: %s",
		       strerror(errno));
	return fd;
}

/* The socket comes first: a port in use needs no privilege to find out. */
static int export_all(const struct options *o, struct exporter *e,
		      struct failure *f)
{
	int signals = open_signals(f), err;

	if (signals < 0)
		return -1;
	err = asked.listen ? http_open(&e->http, asked.listen, scrape, e, f) : 0;
	if (!err)
		err = live_open(&e->live, o->verbose, f);
	if (!err && e->http && isatty(STDERR_FILENO))
		fprintf(stderr, "s2stat: http://%s/metrics\n",
			http_address(e->http));
	if (!err)
		err = serve(o, e, signals, f);
	http_close(e->http);
	live_close(e->live);
	close(signals);
	return err;
}

static int export_run(const struct options *o)
{
	struct exporter e = { .metrics.version = S2STAT_VERSION };
	struct failure f;
	int err;

	host_init(&e.host, __builtin_ctzl(sysconf(_SC_PAGESIZE)));
	err = export_all(o, &e, &f);
	host_free(&e.host);
	return err ? report(o, &f) : EXIT_FINE;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct options *o = state->input;

	switch (key) {
	case KEY_LISTEN:
		asked.listen = arg;
		return 0;
	case KEY_TEXTFILE:
		asked.textfile = arg;
		return 0;
	case KEY_FORMAT:
		if (!strcmp(arg, "openmetrics"))
			asked.format = METRICS_OPENMETRICS;
		else if (!strcmp(arg, "prometheus"))
			asked.format = METRICS_PROMETHEUS;
		else
			argp_error(state,
				   "--format is openmetrics or prometheus");
		return 0;
	case ARGP_KEY_END:
		if (!asked.listen && !asked.textfile)
			argp_error(state, "--listen ADDR or --textfile FILE?");
		if (o->count && !asked.textfile)
			argp_error(state, "--count is about --textfile");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "listen", KEY_LISTEN, "ADDR", 0,
	  "Serve http://ADDR/metrics; PORT, HOST:PORT or [V6]:PORT", 0 },
	{ "textfile", KEY_TEXTFILE, "FILE", 0,
	  "Write FILE anew every --interval, whole or not at all", 0 },
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "Of the file: openmetrics, or prometheus for node_exporter", 0 },
	{},
};

const struct verb export_verb = {
	.name = "export",
	.help = "metrics for Prometheus: over HTTP, or to a file",
	.doc = "Exports what list shows as metrics, until interrupted. Names and labels are in "
	       "docs/metrics.md.\v"
	       "Examples:\n"
	       "  s2stat export --listen 9923\n"
	       "  s2stat export --textfile /var/lib/prometheus/node-exporter/s2stat.prom --format prometheus -i 15\n"
	       "  s2stat export --textfile now.txt --once\n",
	.json = "error",
	.takes = TAKES_SAMPLES,
	.options = options,
	.parse = parse,
	.run = export_run,
};
