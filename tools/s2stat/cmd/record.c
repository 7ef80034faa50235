// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat record: every event of this host to a file, for a time, for the life
 * of a command, or until interrupted.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../model/map.h"
#include "../model/vmm.h"
#include "../source/caps.h"
#include "../source/proc.h"
#include "../source/stream.h"
#include "../trace/writer.h"
#include "../view/fmt.h"
#include "../view/json.h"
#include "child.h"
#include "cmd.h"

#define SECOND 1000000000ULL
/* How often to look for signals when nothing else happens. */
#define TICK_MS 50
/* What zstd does best per second. */
#define LEVEL 1

enum {
	KEY_FORCE = KEY_OF_VERB,
	KEY_BUFFER,
	KEY_SIZE,
	KEY_RATE,
	KEY_FOR,
	KEY_LEVEL
};

static struct {
	const char *path;
	char **command;
	uint64_t buffer;
	uint64_t rate;
	double seconds;
	struct trace_options file;
} asked = { .buffer = STREAM_BUFFER, .file.level = LEVEL };

/**
 * struct recording - what is under way
 * @signals:	SIGINT and SIGTERM arrive here
 * @asked_to_end: one of them came
 * @begun:	when the stream did
 * @flushed:	when the disk last got all there was
 * @names:	of VMs, not yet written
 * @named:	VMs that were named, by owner
 * @second:	of the events: for --max-rate
 * @in_second:	events in it
 * @left_out:	events that were too many in it, not yet told
 * @limited:	and in all
 */
struct recording {
	struct stream *stream;
	struct trace_writer *writer;
	struct child child;
	int signals;
	bool asked_to_end;
	enum trace_end_reason reason;
	uint64_t begun;
	uint64_t flushed;
	struct trace_name *names;
	size_t nr_names;
	size_t room;
	struct map named;
	uint64_t second;
	uint64_t in_second;
	uint64_t left_out;
	uint64_t limited;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* What the owner of a new MMU is called, while it is there to be asked. */
static int name_vm(struct recording *r, int32_t tgid, struct failure *f)
{
	static struct vm vm;
	struct trace_name *name;

	if (map_get(&r->named, (uint32_t)tgid))
		return 0;
	if (r->nr_names == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		name = reallocarray(r->names, r->room, sizeof(*name));
		if (!name)
			return failed(f, EXIT_ERROR, "out of memory");
		r->names = name;
	}
	if (map_set(&r->named, (uint32_t)tgid, r))
		return failed(f, EXIT_ERROR, "out of memory");
	vm = (struct vm){ .tgid = tgid };
	proc_name(&vm);
	name = &r->names[r->nr_names++];
	name->vm = tgid;
	snprintf(name->vmm, sizeof(name->vmm), "%s", vm.vmm);
	snprintf(name->name, sizeof(name->name), "%s", vm.name);
	return 0;
}

/* A tgid may be used again: the name is forgotten with the MMU. */
static int note_vm(struct recording *r, const struct event *e,
		   struct failure *f)
{
	if (e->type == EV_s2_mmu_init || e->type == EV_snap_mmu)
		return name_vm(r, e->vm, f);
	if (e->type == EV_s2_mmu_free)
		map_del(&r->named, (uint32_t)e->vm);
	return 0;
}

/* Events that --max-rate left out, where they were. */
static int tell_left_out(struct recording *r, uint64_t time, struct failure *f)
{
	const struct event e = {
		.type = EV_lost,
		.time = time,
		.cpu = -1,
		.lost = { .count = r->left_out, .since = r->second * SECOND },
	};

	if (!r->left_out)
		return 0;
	r->limited += r->left_out;
	r->left_out = 0;
	return trace_write(r->writer, &e, f);
}

static bool too_many(struct recording *r, const struct event *e)
{
	if (!asked.rate || !event_is_s2(e))
		return false;
	if (e->time / SECOND != r->second) {
		r->second = e->time / SECOND;
		r->in_second = 0;
	}
	return ++r->in_second > asked.rate;
}

static int write_event(const struct event *e, void *arg, struct failure *f)
{
	struct recording *r = arg;

	if (note_vm(r, e, f))
		return -1;
	if (too_many(r, e)) {
		r->left_out++;
		return 0;
	}
	if (r->left_out && tell_left_out(r, e->time, f))
		return -1;
	return trace_write(r->writer, e, f);
}

static int write_names(struct recording *r, struct failure *f)
{
	int err;

	if (!r->nr_names)
		return 0;
	err = trace_write_names(r->writer, r->names, r->nr_names, f);
	r->nr_names = 0;
	return err;
}

static void command_text(char *dst, size_t size)
{
	char line[HEAD_TEXT_MAX] = "";
	size_t len = 0;

	for (char **arg = asked.command; arg && *arg; arg++) {
		len += snprintf(line + len, sizeof(line) - len, "%s%s",
				len ? " " : "", *arg);
		if (len >= sizeof(line))
			break;
	}
	clean_text(dst, size, line, strlen(line));
}

static struct trace_head head_of(const struct recording *r)
{
	struct trace_head head = {
		.monotonic = clock_ns(CLOCK_MONOTONIC),
		.realtime = clock_ns(CLOCK_REALTIME),
		.page_size = sysconf(_SC_PAGESIZE),
		.cpus = sysconf(_SC_NPROCESSORS_CONF),
		.listens = stream_listens(r->stream),
	};
	struct utsname u;

