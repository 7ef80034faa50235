// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat check: holds every invariant against a recording, or against this
 * host as it runs, for a time or for the life of a command.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../model/map.h"
#include "../rules/default.h"
#include "../source/caps.h"
#include "../source/probe.h"
#include "../source/proc.h"
#include "../source/stream.h"
#include "../trace/format.h"
#include "../trace/reader.h"
#include "../view/verdict.h"
#include "check.h"

#define SECOND 1000000000ULL
/* How often to look for signals when nothing else happens. */
#define TICK_MS 50

enum {
	KEY_FORMAT = KEY_OF_VERB,
	KEY_FOR,
	KEY_BUFFER,
	KEY_ONLY,
	KEY_WITHOUT,
	KEY_COMPLETE,
	KEY_SHOW_RULES
};

/* No rules file is larger. */
#define RULES_MAX (1 << 20)

static struct {
	const char *file;
	const char *rules;
	char **command;
	double seconds;
	uint64_t buffer;
	uint32_t invariants;
	bool only;
	bool complete;
	bool show_rules;
	verdict_fn format;
} asked = { .buffer = STREAM_BUFFER, .invariants = (1u << NR_INVARIANTS) - 1 };

/** check_now() - the clock of events */
uint64_t check_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static int gave_up(const struct verdict *v, struct failure *f)
{
	if (v->bench.replay.err == -E2BIG)
		return failed(
			f, EXIT_ERROR,
			"there is more in the stream than a host can have");
	return failed(f, EXIT_ERROR, "out of memory");
}

static void show_progress(struct check *c)
{
	uint64_t now = check_now();

	if (!isatty(STDERR_FILENO) || now - c->begun < 2 * SECOND ||
	    now - c->shown < SECOND / 4)
		return;
	c->shown = now;
	fprintf(stderr, "\r\033[Ks2stat: %llu events, %llu findings",
		(unsigned long long)c->verdict.bench.replay.events,
		(unsigned long long)verdict_findings(&c->verdict));
}

static void end_progress(const struct check *c)
{
	if (c->shown)
		fputs("\r\033[K", stderr);
}

/* Rules ---------------------------------------------------------------- */

static uint32_t today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

static int parse_rules(struct check *c, const char *name, const char *text,
		       size_t len, struct failure *f)
{
	struct rules_error err;

	if (!rules_parse(&c->rules, text, len, &err))
		return 0;
	return failed(f, EXIT_USAGE, "%s:%u:%u: %s", name, err.line, err.column,
		      err.text);
}

static int read_rules(struct check *c, struct failure *f)
{
	FILE *in = fopen(asked.rules, "re");
	char *text = malloc(RULES_MAX + 1);
	size_t len;
	int err;

	if (!in || !text) {
		err = failed(f, EXIT_ERROR, "cannot read %s: %s", asked.rules,
			     strerror(errno));
	} else {
		len = fread(text, 1, RULES_MAX + 1, in);
		if (ferror(in))
			err = failed(f, EXIT_ERROR, "cannot read %s: %s",
				     asked.rules, strerror(errno));
		else if (len > RULES_MAX)
			err = failed(f, EXIT_USAGE,
				     "%s is too large for a file of rules",
				     asked.rules);
		else
			err = parse_rules(c, asked.rules, text, len, f);
	}
	if (in)
		fclose(in);
	free(text);
	return err;
}

static int open_rules(struct check *c, struct failure *f)
{
	if (asked.rules)
		return read_rules(c, f);
	/* The default ones are about events. */
	if (c->looking)
		return parse_rules(c, "no rules", "", 0, f);
	return parse_rules(c, "default rules", rules_default,
			   strlen(rules_default), f);
}

static const char *name_on_host(int32_t vm, void *arg)
{
	const struct check *c = arg;

	return map_get(&c->names, (uint32_t)vm);
}

