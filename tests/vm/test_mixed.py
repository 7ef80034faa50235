# SPDX-License-Identifier: GPL-2.0-only
"""
All kinds of VMs at once under s2stat check, with four VMID bits, for MIXED
minutes (30; --full): no finding, no loss. How much that was is in
build/test-vm/mixed/mixed.out and mixed.guest.
"""
import os

import pytest

import verdicts

pytestmark = pytest.mark.full
MINUTES = float(os.environ.get("MIXED", "30"))
SECONDS = int(60 * MINUTES)
KINDS = 13


@pytest.fixture
def mixed(houses):
    command = "s2stat check --json -- sh -c 'sh /repo/tests/guest/mixed %d " \
              ">/share/mixed.guest 2>&1'" % SECONDS
    return houses("mixed", {"mixed": command}, events=False, mem="3G",
                  append="kvm-arm.vmid_bits=4", limit=3 * SECONDS + 1800,
                  timeout=4 * SECONDS + 3600)


def test_mixed_load_breaks_nothing_and_nothing_is_lost(mixed):
    result = mixed.result("mixed")
    judged = verdicts.Verdict(result.out, result.status)
    assert not judged.objections(at_least=10000)
    print("%(events)d events of %(mmus)d MMUs" % judged.end)


def test_each_kind_of_load_was_there(mixed):
    lines = mixed.result("mixed").file("guest").read_text().splitlines()
    runs = [line for line in lines if line.startswith("mixed runs=")]
    print("\n".join(runs))
    assert len(runs) == KINDS and not [l for l in lines if l.startswith("FAIL")]


def test_kernel_log_stays_silent(mixed):
    assert not mixed.result("mixed").warnings()