	uname(&u);
	snprintf(head.host, sizeof(head.host), "Linux %s %s", u.release,
		 u.machine);
	command_text(head.command, sizeof(head.command));
	return head;
}

/*
 * A command is given the time to end: SIGINT from a terminal has reached it as
 * well, SIGTERM is handed on. A second signal ends the recording at once.
 */
static void take_signals(struct recording *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (info.ssi_signo == SIGTERM)
			child_signal(&r->child, SIGTERM);
		if (!r->child.pid || r->asked_to_end)
			r->reason = TRACE_END_SIGNAL;
		r->asked_to_end = true;
	}
}

static uint64_t lost(const struct recording *r)
{
	return tally_lost(stream_tally(r->stream)) + r->limited + r->left_out;
}

static void show_progress(const struct recording *r, uint64_t now)
{
	struct trace_written done = trace_written(r->writer);

	if (!isatty(STDERR_FILENO) || now - r->begun < 2 * SECOND)
		return;
	fprintf(stderr, "\r\033[Ks2stat: %llu events, %s%s",
		(unsigned long long)stream_tally(r->stream)->events,
		fmt_bytes(done.bytes).s, lost(r) ? ", some lost" : "");
}

/* What is due once a second: the disk gets what there is. */
static int second_tick(struct recording *r, uint64_t now, struct failure *f)
{
	if (now - r->flushed < SECOND)
		return 0;
	r->flushed = now;
	show_progress(r, now);
	if (write_names(r, f) || trace_flush(r->writer, f))
		return -1;
	if (trace_written(r->writer).full)
		r->reason = TRACE_END_SIZE;
	return 0;
}

static int record_until_end(struct recording *r, struct failure *f)
{
	while (r->reason == TRACE_END_NONE) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		if (stream_poll(r->stream, TICK_MS, f) ||
		    second_tick(r, now, f))
			return -1;
		take_signals(r);
		if (child_reap(&r->child))
			r->reason = TRACE_END_COMMAND;
		else if (asked.seconds && r->reason == TRACE_END_NONE &&
			 now - r->begun > asked.seconds * SECOND)
			r->reason = TRACE_END_TIME;
	}
	return 0;
}

/* The stream's end, and the file's. */
static int end_recording(struct recording *r, struct failure *f)
{
	struct trace_end end = {};

	if (stream_end(r->stream, f) ||
	    tell_left_out(r, clock_ns(CLOCK_MONOTONIC), f) || write_names(r, f))
		return -1;
	end.reason = r->reason;
	end.time = clock_ns(CLOCK_MONOTONIC);
	end.lost = lost(r);
	end.status = r->child.status;
	if (trace_writer_end(r->writer, &end, f))
		return -1;
	if (trace_written(r->writer).full)
		r->reason = TRACE_END_SIZE;
	return 0;
}

