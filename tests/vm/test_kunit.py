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


@pytest.fixture(scope="module", params=CPUS)
def boot(request):
    image("s2")
    done = subprocess.run(
        [ROOT / "tests/vm/run", "--cpu", request.param, "--timeout", "120",
         "--append", "kunit.enable=1", "--", "dmesg"],
        capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cases():
    return re.findall(r"KUNIT_CASE\((\w+)\)", SOURCE.read_text())


def test_every_case_passes(boot):
    passed = re.findall(r"\]     ok \d+ (\w+)$", boot, re.M)
    assert cases() and passed == cases(), boot


def test_kernel_log_stays_silent(boot):
    assert not [l for l in boot.splitlines() if WARNINGS.search(l)]
