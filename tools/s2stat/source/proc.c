// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /proc tells about the owner of a VM (see proc.h). The owner may be
 * gone, and what it wrote there is hostile: see model/vmm.c.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../model/vmm.h"

/* A VMM's name comes early: longer command lines are cut. */
#define CMDLINE_MAX (128 * 1024)
/* PROC_PID_INIT_INO of linux/proc_ns.h. */
#define INIT_PID_NS 0xEFFFFFFCU

/*
 * Kernel tgids name processes of the initial pid namespace only. A kernel
 * without such namespaces has no file that tells them apart.
 */
static bool in_initial_pid_ns(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return errno == ENOENT;
	return st.st_ino == INIT_PID_NS;
}

/* Reads /proc/@tgid/@file into @buf and ends it with a NUL. */
static size_t read_proc(int tgid, const char *file, char *buf, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tgid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	if (fd >= 0)
		close(fd);
	buf[len] = '\0';
	return len;
}

/**
 * proc_name() - finds @vm's name and its VMM's
 *
 * @vm->name is never empty afterwards: the VMM's own name for it, else its
 * comm, else "pid N" when there is no such process (any more).
 */
void proc_name(struct vm *vm)
{
	bool known = in_initial_pid_ns() && vm->tgid > 0;
	char comm[64] = "", *cmdline;
	size_t len;

	vm->named = true;
	if (known) {
		len = read_proc(vm->tgid, "comm", comm, sizeof(comm));
		clean_text(vm->vmm, sizeof(vm->vmm), comm,
			   strnlen(comm, len) - (len && comm[len - 1] == '\n'));
	}
	cmdline = known ? malloc(CMDLINE_MAX) : NULL;
	if (cmdline) {
		len = read_proc(vm->tgid, "cmdline", cmdline, CMDLINE_MAX);
		vmm_name(vm->name, sizeof(vm->name), cmdline, len);
	}
	free(cmdline);
	if (!*vm->name && *vm->vmm)
		snprintf(vm->name, sizeof(vm->name), "%s", vm->vmm);
	if (!*vm->name)
		snprintf(vm->name, sizeof(vm->name), "pid %d", vm->tgid);
}

/**
 * proc_secondary_tables() - bytes of all secondary page tables of the host
 *
 * The kernel adds up per-CPU parts of this number only now and then.
 *
 * Return: SecPageTables of /proc/meminfo, or -1 when it does not say (before
 * Linux 6.1).
 */
int64_t proc_secondary_tables(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	int64_t kb = -1;

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "SecPageTables: %" SCNd64 " kB", &kb);
	if (f)
		fclose(f);
	return kb < 0 ? -1 : kb * 1024;
}

/**
 * proc_fold_counters() - has the kernel add up those per-CPU parts now
 *
 * Only root may; for others the number may be a second old.
 */
void proc_fold_counters(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "re");

	if (!f)
		return;
	/* It has nothing to say: asking is what does it. */
	fgetc(f);
	fclose(f);
}
