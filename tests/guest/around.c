// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves of fault-around that the guest stops once for each window, or for each
 * folio that is larger, of memory that the host has; and that it makes no other
 * difference: no page comes into being, none is shared with a child that was
 * forked, none is said to be accessed that was not, userfaultfd's write
 * protection holds, and a slot's edge is an edge.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binstat.h"
#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define SIZE	(4 * MB)
#define PAGES	(SIZE / PAGE_SIZE)
/* Pages in a window of kvm-arm.s2_fault_around, by default. */
#define WINDOW	16UL
/* Pages in a folio that is larger than that. */
#define FOLIO	64UL
#define VALUE	0xa5000000UL
#define OTHER	0x5a000000UL
/* The control slot's code and mailbox. */
#define CTL_LEAVES	2
#define MTHP	"/sys/kernel/mm/transparent_hugepage/hugepages-%s/enabled"

static struct vm vm;
static struct mem mem;
static int stats;
/* The switch is off, or the CPUs do not set access flags. */
static bool none;

static int guest_does(uint64_t job, size_t page, size_t pages, uint64_t value)
{
	int ret = vcpu_do(&vm.vcpu[0], &(struct job){
		.job = job, .ipa = DATA_IPA + page * PAGE_SIZE, .count = pages,
		.stride = PAGE_SIZE, .value = value, .step = 1 });

	return ret ? fail("guest: %s", errname(ret)) : 0;
}

static int guest(uint64_t job, size_t page, size_t pages)
{
	return guest_does(job, page, pages, VALUE + page);
}

/* Leaves of the data slot. */
static uint64_t leaves(void)
{
	return binstat(stats, "pages_4k") - CTL_LEAVES;
}

static int expect(const char *what, uint64_t have, uint64_t want)
{
	return have == want ? 0 :
			      fail("%s: %lu, not %lu", what, have, want);
}

static int set_slot(size_t page, size_t pages)
{
	int ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p + page * PAGE_SIZE,
			      pages * PAGE_SIZE, 0);

	return ret ? fail("slot: %s", errname(ret)) : 0;
}

/* Fresh memory in the old place, of which the host has all. */
static int renew(void)
{
	int ret = mem_remap(&mem, 0, SIZE);

	if (ret)
		return fail("no memory: %s", errname(ret));
	mem_fill(&mem, 0, SIZE, PAGE_SIZE, VALUE, 1);
	return 0;
}

/* The guest goes over all pages and stops for one in @each. */
static int stops(const char *what, uint64_t job, size_t each)
{
	uint64_t before;

	if (guest(JOB_NOP, 0, 1))
		return 1;
	before = binstat(stats, "fault_translation");
	if (guest(job, 0, PAGES))
		return 1;
	/* And once for the doorbell. */
	return expect(what, binstat(stats, "fault_translation") - before,
		      PAGES / (none ? 1 : each) + 1) |
	       expect("leaves", leaves(), PAGES) |
	       expect("words that differ", vm.vcpu[0].mb->bad, 0);
}

static int once_for_each_window(void)
{
	return renew() || stops("stops for windows", JOB_READ, WINDOW);
}

/* A window has three pages of the host's; so have the guest and the host then. */
static int nothing_comes_into_being(void)
{
	unsigned char there[WINDOW];
	size_t i, found = 0;
	int ret = mem_remap(&mem, 0, SIZE);

	if (ret)
		return fail("no memory: %s", errname(ret));
	for (i = 0; i < WINDOW; i += 7)
		*(volatile uint64_t *)(mem.p + i * PAGE_SIZE) = VALUE + i;
	if (guest(JOB_READ, 0, 1))
		return 1;
	if (mincore(mem.p, sizeof(there) * PAGE_SIZE, there))
		return fail("mincore: %s", strerror(errno));
	for (i = 0; i < WINDOW; i++)
		found += there[i] & 1;
	return expect("pages of the host's", found, 3) |
	       expect("leaves of a window", leaves(), none ? 1 : 3);
}

