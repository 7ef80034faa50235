# SPDX-License-Identifier: GPL-2.0-only
"""
What looking costs the guest: a guest that does nothing but fault, on our kernel,
with nobody looking and with s2stat at work. Counted under -icount, on one CPU, in
two ways: by the CPU time of the vCPU's thread, which has in it what the events add
to the fault path; and from beginning to end, which has s2stat's own work in it,
too, as if the host had no other CPU for it.
"""
from measure import BenchError, boot, facts, figure

NS_PER_INSTRUCTION = 2
SCRIPT = """
cp /build/guest/s2guest /build/s2stat-arm64/s2stat /tmp
faults() { echo "side $1"; /tmp/s2guest bench --faults --mb 16 --rounds $2; }
attached() { until bpftool prog show | grep -q "name $1 "; do sleep 1; done; sleep 3; }
faults nobody %(alone)d
/tmp/s2stat top --interval 1 --json >/tmp/top.json &
attached on_set
faults top %(top)d
kill $!
wait $!
faults nobody %(alone)d
/tmp/s2stat check --for 100000 >/tmp/check.out &
attached s2_set
faults check %(check)d
kill -INT $!
wait $!
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


def measure(full):
    more = 4 if full else 1
    said = boot("s2", SCRIPT % {"alone": 10, "top": 80 * more, "check": 12 * more},
                icount=True)
    found = sides(said)
    if set(found) != {"nobody", "top", "check"}:
        raise BenchError("not everything was measured:\n" + said[-2000:])
    rows = []
    for who, limit in (("top", 1.03), ("check", 1.25)):
        for clock, what in (("cpu_ns", "the vCPU's thread"), ("ns", "all of the CPU")):
            each = {side: [f[clock] / NS_PER_INSTRUCTION / f["n"] for f in found[key]]
                    for side, key in (("looked at", who), ("nobody looks", "nobody"))}
            rows.append(figure(
                "`s2stat %s`: %s, a 4 KB page mapped and unmapped" % (who, what),
                "instructions", each, ("<=", limit) if clock == "cpu_ns" else None,
                best=mean))
    return rows


def mean(values):
    """Samples fall into some rounds only."""
    return sum(values) / len(values)
