// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pressure from user space through KVM: memslots that go, come back and move,
 * dirty logging that starts and stops, and a copy that is kept up by it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pressure.h"
#include "s2guest.h"

#define MAX_PAGES	(8 * MB / PAGE_SIZE)
#define FAR_IPA		(DATA_IPA + 64 * MB)

static uint64_t bitmap[MAX_PAGES / 64];

static int log_read(struct crew *c)
{
	struct kvm_dirty_log log = { .slot = CREW_SLOT, .dirty_bitmap = bitmap };

	return ioctl(c->vm.fd, KVM_GET_DIRTY_LOG, &log) ?
	       fail("KVM_GET_DIRTY_LOG: %s", errname(-errno)) : 0;
}

static int slot_is(struct crew *c, uint64_t ipa, unsigned int flags)
{
	int ret = crew_slot(c, ipa, flags);

	return ret ? fail("memslot: %s", errname(ret)) : 0;
}

static int unreachable(struct crew *c, int i)
{
	uint64_t reached = crew_reached(c, i);

	return reached ? fail("%lu writes reached memory that has no slot there",
			      reached) : 0;
}

/* Delete and recreate ---------------------------------------------------- */

static int mmio_allowed(struct crew *c)
{
	c->mmio = true;
	return 0;
}

static int slot_goes(struct crew *c)
{
	int ret = vm_set_slot(&c->vm, CREW_SLOT, DATA_IPA, c->mem.p, 0, 0);

	return ret ? fail("delete: %s", errname(ret)) : 0;
}

static int delete_blow(struct crew *c)
{
	int ret = slot_goes(c);

	usleep(dice(2000));
	pressure->happened = c->left;
	return ret ?: slot_is(c, DATA_IPA, 0);
}

static int delete_face(struct crew *c, int i)
{
	return slot_goes(c) ?: unreachable(c, i) ?: slot_is(c, DATA_IPA, 0);
}

/* Move ------------------------------------------------------------------- */

/* Every other vCPU looks for the memory at the other place. */
static int move_prepare(struct crew *c)
{
	for (int i = 1; i < c->vm.nr_vcpus; i += 2)
		c->member[i].base = FAR_IPA;
	return mmio_allowed(c);
}

static int move_blow(struct crew *c)
{
	int ret = slot_is(c, FAR_IPA, 0);

	usleep(dice(2000));
	ret = ret ?: slot_is(c, DATA_IPA, 0);
	usleep(dice(2000));
	pressure->happened = c->left;
	return ret;
}

static int move_face(struct crew *c, int i)
{
	uint64_t here = c->member[i].base;
	uint64_t there = here == DATA_IPA ? FAR_IPA : DATA_IPA;

	return slot_is(c, there, 0) ?: unreachable(c, i) ?: slot_is(c, here, 0);
}

/* Dirty logging ---------------------------------------------------------- */

static int log_prepare(struct crew *c)
{
	c->keeps = true;
	return 0;
}

static int log_blow(struct crew *c)
{
	int ret = slot_is(c, DATA_IPA, KVM_MEM_LOG_DIRTY_PAGES);

	for (unsigned int i = dice(3); !ret && i; i--) {
		usleep(dice(2000));
		ret = log_read(c);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bitmap); i++)
		pressure->happened += __builtin_popcountl(bitmap[i]);
	memset(bitmap, 0, sizeof(bitmap));
	return ret ?: slot_is(c, DATA_IPA, 0);
}

/* A copy, as live migration makes it ------------------------------------- */

static uint8_t *copy;

/* Copies what the log says, while the guest runs on. */
static int copy_dirty(struct crew *c)
{
	int ret = log_read(c);

	for (size_t page = 0; !ret && page < c->mem.size / PAGE_SIZE; page++) {
		if (!(bitmap[page / 64] >> page % 64 & 1))
			continue;
		memcpy(copy + page * PAGE_SIZE, c->mem.p + page * PAGE_SIZE, PAGE_SIZE);
		pressure->happened++;
	}
	return ret;
}

/* The guest stops, the rest is copied: then nothing may be missing. */
static int copy_once(struct crew *c)
{
	uint64_t differ;
	int ret;

	/* Blocks that can be written are there when logging begins. */
	crew_wait(c, c->vm.nr_vcpus);
	ret = slot_is(c, DATA_IPA, KVM_MEM_LOG_DIRTY_PAGES);
	memcpy(copy, c->mem.p, c->mem.size);
	for (int i = 0; !ret && i < 3; i++) {
		usleep(dice(4000));
		ret = copy_dirty(c);
	}
	if (crew_end(c) || ret || copy_dirty(c))
		return 1;
	differ = 0;
	for (size_t at = 0; at < c->mem.size; at += 8)
		differ += memcmp(copy + at, c->mem.p + at, 8) != 0;
	if (differ)
		return fail("the copy lacks %lu words", differ);
	if (slot_is(c, DATA_IPA, 0))
		return 1;
	crew_begin(c);
	return 0;
}

static int copy_prepare(struct crew *c)
{
	copy = mmap(NULL, c->mem.size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return copy == MAP_FAILED ? fail("no copy") : log_prepare(c);
}

struct pressure slot_cases[] = {
	{
		.name = "delete", .backing = MEM_THP, .mb = 4, .rounds = 15,
		.asserts = "without a slot accesses are MMIO; with it, memory again",
		.prepare = mmio_allowed, .blow = delete_blow, .face = delete_face,
	},
	{
		.name = "move", .backing = MEM_THP, .mb = 4, .rounds = 10,
		.asserts = "memory is where the slot is, and nowhere else",
		.prepare = move_prepare, .blow = move_blow, .face = move_face,
	},
	{
		.name = "log", .backing = MEM_THP, .mb = 4, .rounds = 6,
		.asserts = "dirty logging starts and stops, no write is lost",
		.prepare = log_prepare, .blow = log_blow,
	},
	{
		.name = "copy", .backing = MEM_THP, .mb = 4, .rounds = 2,
		.asserts = "a copy that follows the dirty log lacks nothing when the guest stops",
		.prepare = copy_prepare, .blow = copy_once,
	},
	{}
};
