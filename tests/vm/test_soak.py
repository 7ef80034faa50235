# SPDX-License-Identifier: GPL-2.0-only
"""
50 VMs with two vCPUs each share fifteen VMIDs and eight CPUs, under everything
the scheduler can do to them. From the events: no VMID is shared while two VMs
run, nobody enters with VMID 0 or one of a dead generation, and a rollover
invalidates everything before a number is given out again. Twenty seconds in
`make check`, SOAK minutes (5) in `make check-full`.
"""
import os

import pytest

import soak
import s2trace
from test_s2trace import Life, begin_vms, flush, turn_generation, vmid

SHORT = 20
LONG = 60 * int(os.environ.get("SOAK", "5"))
RUNS = ["short", pytest.param("long", marks=pytest.mark.full)]


@pytest.fixture(scope="session")
def soaks(s2guest):
    done = {}

    def get(which):
        if which not in done:
            done[which] = soak.Soak("soak-" + which, SHORT if which == "short" else LONG)
        return done[which]

    return get


@pytest.mark.parametrize("which", RUNS)
def test_every_vm_sees_its_own_memory(soaks, which):
    s = soaks(which)
    assert s.status == 0, s.out[-3000:]
    assert s.facts()["wrong"] == 0


@pytest.mark.parametrize("which", RUNS)
def test_no_event_was_lost(soaks, which):
    assert not soaks(which).losses


@pytest.mark.parametrize("which", RUNS)
def test_the_events_break_no_rule(soaks, which):
    assert not soaks(which).judge.found


@pytest.mark.parametrize("which", RUNS)
def test_kernel_log_stays_silent(soaks, which):
    assert not soaks(which).warnings()


@pytest.mark.parametrize("which", RUNS)
def test_it_was_a_soak(soaks, which):
    """Every CPU and every number was used, and generations went by."""
    s = soaks(which)
    figures = s.judge.figures()
    print(soak.tell(figures), s.facts())
    assert figures["cpus"] == 8 and figures["numbers"] == 15
    assert figures["mmus"] >= {"short": 50}.get(which, 60)
    assert figures["most_reserved"] > 0
    assert figures["rollovers"] >= {"short": 10}.get(which, LONG // 10)
    facts = s.facts()
    for what in ("runs", "stays", "yields", "moves", "sleeps"):
        assert facts[what] > 0, what


# The judge itself: silent on a clean life, and every rule of it fires. ---------

def judged(life, cpus=8, bits=4, skip=None):
    """What the judge says about the VMID events of a life."""
    trace = s2trace.parse(life.lines(skip_seq=skip))
    judge = soak.Judge(cpus, bits)
    seq = {}
    for e in trace.events:
        if e.name in soak.EVENTS:
            # Who listens to some events only, counts only those.
            seq[e["mmu"]] = seq.get(e["mmu"], 0) + 1
            if skip is None:
                e["seq"] = seq[e["mmu"]]
            judge.event(e)
    judge.end()
    return {text.split(":")[0] for text in judge.found}


@pytest.fixture
def life():
    clean = Life()
    begin_vms(clean)
    turn_generation(clean)
    for mmu in (1, 2):
        clean.add(mmu, 0, "mmu_free", root_pa=0, tables_alloc=2, tables_freed=2,
                  tables_live=0)
    return clean


def test_the_judge_is_silent_on_a_clean_life(life):
    assert judged(life) == set()


BAD = {
    "two MMUs share a VMID":
        ("VMIDX", lambda l: l.edit("vmid_load", new={"vmid": 1}, cpu=1)),
    "VMID 0 is loaded":
        ("VMIDX", lambda l: l.edit("vmid_load", new={"vmid": 0})),
    "an old generation is loaded":
        ("VMIDX", lambda l: l.edit("vmid_load", 2, new={"generation": 1})),
    "one VM runs under two numbers": ("VMIDX", lambda l: l.steps.insert(
        l.find("vmid_load", cpu=1) + 1, [1, 2, "s2_vmid_load", dict(
            vmid=7, generation=1, cpu=2, vcpu=1)])),
    "a rollover invalidates nothing":
        ("VMIDG", lambda l: l.drop("flush", scope="all")),
    "a rollover leaves a generation out":
        ("VMIDG", lambda l: l.edit("vmid_rollover", new={"old_generation": 0})),
    "a rollover reserves more than there are CPUs":
        ("VMIDG", lambda l: l.edit("vmid_rollover", new={"reserved": 9})),
    "there are more numbers than four bits have":
        ("VMIDG", lambda l: l.edit("vmid_rollover", new={"in_use": 16})),
    "an MMU is not freed": ("LEAK", lambda l: l.drop("mmu_free")),
    "nothing happens": ("LOST", lambda l: l.steps.clear()),
}


@pytest.mark.parametrize("fault", BAD)
def test_the_judge_notices_when(life, fault):
    rule, break_it = BAD[fault]
    break_it(life)
    assert rule in judged(life)


def test_the_judge_notices_a_missing_event(life):
    assert "LOST" in judged(life, skip=3)


def test_numbers_taken_at_once_may_be_told_in_either_order():
    order = soak.Order()
    for seq in (2, 1, 3, 5, 4):
        order.take(seq)
    assert order.complete() and order.next == 6
