# SPDX-License-Identifier: GPL-2.0-only
"""
What looking costs the guest: a guest that does nothing but fault, on our kernel,
with nobody looking and with s2stat at work. Counted under -icount, on one CPU, in
two ways: by the CPU time of the vCPU's thread, which has in it what the events add
to the fault path; and from beginning to end, which has s2stat's own work in it,
too, as if the host had no other CPU for it.
"""
from measure import BUILD, ROOT, BenchError, boot, facts, figure, run

NS_PER_INSTRUCTION = 2
SCRIPT = """
cp /build/guest/s2guest /build/s2stat-arm64/s2stat /tmp
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
faults() { echo "side $1"; /tmp/s2guest bench --faults --mb 16 --rounds $2; }
attached() { until bpftool prog show | grep -q "name $1 "; do sleep 1; done; sleep 3; }
faults nobody %(alone)d
/tmp/s2stat top --interval 1 --json >/tmp/top.json &
attached on_counts
faults top %(top)d
kill $!
wait $!
faults nobody %(alone)d
/tmp/s2stat check --for 100000 >/tmp/check.out &
attached s2_set
faults check %(check)d
kill -INT $!
wait $!
bpftool prog loadall /share/nothing.o /sys/fs/bpf/nothing autoattach
faults nothing %(alone)d
grep -c '"type":"sample"' /tmp/top.json
tail -1 /tmp/check.out
"""


def sides(text):
    """{who looks: [facts of a round]}; the first round of each run warms up."""
    found, who = {}, None
    for line in text.splitlines():
        if line.startswith("side "):
            who = line.split()[1]
            first = True
        for fact in facts(line, "bench"):
            if not first:
                found.setdefault(who, []).append(fact)
            first = False
    return found


def nothing(share):
    """Builds the programs that do nothing, into @share."""
    share.mkdir(parents=True, exist_ok=True)
    arch = run("gcc", "-print-multiarch").strip()
    run("clang", "-O2", "-g", "-target", "bpf", "-I/usr/include/" + arch,
        "-c", ROOT / "tests/bench/nothing.bpf.c", "-o", share / "nothing.o")


def row(found, who, title, clock, what, limit):
    each = {side: [f[clock] / NS_PER_INSTRUCTION / f["n"] for f in found[key]]
            for side, key in (("looked at", who), ("nobody looks", "nobody"))}
    return figure("%s: %s, a 4 KB page mapped and unmapped" % (title, what),
                  "instructions", each, ("<=", limit) if limit else None, best=mean)


def measure(full):
    more, share = 4 if full else 1, BUILD / "bench-overhead"
    nothing(share)
    said = boot("s2", SCRIPT % {"alone": 10, "top": 80 * more, "check": 12 * more},
                icount=True, share=share)
    found = sides(said)
    if set(found) != {"nobody", "top", "check", "nothing"}:
        raise BenchError("not everything was measured:\n" + said[-2000:])
    rows = []
    for who, limit in (("top", 1.03), ("check", 1.25)):
        title = "`s2stat %s`" % who
        rows += [row(found, who, title, "cpu_ns", "the vCPU's thread", limit),
                 row(found, who, title, "ns", "all of the CPU", None)]
    return rows + [row(found, "nothing", "programs that do nothing", "cpu_ns",
                       "the vCPU's thread", None)]


def mean(values):
    """Samples fall into some rounds only."""
    return sum(values) / len(values)
