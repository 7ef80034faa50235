// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VM is called (see vmm.h).
 *
 * A guest's owner chooses its command line, and an administrator's terminal
 * shows it: nothing that moves a cursor, reorders text or breaks the JSON's
 * UTF-8 may come through.
 */
#include "vmm.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* How long a UTF-8 sequence is that begins with @c; 0: none does. */
static size_t utf8_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc0 || c >= 0xf8)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/*
 * Length of the well-formed UTF-8 sequence at @s (RFC 3629), its code point in
 * @cp; 0 if there is none.
 */
static size_t utf8(const unsigned char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = utf8_length(s[0]);

	if (!n || n > len)
		return 0;
	*cp = n == 1 ? s[0] : s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

/* Would a terminal do anything else with it than put a glyph? */
static bool harmless(uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == '\\')
		return false;
	/* Zero-width, line separators, directional marks and overrides. */
	if ((cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || cp == 0x61c)
		return false;
	/* Interlinear annotations, tags. */
	return !(cp >= 0xfff0 && cp <= 0xfffb) &&
	       !(cp >= 0xe0000 && cp <= 0xe0fff);
}

/**
 * clean_text() - copies text that anybody may have written
 * @dst:	gets at most @size bytes, the end included; valid UTF-8
 *
 * What a terminal could obey becomes \xNN byte by byte, a backslash two. A
 * character is never cut in half.
 */
void clean_text(char *dst, size_t size, const char *src, size_t len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t at = 0;

	while (len) {
		char piece[20];
		uint32_t cp = 0;
		size_t n = utf8(s, len, &cp), out = 0;

		if (n && harmless(cp)) {
			memcpy(piece, s, n);
			out = n;
		} else if (n && cp == '\\') {
			out = sprintf(piece, "\\\\");
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++)
				out += sprintf(piece + out, "\\x%02x", s[i]);
		}
		if (at + out >= size)
			break;
		memcpy(dst + at, piece, out);
		at += out;
		s += n;
		len -= n;
	}
	dst[at] = '\0';
}

/*
 * The value of option @name (one or two dashes) at @arg, in the same argument
 * after '=' or in the next one; NULL if it is another option.
 */
static const char *option(const char *arg, const char *end, const char *name)
{
	size_t n = strlen(name);
	const char *p = arg;

	if (*p++ != '-')
		return NULL;
	if (*p == '-')
		p++;
	if (strncmp(p, name, n))
		return NULL;
	p += n;
	if (*p == '=')
		return p + 1;
	if (*p)
		return NULL;
	return p + 1 < end ? p + 1 : NULL;
}

/* One item of a QEMU option list, up to a comma; ",," stands for a comma. */
static const char *list_item(const char *s, char *item, size_t size)
{
	size_t n = 0;

	for (; *s; s++) {
		if (*s == ',' && *++s != ',')
			break;
		if (n + 1 < size)
			item[n++] = *s;
	}
	item[n] = '\0';
	return s;
}

/* QEMU: -name guest=NAME,debug-threads=on or -name NAME; others: the word. */
static void qemu_name(char *dst, size_t size, const char *value)
{
	char item[256], first[256] = "";
	const char *s = value;

	for (bool head = true; *s; head = false) {
		s = list_item(s, item, sizeof(item));
		if (!strncmp(item, "guest=", 6)) {
			clean_text(dst, size, item + 6, strlen(item + 6));
			return;
		}
		if (head && !strchr(item, '='))
			memcpy(first, item, sizeof(first));
	}
	clean_text(dst, size, first, strlen(first));
}

/**
 * vmm_name() - finds a VM's name in its VMM's command line
 * @dst:	gets the name, cleaned
 * @cmdline:	as in /proc/PID/cmdline: arguments, each ending in a NUL, the
 *		last perhaps cut short. @cmdline[@len] must be a NUL
 *
 * QEMU's -name, kvmtool's and others' --name; else a -uuid.
 *
 * Return: whether one was found.
 */
bool vmm_name(char *dst, size_t size, const char *cmdline, size_t len)
{
	const char *end = cmdline + len, *uuid = NULL;
	const char *arg = cmdline + strlen(cmdline) + 1;

	*dst = '\0';
	for (; arg < end; arg += strlen(arg) + 1) {
		const char *value = option(arg, end, "name");

		if (value && *value)
			qemu_name(dst, size, value);
		if (*dst)
			return true;
		if (!uuid)
			uuid = option(arg, end, "uuid");
	}
	if (uuid && *uuid)
		clean_text(dst, size, uuid, strlen(uuid));
	return *dst;
}
