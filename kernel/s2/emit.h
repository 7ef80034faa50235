/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the core emits an event: only while somebody listens, with the next
 * sequence number of its context.
 */
#ifndef __KVM_ARM64_S2_EMIT_H
#define __KVM_ARM64_S2_EMIT_H

#include "mmu.h"

/**
 * s2_next_seq() - the sequence number of the event about to be emitted
 * @ctx:	whose event it is
 *
 * Taken after the change the event tells of, so two CPUs that change
 * different entries at once may be numbered either way round; a change that
 * another one depends on (a table page before what is put into it) is told
 * before it can be seen.
 */
static inline u64 s2_next_seq(struct s2_ctx *ctx)
{
	return atomic64_inc_return(&ctx->seq);
}

#ifdef __KERNEL__
#include "events.h"
#endif

#if defined(CONFIG_KVM_ARM64_S2) && !defined(CONFIG_KVM_ARM64_S2_EVENTS)
/* Nobody can listen: to measure what it costs that somebody might. */
#define s2_listening(event)	false
#define s2_counting()		false
#define s2_emit(event, ctx, ...)					\
do {									\
	if (0)								\
		trace_##event((ctx)->pgt.mmu, 0, ##__VA_ARGS__);	\
} while (0)
#elif defined(__KERNEL__)
#define s2_listening(event)	trace_##event##_enabled()
/* Are the contexts to count their events? See events.h. Linux's own MMU has none. */
#ifdef CONFIG_KVM_ARM64_S2_OBSERVE
#define s2_counting()		false
#else
#define s2_counting()		trace_s2_counts_enabled()
#endif
/*
 * Not preempted while it is told: a BPF program that the next task on the CPU
 * runs meanwhile would skip its event. A tracepoint used to see to that itself;
 * in newer Linux (7.3) it is guarded by SRCU and can be preempted.
 */
#define s2_emit(event, ctx, ...)					\
do {									\
	if (trace_##event##_enabled()) {				\
		preempt_disable_notrace();				\
		trace_##event((ctx)->pgt.mmu, s2_next_seq(ctx),		\
			      ##__VA_ARGS__);				\
		preempt_enable_notrace();				\
	}								\
} while (0)
#else
#define s2_listening(event)	host_listening(#event)
#define s2_counting()		true
#define s2_emit(event, ctx, ...)					\
	host_##event((ctx)->pgt.mmu, s2_next_seq(ctx), ##__VA_ARGS__)
#endif

#endif /* __KVM_ARM64_S2_EMIT_H */
