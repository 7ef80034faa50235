// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks a symbol up in /proc/kallsyms (see ksym.h).
 */
#include "ksym.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/**
 * ksym_address() - address of the kernel's (not a module's) symbol @name
 *
 * Return: 0 when there is none, when there are several of that name, or when
 * the kernel hides addresses from us (kptr_restrict).
 */
uint64_t ksym_address(const char *name)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	char line[600], symbol[512], type;
	uint64_t found = 0, address;
	unsigned int times = 0;

	while (in && fgets(line, sizeof(line), in)) {
		if (strchr(line, '[') || sscanf(line, "%" SCNx64 " %c %511s",
						&address, &type, symbol) != 3)
			continue;
		if (strcmp(symbol, name))
			continue;
		found = address;
		times++;
	}
	if (in)
		fclose(in);
	return times == 1 ? found : 0;
}
