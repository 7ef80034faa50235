// SPDX-License-Identifier: GPL-2.0-only
/*
 * Samples of the running kernel, one after the other, until they are enough or
 * somebody interrupts: the frame of all verbs that look at VMs.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../model/select.h"
#include "../model/vmm.h"
#include "../view/csv.h"
#include "../view/json.h"
#include "cmd.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/** catch_signals() - SIGINT and SIGTERM end the loop after its sample */
void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/** was_interrupted() - did a signal ask for the end? */
bool was_interrupted(void)
{
	return interrupted;
}

static void wait_for(double seconds)
{
	struct timespec ts = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (time_t)seconds) * 1e9),
	};

	while (!interrupted && nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Leaves out the dead for verbs that show what is there. */
static size_t choose(const struct options *o, const struct sampling *s,
		     const struct host *host, bool *chosen)
{
	size_t n = select_vms(host, o->vm, chosen);

	for (size_t i = 0; i < host->nr; i++) {
		if (chosen[i] && !host->vm[i]->alive && !s->keep_gone) {
			chosen[i] = false;
			n--;
		}
	}
	return n;
}

static int unknown_vm(const struct options *o, bool first, struct failure *f)
{
	char name[VM_NAME_MAX];

	clean_text(name, sizeof(name), o->vm, strlen(o->vm));
	if (!first)
		return failed(f, EXIT_ERROR, "'%s' is gone", name);
	return failed(f, EXIT_ERROR,
		      "no VM here matches '%s' (s2stat list shows them all)",
		      name);
}

/**
 * emit() - one row: as JSON, or with --csv as values of @columns
 * @row:	given back
 *
 * In CSV the column "time" is the sample's, whatever the row is.
 */
void emit(const struct options *o, const struct host *host,
	  const char *const *columns, struct json_object *row)
{
	if (!o->csv) {
		json_emit(stdout, row);
		return;
	}
	json_put_real(row, "time", host->time);
	csv_row(stdout, columns, row);
}

/** terminal_width() - of stdout; false when it is no terminal */
bool terminal_width(int *columns)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    !size.ws_col)
		return false;
	*columns = size.ws_col;
	return true;
}

/* One sample; a selector must mean something in the first. */
static int one_sample(const struct options *o, const struct sampling *s,
		      struct live *live, struct host *host, bool first,
		      struct failure *f)
{
	bool *chosen;
	int err;

	wait_for(o->interval);
	if (live_sample(live, host, f))
		return -1;
	chosen = calloc(host->nr + 1, sizeof(*chosen));
	if (!chosen)
		return failed(f, EXIT_ERROR, "out of memory");
	if (!choose(o, s, host, chosen) && o->vm && (first || s->one_vm))
		err = unknown_vm(o, first, f);
	else
		err = s->show(o, live, host, chosen, f);
	free(chosen);
	fflush(stdout);
	return err;
}

/**
 * sample_loop() - samples the kernel and shows each sample
 *
 * Return: enum s2stat_exit; EXIT_INCONCLUSIVE if events went uncounted and a
 * rate was shown.
 */
int sample_loop(const struct options *o, const struct sampling *s)
{
	const struct live_wants wants = {
		.verbose = o->verbose,
		.counts = o->interval > 0,
		.tables = s->tables,
		.hot = s->hot,
		.progress = isatty(STDERR_FILENO),
	};
	struct failure f;
	struct live *live;
	struct host host;
	int err;

	host_init(&host, __builtin_ctzl(sysconf(_SC_PAGESIZE)));
	if (live_open_for(&live, &wants, &f))
		return report(o, &f);
	if (s->needs & ~live_offers(live)) {
		failed(&f, EXIT_KERNEL, "%s", s->lacks);
		live_close(live);
		return report(o, &f);
	}
	catch_signals();
	if (o->csv)
		csv_head(stdout, s->columns);
	if (o->interval > 2 && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
		fprintf(stderr, "s2stat: counting for %g s ...\n", o->interval);

	err = 0;
	for (unsigned long n = 0; !err && !interrupted; n++) {
		err = one_sample(o, s, live, &host, !n, &f);
		if (o->count && n + 1 >= o->count)
			break;
	}
	if (err)
		err = report(o, &f);
	else if (host.dropped && o->interval > 0)
		err = EXIT_INCONCLUSIVE;
	live_close(live);
	host_free(&host);
	return err;
}
