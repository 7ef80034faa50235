# SPDX-License-Identifier: GPL-2.0-only
"""
Ours beside upstream, from the same source and configuration, nobody looking: the
instructions of each kind of stage-2 work, counted under -icount, where two
nanoseconds are one instruction (tests/vm/run, shift=1).
"""
from measure import BenchError, boot, facts, figure

CPUS = ("max", "neoverse-n1")
NS_PER_INSTRUCTION = 2
ROUNDS = 4
# phase: what one of it is, and its clock. What waits for others is taken by the
# CPU time of the thread.
PHASES = {
    "fault": ("first write to a 4 KB page", "ns"),
    "young": ("read after the host took the young mark", "ns"),
    "permission": ("write to a write-protected page", "ns"),
    "fault_block": ("first write to a 2 MB block", "ns"),
    "age": ("page aged by the host, its own work included", "ns"),
    "protect": ("page write-protected when logging begins", "ns"),
    "clear": ("page cleared in the dirty log, two in 64", "ns"),
    "split": ("2 MB block split when logging begins", "ns"),
    "unmap": ("page unmapped with its slot", "ns"),
    "discard": ("page discarded by the host, its own work included", "ns"),
    "teardown": ("page of a VM that ends", "ns"),
    "create": ("VM created and destroyed", "cpu_ns"),
}
BOUND = ("<=", 1.02)
# KVM makes a file there for each of a VM's statistics, and ours has more of them.
NO_DEBUGFS = "debugfs=off"


def phases(kernel, cpu, mb, wanted=PHASES, append=""):
    """{phase: [instructions each] of every round}; the first round warms up."""
    said = facts(boot(kernel, "cp /build/guest/s2guest /tmp && /tmp/s2guest bench"
                      " --rounds %d --mb %d" % (ROUNDS, mb), cpu=cpu, icount=True,
                      append=append), "bench")
    found = {}
    for name in wanted:
        clock = PHASES[name][1]
        rounds = [f[clock] / NS_PER_INSTRUCTION / f["n"] for f in said
                  if f["phase"] == name]
        if len(rounds) != ROUNDS:
            raise BenchError("%s on %s: %d rounds of %s" % (kernel, cpu, len(rounds), name))
        found[name] = rounds[1:]
    return found


def measure(full):
    mb = 256 if full else 16
    rows = []
    for cpu in CPUS:
        ours, upstream = (phases(k, cpu, mb) for k in ("s2", "upstream"))
        rows += [figure("%s: %s" % (cpu, what), "instructions",
                        {"ours": ours[name], "upstream": upstream[name]}, BOUND)
                 for name, (what, _) in PHASES.items()]
    ours, upstream = (phases(k, "max", 2, ["create"], NO_DEBUGFS)["create"]
                      for k in ("s2", "upstream"))
    return rows + [figure("max, %s: %s" % (NO_DEBUGFS, PHASES["create"][0]), "instructions",
                          {"ours": ours, "upstream": upstream}, BOUND)]
