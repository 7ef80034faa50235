// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest: rewrites memory on all its CPUs until SIGTERM, and checks
 * every word of a page before it touches it again:
 *
 *	memjob MB
 *
 * A page's number says how it is treated. Of each four, two are rewritten
 * whole in every sweep (hot), one in a single word (sparse), and one never
 * after it was filled (cold), half of these with zeros. What a word must be
 * follows from its place and from the number of the sweep, which is in none of
 * these pages: a page that is lost, stale, torn or misplaced is noticed, and
 * its words tell which sweep it is from. In every sweep another CPU has the
 * page than in the last: what one wrote, another checks.
 *
 * Exits 0 when every word was right, 1 when one was not, 2 if it could not work.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE_SIZE	4096
#define WORDS		(PAGE_SIZE / sizeof(uint64_t))
#define STAMP		(1ULL << 63)
#define MAX_THREADS	16
#define MAX_TOLD	16

enum { SPARSE = 2, COLD = 3, CLASSES = 4 };

struct worker {
	pthread_t	thread;
	int		cpu;
	uint64_t	pages;		/* checked */
	uint64_t	bad;		/* words */
	uint64_t	strayed;	/* sweeps begun on another CPU */
};

static volatile uint64_t (*memory)[WORDS];
static uint32_t pages;
static struct worker workers[MAX_THREADS];
static int threads;
static pthread_barrier_t barrier;
static volatile sig_atomic_t stop;
static int going;			/* changes only between two barriers */

/* The word as the given sweep left it; sweep 0 filled the memory. */
static uint64_t expected(uint32_t page, uint32_t word, uint32_t sweep)
{
	if (page % CLASSES == SPARSE) {
		/* Written when sweep + page was congruent to the word. */
		uint32_t since = (sweep + page - word) % WORDS;

		sweep = since < sweep ? sweep - since : 0;
	} else if (page % CLASSES == COLD) {
		if (page / CLASSES % 2)
			return 0;
		sweep = 0;
	}
	return STAMP | (uint64_t)sweep << 32 | (page * WORDS + word);
}

static uint64_t check(uint32_t page, uint32_t sweep)
{
	static int told;
	uint64_t bad = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		uint64_t want = expected(page, i, sweep), have = memory[page][i];

		if (have == want)
			continue;
		if (!bad++ && __atomic_fetch_add(&told, 1, __ATOMIC_RELAXED) < MAX_TOLD)
			printf("memjob BAD page=%u word=%u want=%#llx have=%#llx sweep=%u\n",
			       page, i, (unsigned long long)want,
			       (unsigned long long)have, sweep);
	}
	return bad;
}

static void rewrite(uint32_t page, uint32_t sweep)
{
	uint32_t word = (sweep + page) % WORDS;

	if (page % CLASSES == COLD)
		return;
	if (page % CLASSES == SPARSE) {
		memory[page][word] = expected(page, word, sweep);
		return;
	}
	for (uint32_t i = 0; i < WORDS; i++)
		memory[page][i] = expected(page, i, sweep);
}

/* One CPU's share of a sweep: groups of four pages, dealt out in turn. */
static void share(struct worker *w, uint32_t sweep, int write)
{
	w->strayed += sched_getcpu() != w->cpu;
	for (uint32_t page = 0; page < pages; page++) {
		if ((page / CLASSES + sweep) % threads != (uint32_t)w->cpu)
			continue;
		w->bad += check(page, sweep - 1);
		w->pages++;
		if (write)
			rewrite(page, sweep);
	}
}

static uint64_t sum_bad(void)
{
	uint64_t bad = 0;

	for (int i = 0; i < threads; i++)
		bad += workers[i].bad;
	return bad;
}

/* At most a line a second: each character costs an exit. */
static void tell(uint32_t sweep)
{
	static time_t last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == last)
		return;
	last = now.tv_sec;
	printf("memjob sweep=%u bad=%llu\n", sweep, (unsigned long long)sum_bad());
}

static void *work(void *arg)
{
	struct worker *w = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("memjob: sched_setaffinity");
		exit(2);
	}
	for (uint32_t sweep = 1;; sweep++) {
		pthread_barrier_wait(&barrier);
		if (!w->cpu) {
			tell(sweep - 1);
			going = !stop;
		}
		pthread_barrier_wait(&barrier);
		share(w, sweep, going);
		if (!going)
			return (void *)(uintptr_t)(sweep - 1);
	}
}

/* Where the host finds a page. */
static unsigned long long guest_physical(uint32_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;
	off_t at = (uintptr_t)memory[page] / PAGE_SIZE * sizeof(entry);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != sizeof(entry) ||
	    !(entry >> 63)) {
		perror("memjob: pagemap");
		exit(2);
	}
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE_SIZE;
}

static void prepare(const char *mb)
{
	size_t size = strtoul(mb, NULL, 10) << 20;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!size || p == MAP_FAILED || mlock(p, size)) {
		perror("memjob: memory");
		exit(2);
	}
	memory = p;
	pages = size / PAGE_SIZE;
	for (uint32_t page = 0; page < pages; page++)
		for (uint32_t i = 0; i < WORDS; i++)
			memory[page][i] = expected(page, i, 0);
	printf("memjob BEGIN pages=%u threads=%d hot=%#llx sparse=%#llx\n", pages,
	       threads, guest_physical(0), guest_physical(SPARSE));
}

static void on_term(int signo)
{
	(void)signo;
	stop = 1;
}

int main(int argc, char **argv)
{
	uint64_t checked = 0, strayed = 0;
	void *sweeps;

	setvbuf(stdout, NULL, _IOLBF, 0);
	threads = sysconf(_SC_NPROCESSORS_ONLN);
	if (argc != 2 || threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "usage: memjob MB, on at most %d CPUs\n", MAX_THREADS);
		return 2;
	}
	signal(SIGTERM, on_term);
	prepare(argv[1]);
	pthread_barrier_init(&barrier, NULL, threads);
	for (int i = 0; i < threads; i++) {
		workers[i].cpu = i;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
			perror("memjob: thread");
			return 2;
		}
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, &sweeps);
		checked += workers[i].pages;
		strayed += workers[i].strayed;
	}
	printf("memjob END sweeps=%lu checked=%llu bad=%llu strayed=%llu\n",
	       (unsigned long)(uintptr_t)sweeps, (unsigned long long)checked,
	       (unsigned long long)sum_bad(), (unsigned long long)strayed);
	return sum_bad() || strayed;
}
