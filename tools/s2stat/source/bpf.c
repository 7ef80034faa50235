// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common use of libbpf (see bpf.h).
 */
#include "bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's seq_file buffer for iterators is eight pages. */
#define SEQ_PAGES 8

static int verbosity;

static int to_stderr(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (verbosity < (level == LIBBPF_DEBUG ? 2 : 1))
		return 0;
	return vfprintf(stderr, fmt, ap);
}

/** bpf_say() - @verbose 1: libbpf's warnings go to stderr; 2: all it says */
void bpf_say(int verbose)
{
	verbosity = verbose;
	libbpf_set_print(to_stderr);
}

/**
 * bpf_refused() - what the kernel answered to @what, as a sentence
 * @err:	negative errno
 *
 * Return: -1.
 */
int bpf_refused(struct failure *f, const char *what, int err)
{
	if (err == -EPERM || err == -EACCES)
		return failed(
			f, EXIT_ERROR,
			"not permitted to %s: s2stat needs CAP_BPF and CAP_PERFMON (run it as root, or give it these two)",
			what);
	return failed(f, EXIT_ERROR, "cannot %s: %s (-v shows more)", what,
		      strerror(-err));
}

/** bpf_page_shift() - log2 of the host's page size */
uint32_t bpf_page_shift(void)
{
	return __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

int bpf_buffer_init(struct bpf_buffer *buf, struct failure *f)
{
	buf->size = SEQ_PAGES << bpf_page_shift();
	buf->p = malloc(buf->size);
	return buf->p ? 0 : failed(f, EXIT_ERROR, "out of memory");
}

void bpf_buffer_free(struct bpf_buffer *buf)
{
	free(buf->p);
	buf->p = NULL;
}

/* Hands on the whole records in buf; returns how many bytes are left over. */
static ssize_t hand_on(char *buf, size_t len, record_fn fn, void *arg)
{
	size_t at = 0;

	while (len - at >= sizeof(struct s2r_head)) {
		const struct s2r_head *rec = (const void *)(buf + at);
		int err;

		if (rec->size < sizeof(*rec))
			return -EPROTO;
		if (rec->size > len - at)
			break;
		err = fn(rec, arg);
		if (err < 0)
			return err;
		at += rec->size;
	}
	memmove(buf, buf + at, len - at);
	return len - at;
}

/**
 * bpf_pass() - runs an iterator from its first object to its last
 *
 * Return: 0, or -1 with @f filled.
 */
int bpf_pass(struct bpf_buffer *buf, struct bpf_link *link, record_fn fn,
	     void *arg, struct failure *f)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	ssize_t n, left = 0;

	if (fd < 0)
		return bpf_refused(f, "start a BPF iterator", -errno);
	for (;;) {
		n = read(fd, buf->p + left, buf->size - left);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		left = hand_on(buf->p, left + n, fn, arg);
		if (left < 0)
			break;
	}
	n = n < 0 ? -errno : left;
	close(fd);
	if (n)
		return bpf_refused(f, "read the stage-2 tables",
				   n < 0 ? n : -EPROTO);
	return 0;
}
