// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a KVM_CREATE_VM which fails late leaves nothing behind. With
 * thousands of areas in the address space and a fast interval timer, the
 * registration of the MMU notifier is interrupted (EINTR) after the stage-2
 * root was allocated; Linux 6.12 forgets the root then.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "s2guest.h"
#include "vm.h"

static void on_alarm(int sig)
{
}

/* Neighbours with different protection cannot be merged into one area. */
static int make_areas(long nr)
{
	for (long i = 0; i < nr; i++) {
		if (mmap(NULL, PAGE_SIZE, i & 1 ? PROT_READ : PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			return -errno;
	}
	return 0;
}

static void set_timer(long us)
{
	struct itimerval t = {
		.it_interval.tv_usec = us, .it_value.tv_usec = us,
	};

	setitimer(ITIMER_REAL, &t, NULL);
}

static int run(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_alarm };
	long times = 2000, areas = 3000, us = 700;
	long eintr = 0, made = 0, before, growth;
	bool expect_none = false;
	const struct opt opts[] = {
		{ "times", .number = &times },
		{ "areas", .number = &areas },
		{ "timer-us", .number = &us },
		{ "expect-none", .flag = &expect_none },
	};

	parse_opts(&scn_createleak, argc, argv, opts, ARRAY_SIZE(opts));
	if (make_areas(areas))
		return fail("no %ld areas: %s", areas, errname(-errno));
	before = meminfo_kb("SecPageTables");
	sigaction(SIGALRM, &act, NULL);
	set_timer(us);
	for (long i = 0; i < times; i++) {
		int fd = ioctl(kvm_dev(), KVM_CREATE_VM, 0);

		if (fd >= 0) {
			made++;
			close(fd);
		} else if (errno == EINTR) {
			eintr++;
		} else {
			return fail("KVM_CREATE_VM: %s", errname(-errno));
		}
	}
	set_timer(0);
	growth = sec_growth_kb(before);
	printf("createleak tried=%ld made=%ld eintr=%ld sec_growth_kb=%ld\n",
	       times, made, eintr, growth);
	if (!eintr)
		return fail("no creation was interrupted: nothing proved");
	if (expect_none && growth > 0)
		return fail("%ld kB of tables were left behind", growth);
	return 0;
}

const struct scenario scn_createleak = {
	.name	= "createleak",
	.usage	= "[--expect-none] [--times N] [--areas N] [--timer-us N]",
	.proves	= "Interrupted KVM_CREATE_VMs leave no stage-2 root behind (--expect-none;\n"
		  "without it, only reports: Linux 6.12 leaks 8 kB each time).",
	.run	= run,
};
