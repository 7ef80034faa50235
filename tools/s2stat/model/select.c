// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which VMs a selector means (see select.h).
 */
#include "select.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum by { BY_TGID, BY_MMU, BY_NAME };

/* The whole of @s as a decimal number. */
static bool number(const char *s, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*value = strtoull(s, &end, 10);
	return !errno && !*end;
}

static bool is_chosen(const struct vm *vm, enum by by, const char *what)
{
	uint64_t n;

	switch (by) {
	case BY_TGID:
		return number(what, &n) && vm->tgid >= 0 &&
		       (uint64_t)vm->tgid == n;
	case BY_MMU:
		return number(what, &n) && vm->id == n;
	case BY_NAME:
		break;
	}
	/* A name may hold the very characters that a glob gives a meaning. */
	return !strcmp(what, vm->name) || !fnmatch(what, vm->name, 0);
}

static size_t choose(const struct host *host, enum by by, const char *what,
		     bool *chosen)
{
	size_t n = 0;

	for (size_t i = 0; i < host->nr; i++) {
		chosen[i] = is_chosen(host->vm[i], by, what);
		n += chosen[i];
	}
	return n;
}

/**
 * select_vms() - marks the contexts that a selector means
 * @selector:	"vm:TGID", "mmu:ID", "name:GLOB"; or without the word, then
 *		the first of the three that means any; NULL means all
 * @chosen:	one per host->vm
 *
 * A VM with nested stage-2 contexts is meant with all of them by its tgid or
 * name, one context by its mmu id.
 *
 * Return: how many are chosen.
 */
size_t select_vms(const struct host *host, const char *selector, bool *chosen)
{
	static const struct {
		const char *word;
		enum by by;
	} kinds[] = {
		{ "vm:", BY_TGID },
		{ "mmu:", BY_MMU },
		{ "name:", BY_NAME },
	};
	const size_t nr = sizeof(kinds) / sizeof(kinds[0]);
	size_t n = 0;

	if (!selector)
		return choose(host, BY_NAME, "*", chosen);

	for (size_t i = 0; i < nr; i++) {
		size_t len = strlen(kinds[i].word);

		if (!strncmp(selector, kinds[i].word, len))
			return choose(host, kinds[i].by, selector + len,
				      chosen);
	}
	for (size_t i = 0; i < nr && !n; i++)
		n = choose(host, kinds[i].by, selector, chosen);
	return n;
}