/* What the child sees is what was there when it was forked. */
static int a_child_keeps_its_pages(void)
{
	int go[2], status, ret;
	pid_t pid;

	if (renew() || pipe(go))
		return 1;
	pid = fork();
	if (pid < 0)
		return fail("fork: %s", strerror(errno));
	if (!pid) {
		/* Not before the guest is done. */
		(void)!read(go[0], &ret, 1);
		_exit(mem_differs(mem.p, WINDOW * PAGE_SIZE, PAGE_SIZE, VALUE,
				  1) != 0);
	}
	ret = guest(JOB_READ, 0, 1) ||
	      guest_does(JOB_WRITE, 1, WINDOW - 1, OTHER) ||
	      expect("words that the host does not see",
		     mem_differs(mem.p + PAGE_SIZE, (WINDOW - 1) * PAGE_SIZE,
				 PAGE_SIZE, OTHER, 1), 0);
	(void)!write(go[1], "", 1);
	close(go[0]);
	close(go[1]);
	if (waitpid(pid, &status, 0) != pid || status)
		return fail("a child's memory changed");
	return ret;
}

static uint64_t frame(int map, size_t page)
{
	off_t at = ((uintptr_t)mem.p / PAGE_SIZE + page) * sizeof(uint64_t);
	uint64_t entry = 0;

	if (pread(map, &entry, sizeof(entry), at) != sizeof(entry))
		return 0;
	return entry & ((1UL << 55) - 1);
}

/* One bit of the bitmap of idle frames; written first, if @mark. */
static bool idle(int bitmap, uint64_t pfn, bool mark)
{
	uint64_t word = 1UL << pfn % 64;

	if (mark)
		return pwrite(bitmap, &word, sizeof(word), pfn / 64 * 8) ==
		       sizeof(word);
	return pread(bitmap, &word, sizeof(word), pfn / 64 * 8) ==
		       sizeof(word) && word >> pfn % 64 & 1;
}

static size_t count_idle(int map, int bitmap)
{
	size_t n = 0;

	for (size_t i = 0; i < WINDOW; i++)
		n += idle(bitmap, frame(map, i), false);
	return n;
}

/* The guest reads one page, and then another one. */
static int only_what_was_accessed_is_young(void)
{
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int bitmap = open("/sys/kernel/mm/page_idle/bitmap",
			  O_RDWR | O_CLOEXEC);
	int ret = renew();

	if (map < 0 || bitmap < 0)
		return fail("idle frames: %s", strerror(errno));
	for (size_t i = 0; i < WINDOW; i++)
		if (!frame(map, i) || !idle(bitmap, frame(map, i), true))
			ret = fail("page %zu cannot be marked idle", i);
	ret = ret ?: expect("idle pages", count_idle(map, bitmap), WINDOW);
	ret = ret ?: guest(JOB_READ, 0, 1);
	ret = ret ?: expect("idle pages beside one",
			    count_idle(map, bitmap), WINDOW - 1);
	ret = ret ?: guest(JOB_READ, 5, 1);
	ret = ret ?: expect("idle pages beside two",
			    count_idle(map, bitmap), WINDOW - 2);
	close(map);
	close(bitmap);
	return ret;
}

static int protect(int fd, size_t page, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)mem.p + page * PAGE_SIZE, PAGE_SIZE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

/* Lets one write through, and returns where it was, within ten seconds. */
static void *watch(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };
	struct uffd_msg msg = { };
	size_t page;

	if (poll(&p, 1, 10000) != 1 ||
	    read(p.fd, &msg, sizeof(msg)) != sizeof(msg))
		return NULL;
	page = (msg.arg.pagefault.address - (uintptr_t)mem.p) / PAGE_SIZE;
	return protect(p.fd, page, false) ? NULL : (void *)(page + 1);
}

