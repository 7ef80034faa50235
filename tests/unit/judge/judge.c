// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2stat's model and its invariants as judges over the host tests of the core:
 * each event that the core emits is made one of s2stat's and held against
 * them, before it goes on to the tests' own checker (the linker's --wrap puts
 * us in between). The first finding fails the test.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "checker.h"
#include "host.h"
#include "mmu.h"

/* The core's integers are the kernel's, s2stat's the C library's. */
#include "invariants/invariant.h"

/* MMUs that the tests use for their VMIDs only have no id of their own. */
#define FIRST_NAMELESS 1000000

/* There are no faults and no memslots, so what needs these is not judged. */
#define LACKING (ON(s2_fault_begin) | ON(s2_fault_end) | ON(s2_memslot))

static struct bench bench;
static bool ready;
static uint64_t ticks;
static struct map nameless;

void __real_host_fail(const char *fmt, ...);
void __wrap_host_fail(const char *fmt, ...);

/* We listen to everything, whatever the test would have. */
bool __wrap_host_listening(const char *event);

bool __wrap_host_listening(const char *event)
{
	(void)event;
	return true;
}

/* With JUDGE_ONLY the tests' other judges are not heard. */
void __wrap_host_fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (getenv("JUDGE_ONLY"))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	__real_host_fail("%s", text);
}

static void found(const struct finding *f, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < f->nr_trail; i++) {
		fputs("  ", stderr);
		event_print(stderr, &f->trail[i]);
		fputc('\n', stderr);
	}
	fputs("at ", stderr);
	event_print(stderr, &f->event);
	fputc('\n', stderr);
	__real_host_fail("judge: %s: %s (ipa 0x%" PRIx64
			 " level %d table 0x%" PRIx64 ")",
			 f->name, f->what, f->at.ipa, f->at.level,
			 f->at.table);
}

static void begin(void)
{
	if (ready)
		bench_free(&bench);
	if (bench_init(&bench, ~0u, ((1u << EV_NR_S2) - 1) & ~LACKING))
		__real_host_fail("judge: no memory");
	bench.found = found;
	ready = true;
	map_free(&nameless);
}

static void feed(struct event *e)
{
	int err = replay_event(&bench.replay, e);

	if (err)
		__real_host_fail("judge: the model gives up: %d", err);
}

/* It has no tables: all that is known of it is that it begins. */
static uint64_t name_nameless(struct kvm_s2_mmu *mmu)
{
	struct event e = { .type = EV_s2_mmu_init };
	uint64_t n = (uintptr_t)map_get(&nameless, (uintptr_t)mmu);

	if (n)
		return n;
	e.mmu = FIRST_NAMELESS + nameless.used;
	if (map_set(&nameless, (uintptr_t)mmu, (void *)(uintptr_t)e.mmu))
		__real_host_fail("judge: no memory");
	e.s2_mmu_init.ipa_bits = 40;
	e.s2_mmu_init.start_level = 1;
	e.s2_mmu_init.granule = 4096;
	e.s2_mmu_init.root_pa = e.mmu << 20;
	feed(&e);
	return e.mmu;
}

static struct event event(enum event_type type, struct kvm_s2_mmu *mmu, u64 seq)
{
	uint64_t id;

	if (!ready)
		begin();
	id = mmu->s2->id ? mmu->s2->id : name_nameless(mmu);
	return (struct event){
		.time = ticks += 1000,
		.mmu = id,
		.seq = seq,
		.pid = 1 + host_cpu,
		.cpu = host_cpu,
		.type = type,
	};
}

/* What the core emits, of the list in bpf/events.h. */
#define CORE_EVENTS(X)                          \
	X(s2_mmu_init, MMU_INIT_ARGS)           \
	X(s2_mmu_free, MMU_FREE_ARGS)           \
	X(s2_op_begin, OP_BEGIN_ARGS)           \
	X(s2_op_end, OP_END_ARGS)               \
	X(s2_table_alloc, TABLE_ALLOC_ARGS)     \
	X(s2_table_free, TABLE_FREE_ARGS)       \
	X(s2_set, ENTRY_ARGS)                   \
	X(s2_clear, ENTRY_ARGS)                 \
	X(s2_flush, FLUSH_ARGS)                 \
	X(s2_vmid_assign, VMID_ASSIGN_ARGS)     \
	X(s2_vmid_rollover, VMID_ROLLOVER_ARGS) \
	X(s2_vmid_load, VMID_CPU_ARGS)          \
	X(s2_vmid_put, VMID_CPU_ARGS)           \
	X(s2_cache, CACHE_ARGS)                 \
	X(s2_cmo, CMO_ARGS)

#define PARAMETER(ev, type, name, show) , type name
#define PASSED(ev, type, name, show) , name
#define KEPT(ev, type, name, show) e.ev.name = name;

#define WRAP(ev, args)                                       \
	void __real_host_##ev(struct kvm_s2_mmu *mmu,        \
			      u64 seq args(PARAMETER, ev));  \
	void __wrap_host_##ev(struct kvm_s2_mmu *mmu,        \
			      u64 seq args(PARAMETER, ev));  \
	void __wrap_host_##ev(struct kvm_s2_mmu *mmu,        \
			      u64 seq args(PARAMETER, ev))   \
	{                                                    \
		struct event e = event(EV_##ev, mmu, seq);   \
                                                             \
		args(KEPT, ev);                              \
		feed(&e);                                    \
		__real_host_##ev(mmu, seq args(PASSED, ev)); \
	}
CORE_EVENTS(WRAP)

/* The machine boots anew: so does what is known of it. */
void __real_checker_reset(void);
void __wrap_checker_reset(void);
void __wrap_checker_reset(void)
{
	begin();
	__real_checker_reset();
}
