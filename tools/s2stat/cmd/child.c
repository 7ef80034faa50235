// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command whose life is watched. See child.h.
 */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell answers for a command that is not there, or is none. */
#define NOT_FOUND 127
#define NOT_RUNNABLE 126

/* In the child: until all is set, or until nobody is there any more. */
static void wait_and_run(int go, char **argv, const sigset_t *mask)
{
	char byte;
	ssize_t n;

	do
		n = read(go, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(NOT_RUNNABLE);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "s2stat: cannot run %s: %s\n", argv[0],
		strerror(errno));
	_exit(errno == ENOENT ? NOT_FOUND : NOT_RUNNABLE);
}

/**
 * child_prepare() - makes @argv ready to run
 *
 * Blocks SIGCHLD, SIGINT and SIGTERM in this process, for who waits for them
 * in some other way; the command has them as they were.
 *
 * Return: 0, or -1 with @f filled.
 */
int child_prepare(struct child *c, char **argv, struct failure *f)
{
	sigset_t set, old;
	int fd[2];

	*c = (struct child){ .go = -1, .status = -1 };
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (!argv)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return failed(f, EXIT_ERROR, "cannot make a socket: %s",
			      strerror(errno));
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		close(fd[0]);
		close(fd[1]);
		return failed(f, EXIT_ERROR, "cannot start a process: %s",
			      strerror(errno));
	}
	if (!c->pid) {
		close(fd[1]);
		wait_and_run(fd[0], argv, &old);
	}
	close(fd[0]);
	c->go = fd[1];
	return 0;
}

/** child_start() - all is set: the command runs */
void child_start(struct child *c)
{
	if (c->go < 0)
		return;
	/* If it is gone already, child_reap() says so. */
	send(c->go, "", 1, MSG_NOSIGNAL);
	close(c->go);
	c->go = -1;
}

/** child_reap() - is it over? Then @c->status is set */
bool child_reap(struct child *c)
{
	int status;

	if (!c->pid || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	if (WIFSIGNALED(status))
		c->status = 128 + WTERMSIG(status);
	else
		c->status = WEXITSTATUS(status);
	return true;
}

/** child_signal() - hands a signal on, if it runs */
void child_signal(const struct child *c, int sig)
{
	if (c->pid)
		kill(c->pid, sig);
}

/** child_end() - waits for it; one that was never started does not run at all */
void child_end(struct child *c)
{
	int status;

	if (c->go >= 0)
		close(c->go);
	c->go = -1;
	if (!c->pid)
		return;
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
					  WEXITSTATUS(status);
	c->pid = 0;
}
