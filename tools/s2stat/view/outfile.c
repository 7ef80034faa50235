// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that appears whole or not at all (see outfile.h).
 */
#include "outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot_write(struct failure *f, const char *path, int err)
{
	return failed(f, EXIT_ERROR, "cannot write %s: %s", path,
		      strerror(err));
}

/* The mode that open() would have given the file; mkstemp() gives it 0600. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/**
 * outfile_open() - begins a file that is to be @path
 *
 * Return: 0, or -1 with @f filled and nothing left behind.
 */
int outfile_open(struct outfile *file, const char *path, struct failure *f)
{
	int fd;

	*file = (struct outfile){ .path = path };
	if (asprintf(&file->temp, "%s.XXXXXX", path) < 0) {
		file->temp = NULL;
		return failed(f, EXIT_ERROR, "out of memory");
	}
	fd = mkstemp(file->temp);
	if (fd < 0) {
		int err = errno;

		free(file->temp);
		file->temp = NULL;
		return cannot_write(f, path, err);
	}
	fchmod(fd, usual_mode());
	file->out = fdopen(fd, "w");
	if (file->out)
		return 0;
	close(fd);
	outfile_abort(file);
	return failed(f, EXIT_ERROR, "out of memory");
}

/**
 * outfile_commit() - puts the file in its place
 *
 * Return: 0, or -1 with @f filled; then what was at the place before is still
 * there. Either way @file is finished.
 */
int outfile_commit(struct outfile *file, struct failure *f)
{
	const char *path = file->path;
	int err = 0;

	if (fflush(file->out) || ferror(file->out) ||
	    fsync(fileno(file->out)))
		err = errno ?: EIO;
	if (fclose(file->out) && !err)
		err = errno;
	file->out = NULL;
	if (!err && rename(file->temp, path))
		err = errno;
	if (err) {
		outfile_abort(file);
		return cannot_write(f, path, err);
	}
	free(file->temp);
	file->temp = NULL;
	return 0;
}

/** outfile_abort() - leaves nothing behind; harmless after outfile_commit() */
void outfile_abort(struct outfile *file)
{
	if (file->out)
		fclose(file->out);
	if (file->temp)
		unlink(file->temp);
	free(file->temp);
	*file = (struct outfile){};
}
