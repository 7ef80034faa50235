// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why something could not be done (see failure.h).
 */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

/**
 * failed() - fills @f
 *
 * Return: -1, so that a function can fail in one line.
 */
int failed(struct failure *f, int code, const char *fmt, ...)
{
	va_list ap;

	f->code = code;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return -1;
}
