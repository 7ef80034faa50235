// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command and hands on its s2 events while it runs, as the kernel has
 * them in its ring buffers: nothing is formatted here, where an instruction
 * costs most. tests/vm/rawtrace.py reads what comes out:
 *
 *	records of { u32 kind, u32 length } and as many bytes,
 *	FORMAT	text of an event's "format" file; all of these come first
 *	n < 256	a page of CPU n's ring buffer, without its unused end
 *	ROUND	every CPU has been asked once since the last of these
 *	STATS	text of a CPU's "stats" file; "CPU n" before it
 *	END	the command is over; its status (u32). Nothing follows
 *
 * The clock is "counter": one count for all CPUs, so that their pages can be
 * merged into the order in which the events were recorded.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "s2guest.h"

#define TRACING		"/sys/kernel/tracing/"
#define PAGE_HEAD	16
#define PAUSE_US	20000

enum { MAX_CPUS = 256, FORMAT = 0x100, ROUND, STATS, END };

static FILE *out;
static int cpus, page_fd[MAX_CPUS];

static bool put(uint32_t kind, const void *data, uint32_t length)
{
	uint32_t head[] = { kind, length };

	return fwrite(head, sizeof(head), 1, out) == 1 &&
	       (!length || fwrite(data, length, 1, out) == 1);
}

/* A file of tracefs, after @before. */
static bool put_text(uint32_t kind, const char *before, const char *path)
{
	char text[8192];
	int at = snprintf(text, sizeof(text), "%s", before);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, text + at, sizeof(text) - at)) > 0)
		at += n;
	close(fd);
	return !n && put(kind, text, at);
}

static int enable(const char *name)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), TRACING "events/s2/%s/enable", name);
	ret = write_text(path, "1");
	if (ret)
		return fail("%s: %s", path, errname(ret));
	snprintf(path, sizeof(path), TRACING "events/s2/%s/format", name);
	return put_text(FORMAT, "", path) ? 0 : fail("%s", path);
}

/* @names: event names, separated by commas; NULL: all but the most frequent. */
static int enable_events(const char *names)
{
	static const char *const leave[] = { "s2_cmo", "s2_cache", "s2_fault_begin" };
	struct dirent *d;
	int ret = 0;
	DIR *dir;

	if (names) {
		char *copy = strdup(names), *save = NULL;

		for (char *n = strtok_r(copy, ",", &save); n && !ret;
		     n = strtok_r(NULL, ",", &save))
			ret = enable(n);
		free(copy);
		return ret;
	}
	dir = opendir(TRACING "events/s2");
	while (dir && !ret && (d = readdir(dir))) {
		bool take = !strncmp(d->d_name, "s2_", 3);

		for (size_t i = 0; i < ARRAY_SIZE(leave); i++)
			take &= strcmp(d->d_name, leave[i]) != 0;
		if (take)
			ret = enable(d->d_name);
	}
	if (dir)
		closedir(dir);
	return dir ? ret : fail("this kernel has no s2 events");
}

static int begin(const char *names, long buffer_kb)
{
	char path[PATH_MAX];

	write_text(TRACING "tracing_on", "0");
	write_text(TRACING "events/enable", "0");
	if (write_text(TRACING "trace_clock", "counter") ||
	    write_text(TRACING "buffer_size_kb", "%ld", buffer_kb) ||
	    write_text(TRACING "trace", "\n"))
		return fail("cannot set tracing up");
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	for (int cpu = 0; cpu < cpus && cpu < MAX_CPUS; cpu++) {
		snprintf(path, sizeof(path), TRACING "per_cpu/cpu%d/trace_pipe_raw",
			 cpu);
		page_fd[cpu] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (page_fd[cpu] < 0)
			return fail("%s: %s", path, errname(-errno));
	}
	if (enable_events(names))
		return 1;
	write_text(TRACING "tracing_on", "1");
	return 0;
}

/* What CPU @cpu has recorded since it was last asked. */
static bool drain(int cpu)
{
	static uint8_t page[4096];
	uint64_t commit;
	ssize_t n;

	while ((n = read(page_fd[cpu], page, sizeof(page))) > 0) {
		size_t used;

		/* Bits 31 and 30: events are missing; their number is behind. */
		memcpy(&commit, page + 8, sizeof(commit));
		used = PAGE_HEAD + (commit & ((1 << 30) - 1)) + sizeof(uint64_t);
		if (!put(cpu, page, used < (size_t)n ? used : (size_t)n))
			return false;
	}
	return n == 0 || errno == EAGAIN;
}

static bool ask_all(void)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		if (!drain(cpu))
			return false;
	}
	return put(ROUND, NULL, 0) && !fflush(out);
}

static bool put_stats(void)
{
	char path[PATH_MAX], before[32];
	bool ok = true;

	for (int cpu = 0; ok && cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), TRACING "per_cpu/cpu%d/stats", cpu);
		snprintf(before, sizeof(before), "CPU %d\n", cpu);
		ok = put_text(STATS, before, path);
	}
	return ok;
}

static pid_t start(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int hand_on(const char *command)
{
	pid_t pid = start(command);
	uint32_t result;
	int status;
	bool ok;

	do {
		usleep(PAUSE_US);
		ok = ask_all();
	} while (ok && waitpid(pid, &status, WNOHANG) == 0);
	if (!ok) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return fail("the stream broke: %s", errname(-errno));
	}
	write_text(TRACING "tracing_on", "0");
	write_text(TRACING "events/s2/enable", "0");
	result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (!ask_all() || !put_stats() || !put(END, &result, sizeof(result)) ||
	    fclose(out))
		return fail("the stream broke: %s", errname(-errno));
	return result;
}

static int run(int argc, char **argv)
{
	const char *to = NULL, *command = NULL, *events = NULL;
	long buffer_kb = 8192;
	const struct opt opts[] = {
		{ "to", .word = &to },
		{ "run", .word = &command },
		{ "events", .word = &events },
		{ "buffer-kb", .number = &buffer_kb },
	};

	parse_opts(&scn_stream, argc, argv, opts, ARRAY_SIZE(opts));
	if (!to || !command)
		return fail("--to and --run are needed") + 1;
	signal(SIGPIPE, SIG_IGN);
	out = fopen(to, "we");
	if (!out)
		return fail("%s: %s", to, errname(-errno));
	setvbuf(out, NULL, _IOFBF, 1 << 18);
	return begin(events, buffer_kb) ?: hand_on(command);
}

const struct scenario scn_stream = {
	.name	= "stream",
	.usage	= "--to FILE --run COMMAND [--events LIST] [--buffer-kb N]",
	.proves	= "Nothing by itself: runs the command and writes its s2 events to the file,\n"
		  "in binary, while it runs (tests/vm/rawtrace.py reads it).",
	.run	= run,
};
