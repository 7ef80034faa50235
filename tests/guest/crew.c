// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crew: a VM whose vCPUs keep rewriting one memory while somebody does things
 * to it, and what of it must be found again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "crew.h"
#include "s2guest.h"

#define WORDS		(PAGE_SIZE / 8)
#define TAG		0x72UL
#define PASS_BITS	24
#define PASS_MASK	((1UL << PASS_BITS) - 1)

/* Who, in which pass, on which page: 8, 8, 24 and 24 bits. */
static uint64_t word(int index, uint64_t pass, uint64_t page)
{
	return TAG << 56 | (uint64_t)index << 48 |
	       (pass & PASS_MASK) << PASS_BITS | page;
}

int crew_slot(struct crew *c, uint64_t ipa, unsigned int flags)
{
	return vm_set_slot(&c->vm, CREW_SLOT, ipa, c->mem.p, c->mem.size, flags);
}

int crew_make(struct crew *c, enum backing kind, size_t size, int vcpus)
{
	int ret = mem_alloc(&c->mem, kind, size);

	if (ret)
		return ret;
	ret = vm_start(&c->vm, 0, vcpus);
	if (ret) {
		mem_free(&c->mem);
		return ret;
	}
	for (int i = 0; i < vcpus; i++) {
		c->member[i] = (struct member){
			.crew = c, .index = i, .base = DATA_IPA };
	}
	ret = crew_slot(c, DATA_IPA, 0);
	if (ret)
		crew_free(c);
	return ret;
}

void crew_free(struct crew *c)
{
	vm_close(&c->vm);
	mem_free(&c->mem);
}

static bool may_refuse(const struct crew *c, int ret)
{
	return ret == -c->refusals[0] || ret == -c->refusals[1];
}

/* One vCPU visits its word in each page, as @owner's of @pass. */
static int visit(struct member *m, uint64_t kind, int owner, uint64_t pass)
{
	struct crew *c = m->crew;
	struct vcpu *vcpu = &c->vm.vcpu[m->index];
	int ret;

	vcpu_post(vcpu, &(struct job){
		.job = kind, .ipa = m->base + 8 * owner,
		.count = c->mem.size / PAGE_SIZE, .stride = PAGE_SIZE,
		.value = word(owner, pass, 0), .step = !c->same });
	while ((ret = vcpu_finish(vcpu)) && may_refuse(c, ret)) {
		c->refused++;
		sched_yield();
	}
	c->left += vcpu->mmio_reads + vcpu->mmio_writes;
	if (!ret && vcpu->mmio_reads + vcpu->mmio_writes && !c->mmio)
		ret = -EPROTO;
	return ret;
}

static int work_once(struct member *m)
{
	struct crew *c = m->crew;
	int ret = 0;

	if (!c->hold || !m->pass)
		ret = visit(m, JOB_WRITE, m->index, ++m->pass);
	if (!ret) {
		ret = visit(m, JOB_READ, m->index, m->pass);
		if (!ret && c->keeps)
			c->lost += c->vm.vcpu[m->index].mb->bad;
	}
	if (ret)
		c->error = ret;
	c->passes++;
	return ret;
}

static void *work(void *arg)
{
	struct member *m = arg;
	struct crew *c = m->crew;

	pin_to_cpu(m->index);
	if (c->enter)
		c->enter();
	for (;;) {
		if (c->lockstep)
			pthread_barrier_wait(&c->begin);
		if (c->over)
			return NULL;
		if (!c->error)
			work_once(m);
		if (c->lockstep)
			pthread_barrier_wait(&c->end);
		else if (c->error)
			return NULL;
	}
}

void crew_begin(struct crew *c)
{
	c->over = false;
	pthread_barrier_init(&c->begin, NULL, c->vm.nr_vcpus + 1);
	pthread_barrier_init(&c->end, NULL, c->vm.nr_vcpus + 1);
	for (int i = 0; i < c->vm.nr_vcpus; i++)
		pthread_create(&c->member[i].thread, NULL, work, &c->member[i]);
}

void crew_pass(struct crew *c)
{
	pthread_barrier_wait(&c->begin);
	pthread_barrier_wait(&c->end);
}

void crew_wait(struct crew *c, long passes)
{
	long goal = c->passes + passes;

	while (!c->error && c->passes < goal)
		usleep(1000);
}

int crew_end(struct crew *c)
{
	c->over = true;
	if (c->lockstep)
		pthread_barrier_wait(&c->begin);
	for (int i = 0; i < c->vm.nr_vcpus; i++)
		pthread_join(c->member[i].thread, NULL);
	pthread_barrier_destroy(&c->begin);
	pthread_barrier_destroy(&c->end);
	return c->error;
}

static bool may_be(const struct crew *c, uint64_t value, int index,
		   uint64_t page, bool exact)
{
	uint64_t pass, last;

	if (index >= c->vm.nr_vcpus)
		return !value;
	last = c->member[index].pass;
	if (exact || c->keeps)
		return value == (last ? word(index, last, c->same ? 0 : page) : 0);
	if (!value)
		return true;
	pass = value >> PASS_BITS & PASS_MASK;
	return pass && pass <= last && value == word(index, pass, page);
}

uint64_t crew_wrong(struct crew *c, bool exact)
{
	volatile const uint64_t *p = (volatile const uint64_t *)c->mem.p;
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < c->mem.size / 8; i++)
		wrong += !may_be(c, p[i], i % WORDS, i / WORDS, exact);
	return wrong;
}

uint64_t crew_reached(struct crew *c, int i)
{
	int ret;

	c->mmio = true;
	ret = visit(&c->member[i], JOB_WRITE, i, c->member[i].pass);
	c->mmio = false;
	return ret ? 1 : c->mem.size / PAGE_SIZE - c->vm.vcpu[i].mmio_writes;
}

/* One more pass of vCPU @i, reread by its neighbour from where that stands. */
static uint64_t calm_one(struct crew *c, int i)
{
	struct member *m = &c->member[i];
	struct member *next = &c->member[(i + 1) % c->vm.nr_vcpus];
	uint64_t base = next->base, wrong = 0;

	wrong += visit(m, JOB_WRITE, i, ++m->pass) != 0;
	next->base = m->base;
	wrong += visit(next, JOB_READ, i, m->pass) != 0;
	next->base = base;
	return wrong + c->vm.vcpu[next->index].mb->bad;
}

uint64_t crew_calm(struct crew *c, int (*face)(struct crew *c, int i))
{
	uint64_t wrong = 0;

	c->mmio = false;
	for (int i = 0; i < c->vm.nr_vcpus; i++) {
		if (face && face(c, i))
			return 1;
		wrong += calm_one(c, i);
	}
	return wrong + crew_wrong(c, true);
}
