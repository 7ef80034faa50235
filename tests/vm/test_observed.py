# SPDX-License-Identifier: GPL-2.0-only
"""
Linux's own stage-2 MMU, observed (docs/observed.md), of 6.12 and of the newest
Linux: every verb works there, and s2stat check finds what docs/findings.md tells
of, by name and by what it says, and nothing else.
"""
import json
import re

import pytest

from house import CPUS
from verdicts import HOST, LEAK, LINES, NOTHING, known

CHECK = "s2stat check --json -- sh -c '%s >/share/%s.guest' >/share/%s.ndjson"

# Scenario -> command, what must be found on CPUs with FEAT_S2FWB and range
# invalidations (max), and on those without.
SCENARIOS = {
    "touch-exec": ("s2guest touch --mb 4 --exec", set(), set()),
    "touch-shared": ("s2guest touch --mb 4 --backing memfd --vcpus 4",
                     set(), set()),
    "memslot": ("s2guest memslot --backing thp", set(), set()),
    "dirtylog": ("s2guest dirtylog", set(), {LINES}),
    "notifier": ("s2guest notifier --backing thp", {NOTHING}, set()),
    "stale": ("s2guest stale", {NOTHING, HOST}, set()),
    "createleak": ("s2guest createleak --times 200", {LEAK}, {LEAK}),
}
# What needs a newer Linux.
NEWER = {
    "gmem": ("s2guest gmem", {NOTHING}, set()),
}
# Who loses a race there is not the same every time: nothing but these.
MAY = {
    "storm": ("s2guest storm --rounds 40", {NOTHING, HOST}, {LINES, HOST}),
}
# Defects that are in 6.12 and no more in the newest.
MENDED = {"observed": set(), "observed-newest": {LEAK}}
VERBS = ("list", "show", "walk", "map", "audit", "flush", "vmid", "faults")
LIVE = ("sh /repo/tests/guest/hold /share live 'rc=0; for v in %s; do case $v in "
        "show|walk|map|audit) vm=$PID;; *) vm=;; esac; s2stat $v --json --once "
        "$vm >/share/live.$v || rc=$?; done; exit $rc' --mb 4" % " ".join(VERBS))


def place(kernel, cpu):
    """A parameter: the kernel and the CPU of a house."""
    long = kernel != "observed" or cpu == "neoverse-n1"
    return pytest.param((kernel, cpu), id="%s-%s" % (kernel, cpu),
                        marks=[pytest.mark.full] if long else [])


def scenarios(kernel):
    return SCENARIOS | MAY | ({} if kernel == "observed" else NEWER)


PLACES = pytest.mark.parametrize("at", [place(k, c) for k in MENDED for c in CPUS])


def observed(houses, at):
    kernel, cpu = at
    wanted = {n: CHECK % (c, n, n)
              for n, (c, *_) in scenarios(kernel).items()}
    wanted["live"] = LIVE
    wanted["doctor"] = "s2stat doctor"
    return houses("%s-%s" % at, wanted, kernel=kernel, cpu=cpu, events=False)


def found(result):
    """What check said: the set of (invariant, text), and its last line."""
    lines = [json.loads(line) for line in
             result.file("ndjson").read_text().splitlines()]
    end = lines[-1]
    assert end["type"] == "verdict" and end["lost"] == 0, end
    assert end["events"] > 100 and end["mmus"] >= 1, end
    states = {l["invariant"]: l["state"] for l in lines
              if l["type"] == "invariant"}
    assert len(states) >= 23, states
    assert set(states.values()) <= {"holds", "broken"}, states
    return {(l["invariant"], l["what"]) for l in lines
            if l["type"] == "finding"}


def documented(table, at, name):
    kernel, cpu = at
    return table[name][1 if cpu == "max" else 2] - MENDED[kernel]


def is_as_documented(houses, table, at, name):
    result = observed(houses, at).result(name)
    want = documented(table, at, name)
    assert known(found(result), want) == want
    assert result.status == (1 if want else 0), result.out


@pytest.mark.parametrize("name", SCENARIOS)
@PLACES
def test_what_is_documented_is_found(houses, at, name):
    is_as_documented(houses, SCENARIOS, at, name)


@pytest.mark.parametrize("name", NEWER)
@pytest.mark.parametrize("at", [place("observed-newest", c) for c in CPUS])
def test_what_newer_linux_has_is_as_documented(houses, at, name):
    is_as_documented(houses, NEWER, at, name)


@pytest.mark.parametrize("name", MAY)
@PLACES
def test_nothing_else_is_found(houses, at, name):
    result = observed(houses, at).result(name)
    findings = found(result)
    known(findings, documented(MAY, at, name))
    assert result.status == (1 if findings else 0), result.out


@PLACES
def test_every_verb_works(houses, at):
    house = observed(houses, at)
    result = house.result("live")
    assert result.status == 0, result.out
    rows = {v: [json.loads(line) for line in
                (house.path / ("live." + v)).read_text().splitlines()]
            for v in VERBS}
    assert all(rows.values()), rows
    vm, = [r for r in rows["list"] if r["type"] == "vm"]
    assert vm["tables"]["pages"] >= 5 and vm["mapped"]["bytes"] >= 4 << 20, vm
    audit, = [r for r in rows["audit"] if r["type"] == "audit"]
    assert audit["verdict"] == "ok" and audit["tables"] >= 4, audit


@PLACES
def test_doctor_and_the_log_have_nothing_to_say(houses, at):
    house = observed(houses, at)
    result = house.result("doctor")
    assert result.status == 0, result.out
    assert re.search(r"s2 iterators +ok", result.out), result.out
    assert not house.boot_warnings()
    for name in scenarios(at[0]):
        assert not house.result(name).warnings(), name
