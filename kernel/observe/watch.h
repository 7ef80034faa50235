/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hooks share.
 */
#ifndef __KVM_ARM64_S2_WATCH_H
#define __KVM_ARM64_S2_WATCH_H

#include "emit.h"
#include "seam.h"

#include "observe.h"

/**
 * struct s2_observed - a stage-2 context, as observers know it
 * @ctx:	what the events and the iterators show
 * @grace:	unlinked table pages that wait for a grace period
 */
struct s2_observed {
	struct s2_ctx	ctx;
	atomic_t	grace;
};

static inline struct s2_observed *s2_observed(struct s2_ctx *ctx)
{
	return container_of(ctx, struct s2_observed, ctx);
}

struct s2_amids;
extern struct s2_amids s2_faults;

void s2_amid_enter(struct s2_amids *amids, struct s2_amid *amid);
void s2_amid_leave(struct s2_amids *amids, struct s2_amid *amid);
struct s2_amid *s2_amid_current(struct s2_amids *amids);

struct s2_watch *s2_watch_current(void);
void s2_watch_in_softirq(struct s2_watch *w);

#endif /* __KVM_ARM64_S2_WATCH_H */
