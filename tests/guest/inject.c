// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail on request: the knobs of failslab and fail_page_alloc.
 */
#include <stdio.h>

#include "inject.h"
#include "s2guest.h"

#define DEBUG		"/sys/kernel/debug/"

struct knob {
	const char *path, *value;
};

int inject_allow(void)
{
	static const struct knob knobs[] = {
		{ DEBUG "failslab/ignore-gfp-wait", "N" },
		{ DEBUG "failslab/verbose", "0" },
		{ DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUG "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUG "fail_page_alloc/min-order", "0" },
		{ DEBUG "fail_page_alloc/verbose", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++) {
		int ret = write_text(knobs[i].path, "%s", knobs[i].value);

		if (ret)
			return fail("%s: %s", knobs[i].path, errname(ret));
	}
	return 0;
}

/* Of both kinds of allocation. */
static int set_both(const char *knob, const char *value)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), DEBUG "failslab/%s", knob);
	ret = write_text(path, "%s", value);
	snprintf(path, sizeof(path), DEBUG "fail_page_alloc/%s", knob);
	return write_text(path, "%s", value) ?: ret;
}

/* The filter stands before anything fails, and falls after. */
int inject_rate(int percent)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", percent);
	if (!percent)
		return set_both("probability", text) ?: set_both("task-filter", "N");
	return set_both("task-filter", "Y") ?: set_both("times", "-1") ?:
	       set_both("probability", text);
}

void inject_this_thread(void)
{
	int ret = write_text("/proc/thread-self/make-it-fail", "1");

	if (ret)
		fail("make-it-fail: %s", errname(ret));
}
