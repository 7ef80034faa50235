// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts every s2 event into a ring buffer, in the order in which they happen.
 *
 * An event that finds no room is counted on its CPU, and the next one of that
 * CPU which finds room is preceded by a `lost`: so a loss is told where it
 * happened. What is never told that way, as the CPU stayed silent, user space
 * finds in the map `losses` at the end.
 *
 * Nothing promises that a program cannot be preempted by another one on its
 * CPU: a loss may then be told twice, but is never forgotten.
 */
#include "kvm_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "events.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * Set before load: how many arguments the kernel's tracepoint has behind mmu
 * and seq. A newer kernel may have more than we know, an older one fewer.
 */
const volatile __u32 nr_args[EV_NR_S2];
/* Set before load: user space is woken up when so many bytes wait for it. */
const volatile __u64 wakeup_bytes = 1 << 20;

/*
 * Programs are attached and detached one after the other. Events are taken
 * only while all of them are there.
 */
bool listening;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set before load */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_loss);
} losses SEC(".maps");

static __always_inline __u64 wakeup(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wakeup_bytes ?
		       BPF_RB_FORCE_WAKEUP :
		       BPF_RB_NO_WAKEUP;
}

static __always_inline void lose(struct event_loss *loss, u64 mmu, s32 vm)
{
	if (!loss)
		return;
	if (loss->total == loss->told) {
		loss->since = bpf_ktime_get_ns();
		loss->mmu = mmu;
		loss->vm = vm;
	} else if (loss->mmu != mmu) {
		loss->mmu = 0;
		loss->vm = 0;
	}
	__sync_fetch_and_add(&loss->total, 1);
}

/* Catches up on what was lost; if there is no room for that either, later. */
static __always_inline void tell_loss(struct event_loss *loss)
{
	__u64 total = loss->total;
	struct event_record *rec;

	rec = bpf_ringbuf_reserve(&ring, sizeof(*rec) + 2 * sizeof(__u64), 0);
	if (!rec)
		return;
	rec->time = bpf_ktime_get_ns();
	rec->mmu = loss->mmu;
	rec->seq = 0;
	rec->vm = loss->vm;
	rec->pid = 0;
	rec->cpu = bpf_get_smp_processor_id();
	rec->type = EV_lost;
	rec->nr = 2;
	rec->arg[0] = total - loss->told;
	rec->arg[1] = loss->since;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	loss->told = total;
}

/* @nr and @type are constants where this is inlined. */
static __always_inline int record(__u64 *ctx, __u32 type, __u32 nr)
{
	struct kvm_s2_mmu *mmu = (void *)ctx[0];
	struct s2_ctx *s2 = mmu->s2;
	struct event_record *rec;
	struct event_loss *loss;
	__u32 zero = 0;

	if (!listening)
		return 0;
	loss = bpf_map_lookup_elem(&losses, &zero);
	if (loss && loss->total != loss->told)
		tell_loss(loss);
	rec = bpf_ringbuf_reserve(&ring, sizeof(*rec) + nr * sizeof(__u64), 0);
	if (!rec) {
		lose(loss, s2->id, s2->vm);
		return 0;
	}
	rec->time = bpf_ktime_get_ns();
	rec->mmu = s2->id;
	rec->seq = ctx[1];
	rec->vm = s2->vm;
	rec->pid = (__u32)bpf_get_current_pid_tgid();
	rec->cpu = bpf_get_smp_processor_id();
	rec->type = type;
	rec->nr = nr;
#pragma unroll
	for (__u32 i = 0; i < EVENT_RECORD_ARGS; i++)
		if (i < nr)
			rec->arg[i] = i < nr_args[type] ? ctx[2 + i] : 0;
	bpf_ringbuf_submit(rec, wakeup());
	return 0;
}

#define ONE(ev, type, name, show) +1
#define PROGRAM(ev, args)                                     \
	SEC("tp_btf/" #ev)                                    \
	int ev(__u64 *ctx)                                    \
	{                                                     \
		return record(ctx, EV_##ev, 0 args(ONE, ev)); \
	}
S2_EVENTS(PROGRAM)

/* How far the events of each live MMU have got. */
SEC("iter/s2_mmu")
int show_seq(struct bpf_iter__s2_mmu *ctx)
{
	struct kvm_s2_mmu *mmu = ctx->mmu;
	struct event_seq rec = {};
	struct kvm *kvm;

	if (!mmu || !mmu->s2)
		return 0;
	kvm = (void *)mmu->arch - bpf_core_field_offset(struct kvm, arch);
	rec.head.size = sizeof(rec);
	rec.mmu = mmu->s2->id;
	rec.seq = mmu->s2->seq.counter;
	rec.vm = mmu->s2->vm;
	rec.vcpus = BPF_CORE_READ(kvm, created_vcpus);
	bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec));
	return 0;
}
