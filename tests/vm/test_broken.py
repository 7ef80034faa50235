# SPDX-License-Identifier: GPL-2.0-only
"""
What the pressure suite is worth: a fault of stage-2 history is put back into a
copy of kernel/s2 (broken/FAULT.patch), that kernel is built and booted, and the
case which is about it must fail, for that reason. The same cases pass on the
kernel as it is. With --full: each fault is a build, incremental, of a minute or
two.
"""
import subprocess

import pytest

import house
import pressure
import s2trace

pytestmark = pytest.mark.full

# Fault: the case; what it says; the rule that the events break.
FAULTS = {
    "slot": ("delete", "writes reached memory that has no slot", "UNMAPALL"),
    "dirty": ("copy", "the copy lacks", None),
    "seq": ("fork", "in the child memory changed", None),
    "pin": ("faults", None, "PIN"),
    "free": ("balloonhuge", None, "FREE"),
}


@pytest.fixture(scope="session")
def broken(houses):
    """broken(fault): the result of its case on the kernel with that fault."""
    def get(fault):
        kernel, case = "broken-" + fault, FAULTS[fault][0]
        if kernel not in built:
            built[kernel] = subprocess.run(
                [house.ROOT / "scripts/kernel", kernel], capture_output=True,
                text=True, check=False)
        assert built[kernel].returncode == 0, built[kernel].stderr
        booted = houses(kernel, {case: pressure.command(case)}, kernel=kernel,
                        smp=4, events=False)
        return pressure.result(booted, case)

    built = {}
    return get


def rules(result):
    return {v.rule for v in s2trace.check(result.trace())}


def test_every_fault_has_its_case():
    patches = (house.ROOT / "tests/vm/broken").glob("*.patch")
    assert {p.stem for p in patches} == set(FAULTS)


@pytest.mark.parametrize("fault", [f for f in FAULTS if FAULTS[f][1]])
def test_the_case_fails_and_says_why(broken, fault):
    result = broken(fault)
    assert result.status != 0
    assert FAULTS[fault][1] in result.out, result.out


@pytest.mark.parametrize("fault", [f for f in FAULTS if FAULTS[f][2]])
def test_the_events_break_the_rule(broken, fault):
    assert FAULTS[fault][2] in rules(broken(fault))


@pytest.mark.parametrize("fault", FAULTS)
def test_without_the_fault_the_case_passes(houses, fault):
    cases = {case: pressure.command(case) for case, *_ in FAULTS.values()}
    booted = houses("broken-none", cases, smp=4, events=False)
    result = pressure.result(booted, FAULTS[fault][0])
    assert result.status == 0, result.out
    assert rules(result) == set()
