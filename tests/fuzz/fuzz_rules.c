// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules' parser and their evaluation under libFuzzer: whatever a file
 * holds, it is an error with a place in it, or rules that any events can be
 * held against.
 *
 * An input is the text, a zero byte, and after it bytes that make events.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules.h"

static uint64_t told;

static void found(const struct rules_finding *f, void *arg)
{
	(void)arg;
	told += strlen(f->what) + f->rule;
}

static const char *vm_name(int32_t vm, void *arg)
{
	(void)arg;
	return vm & 1 ? "web-1" : NULL;
}

/* Few MMUs, so that events meet; times that jump, so that windows pass. */
static void hold_against(struct rules *rules, const uint8_t *data, size_t size)
{
	const struct rules_host host = { .found = found, .vm_name = vm_name };
	struct event e = { 0 };

	rules_host(rules, &host);
	for (size_t i = 0; i + 4 <= size; i += 4) {
		e.type = data[i] % EV_NR;
		e.mmu = 1 + data[i + 1] % 4;
		e.vm = e.mmu;
		e.pid = data[i + 1] >> 4;
		e.seq++;
		e.time += 1ULL << data[i + 2] % 40;
		for (size_t a = 0; a < event_descs[e.type].nr_args; a++)
			event_set_arg(&e, &event_descs[e.type].arg[a],
				      data[i + 3] >> a % 5);
		if (rules_event(rules, &e))
			abort();
	}
	if (rules_end(rules, e.time))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t len = zero ? (size_t)(zero - data) : size;
	struct rules_error err;
	struct rules *rules;
	char *text = malloc(len ? len : 1);

	memcpy(text, data, len);
	if (rules_parse(&rules, text, len, &err)) {
		/* An error says what it is and lies in the text, or behind it. */
		if (!err.text[0] || !err.line || !err.column ||
		    err.column > len + 1)
			abort();
		free(text);
		return 0;
	}
	free(text);
	for (size_t i = 0; i < rules_nr(rules); i++)
		if (!rules_name(rules, i)[0])
			abort();
	for (size_t i = 0; i < rules_nr_waivers(rules); i++)
		rules_waiver(rules, rules_get_waiver(rules, i).rule, 1,
			     20260101);
	if (zero)
		hold_against(rules, zero + 1, size - len - 1);
	rules_free(rules);
	return 0;
}