/*
 * All that needs rights comes before they are given up: the command starts
 * with what we had, the file comes to its place, the programs are attached.
 */
static int prepare(struct recording *r, const struct options *o,
		   struct failure *f)
{
	const struct stream_wants wants = {
		.verbose = o->verbose,
		.buffer = asked.buffer,
		.fn = write_event,
		.arg = r,
	};
	struct trace_head head;
	sigset_t set;

	if (trace_writer_open(&r->writer, asked.path, &asked.file, f) ||
	    child_prepare(&r->child, asked.command, f))
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals < 0)
		return failed(f, EXIT_ERROR, "cannot wait for signals: %s",
			      strerror(errno));
	if (stream_open(&r->stream, &wants, f))
		return -1;
	head = head_of(r);
	if (trace_writer_begin(r->writer, &head, f))
		return -1;
	caps_keep_bpf();
	return 0;
}

static int record(struct recording *r, const struct options *o,
		  struct failure *f)
{
	if (prepare(r, o, f) || stream_begin(r->stream, f))
		return -1;
	r->begun = clock_ns(CLOCK_MONOTONIC);
	r->flushed = r->begun;
	child_start(&r->child);
	if (record_until_end(r, f) || end_recording(r, f))
		return -1;
	/* If time or space came to an end, the command goes on to its own. */
	child_end(&r->child);
	return 0;
}

static void say_json(const struct recording *r, int rc)
{
	const struct tally *tally = stream_tally(r->stream);
	struct trace_written done = trace_written(r->writer);
	struct json_object *o = json_record("recording");

	json_put_str(o, "file", asked.path);
	json_put_u64(o, "bytes", done.bytes);
	json_put_u64(o, "events", done.events);
	json_put_u64(o, "mmus", tally->mmus);
	json_put_u64(o, "lost", lost(r));
	json_put_real(o, "seconds",
		      (clock_ns(CLOCK_MONOTONIC) - r->begun) / 1e9);
	json_put_str(o, "reason", trace_end_name(r->reason));
	json_put_known(o, "status", r->child.status >= 0, r->child.status);
	json_put_int(o, "exit", rc);
	json_emit(stdout, o);
}

static void say_whose(const struct recording *r)
{
	const struct tally *tally = stream_tally(r->stream);
	size_t i, shown = 0;

	map_for_each(i, &tally->mmu)
	{
		const struct tally_mmu *m = tally->mmu.slot[i].value;

		if (!tally_missing(m) || ++shown > 5)
			continue;
		fprintf(stderr, "s2stat:   mmu %llu of pid %d: %llu of %llu\n",
			(unsigned long long)m->id, m->vm,
			(unsigned long long)tally_missing(m),
			(unsigned long long)(m->top - m->base));
	}
	if (shown > 5)
		fprintf(stderr, "s2stat:   and of %zu others\n", shown - 5);
}

static void say_text(const struct recording *r)
{
	struct trace_written done = trace_written(r->writer);
	const struct tally *tally = stream_tally(r->stream);

	fprintf(stderr, "%ss2stat: %s: %llu events of %llu MMUs, %s\n",
		isatty(STDERR_FILENO) ? "\r\033[K" : "", asked.path,
		(unsigned long long)done.events,
		(unsigned long long)tally->mmus, fmt_bytes(done.bytes).s);
	if (r->reason == TRACE_END_SIZE)
		fputs("s2stat: the file is as large as it may be: what came later is not in it\n",
		      stderr);
	if (r->limited)
		fprintf(stderr,
			"s2stat: %llu events were left out: more than --max-rate\n",
			(unsigned long long)r->limited);
	if (tally_whole(tally))
		return;
	fprintf(stderr,
		"s2stat: %llu events were lost; a larger --buffer may help\n",
		(unsigned long long)tally_lost(tally));
	say_whose(r);
}

