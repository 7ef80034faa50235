/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why something could not be done: one sentence and the exit code it means.
 */
#ifndef S2STAT_SOURCE_FAILURE_H
#define S2STAT_SOURCE_FAILURE_H

/* Exit codes of every verb. */
enum s2stat_exit {
	EXIT_FINE = 0,
	EXIT_VERDICT = 1, /* an assertion or audit failed */
	EXIT_USAGE = 2,
	EXIT_ERROR = 3,
	EXIT_KERNEL = 4, /* this kernel cannot do it */
	EXIT_INCONCLUSIVE = 5, /* events were lost */
};

/**
 * struct failure - filled by whoever fails
 * @code:	enum s2stat_exit, never EXIT_FINE once filled
 * @text:	one sentence, without a full stop or newline
 */
struct failure {
	int code;
	char text[512];
};

__attribute__((format(printf, 3, 4))) int failed(struct failure *f, int code,
						 const char *fmt, ...);

#endif /* S2STAT_SOURCE_FAILURE_H */