/** check_open_verdict() - @events: kinds that there are, by type */
int check_open_verdict(struct check *c, uint32_t events, struct failure *f)
{
	if (verdict_init(&c->verdict, asked.invariants, events) ||
	    verdict_rules(&c->verdict, c->rules, today()))
		return failed(f, EXIT_ERROR, "out of memory");
	c->verdict.bench.complete = asked.complete;
	c->verdict.vm_name = name_on_host;
	c->verdict.arg = c;
	return 0;
}

/* A recording ---------------------------------------------------------- */

static const char *name_in_file(int32_t vm, void *arg)
{
	const struct trace_name *name = trace_name(arg, vm);

	return name ? name->name : NULL;
}

/* What ended it early, or damaged it, may have hidden anything. */
static bool is_cut(const struct trace_reader *r)
{
	const struct trace_seen *seen = trace_seen(r);

	return seen->cut || seen->damaged || !trace_complete(r);
}

static int check_file(struct check *c, struct failure *f)
{
	const struct event *events;
	size_t nr;

	if (trace_open(&c->reader, asked.file, f) ||
	    check_open_verdict(c, trace_head(c->reader)->listens, f))
		return -1;
	c->verdict.source = asked.file;
	c->verdict.vm_name = name_in_file;
	c->verdict.arg = c->reader;
	for (;;) {
		if (trace_next(c->reader, &events, &nr, f))
			return -1;
		if (!nr)
			break;
		if (verdict_events(&c->verdict, events, nr))
			return gave_up(&c->verdict, f);
		show_progress(c);
	}
	c->verdict.cut = is_cut(c->reader);
	return verdict_end(&c->verdict) ? gave_up(&c->verdict, f) : 0;
}

/* This host ------------------------------------------------------------ */

/** check_name_vm() - while the owner of a new MMU is there to be asked */
int check_name_vm(struct check *c, int32_t tgid)
{
	static struct vm vm;
	char *name;

	if (map_get(&c->names, (uint32_t)tgid))
		return 0;
	vm = (struct vm){ .tgid = tgid };
	proc_name(&vm);
	name = strdup(vm.name);
	if (!name || map_set(&c->names, (uint32_t)tgid, name)) {
		free(name);
		return -1;
	}
	return 0;
}

static int judge(const struct event *e, void *arg, struct failure *f)
{
	struct check *c = arg;

	if ((e->type == EV_s2_mmu_init || e->type == EV_snap_mmu) &&
	    check_name_vm(c, e->vm))
		return failed(f, EXIT_ERROR, "out of memory");
	return verdict_events(&c->verdict, e, 1) ? gave_up(&c->verdict, f) : 0;
}

/* As record does: a command is given the time to end. */
static void take_signals(struct check *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (info.ssi_signo == SIGTERM)
			child_signal(&c->child, SIGTERM);
		if (!c->child.pid || c->verdict.cut)
			c->ended = true;
		/* Whoever is interrupted has not seen the end. */
		c->verdict.cut = c->child.pid;
	}
}

static int open_signals(struct check *c, struct failure *f)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signals < 0)
		return failed(f, EXIT_ERROR, "cannot wait for signals: %s",
			      strerror(errno));
	return 0;
}

static int prepare(struct check *c, const struct options *o, struct failure *f)
{
	const struct stream_wants wants = {
		.verbose = o->verbose,
		.buffer = asked.buffer,
		.fn = judge,
		.arg = c,
	};

	if (stream_open(&c->stream, &wants, f) ||
	    check_open_verdict(c, stream_listens(c->stream), f))
		return -1;
	caps_keep_bpf();
	return 0;
}

/** check_is_over() - is it time to end? To be asked again and again */
bool check_is_over(struct check *c)
{
	show_progress(c);
	take_signals(c);
	if (child_reap(&c->child) ||
	    (c->seconds && check_now() - c->begun > c->seconds * SECOND))
		c->ended = true;
	return c->ended;
}

