// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that every single failed allocation is survived: for n = 1, 2, 3, ...
 * the n-th allocation of a step fails, until the step needs fewer than n. Each
 * time the step must give a fitting errno or cope, the same step must succeed
 * right after, and when all is over not one table page may be left. The steps:
 * making a VM with a vCPU and a slot; a guest's first run; switching on dirty
 * logging with eager splitting of blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject.h"
#include "mem.h"
#include "s2guest.h"
#include "vm.h"

#define MAX_SITES	5000
#define VALUE		0xfa00000000000000UL

struct step {
	const char	*name;
	int		(*prepare)(void);
	int		(*attempt)(void);
	bool		(*allowed)(int ret);
	int		(*verify)(void);
	void		(*undo)(void);
	long		sites, refused, coped;
};

static struct vm vm;
static struct mem mem;
static int nth_fd;

static int allow_injection(void)
{
	int ret = inject_allow();

	if (ret)
		return ret;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return nth_fd < 0 ? fail("fail-nth: %s", errname(-errno)) : 0;
}

static void arm(long n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%ld", n);

	if (pwrite(nth_fd, text, len, 0) != len)
		exit(fail("cannot arm fail-nth: %s", errname(-errno)));
}

/* Stops injecting; true if the failure had been injected. */
static bool disarm(void)
{
	char text[16] = "";
	bool hit;

	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 1)
		exit(fail("cannot read fail-nth: %s", errname(-errno)));
	hit = atol(text) == 0;
	arm(0);
	return hit;
}

static int make_vm(void)
{
	int ret = vm_start(&vm, 0, 1);

	if (ret)
		return ret;
	ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, mem.size, 0);
	if (ret)
		vm_close(&vm);
	return ret;
}

static void close_vm(void)
{
	vm_close(&vm);
}

static int nothing(void)
{
	return 0;
}

/* An -errno of vm_start() means that it has cleaned up after itself. */
static bool create_allowed(int ret)
{
	return ret == -ENOMEM;
}

static void post_write(void)
{
	vcpu_post(&vm.vcpu[0], &(struct job){
		.job = JOB_WRITE, .ipa = DATA_IPA, .count = mem.size / PAGE_SIZE,
		.stride = PAGE_SIZE, .value = VALUE, .step = 1 });
}

static int run_prepare(void)
{
	int ret = make_vm();

	madvise(mem.p, mem.size, MADV_DONTNEED);
	if (!ret)
		post_write();
	return ret;
}

static int run_attempt(void)
{
	return vcpu_finish(&vm.vcpu[0]);
}

static bool run_allowed(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT;
}

static int verify_writes(void)
{
	return mem_differs(mem.p, mem.size, PAGE_SIZE, VALUE, 1) ? -EIO : 0;
}

/* Mapped by blocks, and the guest has written. */
static int log_prepare(void)
{
	int ret = vm_open(&vm, 0);

	if (!ret)
		ret = vm_enable_cap(&vm, KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE,
				    BLOCK_SIZE) ?: vm_ready(&vm, 1);
	if (!ret)
		ret = vm_set_slot(&vm, 1, DATA_IPA, mem.p, mem.size, 0);
	if (ret)
		return ret;
	post_write();
	return vcpu_finish(&vm.vcpu[0]);
}

static int log_attempt(void)
{
	return vm_set_slot(&vm, 1, DATA_IPA, mem.p, mem.size,
			   KVM_MEM_LOG_DIRTY_PAGES);
}

static int log_verify(void)
{
	post_write();
	return vcpu_finish(&vm.vcpu[0]) ?: verify_writes();
}

static int gave_up(const struct step *s, long n, const char *when, int ret)
{
	fail("%s, n=%ld, %s: %s", s->name, n, when, errname(ret));
	return -1;
}

/* One failure at the n-th allocation. 1: none was left to fail; -1: proved wrong. */
static int inject(struct step *s, long n)
{
	int ret = s->prepare();
	bool hit;

	if (ret)
		return gave_up(s, n, "preparing", ret);
	arm(n);
	ret = s->attempt();
	hit = disarm();
	if (ret && (!hit || !s->allowed(ret)))
		return gave_up(s, n, hit ? "injected" : "not injected", ret);
	s->sites += hit;
	s->refused += hit && ret;
	s->coped += hit && !ret;
	if (ret)
		ret = s->attempt();
	if (ret)
		return gave_up(s, n, "second attempt", ret);
	ret = s->verify();
	s->undo();
	return ret ? gave_up(s, n, "afterwards", ret) : !hit;
}

static int all_sites(struct step *s)
{
	long before = meminfo_kb("SecPageTables"), growth;
	int ret = 0;

	for (long n = 1; !ret && n < MAX_SITES; n++)
		ret = inject(s, n);
	growth = sec_growth_kb(before);
	printf("failnth step=%s sites=%ld refused=%ld coped=%ld sec_growth_kb=%ld\n",
	       s->name, s->sites, s->refused, s->coped, growth);
	if (ret < 0)
		return 1;
	if (!s->sites || ret == 0)
		return fail("%s: %ld sites: no end, or no beginning", s->name,
			    s->sites);
	return growth > 0 ? fail("%s: %ld kB of tables were left behind", s->name,
				 growth) : 0;
}

static int run(int argc, char **argv)
{
	struct step create = { .name = "create", .prepare = nothing,
		.attempt = make_vm, .allowed = create_allowed,
		.verify = nothing, .undo = close_vm };
	struct step first = { .name = "run", .prepare = run_prepare,
		.attempt = run_attempt, .allowed = run_allowed,
		.verify = verify_writes, .undo = close_vm };
	struct step log = { .name = "log", .prepare = log_prepare,
		.attempt = log_attempt, .allowed = run_allowed,
		.verify = log_verify, .undo = close_vm };
	int ret;

	parse_opts(&scn_failnth, argc, argv, NULL, 0);
	if (allow_injection())
		return 1;
	ret = mem_alloc(&mem, MEM_ANON, 16 * PAGE_SIZE);
	if (ret)
		return fail("no memory: %s", errname(ret));
	ret = all_sites(&create) | all_sites(&first);
	mem_free(&mem);
	if (mem_alloc(&mem, MEM_THP, 2 * BLOCK_SIZE))
		return fail("no huge memory");
	ret |= all_sites(&log);
	mem_free(&mem);
	return ret;
}

const struct scenario scn_failnth = {
	.name	= "failnth",
	.usage	= "",
	.proves	= "Each single failed allocation while a VM is made, while a guest first runs\n"
		  "and while blocks are split for dirty logging is refused with an errno or\n"
		  "coped with, leaves nothing behind, and the next attempt succeeds.",
	.run	= run,
};
