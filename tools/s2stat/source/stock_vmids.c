// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of Linux's own VMID allocator (see stock_vmids.h). Its parts are
 * read one after the other, and a VM may get a VMID in between.
 */
#include "stock_vmids.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* CPUs whose offsets, and bits of the map, that one chunk has room for. */
#define MAX_CPUS S2R_CHUNK
#define BITS_PER_CHUNK (64 * S2R_CHUNK)

/** stock_vmids_known() - does the kernel say where it has all parts? */
bool stock_vmids_known(const struct stock_symbols *symbols)
{
	return symbols->vmid_generation && symbols->vmid_map &&
	       symbols->reserved_vmids && symbols->__per_cpu_offset;
}

/* Plans to read @nr chunks at @at, as the reads from @first on. */
static void plan(const struct descend_reader *reader, uint32_t first,
		 uint32_t nr, uint64_t at)
{
	for (uint32_t i = 0; i < nr; i++)
		reader->reads[first + i] = (struct stock_read){
			.at = at + i * sizeof(*reader->pages),
		};
}

static int go(const struct descend_reader *reader, uint32_t nr)
{
	int err = reader->go(reader->arg, nr);

	for (uint32_t i = 0; !err && i < nr; i++)
		err = reader->reads[i].error;
	return err;
}

/* VMID 0 is nobody's, whatever its bit says. */
static uint32_t count_bits(const __u64 *map, uint32_t bits)
{
	uint32_t n = __builtin_popcountll(map[0] & ~1ULL);

	for (uint32_t i = 1; i < bits / 64; i++)
		n += __builtin_popcountll(map[i]);
	return n;
}

static int read_map(const struct descend_reader *reader, uint64_t at,
		    uint32_t bits, struct s2r_vmids *rec)
{
	uint32_t chunks = (bits + BITS_PER_CHUNK - 1) / BITS_PER_CHUNK;
	int err;

	plan(reader, 0, chunks, at);
	err = go(reader, chunks);
	if (!err)
		rec->in_use = count_bits(reader->pages[0], bits);
	return err;
}

/* A VMID that several CPUs reserve is one. */
static bool is_new(const uint64_t *known, uint32_t nr, uint64_t vmid)
{
	for (uint32_t i = 0; i < nr; i++)
		if (known[i] == vmid)
			return false;
	return vmid;
}

static int read_reserved(const struct descend_reader *reader,
			 const struct stock_symbols *symbols, uint32_t cpus,
			 struct s2r_vmids *rec)
{
	uint64_t offset[MAX_CPUS], known[MAX_CPUS];
	int err;

	plan(reader, 0, 1, symbols->__per_cpu_offset);
	err = go(reader, 1);
	if (err)
		return err;
	memcpy(offset, reader->pages[0], sizeof(offset));
	for (uint32_t done = 0, n; done < cpus; done += n) {
		n = cpus - done < STOCK_BATCH ? cpus - done : STOCK_BATCH;
		for (uint32_t i = 0; i < n; i++)
			plan(reader, i, 1,
			     symbols->reserved_vmids + offset[done + i]);
		err = go(reader, n);
		if (err)
			return err;
		for (uint32_t i = 0; i < n; i++)
			if (is_new(known, rec->reserved, reader->pages[i][0]))
				known[rec->reserved++] = reader->pages[i][0];
	}
	return 0;
}

/**
 * stock_vmids_read() - reads it
 * @bits:	width of a VMID on this host
 *
 * Return: 0, or -errno: then nothing is known.
 */
int stock_vmids_read(const struct descend_reader *reader,
		     const struct stock_symbols *symbols, uint32_t bits,
		     struct s2r_vmids *rec)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t map;
	int err;

	if (!stock_vmids_known(symbols) || cpus < 1 || cpus > MAX_CPUS)
		return -ENOENT;
	*rec = (struct s2r_vmids){
		.head = { sizeof(*rec), S2R_VMIDS },
		.bits = bits,
	};
	plan(reader, 0, 1, symbols->vmid_generation);
	plan(reader, 1, 1, symbols->vmid_map);
	err = go(reader, 2);
	if (err)
		return err;
	rec->generation = reader->pages[0][0] >> bits;
	map = reader->pages[1][0];
	err = read_map(reader, map, 1U << bits, rec);
	return err ?: read_reserved(reader, symbols, cpus, rec);
}