/* Our own trouble first; then the command's status is ours. */
static int verdict(const struct recording *r)
{
	if (lost(r) || !tally_whole(stream_tally(r->stream)) ||
	    r->reason == TRACE_END_SIZE)
		return EXIT_INCONCLUSIVE;
	return r->child.status > 0 ? r->child.status : EXIT_FINE;
}

static void close_all(struct recording *r)
{
	stream_close(r->stream);
	trace_writer_close(r->writer);
	child_end(&r->child);
	if (r->signals >= 0)
		close(r->signals);
	map_free(&r->named);
	free(r->names);
}

static int record_run(const struct options *o)
{
	struct recording r = { .signals = -1, .child.go = -1 };
	struct failure f;
	int rc;

	if (record(&r, o, &f)) {
		rc = report(o, &f);
	} else {
		rc = verdict(&r);
		say_text(&r);
		if (o->json)
			say_json(&r, rc);
	}
	close_all(&r);
	return rc;
}

static error_t parse_file(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'o':
		asked.path = arg;
		return 0;
	case KEY_FORCE:
		asked.file.force = true;
		return 0;
	case KEY_SIZE:
		asked.file.max_size = option_size(state, arg);
		if (asked.file.max_size < 65536)
			argp_error(state, "--max-size is at least 64K");
		return 0;
	case KEY_LEVEL:
		asked.file.level = strcmp(arg, "0") ? option_number(state, arg,
								    "a level") :
						      0;
		if (asked.file.level > 19)
			argp_error(state, "--level is 0 to 19");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_BUFFER:
		asked.buffer = option_size(state, arg);
		if (asked.buffer < 65536 || asked.buffer > STREAM_BUFFER_MAX)
			argp_error(state, "--buffer is 64K to 1G");
		return 0;
	case KEY_RATE:
		asked.rate = option_number(state, arg, "events per second");
		return 0;
	case KEY_FOR:
		asked.seconds = option_span(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		asked.command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!asked.path)
			argp_error(state, "-o FILE?");
		return 0;
	}
	return parse_file(key, arg, state);
}

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "The recording; must not exist", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Replace FILE", 0 },
	{ "for", KEY_FOR, "TIME", 0, "Stop after TIME: 90, 90s, 5m, 1h", 0 },
	{ "buffer", KEY_BUFFER, "SIZE", 0,
	  "Of the kernel's ring buffer: 64K to 1G (64M)", 0 },
	{ "max-size", KEY_SIZE, "SIZE", 0,
	  "Stop before FILE is larger; what came later is lost", 0 },
	{ "max-rate", KEY_RATE, "N", 0,
	  "Leave out what is more than N events in a second", 0 },
	{ "level", KEY_LEVEL, "N", 0, "Of zstd: 0 (off), 1 (usual) to 19", 0 },
	{},
};

const struct verb record_verb = {
	.name = "record",
	.help = "every event of this host to a file, for report, check and convert",
	.doc = "Records every s2 event of this host, with what was there when it began, until "
	       "interrupted, for a time, or for the life of a command. Reports how many events "
	       "were lost, and each loss is in the recording where it happened.\v"
	       "The exit status is 5 if any event was lost or left out, or if FILE came to its "
	       "largest size; 3 if it could not be written; else that of the command, 128 and more "
	       "for a signal, and 0 without a command. SIGTERM is handed on to the command; a "
	       "second SIGINT or SIGTERM ends the recording while it runs.\n"
	       "Examples:\n"
	       "  s2stat record -o boot.s2 -- qemu-system-aarch64 -accel kvm ...\n"
	       "  s2stat record -o minute.s2 --for 60s\n"
	       "  s2stat record -o long.s2 --max-size 2G --level 6\n",
	.args = "[-- COMMAND...]",
	.json = "recording error",
	.options = options,
	.parse = parse,
	.run = record_run,
};
