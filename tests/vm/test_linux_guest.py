# SPDX-License-Identifier: GPL-2.0-only
"""
A real Linux guest under a real VMM, Debian's QEMU, on each of the three CPUs:
it boots to its shell, works on its memory, answers and switches itself off;
the events of its whole life break no rule; neither kernel has anything to say.
"""
import pytest

from house import CPUS

SCENARIOS = {
    "one": "sh /repo/tests/guest/linux-guests fill",
    "two": "sh /repo/tests/guest/linux-guests touch idle",
}
CASES = [(cpu, "one") for cpu in CPUS] + [("max", "two")]


def guest_house(houses, cpu):
    wanted = {n: c for n, c in SCENARIOS.items() if (cpu, n) in CASES}
    return houses("linux-" + cpu, wanted, cpu=cpu)


@pytest.mark.parametrize("cpu, name", CASES)
def test_linux_guest_reaches_its_shell_and_leaves(houses, cpu, name):
    result = guest_house(houses, cpu).result(name)
    assert result.status == 0, result.out
    assert result.facts("linux-guests")["off"] == {"one": 1, "two": 2}[name]


@pytest.mark.parametrize("cpu, name", CASES)
def test_events_break_no_rule(houses, cpu, name):
    found = guest_house(houses, cpu).result(name).violations()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("cpu, name", CASES)
def test_kernel_log_stays_silent(houses, cpu, name):
    assert not guest_house(houses, cpu).result(name).warnings()


@pytest.mark.parametrize("cpu", CPUS)
def test_the_guest_has_the_geometry_of_2012(houses, cpu):
    """40-bit IPA: level-1 start, two concatenated root pages."""
    trace = guest_house(houses, cpu).result("one").trace()
    init = [e for e in trace.events if e.name == "s2_mmu_init" and
            e["ipa_bits"] == 40]
    assert init and all(e["start_level"] == 1 and e["root_pages"] == 2
                        for e in init)
