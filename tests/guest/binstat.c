// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's binary statistics: a header, descriptors, values. See
 * Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "binstat.h"
#include "s2guest.h"

#define ROOM	128

int binstat_open(int fd)
{
	int stats = ioctl(fd, KVM_GET_STATS_FD, NULL);

	return stats < 0 ? -errno : stats;
}

static bool get(int stats, void *to, size_t size, size_t offset)
{
	return pread(stats, to, size, offset) == (ssize_t)size;
}

static bool get_one(int stats, const struct kvm_stats_header *header, int i,
		    struct binstat *out)
{
	size_t room = sizeof(struct kvm_stats_desc) + header->name_size;
	size_t at = header->desc_offset + i * room;
	struct kvm_stats_desc desc;

	if (header->name_size > sizeof(out->name) ||
	    !get(stats, &desc, sizeof(desc), at) ||
	    !get(stats, out->name, header->name_size, at + sizeof(desc)) ||
	    !get(stats, &out->value, sizeof(out->value),
		 header->data_offset + desc.offset))
		return false;
	out->name[sizeof(out->name) - 1] = '\0';
	out->gauge = (desc.flags & KVM_STATS_TYPE_MASK) ==
		     KVM_STATS_TYPE_INSTANT;
	return true;
}

int binstat_all(int stats, struct binstat *out, int room)
{
	struct kvm_stats_header header;

	if (!get(stats, &header, sizeof(header), 0))
		return -EIO;
	if ((int)header.num_desc > room)
		return -E2BIG;
	for (int i = 0; i < (int)header.num_desc; i++) {
		if (!get_one(stats, &header, i, &out[i]))
			return -EIO;
	}
	return header.num_desc;
}

uint64_t binstat(int stats, const char *name)
{
	struct binstat all[ROOM];
	int nr = binstat_all(stats, all, ROOM);

	for (int i = 0; i < nr; i++) {
		if (!strcmp(all[i].name, name))
			return all[i].value;
	}
	return ~0UL;
}
