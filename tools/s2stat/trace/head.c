// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text blocks of a recording. See head.h. A file may hold anything: what
 * is read here is bounded, and safe to print.
 */
#include "head.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../model/vmm.h"
#include "format.h"

static const char *const ends[] = {
#define END_NAME(sym, name) [sym] = name,
	TRACE_ENDS(END_NAME)
#undef END_NAME
};

static void write_table(FILE *out, const struct codec_table *t)
{
	for (uint32_t i = 0; i < t->nr_types; i++) {
		const struct codec_type *type = &t->type[i];

		fprintf(out, "event %s", type->name);
		for (uint32_t j = 0; j < type->nr_args; j++)
			fprintf(out, " %s:%s:%s", type->arg[j].name,
				codec_type_name(type->arg[j].type),
				type->arg[j].show);
		fputc('\n', out);
	}
}

static void write_words(FILE *out)
{
	for (int show = 0; show < NR_SHOWS; show++) {
		if (!event_word(show, 0))
			continue;
		fprintf(out, "words %s", event_show_name(show));
		for (uint64_t v = 0; event_word(show, v); v++)
			fprintf(out, " %s", event_word(show, v));
		fputc('\n', out);
	}
}

/** trace_head_write() - the text of the first block; @h->table is our own */
void trace_head_write(FILE *out, const struct trace_head *h)
{
	fprintf(out, "s2stat-trace %d\n", TRACE_VERSION);
	fprintf(out, "start %" PRIu64 " %" PRIu64 "\n", h->monotonic,
		h->realtime);
	fprintf(out, "page-size %" PRIu32 "\n", h->page_size);
	fprintf(out, "cpus %" PRIu32 "\n", h->cpus);
	if (*h->host)
		fprintf(out, "host %s\n", h->host);
	if (*h->command)
		fprintf(out, "command %s\n", h->command);
	write_table(out, &h->table);
	write_words(out);
	fputs("listens", out);
	for (int e = 0; e < EV_NR_S2; e++)
		if (h->listens & 1u << e)
			fprintf(out, " %s", event_descs[e].name);
	fputc('\n', out);
}

/*
 * Text that was clean when it was written has its backslashes doubled already:
 * what is between them is cleaned, as it may come from anywhere by now.
 */
static void clean_again(char *dst, size_t size, const char *src)
{
	size_t at = 0;

	for (;;) {
		size_t len = strcspn(src, "\\");

		clean_text(dst + at, size - at, src, len);
		at += strlen(dst + at);
		src += len;
		if (!*src++ || at + 2 >= size)
			return;
		dst[at++] = '\\';
		dst[at] = '\0';
	}
}

/* The next word of a line; NULL at its end. */
static char *word(char **line)
{
	char *w;

	do
		w = strsep(line, " ");
	while (w && !*w);
	return w;
}

static uint64_t number(char **line)
{
	const char *w = word(line);

	return w ? strtoull(w, NULL, 10) : 0;
}

static int read_event(struct trace_head *h, char *line)
{
	char *name = word(&line), *arg;
	struct codec_type *type = name ? codec_table_add(&h->table, name) :
					 NULL;

	if (!type)
		return -1;
	while ((arg = word(&line))) {
		char *arg_name = strsep(&arg, ":"), *kind = strsep(&arg, ":");

		if (!kind || !arg ||
		    codec_table_arg(&h->table, type, arg_name, kind, arg))
			return -1;
	}
	return 0;
}

static void read_words(struct trace_head *h, char *line)
{
	struct trace_words *words = &h->words[h->nr_words];
	const char *w = word(&line);

	if (!w || !codec_is_name(w) || h->nr_words == NR_SHOWS)
		return;
	*words = (struct trace_words){};
	strcpy(words->show, w);
	while ((w = word(&line)) && codec_is_name(w) &&
	       words->nr < HEAD_MAX_WORDS)
		strcpy(words->word[words->nr++], w);
	h->nr_words++;
}

static void read_listens(struct trace_head *h, char *line)
{
	const char *w;

	while ((w = word(&line))) {
		int e = event_find(w);

		if (e >= 0)
			h->listens |= 1u << e;
	}
}

static void read_text(char text[HEAD_TEXT_MAX], const char *line)
{
	if (line)
		clean_again(text, HEAD_TEXT_MAX, line);
}

static int read_line(struct trace_head *h, char *line)
{
	const char *key = word(&line);

	if (!key)
		return 0;
	if (!strcmp(key, "event"))
		return read_event(h, line);
	if (!strcmp(key, "words")) {
		read_words(h, line);
	} else if (!strcmp(key, "listens")) {
		read_listens(h, line);
	} else if (!strcmp(key, "start")) {
		h->monotonic = number(&line);
		h->realtime = number(&line);
	} else if (!strcmp(key, "page-size")) {
		h->page_size = number(&line);
	} else if (!strcmp(key, "cpus")) {
		h->cpus = number(&line);
	} else if (!strcmp(key, "host")) {
		read_text(h->host, line);
	} else if (!strcmp(key, "command")) {
		read_text(h->command, line);
	}
	return 0;
}

