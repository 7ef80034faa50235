/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A verdict in the words of those who read it: people, kselftest runners, CI
 * servers, GitHub, scripts.
 */
#ifndef S2STAT_VIEW_VERDICT_H
#define S2STAT_VIEW_VERDICT_H

#include <stdio.h>

#include "../invariants/verdict.h"

/* X(name): each has a function verdict_NAME(). */
#define VERDICT_FORMATS(X) \
	X(text)            \
	X(ktap)            \
	X(junit)           \
	X(github)          \
	X(ndjson)

#define VERDICT_EXTERN(name) \
	void verdict_##name(FILE *out, const struct verdict *v);
VERDICT_FORMATS(VERDICT_EXTERN)
#undef VERDICT_EXTERN

typedef void (*verdict_fn)(FILE *out, const struct verdict *v);

verdict_fn verdict_format(const char *name);

/* For all of them: where a finding is, in one line, into @text. */
void verdict_where(const struct verdict *v, const struct finding *f, char *text,
		   size_t size);
/* And what all of it is based on. */
void verdict_basis(const struct verdict *v, char *text, size_t size);

#endif /* S2STAT_VIEW_VERDICT_H */