static int watch(struct check *c, struct failure *f)
{
	do {
		if (stream_poll(c->stream, TICK_MS, f))
			return -1;
	} while (!check_is_over(c));
	return stream_end(c->stream, f);
}

static int check_events(struct check *c, const struct options *o,
			struct failure *f)
{
	if (prepare(c, o, f) || stream_begin(c->stream, f))
		return -1;
	child_start(&c->child);
	if (watch(c, f))
		return -1;
	c->verdict.cut |= !tally_whole(stream_tally(c->stream));
	return 0;
}

static int check_host(struct check *c, const struct options *o,
		      struct failure *f)
{
	int err = child_prepare(&c->child, asked.command, f) ?:
		  open_signals(c, f) ?:
		  c->looking ? check_looks(c, o, f) : check_events(c, o, f);

	if (err)
		return -1;
	c->verdict.source = asked.command ? asked.command[0] : "this host";
	return verdict_end(&c->verdict) ? gave_up(&c->verdict, f) : 0;
}

/* A bad verdict first, then what is not proved, then the command's own. */
static int exit_code(const struct check *c)
{
	if (verdict_bad(&c->verdict))
		return EXIT_VERDICT;
	if (verdict_inconclusive(&c->verdict))
		return EXIT_INCONCLUSIVE;
	return c->child.status > 0 ? c->child.status : EXIT_FINE;
}

static void close_all(struct check *c)
{
	size_t i;

	stream_close(c->stream);
	trace_close(c->reader);
	child_end(&c->child);
	if (c->signals >= 0)
		close(c->signals);
	map_for_each(i, &c->names) free(c->names.slot[i].value);
	map_free(&c->names);
	verdict_free(&c->verdict);
	rules_free(c->rules);
}

/* A kernel that can only be looked at. */
static bool has_no_events(void)
{
	struct probe probe;

	probe_kernel(&probe);
	return probe.kvm && !probe.context && !probe.event[PROBE_s2_set];
}

static int check_run(const struct options *o)
{
	static struct check c;
	struct failure f;
	int rc;

	c.signals = -1;
	c.child.go = -1;
	c.child.status = -1;
	c.begun = check_now();
	c.seconds = asked.seconds;
	c.invariants = asked.invariants;
	c.only = asked.only;
	if (asked.show_rules) {
		fputs(rules_default, stdout);
		return EXIT_FINE;
	}
	c.looking = !asked.file && has_no_events();
	if (open_rules(&c, &f) ||
	    (asked.file ? check_file(&c, &f) : check_host(&c, o, &f))) {
		end_progress(&c);
		rc = report(o, &f);
	} else {
		end_progress(&c);
		if (!asked.format)
			asked.format = o->json ? verdict_ndjson : verdict_text;
		asked.format(stdout, &c.verdict);
		rc = exit_code(&c);
	}
	close_all(&c);
	return rc;
}

/* Names with commas between them. */
static uint32_t parse_names(struct argp_state *state, const char *list)
{
	char *copy = strdup(list), *rest = copy, *word;
	uint32_t mask = 0;

	while ((word = strsep(&rest, ","))) {
		int id;

		for (id = 0; id < NR_INVARIANTS; id++)
			if (!strcasecmp(word, invariants[id]->name))
				break;
		if (id == NR_INVARIANTS)
			argp_error(state, "there is no invariant '%s'", word);
		mask |= 1u << id;
	}
	free(copy);
	return mask;
}

/* It begins like one; what cannot be read will be told when it is. */
static bool is_recording(const char *path)
{
	char magic[TRACE_MAGIC_LEN] = "";
	FILE *in = fopen(path, "re");

	if (!in)
		return false;
	if (fread(magic, 1, sizeof(magic), in) != sizeof(magic))
		magic[0] = 0;
	fclose(in);
	return !memcmp(magic, TRACE_MAGIC, sizeof(magic));
}

