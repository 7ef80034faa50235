// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pressure from the end: VMs that are killed in the middle of everything, with
 * their memory going first, or with somebody else still holding the VM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pressure.h"
#include "s2guest.h"

static int send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 1;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &msg, 0) == 1 ? 0 : -errno;
}

/* -1 if there was none. */
static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* In the child: a crew at work, until the end. */
static void work_until_killed(struct pressure *p, int vcpus, int parent)
{
	static struct crew c;
	int ret = crew_make(&c, p->backing, p->mb * MB, vcpus);

	if (ret)
		_exit(fail("no VM: %s", errname(ret)));
	crew_begin(&c);
	if (send_fd(parent, c.vm.fd))
		_exit(1);
	for (;;)
		mem_discard(&c.mem, 0, c.mem.size);
}

/*
 * One VM's life and violent death. Returns the VM, which outlives its process
 * while it is open, or -1.
 */
static int live_and_die(struct pressure *p, int vcpus)
{
	int pair[2], vm, status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	pid = fork();
	if (!pid)
		work_until_killed(p, vcpus, pair[1]);
	close(pair[1]);
	vm = receive_fd(pair[0]);
	close(pair[0]);
	usleep(dice(60000));
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) {
		close(vm);
		return -1;
	}
	return vm;
}

static int ends(struct pressure *p, long rounds, int vcpus, bool outlive)
{
	long refused = 0;

	for (long i = 0; i < rounds; i++) {
		int vm = live_and_die(p, vcpus);

		if (vm < 0)
			return fail("round %ld: the VM's process ended by itself", i);
		/* A VM without its process takes no more orders. */
		if (outlive)
			refused += ioctl(vm, KVM_CREATE_VCPU, 15) < 0 && errno == EIO;
		close(vm);
		p->happened++;
	}
	printf("pressure case=%s vcpus=%d killed=%ld refused=%ld\n", p->name, vcpus,
	       p->happened, refused);
	return outlive && refused != rounds ? fail("an orphaned VM takes orders") : 0;
}

static int killed(struct pressure *p, long rounds, int vcpus)
{
	return ends(p, rounds, vcpus, false);
}

static int orphaned(struct pressure *p, long rounds, int vcpus)
{
	return ends(p, rounds, vcpus, true);
}

struct pressure end_cases[] = {
	{ .name = "killed", .backing = MEM_THP, .mb = 4, .rounds = 8, .whole = killed,
	  .asserts = "a VM that is killed while its vCPUs fault leaves no table behind" },
	{ .name = "orphaned", .backing = MEM_ANON, .mb = 2, .rounds = 8, .whole = orphaned,
	  .asserts = "nor does one that outlives its process, which takes no more orders" },
	{}
};
