# SPDX-License-Identifier: GPL-2.0-only
"""
The scenarios of s2guest on the s2 kernel, on each of the three CPUs. For each:
it holds, as the guest and its VMM see it; its events break no rule; the kernel
log stays silent.
"""
import pytest

from house import CPUS

SWAP = "sh /repo/tests/guest/swap-on && "
SCENARIOS = {
    "touch-anon": "s2guest touch --mb 8",
    "touch-thp": "s2guest touch --mb 16 --backing thp --read",
    "touch-hugetlb": "s2guest touch --mb 16 --backing hugetlb2m --exec",
    "touch-exec": "s2guest touch --mb 4 --exec",
    "touch-shared": "s2guest touch --mb 4 --backing memfd --vcpus 4",
    "touch-dense": "s2guest touch --mb 2 --backing shmem --dense",
    "memslot-anon": "s2guest memslot",
    "memslot-thp": "s2guest memslot --backing thp",
    "readonly": "s2guest readonly",
    "dirtylog-thp": "s2guest dirtylog",
    "dirtylog-anon": "s2guest dirtylog --backing anon",
    "dirtylog-hugetlb": "s2guest dirtylog --backing hugetlb2m",
    "notifier-anon": SWAP + "s2guest notifier",
    "notifier-thp": SWAP + "s2guest notifier --backing thp",
    "notifier-memfd": "s2guest notifier --backing memfd",
    "storm": SWAP + "s2guest storm --rounds 40",
    "storm-killed": "s2guest storm --rounds 1000000 & sleep 1; "
                    "kill -9 $!; wait $!; [ $? = 137 ]",
    "bad": "s2guest bad",
    "ipa": "s2guest ipa",
    "failnth": "s2guest failnth",
    "createleak": "s2guest createleak --expect-none --times 500",
    "prefault-anon": "s2guest prefault",
    "prefault-thp": "s2guest prefault --backing thp",
    "prefault-hugetlb": "s2guest prefault --backing hugetlb2m",
    "prefault-memfd": "s2guest prefault --backing memfd",
    "around-anon": "s2guest around",
    "around-memfd": "s2guest around --backing memfd",
    "eager-thp": "s2guest eager",
    "eager-hugetlb": "s2guest eager --backing hugetlb2m",
    "stats-anon": "s2guest stats",
    "stats-thp": "s2guest stats --backing thp",
}
# What only a GICv2 host can show, and what a CPU need not show once more.
GICV2 = {"gicv2": "s2guest gicv2", "touch-anon": "s2guest touch --mb 2"}
# Nor what cortex-a57 has no hardware for (test_switches.py: around --none).
LESS = ("touch-dense", "dirtylog-anon", "dirtylog-hugetlb", "notifier-memfd",
        "prefault-hugetlb", "prefault-memfd", "stats-thp", "eager-hugetlb",
        "around-anon", "around-memfd")
ONLY = {
    "cortex-a57": [n for n in SCENARIOS if n not in LESS],
    "neoverse-n1": ("touch-anon", "touch-shared", "memslot-thp", "readonly",
                    "dirtylog-thp", "notifier-thp", "notifier-anon", "storm", "bad", "ipa",
                    "prefault-thp", "around-anon"),
}


def scenarios(cpu):
    return {n: c for n, c in SCENARIOS.items() if n in ONLY.get(cpu, SCENARIOS)}


def scenario_house(houses, cpu):
    if cpu == "gicv2":
        return houses("scenarios-gicv2", GICV2, cpu="cortex-a57", gic=2)
    return houses("scenarios-" + cpu, scenarios(cpu), cpu=cpu)


CASES = [(cpu, name) for cpu in CPUS for name in scenarios(cpu)] + [
    ("gicv2", name) for name in GICV2]


@pytest.mark.parametrize("cpu, name", CASES)
def test_scenario_holds(houses, cpu, name):
    result = scenario_house(houses, cpu).result(name)
    assert result.status == 0, result.out


@pytest.mark.parametrize("cpu, name", CASES)
def test_events_break_no_rule(houses, cpu, name):
    found = scenario_house(houses, cpu).result(name).violations()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("cpu, name", CASES)
def test_kernel_log_stays_silent(houses, cpu, name):
    assert not scenario_house(houses, cpu).result(name).warnings()


@pytest.mark.parametrize("cpu", CPUS + ("gicv2",))
def test_host_boots_without_a_warning(houses, cpu):
    booted = scenario_house(houses, cpu)
    assert booted.status == 0, booted.output[-2000:]
    assert not booted.boot_warnings()


@pytest.mark.parametrize("cpu", CPUS)
def test_blocks_are_mapped_as_blocks(houses, cpu):
    name = "touch-thp" if cpu != "neoverse-n1" else "dirtylog-thp"
    trace = scenario_house(houses, cpu).result(name).trace()
    assert [e for e in trace.events
            if e.name == "s2_set" and e["level"] == 2 and e["new"] & 3 == 1]


@pytest.mark.parametrize("cpu", ("max", "cortex-a57"))
def test_every_failed_creation_frees_its_root(houses, cpu):
    """Every s2_mmu_init has its s2_mmu_free, and some creations did fail."""
    result = scenario_house(houses, cpu).result("createleak")
    names = [e.name for e in result.trace().events]
    assert names.count("s2_mmu_init") == names.count("s2_mmu_free") > 0
    assert result.facts()["eintr"] > 0


@pytest.mark.parametrize("cpu", ("max", "cortex-a57"))
def test_failed_allocations_are_found_in_every_step(houses, cpu):
    result = scenario_house(houses, cpu).result("failnth")
    for step in ("create", "run", "log"):
        facts = result.facts("step=" + step)
        assert facts["sites"] > 5, (step, facts)


@pytest.mark.parametrize("cpu", CPUS)
def test_pages_really_went_to_swap_and_were_merged(houses, cpu):
    facts = scenario_house(houses, cpu).result("notifier-anon").facts()
    assert facts["paged_out_kb"] > 0 and facts["merged"] > 0, facts


@pytest.mark.parametrize("cpu", CPUS)
def test_what_is_mapped_ahead_counts_as_not_accessed(houses, cpu):
    """Where the hardware sets access flags; else the guest would stop for it."""
    trace = scenario_house(houses, cpu).result("prefault-thp").trace()
    ops = {(e["mmu"], e["op"]) for e in trace.events
           if e.name == "s2_op_begin" and e["reason"] == "prefault"}
    leaves = [e for e in trace.events if e.name == "s2_set" and
              (e["mmu"], e["op"]) in ops and not e["old"] & 1 and
              (e["level"] == 3 or not e["new"] & 2)]
    assert any(e["level"] == 2 for e in leaves)
    young = {bool(e["new"] & 1 << 10) for e in leaves}
    assert young == {cpu == "cortex-a57"}


def test_a_device_window_is_mapped_page_by_page(houses):
    trace = scenario_house(houses, "gicv2").result("gicv2").trace()
    ops = {e["op"] for e in trace.events
           if e.name == "s2_op_begin" and e["reason"] == "ioremap"}
    leaves = [e for e in trace.events if e.name == "s2_set" and
              e["op"] in ops and e["level"] == 3]
    assert {e["ipa"] for e in leaves} == {0x8010000, 0x8011000}
    # Device memory (MemAttr 0b00xx), execute-never.
    assert all(not e["new"] & 0x30 and e["new"] & 1 << 54 for e in leaves)