/* Behind -- comes a command; before it, rules and a recording. */
static void parse_argument(struct argp_state *state, char *arg)
{
	if (state->quoted && state->next > state->quoted) {
		asked.command = &state->argv[state->next - 1];
		state->next = state->argc;
		return;
	}
	if (!asked.file && is_recording(arg))
		asked.file = arg;
	else if (!asked.rules)
		asked.rules = arg;
	else
		argp_error(state,
			   "'%s' is one too many: rules, and a recording", arg);
}

static void check_arguments(struct argp_state *state)
{
	if (asked.file && (asked.command || asked.seconds))
		argp_error(state, "a recording, or this host: not both");
	if (!asked.file && !asked.command && !asked.seconds)
		argp_error(
			state,
			"what is to be checked? FILE, --for TIME, or -- COMMAND");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_FORMAT:
		asked.format = verdict_format(arg);
		if (!asked.format)
			argp_error(
				state,
				"'%s' is no format: text, ktap, junit, github, ndjson",
				arg);
		return 0;
	case KEY_FOR:
		asked.seconds = option_span(state, arg);
		return 0;
	case KEY_BUFFER:
		asked.buffer = option_size(state, arg);
		if (asked.buffer < 65536 || asked.buffer > STREAM_BUFFER_MAX)
			argp_error(state, "--buffer is 64K to 1G");
		return 0;
	case KEY_ONLY:
		asked.invariants = parse_names(state, arg);
		asked.only = true;
		return 0;
	case KEY_WITHOUT:
		asked.invariants &= ~parse_names(state, arg);
		return 0;
	case KEY_COMPLETE:
		asked.complete = true;
		return 0;
	case KEY_SHOW_RULES:
		asked.show_rules = true;
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(state, arg);
		return 0;
	case ARGP_KEY_END:
		check_arguments(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "text, ktap, junit, github or ndjson (--json)", 0 },
	{ "for", KEY_FOR, "TIME", 0, "Stop after TIME: 90, 90s, 5m, 1h", 0 },
	{ "only", KEY_ONLY, "NAMES", 0, "Judge these invariants: FREE,OWED,...",
	  0 },
	{ "without", KEY_WITHOUT, "NAMES", 0, "Judge all but these", 0 },
	{ "complete", KEY_COMPLETE, NULL, 0,
	  "Every VM that begins must end, too, or it leaks", 0 },
	{ "show-rules", KEY_SHOW_RULES, NULL, 0,
	  "Print the rules that it goes by without RULES, and end", 0 },
	{ "buffer", KEY_BUFFER, "SIZE", 0,
	  "Of the kernel's ring buffer: 64K to 1G (64M)", 0 },
	{},
};

const struct verb check_verb = {
	.name = "check",
	.help = "holds the invariants of stage 2 against a recording or this host",
	.doc = "Replays every s2 event and judges 23 invariants: no table page is freed while "
	       "a walker can reach it, no invalidation is missing, no VMID is shared, and so on "
	       "(docs/invariants.md). Each finding tells which VM, where, who, when, and the "
	       "events that led to it. RULES has more to demand, and waivers (docs/rules.md). A "
	       "kernel without the s2 tracepoints is looked at instead: table pages left by VMs, "
	       "counts, VMIDs, budgets (docs/stock-kernels.md).\v"
	       "Exit status: 0 all hold; 1 one is broken; 5 not proved: events are missing, or the "
	       "stream lacks some; 4 this kernel cannot do it; 3 an error. If all hold, that of the "
	       "command.\n"
	       "Examples:\n"
	       "  s2stat check -- ./my-vm-test\n"
	       "  s2stat check --for 60s\n"
	       "  s2stat check boot.s2\n"
	       "  s2stat check my.rules boot.s2\n"
	       "  s2stat check --format junit boot.s2 >verdict.xml\n",
	.args = "[RULES] [FILE | -- COMMAND...]",
	.json = "finding invariant verdict error",
	.options = options,
	.parse = parse,
	.run = check_run,
};
