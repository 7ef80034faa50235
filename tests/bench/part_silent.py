# SPDX-License-Identifier: GPL-2.0-only
"""
What the events cost while nobody listens: ours beside the same kernel without them
(make kernel-silent), by the same work as beside upstream.
"""
from measure import BUILD, BenchError, figure
from part_upstream import CPUS, PHASES, bench, instructions

BOUND = ("<=", 1.005)


def has_events(kernel):
    config = (BUILD / ("kernel-" + kernel) / ".config").read_text().split("\n")
    return "CONFIG_KVM_ARM64_S2_EVENTS=y" in config


def measure(full):
    if not has_events("s2") or has_events("silent"):
        raise BenchError("the kernels are not what they should be: events in ours, "
                         "none in the silent one")
    mb = 256 if full else 16
    rows = []
    for cpu in CPUS:
        ours, silent = (bench(k, cpu, mb) for k in ("s2", "silent"))
        rows += [figure("%s: %s" % (cpu, what), "instructions",
                        {"with events": instructions(ours, name),
                         "without": instructions(silent, name)}, BOUND)
                 for name, (what, _) in PHASES.items()]
    return rows
