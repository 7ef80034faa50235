# SPDX-License-Identifier: GPL-2.0-only
"""
How often what is invalidated: s2_flush events of the same work on ours and on
Linux's own MMU, observed, by who caused them.
"""
import re

from measure import BenchError, boot, figure

CPUS = ("max", "neoverse-n1")
# Reason, its number (kernel/s2/abi.h), what it is, the most that ours may have.
REASONS = (("memslot_delete", 6, "a slot goes, mapped by 4 KB pages, and by blocks that were split"),
           ("notifier_unmap", 3, "the host discards memory, and unmaps it"),
           ("dirty_log", 8, "logging begins, and sparse bits are cleared"),
           ("teardown", 13, "the VM ends"))
# Unmapping has its own: a thousandth, where the CPU has no range invalidation.
BOUNDS = {("neoverse-n1", "memslot_delete"): ("<=", 0.001)}
BOUND = ("<=", 1.0)
# Linux frees tables without one when a VM ends: its VMID is not used again before a
# rollover. Ours invalidates once, before it frees the first of them, on purpose.
FREE = ("teardown",)
ROUNDS = 3


def flushes(kernel, cpu, mb):
    """{reason: [events of each round]}"""
    events = " ".join("-e s2:s2_flush --filter 'reason == %d'" % number
                      for _, number, _ in REASONS)
    said = boot(kernel, "cp /build/guest/s2guest /tmp && for i in %s; do perf stat -x, %s -- "
                "/tmp/s2guest bench --rounds 1 --mb %d || exit; done 2>&1"
                % (" ".join(map(str, range(ROUNDS))), events, mb), cpu=cpu)
    counts = [int(n) for n in re.findall(r"^(\d+),,s2:s2_flush,", said, re.M)]
    if len(counts) != ROUNDS * len(REASONS):
        raise BenchError("%s on %s: perf tells of %d counts:\n%s"
                         % (kernel, cpu, len(counts), said[-2000:]))
    return {reason: counts[i::len(REASONS)] for i, (reason, _, _) in enumerate(REASONS)}


def measure(full):
    mb = 1024 if full else 64
    rows = []
    for cpu in CPUS:
        ours, linux = (flushes(k, cpu, mb) for k in ("s2", "observed"))
        rows += [figure("%s: %s (`%s`), %d MB" % (cpu, what, reason, mb), "invalidations",
                        {"ours": ours[reason], "upstream, observed": linux[reason]},
                        None if reason in FREE else BOUNDS.get((cpu, reason), BOUND))
                 for reason, _, what in REASONS]
    return rows
