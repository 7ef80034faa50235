# SPDX-License-Identifier: GPL-2.0-only
"""
Concurrency and pressure, on the three CPUs: eight vCPUs work on memory to which
the host does one thing again and again. For each case: every word is right, as
guest and host see it; the thing did happen; no table is left behind; the events
break no rule; the kernel log stays silent. With --full every case on every
CPU, ten times as long and with other dice.
"""
import pytest

import pressure
from house import CPUS
from pressure import CASES

# In `make check` each CPU shows what is its own: nVHE, no range TLBI.
ONLY = {
    "neoverse-n1": ("faultshuge", "balloonhuge", "huge", "log", "copy", "move"),
    "cortex-a57": ("faults", "protect", "merge", "fork", "copy", "delete", "killed"),
}
SHORT = [(cpu, case, "short") for cpu in CPUS for case in ONLY.get(cpu, CASES)]
LONG = [pytest.param(cpu, case, "long", marks=pytest.mark.full)
        for cpu in CPUS for case in CASES]
RUNS = SHORT + LONG


def booted(houses, cpu, length):
    """The list of the cases is one of the scenarios: see the last test."""
    name = "pressure-%s-%s" % (length, cpu)
    options = "--times 10 --seed 7" if length == "long" else ""
    cases = CASES if length == "long" else ONLY.get(cpu, CASES)
    scenarios = {case: pressure.command(case, options) for case in cases}
    scenarios["list"] = "s2guest pressure"
    return houses(name, scenarios, cpu=cpu, smp=4, events=False,
                  limit=3600 if length == "long" else 400,
                  timeout=36000 if length == "long" else 3600)


def result(houses, cpu, case, length):
    return pressure.result(booted(houses, cpu, length), case)


@pytest.mark.parametrize("cpu, case, length", RUNS)
def test_every_word_is_right(houses, cpu, case, length):
    r = result(houses, cpu, case, length)
    assert r.status == 0, r.out


@pytest.mark.parametrize("cpu, case, length", RUNS)
def test_events_break_no_rule(houses, cpu, case, length):
    found = result(houses, cpu, case, length).violations()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("cpu, case, length", RUNS)
def test_kernel_log_stays_silent(houses, cpu, case, length):
    assert not result(houses, cpu, case, length).warnings()


def test_no_case_is_forgotten(houses):
    listed = booted(houses, "max", "short").result("list").out.splitlines()
    assert [line.split()[0] for line in listed] == list(CASES)