static int watched_write(int fd)
{
	pthread_t thread;
	void *seen;
	int ret;

	if (pthread_create(&thread, NULL, watch, &fd))
		return fail("no thread");
	ret = guest(JOB_WRITE, 3, 1);
	pthread_join(thread, &seen);
	return ret ?: expect("the page that was written, counted from 1",
			     (uintptr_t)seen, 4);
}

/* A page beside the guest's is write-protected; its first write is seen. */
static int a_watched_page_is_watched(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC), ret;
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register range = {
		.range = { (uintptr_t)mem.p, SIZE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (renew() || fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return fail("userfaultfd: %s", strerror(errno));
	ret = protect(fd, 3, true);
	if (ret)
		return fail("write protection: %s", errname(ret));
	ret = guest(JOB_READ, 0, 1) || watched_write(fd);
	close(fd);
	return ret;
}

/* A slot that begins and ends within a window. */
static int an_edge_is_an_edge(void)
{
	int ret = renew() || set_slot(0, 0) || set_slot(4, 8) ||
		  guest(JOB_READ, 1, 1) ||
		  expect("leaves of a small slot", leaves(), none ? 1 : 8);

	return ret || set_slot(0, 0) || set_slot(0, PAGES);
}

/* Folios of 256 kB: the guest stops once for each. */
static int once_for_each_folio(void)
{
	char huge[96], large[96];
	int ret;

	snprintf(huge, sizeof(huge), MTHP, "2048kB");
	snprintf(large, sizeof(large), MTHP, "256kB");
	if (write_text(huge, "never") || write_text(large, "always"))
		return fail("no folios of 256 kB");
	/* Fresh memory, which may have them: of the host's, or of nobody's yet. */
	ret = mem_remap(&mem, 0, SIZE) || madvise(mem.p, SIZE, MADV_HUGEPAGE);
	if (!ret)
		mem_fill(&mem, 0, SIZE, PAGE_SIZE, VALUE, 1);
	ret = ret ? fail("no memory") :
		    stops("stops for folios", JOB_READ, FOLIO);
	ret = ret || mem_remap(&mem, 0, SIZE) ||
	      madvise(mem.p, SIZE, MADV_HUGEPAGE) ||
	      stops("stops for new folios", JOB_WRITE, FOLIO);
	return write_text(large, "never") || write_text(huge, "inherit") ||
	       ret;
}

static int run(int argc, char **argv)
{
	const char *backing = "anon";
	const struct opt opts[] = {
		{ "backing", .word = &backing },
		{ "none", .flag = &none },
	};
	int kind, ret;

	parse_opts(&scn_around, argc, argv, opts, ARRAY_SIZE(opts));
	kind = mem_kind(backing);
	if (kind != MEM_ANON && kind != MEM_MEMFD)
		return fail("no memory in pages: '%s'", backing);
	ret = mem_alloc(&mem, kind, SIZE) ?: vm_start(&vm, 0, 1);
	if (ret)
		return fail("setup: %s", errname(ret));
	stats = binstat_open(vm.fd);
	ret = set_slot(0, PAGES) || once_for_each_window() ||
	      only_what_was_accessed_is_young() || an_edge_is_an_edge();
	if (!ret && kind == MEM_ANON)
		ret = nothing_comes_into_being() || once_for_each_folio() ||
		      a_child_keeps_its_pages() || a_watched_page_is_watched();
	if (!ret)
		printf("around backing=%s each=%lu\n", backing,
		       none ? 1 : WINDOW);
	vm_close(&vm);
	mem_free(&mem);
	return ret;
}

const struct scenario scn_around = {
	.name	= "around",
	.usage	= "[--backing anon|memfd] [--none]",
	.proves	= "The guest stops once for 64 KB that the host has, or for a larger folio;\n"
		  "nothing else is different: what is not there does not come, what is shared\n"
		  "stays so, what was not accessed is not said to be, userfaultfd sees writes.\n"
		  "--none: it stops for each page, and all else holds.",
	.run	= run,
};
