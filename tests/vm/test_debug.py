# SPDX-License-Identifier: GPL-2.0-only
"""
The scenarios on kernels that look for mistakes while they run (--full only):
KASAN, lockdep, DEBUG_VM, page table check, KFENCE and kmemleak in one build,
KCSAN in another. The scenarios hold and the kernel log stays empty.
"""
import pytest

import races
import test_scenarios
from house import BUILD, WARNINGS

pytestmark = pytest.mark.full

# Single allocation failures by the thousand, or VMs by the thousand, are slow
# under KASAN and belong to the ordinary kernel.
LEAVE = ("touch-dense", "failnth")
SCENARIOS = {n: c for n, c in test_scenarios.SCENARIOS.items() if n not in LEAVE}
SCENARIOS["createleak"] = "s2guest createleak --expect-none --times 50"
SCENARIOS["linux"] = "sh /repo/tests/guest/linux-guests fill touch"
DEBUG = dict(SCENARIOS, kmemleak="sh /repo/tests/guest/kmemleak")


def debug_house(houses, kernel):
    return houses("debug-" + kernel, DEBUG if kernel == "debug" else SCENARIOS,
                  kernel=kernel, events=False, timeout=7200, limit=1800,
                  mem="4G", append="log_buf_len=8M")


CASES = [("debug", n) for n in DEBUG] + [("kcsan", n) for n in SCENARIOS]


@pytest.mark.parametrize("kernel, name", CASES)
def test_scenario_holds(houses, kernel, name):
    result = debug_house(houses, kernel).result(name)
    assert result.status == 0, result.out


@pytest.mark.parametrize("name", DEBUG)
def test_kernel_log_stays_silent(houses, name):
    assert not debug_house(houses, "debug").result(name).warnings()


def test_debug_host_boots_without_a_warning(houses):
    booted = debug_house(houses, "debug")
    assert booted.status == 0, booted.output[-2000:]
    assert not booted.boot_warnings()


def test_debug_kernel_really_looks():
    """The options that make a mistake visible are in the built kernel."""
    config = (BUILD / "kernel-debug/.config").read_text().split("\n")
    for option in ("KASAN", "PROVE_LOCKING", "DEBUG_ATOMIC_SLEEP", "DEBUG_VM",
                   "PAGE_TABLE_CHECK_ENFORCED", "KFENCE", "DEBUG_KMEMLEAK"):
        assert "CONFIG_%s=y" % option in config, option


def test_no_race_in_the_stage_2_mmu(houses):
    """KCSAN watches all the time; it must have seen something to be believed."""
    booted = debug_house(houses, "kcsan")
    log = (booted.path / "boot.dmesg").read_text(errors="replace").splitlines()
    own = races.own_functions(BUILD / "kernel-kcsan")
    ours, others = races.split(log, own)
    assert [l for l in log if "kcsan: enabled" in l], "KCSAN is not on"
    print("races elsewhere: %d, in %s" % (len(others), ", ".join(sorted(set(others)))))
    assert not ours, "\n\n".join(ours[:5])
    assert not [l for l in log if WARNINGS.search(l) and "KCSAN" not in l]
