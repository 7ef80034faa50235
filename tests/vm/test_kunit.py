# SPDX-License-Identifier: GPL-2.0-only
"""
The kernel's own KUnit suite of the stage-2 MMU (kernel/s2/mmu_test.c): what no
user space can provoke. Each case it names must have passed, and none be skipped.
"""
import re
import subprocess

import pytest

from house import CPUS, ROOT, WARNINGS, image

SOURCE = ROOT / "kernel/s2/mmu_test.c"
SHOW = "cat /sys/kernel/debug/kunit/kvm_arm64_s2/results; echo ===; dmesg"


@pytest.fixture(scope="module", params=CPUS)
def boot(request):
    image("s2")
    done = subprocess.run(
        [ROOT / "tests/vm/run", "--cpu", request.param, "--timeout", "120",
         "--append", "kunit.enable=1", "--", "sh", "-c", SHOW],
        capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
    results, log = done.stdout.split("===\n", 1)
    return results, log


def cases():
    return re.findall(r"KUNIT_CASE\((\w+)\)", SOURCE.read_text())


def test_every_case_passes(boot):
    results, _ = boot
    passed = re.findall(r"^ +ok \d+ (\w+)$", results, re.M)
    assert cases() and passed == cases(), results


def test_kernel_log_stays_silent(boot):
    _, log = boot
    assert not [l for l in log.splitlines() if WARNINGS.search(l)]
