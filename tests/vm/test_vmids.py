# SPDX-License-Identifier: GPL-2.0-only
"""
VMIDs, forced down to four bits so that fifteen must do: 300 VMs one after
another, and 40 alive at once run from threads on every CPU. The markers in the
guests' memory are a symptom only; the verdict is the events'.
"""
import pytest

from house import CPUS

SCENARIOS = {
    "sequential": "s2guest vmids --sequential 300",
    "alive": "s2guest vmids --alive 40 --rounds 25",
    "crowded": "s2guest vmids --alive 40 --rounds 10 --threads 8",
}


# All events of a short one; test_soak.py judges those about VMIDs of a long one.
SOAK = {"soak": "s2guest soak --vms 20 --vcpus 2 --seconds 10"}
CASES = [(cpu, n) for cpu in CPUS for n in SCENARIOS] + [("max", "soak")]


def vmid_house(houses, cpu):
    wanted = dict(SCENARIOS, **(SOAK if cpu == "max" else {}))
    return houses("vmids-" + cpu, wanted, cpu=cpu, smp={"max": 4}.get(cpu, 2),
                  append="kvm-arm.vmid_bits=4")


def count(trace, name):
    return sum(e.name == name for e in trace.events)


@pytest.mark.parametrize("cpu, name", CASES)
def test_every_vm_sees_its_own_memory(houses, cpu, name):
    result = vmid_house(houses, cpu).result(name)
    assert result.status == 0, result.out
    assert result.facts()["wrong"] == 0


@pytest.mark.parametrize("cpu, name", CASES)
def test_events_show_no_shared_vmid(houses, cpu, name):
    found = vmid_house(houses, cpu).result(name).violations()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("cpu, name", CASES)
def test_kernel_log_stays_silent(houses, cpu, name):
    assert not vmid_house(houses, cpu).result(name).warnings()


@pytest.mark.parametrize("cpu", CPUS)
def test_four_bits_are_used_up_and_never_exceeded(houses, cpu):
    for name in SCENARIOS:
        trace = vmid_house(houses, cpu).result(name).trace()
        numbers = {e["vmid"] for e in trace.events if e.name == "s2_vmid_load"}
        assert numbers <= set(range(1, 16)), name
        assert len(numbers) == 15, name


@pytest.mark.parametrize("cpu", CPUS)
def test_300_vms_take_at_least_19_generations(houses, cpu):
    trace = vmid_house(houses, cpu).result("sequential").trace()
    assert count(trace, "s2_mmu_init") == count(trace, "s2_mmu_free") == 300
    assert count(trace, "s2_vmid_assign") >= 300
    assert count(trace, "s2_vmid_rollover") >= 19


@pytest.mark.parametrize("cpu", CPUS)
def test_40_vms_at_once_roll_over_many_times(houses, cpu):
    for name in ("alive", "crowded"):
        trace = vmid_house(houses, cpu).result(name).trace()
        assert count(trace, "s2_mmu_init") == 40
        assert count(trace, "s2_vmid_rollover") >= 20, name


@pytest.mark.parametrize("cpu", CPUS)
def test_vmids_are_handed_out_consecutively(houses, cpu):
    """Within a generation numbers only rise; what is kept was reserved."""
    last, generation = 0, None
    for e in vmid_house(houses, cpu).result("sequential").trace().events:
        if e.name != "s2_vmid_assign" or e["vmid"] == e["old_vmid"]:
            continue
        if e["generation"] != generation:
            last, generation = 0, e["generation"]
        assert e["vmid"] > last, e
        last = e["vmid"]
