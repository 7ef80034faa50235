# SPDX-License-Identifier: GPL-2.0-only
"""
What saves work can be turned off on the kernel command line (docs/stage2.md,
"Switches"). With everything off the scenarios hold as they do with everything on,
and their events break no rule; with --full all of them, on each CPU.
"""
import pytest

import test_scenarios
from house import CPUS

OFF = "kvm-arm.s2_fault_around=0 kvm-arm.s2_reap_unread=0 kvm-arm.s2_clean_at_end=1"
AROUND = {"around-none": "s2guest around --none",
          "around-none-memfd": "s2guest around --backing memfd --none"}
# Of the ordinary scenarios, those in which the switches matter most.
SOME = ("stats-anon", "touch-anon", "memslot-thp", "dirtylog-thp", "notifier-thp")


def commands(cpu):
    there = test_scenarios.scenarios(cpu)
    return AROUND | {n: c for n, c in there.items() if not n.startswith("around")}


def off(houses, cpu, full):
    wanted = commands(cpu)
    if not full:
        wanted = {n: c for n, c in wanted.items() if n in AROUND or n in SOME}
    return houses("switches-" + cpu, wanted, cpu=cpu, append=OFF)


CASES = [pytest.param(cpu, name, id="%s-%s" % (cpu, name),
                      marks=[] if cpu == "neoverse-n1" and (name in AROUND or name in SOME)
                      else pytest.mark.full)
         for cpu in CPUS for name in commands(cpu)]


@pytest.mark.parametrize("cpu, name", CASES)
def test_scenario_holds_with_all_of_it_off(houses, request, cpu, name):
    result = off(houses, cpu, request.config.getoption("--full")).result(name)
    assert result.status == 0, result.out
    found = result.violations()
    assert not found, "\n".join(found)
    assert not result.warnings()


def test_switches_are_really_off(houses, request):
    """No operation of the kind, and caches cleaned when an MMU goes."""
    booted = off(houses, "neoverse-n1", request.config.getoption("--full"))
    events = booted.result("touch-anon").trace().events
    ends = {e["op"] for e in events
            if e.name == "s2_op_begin" and e["kind"] == "destroy"}
    assert ends and not [e for e in events
                         if e.name == "s2_op_begin" and e["kind"] == "around"]
    assert [e for e in events if e.name == "s2_cmo" and e["op"] in ends]


def test_no_cache_is_cleaned_when_an_mmu_goes(houses):
    """With the switches as they are; and pages around a fault are mapped."""
    events = test_scenarios.scenario_house(houses, "neoverse-n1").result(
        "touch-anon").trace().events
    ends = {e["op"] for e in events
            if e.name == "s2_op_begin" and e["kind"] == "destroy"}
    assert ends and [e for e in events
                     if e.name == "s2_op_begin" and e["kind"] == "around"]
    assert not [e for e in events if e.name == "s2_cmo" and e["op"] in ends]


def test_a_cpu_that_sets_no_access_flags_maps_nothing_around(houses):
    booted = houses("switches-none", AROUND, cpu="cortex-a57")
    for name in AROUND:
        result = booted.result(name)
        assert result.status == 0, result.out
        assert not result.violations()
