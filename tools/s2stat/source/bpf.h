/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all users of libbpf here have in common: its messages, its errors as
 * sentences, and reading the records that a BPF iterator writes.
 */
#ifndef S2STAT_SOURCE_BPF_H
#define S2STAT_SOURCE_BPF_H

#include <stddef.h>
#include <stdint.h>

#include "backend.h"

struct bpf_link;

/**
 * struct bpf_buffer - what a pass reads into
 * @size:	the most that one object can write: a seq_file's buffer
 */
struct bpf_buffer {
	char *p;
	size_t size;
};

void bpf_say(int verbose);
int bpf_refused(struct failure *f, const char *what, int err);
uint32_t bpf_page_shift(void);
int bpf_buffer_init(struct bpf_buffer *buf, struct failure *f);
void bpf_buffer_free(struct bpf_buffer *buf);
int bpf_pass(struct bpf_buffer *buf, struct bpf_link *link, record_fn fn,
	     void *arg, struct failure *f);

#endif /* S2STAT_SOURCE_BPF_H */
