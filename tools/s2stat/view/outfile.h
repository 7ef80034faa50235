/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that appears whole or not at all: written beside its place under
 * another name and moved there at the end.
 */
#ifndef S2STAT_VIEW_OUTFILE_H
#define S2STAT_VIEW_OUTFILE_H

#include <stdio.h>

#include "../source/failure.h"

/**
 * struct outfile - a file in the making
 * @out:	to write to; errors may wait until outfile_commit()
 * @path:	where it will be; the caller's
 * @temp:	where it is; owned
 */
struct outfile {
	FILE *out;
	const char *path;
	char *temp;
};

int outfile_open(struct outfile *file, const char *path, struct failure *f);
int outfile_commit(struct outfile *file, struct failure *f);
void outfile_abort(struct outfile *file);

#endif /* S2STAT_VIEW_OUTFILE_H */
