// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host as user space sees it: counters, knobs, CPUs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "s2guest.h"

#define KSM	"/sys/kernel/mm/ksm/"

/* The number behind "@field@colon" in a file of such lines. */
static long field_of(const char *path, const char *field, char colon)
{
	char line[128];
	size_t len = strlen(field);
	long value = -1;
	FILE *f = fopen(path, "r");

	if (!f)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, field, len) && line[len] == colon)
			sscanf(line + len + 1, "%ld", &value);
	}
	fclose(f);
	return value;
}

long meminfo_kb(const char *field)
{
	return field_of("/proc/meminfo", field, ':');
}

long swapped_kb(void)
{
	return field_of("/proc/self/status", "VmSwap", ':');
}

void ksm_run(bool run)
{
	write_text(KSM "pages_to_scan", "10000");
	write_text(KSM "sleep_millisecs", "5");
	write_text(KSM "run", run ? "1" : "0");
}

long ksm_sharing(void)
{
	return read_long(KSM "pages_sharing", 0);
}

/*
 * Each CPU keeps a share of the counter and hands it in about once a second;
 * VMs also die behind an RCU grace period.
 */
long sec_growth_kb(long before)
{
	long growth = 0;

	for (int i = 0; i < 40; i++) {
		growth = meminfo_kb("SecPageTables") - before;
		if (growth <= 0)
			return growth;
		usleep(100 * 1000);
	}
	return growth;
}

int write_text(const char *path, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	int fd, len, ret = 0;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

long read_long(const char *path, long missing)
{
	long value = missing;
	FILE *f = fopen(path, "r");

	if (!f)
		return missing;
	if (fscanf(f, "%ld", &value) != 1)
		value = missing;
	fclose(f);
	return value;
}

int nr_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % nr_cpus(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}
