# SPDX-License-Identifier: GPL-2.0-only
"""
Whole programs, ours beside upstream: KVM's own selftests by the CPU time of all
their threads, counted under -icount; the stage-2 faults of a Linux guest's boot; the
memory of VMs that do nothing.
"""
import re

from measure import BenchError, boot, facts, figure
from part_upstream import NO_DEBUGFS

CPUS = ("max", "neoverse-n1")
KERNELS = {"s2": "ours", "upstream": "upstream"}
NS_PER_INSTRUCTION = 2
ROUNDS = 3
BOUND = ("<=", 1.02)
# Programs of tools/testing/selftests/kvm whose work is not measured by the clock.
PROGRAMS = {
    "demand_paging_test": "-b 64M -v 1 -m 6",
    "kvm_page_table_test": "-b 64M -v 1 -m 6",
    "dirty_log_perf_test": "-b 64M -v 1 -i 2 -m 6",
    "access_tracking_perf_test": "-b 64M -v 1 -m 6",
    "memslot_modification_stress_test": "-b 64M -v 1 -i 50 -m 6",
}
SELFTESTS = """
cp /build/guest/s2guest /tmp
cd /build/selftests/kvm
for i in %s; do
%s
done
"""
COST = "/tmp/s2guest cost ./%s %s >/tmp/out 2>&1; grep -a ^cost /tmp/out | sed 's/^/program name=%s /'"
GUEST = """
for i in %s; do
perf stat -x, -e kvm:kvm_guest_fault -- sh /repo/tests/guest/linux-guests fill || exit
done 2>&1
"""
# What the host has left, before there are VMs and while there are. What else it does
# with its memory meanwhile only adds to that: the best round counts.
IDLE = """
cp /build/guest/s2guest /tmp
free_kb() { sync; echo 3 >/proc/sys/vm/drop_caches; sleep 2; awk '/^MemFree:/ { print $2 }' /proc/meminfo; }
mkfifo /tmp/in
for i in %s; do
before=$(free_kb)
/tmp/s2guest scale --vms %d </tmp/in >/tmp/scale.out &
exec 3>/tmp/in
until grep -q HOLD /tmp/scale.out; do sleep 1; kill -0 $! || exit 1; done
echo "idle kb=$((before - $(free_kb)))"
echo >&3
wait
exec 3>&-
done
"""


def rounds():
    return " ".join(map(str, range(ROUNDS)))


def programs(kernel, cpu):
    """{program: [instructions of each round after the first]}"""
    said = facts(boot(kernel, SELFTESTS % (rounds(), "\n".join(
        COST % (name, args, name) for name, args in PROGRAMS.items())),
                      cpu=cpu, icount=True, mem="3G", timeout=3000), "program")
    found = {}
    for fact in said:
        if fact["status"]:
            raise BenchError("%s on %s: status %d" % (fact["name"], kernel, fact["status"]))
        found.setdefault(fact["name"], []).append(fact["cpu_ns"] / NS_PER_INSTRUCTION / 1e6)
    if set(map(len, found.values())) != {ROUNDS} or set(found) != set(PROGRAMS):
        raise BenchError("%s: not every program ran %d times" % (kernel, ROUNDS))
    return {name: values[1:] for name, values in found.items()}


def guest_faults(kernel):
    said = boot(kernel, GUEST % rounds(), mem="3G", timeout=3000)
    counts = [int(n) for n in re.findall(r"^(\d+),,kvm:kvm_guest_fault,", said, re.M)]
    if len(counts) != ROUNDS:
        raise BenchError("%s: %d boots of a guest, not %d" % (kernel, len(counts), ROUNDS))
    return counts


def idle_kb(kernel, vms, append=""):
    said = facts(boot(kernel, IDLE % (rounds(), vms), mem="6G", timeout=3000,
                      append=append), "idle")
    if len(said) != ROUNDS:
        raise BenchError("%s: idle VMs were looked at %d times" % (kernel, len(said)))
    return [fact["kb"] / vms for fact in said][1:]


def both(fn, *args):
    return {side: fn(kernel, *args) for kernel, side in KERNELS.items()}


def measure(full):
    vms = 1000 if full else 100
    rows = []
    for cpu in CPUS:
        ran = both(programs, cpu)
        rows += [figure("%s: `%s %s`" % (cpu, name, args), "million instructions",
                        {side: found[name] for side, found in ran.items()}, BOUND)
                 for name, args in PROGRAMS.items()]
    rows.append(figure("a Linux guest boots, works and goes", "stage-2 faults",
                       both(guest_faults), BOUND))
    idle = "%d VMs that do nothing, each in its process" % vms
    rows.append(figure(idle, "kB a VM", both(idle_kb, vms), BOUND, best=min))
    rows.append(figure("%s, %s" % (NO_DEBUGFS, idle), "kB a VM",
                       both(idle_kb, vms, NO_DEBUGFS), BOUND, best=min))
    return rows