static int read_version(char **text, struct failure *f)
{
	char *line = strsep(text, "\n"), *key = word(&line);
	uint64_t version = number(&line);

	if (!key || strcmp(key, "s2stat-trace") || !version)
		return failed(f, EXIT_ERROR, "it has no head of a recording");
	if (version > TRACE_VERSION)
		return failed(f, EXIT_ERROR,
			      "it has version %" PRIu64
			      " of the format, and this s2stat knows up to %d",
			      version, TRACE_VERSION);
	return 0;
}

/**
 * trace_head_read() - what the first block of a file says
 * @h:		zero; to be given to trace_head_free() in any case
 * @text:	taken apart
 *
 * Return: 0, or -1 with @f filled.
 */
int trace_head_read(struct trace_head *h, char *text, struct failure *f)
{
	char *line;

	if (read_version(&text, f))
		return -1;
	while ((line = strsep(&text, "\n")))
		if (read_line(h, line))
			return failed(f, EXIT_ERROR,
				      "its table of events makes no sense");
	if (!h->table.nr_types)
		return failed(f, EXIT_ERROR, "it has no table of events");
	if (!h->page_size || h->page_size & (h->page_size - 1) ||
	    h->page_size < 4096 || h->page_size > 65536)
		return failed(f, EXIT_ERROR,
			      "its host has pages of %" PRIu32 " bytes",
			      h->page_size);
	return 0;
}

void trace_head_free(struct trace_head *h)
{
	codec_table_free(&h->table);
}

/**
 * trace_word() - the name of a number: ours, or that of a newer file
 *
 * Return: NULL if it has none.
 */
const char *trace_word(const struct trace_head *h, enum event_show show,
		       uint64_t value)
{
	const char *own = event_word(show, value);

	for (uint32_t i = 0; !own && i < h->nr_words; i++)
		if (!strcmp(h->words[i].show, event_show_name(show)) &&
		    value < h->words[i].nr)
			own = h->words[i].word[value];
	return own;
}

/** trace_end_name() - an enum trace_end_reason in a word */
const char *trace_end_name(enum trace_end_reason reason)
{
	return ends[reason];
}

void trace_end_write(FILE *out, const struct trace_end *end)
{
	fprintf(out, "reason %s\n", ends[end->reason]);
	fprintf(out, "time %" PRIu64 "\n", end->time);
	fprintf(out, "events %" PRIu64 "\n", end->events);
	fprintf(out, "lost %" PRIu64 "\n", end->lost);
	if (end->status >= 0)
		fprintf(out, "status %d\n", end->status);
}

static enum trace_end_reason end_reason(const char *name)
{
	for (int i = 0; name && i < TRACE_NR_ENDS; i++)
		if (!strcmp(name, ends[i]))
			return i;
	return TRACE_END_ERROR;
}

/** trace_end_read() - what a TRACE_END block says; @text is taken apart */
void trace_end_read(struct trace_end *end, char *text)
{
	char *line;

	*end = (struct trace_end){ .reason = TRACE_END_ERROR, .status = -1 };
	while ((line = strsep(&text, "\n"))) {
		const char *key = word(&line);

		if (!key)
			continue;
		if (!strcmp(key, "reason"))
			end->reason = end_reason(word(&line));
		else if (!strcmp(key, "time"))
			end->time = number(&line);
		else if (!strcmp(key, "events"))
			end->events = number(&line);
		else if (!strcmp(key, "lost"))
			end->lost = number(&line);
		else if (!strcmp(key, "status"))
			end->status = number(&line) & 0xff;
	}
}

void trace_name_write(FILE *out, const struct trace_name *name)
{
	fprintf(out, "vm %" PRId32 " %s\t%s\n", name->vm, name->vmm,
		name->name);
}

/**
 * trace_name_read() - the next name that a TRACE_NAMES block has
 * @text:	what is left of it; taken apart
 *
 * Return: whether there was one.
 */
bool trace_name_read(struct trace_name *name, char **text)
{
	char *line, *vmm;

	while ((line = strsep(text, "\n"))) {
		const char *key = word(&line);

		if (!key || strcmp(key, "vm"))
			continue;
		name->vm = number(&line);
		vmm = strsep(&line, "\t");
		if (!vmm || !line)
			continue;
		clean_again(name->vmm, sizeof(name->vmm), vmm);
		clean_again(name->name, sizeof(name->name), line);
		return true;
	}
	return false;
}
