# SPDX-License-Identifier: GPL-2.0-only
"""
A VM's statistics (KVM's binary statistics, debugfs) against other witnesses of
the same tables: the kernel's own dump and s2stat's walk, of a guest at rest; and
QEMU, which shows under query-stats what KVM offers, as an operator sees it.
"""
import json
import re

import pytest

from house import CPUS, ROOT
from test_oracle import DUMP

LOOK = ("s2stat show $PID --json --interval 0; cd /sys/kernel/debug/kvm/$PID-$FD; "
        "grep . pages_* tables_* flush_* fault_* vmid_*")
HOLD = "sh /repo/tests/guest/hold /share %s '" + LOOK + "' %s"
SCENARIOS = {name: HOLD % (name, options) for name, options in {
    "pages": "--mb 4",
    "thp": "--mb 8 --backing thp",
    "ipa-44": "--mb 2 --ipa-bits 44",
}.items()}
QEMU = {"qemu": "sh /repo/tests/guest/query-stats"}
SIZES = {"pages_4k": 4096, "pages_2m": 2 << 20, "pages_1g": 1 << 30}
CASES = [(cpu, name) for cpu in CPUS for name in SCENARIOS]


def stats_house(houses, cpu):
    wanted = dict(SCENARIOS, **(QEMU if cpu == "max" else {}))
    return houses("stats-" + cpu, wanted, cpu=cpu)


def told(result):
    """name -> value, as debugfs has it."""
    found = re.findall(r"^(\w+):(\d+)$", result.file("look").read_text(), re.M)
    assert len(found) > 15, found
    return {name: int(value) for name, value in found}


def documented():
    """The statistics that docs/stage2.md tells of, on a host with 4K pages."""
    text = (ROOT / "docs/stage2.md").read_text()
    rows = re.search(r"^\| statistic \|.*?\n\n", text, re.M | re.S)[0]
    names = set(re.findall(r"`((?:pages|tables|flush|fault|vmid)_\w+)`", rows))
    return {n for n in names if not re.search(r"16k|32m|64g|64k|512m|4t", n)} | {
        "tables_level_1", "tables_level_2"}


def look(result):
    """s2stat's view of the VM, without what this test adds behind it."""
    lines = [l for l in result.file("look").read_text().splitlines()
             if l.startswith("{")]
    vms = [r for r in map(json.loads, lines) if r["type"] == "vm"]
    assert len(vms) == 1
    return vms[0]


@pytest.mark.parametrize("cpu, name", CASES)
def test_guest_is_held_and_let_go(houses, cpu, name):
    result = stats_house(houses, cpu).result(name)
    assert result.status == 0, result.out
    assert not result.violations()


@pytest.mark.parametrize("cpu, name", CASES)
def test_leaves_are_those_the_kernel_dumps(houses, cpu, name):
    result = stats_house(houses, cpu).result(name)
    leaves = dict.fromkeys(SIZES, 0)
    for line in result.file("ptdump").read_text().splitlines():
        m = DUMP.match(line)
        if m and m[4].split():
            size = {1: 1 << 30, 2: 2 << 20, 3: 4096}[int(m[3])]
            name_ = next(n for n, s in SIZES.items() if s == size)
            leaves[name_] += (int(m[2], 16) - int(m[1], 16)) // size
    assert sum(leaves.values()) and leaves == {n: told(result)[n] for n in SIZES}


@pytest.mark.parametrize("cpu, name", CASES)
def test_leaves_and_tables_are_those_s2stat_walks(houses, cpu, name):
    result = stats_house(houses, cpu).result(name)
    stat, vm = told(result), look(result)
    sizes = vm["mapped"]["sizes"]
    assert {n: stat[n] for n in SIZES} == {
        n: sizes[str(s)]["leaves"] for n, s in SIZES.items()}
    levels = vm["tables"]["levels"]
    assert [stat["tables_level_%d" % l] for l in range(4)] == [
        levels.get(str(l), {"pages": 0})["pages"] for l in range(4)]


@pytest.mark.parametrize("cpu", CPUS)
def test_flushes_and_faults_are_those_the_events_tell(houses, cpu):
    """Up to the destruction of the VM, which comes after the look."""
    result = stats_house(houses, cpu).result("pages")
    stat, count = told(result), {}
    for e in result.trace().events:
        if e.name == "s2_op_begin" and e["kind"] == "destroy":
            break
        if e.name == "s2_flush":
            key = "flush_" + e["scope"]
            count[key] = count.get(key, 0) + 1
        if e.name == "s2_fault_end":
            count["faults"] = count.get("faults", 0) + 1
    faults = sum(v for n, v in stat.items() if n.startswith("fault_"))
    assert faults == count.pop("faults")
    assert {n: v for n, v in stat.items() if n.startswith("flush_") and v} == count


def test_every_statistic_is_documented_and_the_reverse(houses):
    assert set(told(stats_house(houses, "max").result("pages"))) == documented()


def test_qemu_shows_them(houses):
    """query-stats of a VM that runs: all of them, with our names."""
    result = stats_house(houses, "max").result("qemu")
    assert result.status == 0, result.out
    assert not result.violations()
    replies = [json.loads(l) for l in result.out.splitlines() if l.startswith("{")]
    stats = next(r["return"] for r in replies
                 if isinstance(r.get("return"), list) and r["return"])
    assert len(stats) == 1 and stats[0]["provider"] == "kvm", stats
    values = {s["name"]: s["value"] for s in stats[0]["stats"]}
    assert documented() <= set(values)
    assert values["pages_4k"] + values["pages_2m"] > 0
    assert values["tables_level_1"] == 2
    # What lies behind the last statistic is none.
    assert 0 < values["fault_translation"] < 1 << 32
    assert values["fault_other"] == values["fault_prefault"] == 0
