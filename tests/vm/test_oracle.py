# SPDX-License-Identifier: GPL-2.0-only
"""
Three witnesses of one guest's tables, at rest: the kernel's own dump
(debugfs, stage2_page_tables), the replay of the events as tracefs prints them,
and s2stat's walk. They must agree entry for entry, on pages and on blocks.
"""
import json
import re

import pytest

import s2trace
from house import CPUS

LOOK = "s2stat show $PID --entries --json --interval 0"
HOLD = "sh /repo/tests/guest/hold /share %s '" + LOOK + "' %s"
SCENARIOS = {name: HOLD % (name, options) for name, options in {
    "pages": "--mb 4",
    "thp": "--mb 8 --backing thp",
    "hugetlb": "--mb 8 --backing hugetlb2m",
    "exec": "--mb 2 --exec",
    "read": "--mb 2 --backing memfd --read",
    "ipa-44": "--mb 2 --ipa-bits 44",
}.items()}

DUMP = re.compile(r"^0x(\w+)-0x(\w+)\s+\S+\s+(\d)\s+(.*)$")
CASES = [(cpu, name) for cpu in CPUS for name in SCENARIOS]


def oracle_house(houses, cpu):
    return houses("oracle-" + cpu, SCENARIOS, cpu=cpu, events="tracefs")


def attributes(pte):
    return (bool(pte & 1 << 6), bool(pte & 1 << 7), not pte & 1 << 54,
            bool(pte & 1 << 10))


def dumped(result):
    """{(ipa, level): (read, write, exec, accessed)} from ptdump's ranges."""
    leaves = {}
    for line in result.file("ptdump").read_text().splitlines():
        m = DUMP.match(line)
        if not m or not m[4].split():
            continue
        words, level = m[4].split(), int(m[3])
        assert ("BLK" in words) == (level < 3), line
        for ipa in range(int(m[1], 16), int(m[2], 16), s2trace.level_size(level)):
            leaves[ipa, level] = ("R" in words, "W" in words,
                                  "X" not in words, "AF" in words)
    assert leaves, "the dump is empty"
    return leaves


def at_rest(result):
    """The only MMU of the trace, replayed up to its destruction."""
    trace = result.trace()
    mmus = {e["mmu"] for e in trace.events}
    assert len(mmus) == 1, mmus
    return s2trace.at_rest(trace, mmus.pop())


def replayed(result):
    """{(ipa, level): (read, write, exec, accessed)} from the events."""
    return {(ipa, level): attributes(pte)
            for entries in at_rest(result).entries.values()
            for pte, level, ipa in entries.values() if s2trace.is_leaf(pte, level)}


def tables_told(result):
    """{(pa, level): (ipa, entries, count)} from the events."""
    state = at_rest(result)
    tables = {state.root: (state.start_level, 0), **state.tables}
    return {(pa, level): (ipa, len(state.entries[pa]), 1 + len(state.entries[pa]))
            for pa, (level, ipa) in tables.items()}


def records(result, kind):
    """The JSON lines of one type that s2stat printed."""
    lines = result.file("look").read_text().splitlines()
    return [r for r in map(json.loads, lines) if r["type"] == kind]


def walked(result):
    """{(table, index): pte} from s2stat's walk."""
    entries = {(r["table"], r["index"]): int(r["pte"], 0)
               for r in records(result, "entry")}
    assert entries, "s2stat shows no entry"
    return entries


def differences(left, right):
    return ["%#x, %d: %s, %s" % (*k, left.get(k), right.get(k))
            for k in sorted(left.keys() | right.keys())
            if left.get(k) != right.get(k)][:20]


def touched(cpu, told, seen, young):
    """
    What the events told, where @young makes of it what is seen: the hardware sets
    access flags and tells nobody. It never takes one away, and cortex-a57's sets none.
    """
    if cpu == "cortex-a57":
        return told
    return {k: seen[k] if k in seen and young(v) == seen[k] else v for k, v in told.items()}


@pytest.mark.parametrize("cpu, name", CASES)
def test_guest_is_held_and_let_go(houses, cpu, name):
    result = oracle_house(houses, cpu).result(name)
    assert result.status == 0, result.out
    assert not result.violations()


@pytest.mark.parametrize("cpu, name", CASES)
def test_events_tell_what_the_kernel_dumps(houses, cpu, name):
    result = oracle_house(houses, cpu).result(name)
    seen = dumped(result)
    told = touched(cpu, replayed(result), seen, lambda leaf: (*leaf[:3], True))
    assert not differences(told, seen)


@pytest.mark.parametrize("cpu, name", CASES)
def test_s2stat_shows_what_the_kernel_dumps(houses, cpu, name):
    result = oracle_house(houses, cpu).result(name)
    shown = {(r["ipa"], r["level"]): (r["r"], r["w"], r["x"], r["af"])
             for r in records(result, "entry") if r["kind"] == "leaf"}
    assert not differences(shown, dumped(result))


@pytest.mark.parametrize("cpu, name", CASES)
def test_s2stat_counts_what_the_events_count(houses, cpu, name):
    """Each table page: where it is, its level, its entries, its count."""
    result = oracle_house(houses, cpu).result(name)
    shown = {(r["pa"], r["level"]): (r["ipa"], r["used"], r["count"])
             for r in records(result, "table")}
    assert not differences(shown, tables_told(result))


@pytest.mark.parametrize("cpu, name", CASES)
def test_s2stat_shows_the_very_descriptors_of_the_events(houses, cpu, name):
    result = oracle_house(houses, cpu).result(name)
    state = at_rest(result)
    told = {(pa, index): pte for pa, entries in state.entries.items()
            for index, (pte, _, _) in entries.items()}
    seen = walked(result)
    assert not differences(seen, touched(cpu, told, seen, lambda pte: pte | s2trace.ACCESSED))


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("name, level, leaves", [
    ("pages", 3, 1024), ("thp", 2, 4), ("hugetlb", 2, 4)])
def test_memory_is_mapped_at_its_size(houses, cpu, name, level, leaves):
    data = [k for k in dumped(oracle_house(houses, cpu).result(name))
            if k[0] >= 0x40000000 and k[1] == level]
    assert len(data) == leaves
