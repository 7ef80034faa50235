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
# A page mapped around a fault is one that KVM did not touch: what the host does
# when KVM first does, marking it accessed, then is in the write to it when it is
# write-protected, and not in the first write. So that has its bound where each page
# is a fault.
BOUNDS = {"fault": ("<=", 0.85), "permission": None, "clear": ("<=", 0.7),
          "unmap": ("<=", 0.6), "teardown": ("<=", 0.5)}
SINGLE = {"fault": ("<=", 0.85), "permission": BOUND}
ONE_BY_ONE = "kvm-arm.s2_fault_around=0"
PAGE_SIZE = 4096
# KVM makes a file there for each of a VM's statistics, and ours has more of them.
NO_DEBUGFS = "debugfs=off"


def bench(kernel, cpu, mb, append=""):
    """What s2guest bench said: one dictionary for each phase of each round."""
    return facts(boot(kernel, "cp /build/guest/s2guest /tmp && /tmp/s2guest bench"
                      " --rounds %d --mb %d" % (ROUNDS, mb), cpu=cpu, icount=True,
                      append=append), "bench")


def rounds_of(said, name, value):
    """The value of each round of a phase; the first one warms up."""
    rounds = [value(f) for f in said if f["phase"] == name]
    if len(rounds) != ROUNDS:
        raise BenchError("%d rounds of %s, not %d" % (len(rounds), name, ROUNDS))
    return rounds[1:]


def instructions(said, name):
    clock = PHASES[name][1]
    return rounds_of(said, name, lambda f: f[clock] / NS_PER_INSTRUCTION / f["n"])


def exits_a_gb(said, name):
    return rounds_of(said, name, lambda f: f["exits"] / f["n"] * (1 << 30) / PAGE_SIZE)


def row(cpu, name, ours, upstream, bound, how=""):
    return figure("%s%s: %s" % (cpu, how, PHASES[name][0]), "instructions",
                  {"ours": instructions(ours, name),
                   "upstream": instructions(upstream, name)}, bound)


def of_cpu(cpu, mb):
    ours, upstream = (bench(k, cpu, mb) for k in ("s2", "upstream"))
    single = bench("s2", cpu, mb, ONE_BY_ONE)
    rows = [row(cpu, name, ours, upstream, BOUNDS.get(name, BOUND)) for name in PHASES]
    rows += [row(cpu, name, single, upstream, bound, ", " + ONE_BY_ONE)
             for name, bound in SINGLE.items()]
    rows.append(figure("%s: the vCPU stops for 1 GB that the host has, in 4 KB pages" % cpu,
                       "exits", {"ours": exits_a_gb(ours, "fault"),
                                 "upstream": exits_a_gb(upstream, "fault")}, ("<=", 0.10)))
    return rows


def measure(full):
    mb = 256 if full else 16
    rows = []
    for cpu in CPUS:
        rows += of_cpu(cpu, mb)
    ours, upstream = (instructions(bench(k, "max", 2, NO_DEBUGFS), "create")
                      for k in ("s2", "upstream"))
    return rows + [figure("max, %s: %s" % (NO_DEBUGFS, PHASES["create"][0]), "instructions",
                          {"ours": ours, "upstream": upstream}, BOUND)]
