// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of recordings under libFuzzer: whatever a file holds, it ends
 * with an error or with events that have a type and add up, and in a time that
 * its size bounds.
 *
 * Random bytes never pass a checksum. So an input is a row of blocks without
 * one, each a kind, a length and a payload, and is given its heads here, as a
 * hostile hand would do; a byte says which of them are damaged again. An input
 * that begins with the format's own magic is read as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/tally.h"
#include "trace/format.h"
#include "trace/reader.h"

#define MAX_FILE (1u << 20)

static unsigned char file[MAX_FILE];
static size_t len;

static void block(const uint8_t *p, size_t n, uint8_t kind, uint8_t how,
		  uint64_t index)
{
	const struct trace_block b = {
		.kind = kind % 6,
		.flags = how & 1 ? TRACE_ZSTD : 0,
		.stored = n,
		.raw = how & 2 ? 8 * n : n,
		.events = n > 3 ? n / 4 : n,
		.index = how & 4 ? index / 2 : index,
		.first = 1000 * index,
		.id = how & 8 ? 8 : 7,
		.crc = trace_crc(p, n),
	};

	if (len + TRACE_BLOCK_HEAD + n > MAX_FILE)
		return;
	trace_block_put(&b, file + len);
	memcpy(file + len + TRACE_BLOCK_HEAD, p, n);
	/* Sometimes damaged, sometimes cut. */
	if (how & 16)
		file[len + (how * 7 + n) % (TRACE_BLOCK_HEAD + n)] ^= how;
	len += TRACE_BLOCK_HEAD + n - (how & 32 && n ? 1 : 0);
}

static void build(const uint8_t *data, size_t size)
{
	uint64_t index = 0;

	len = 0;
	while (size >= 4) {
		size_t n = data[2] | data[3] << 8;

		if (n > size - 4)
			n = size - 4;
		block(data + 4, n, data[0], data[1], index++);
		data += 4 + n;
		size -= 4 + n;
	}
}

static void read_all(int fd)
{
	struct trace_reader *r;
	struct tally tally = {};
	const struct event *e;
	struct failure f;
	uint64_t n = 0;
	size_t nr;

	if (trace_open_fd(&r, fd, "input", &f))
		return;
	while (!trace_next(r, &e, &nr, &f) && nr) {
		for (size_t i = 0; i < nr; i++) {
			if (e[i].type >= EV_NR || tally_event(&tally, &e[i]))
				abort();
			n += e[i].type != EV_lost;
		}
		if (nr > TRACE_BATCH + 1)
			abort();
	}
	/* Two bytes are the least that an event takes. */
	if (n > 128 * (uint64_t)TRACE_MAX_PAYLOAD ||
	    tally.events > trace_seen(r)->events)
		abort();
	if (trace_complete(r) && tally.unknown)
		abort();
	trace_close(r);
	tally_free(&tally);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("trace", 0);
	if (size >= TRACE_MAGIC_LEN &&
	    !memcmp(data, TRACE_MAGIC, TRACE_MAGIC_LEN)) {
		len = size < MAX_FILE ? size : MAX_FILE;
		memcpy(file, data, len);
	} else {
		build(data, size);
	}
	if (ftruncate(fd, 0) || pwrite(fd, file, len, 0) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	read_all(fd);
	return 0;
}
