# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat record under real load in the emulated host: what is recorded is what
others counted, a loss is never a pass, a recording that begins late or ends badly
says so, and every verb that reads recordings agrees (tests/guest/record-cases).
"""
import collections
import functools
import json
import shutil
import subprocess

import pytest

import s2trace
import verdicts
from house import RESULTS, ROOT, WARNINGS, image

WHOLE = ("counted", "storm", "many", "late", "stays", "busy")
SHORT = {"small": 5, "rate": 5, "size": 5}


@pytest.fixture(scope="module")
def cases(s2guest, s2stat):
    image("s2")
    path = RESULTS / "record"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    done = subprocess.run(
        [ROOT / "tests/vm/run", "--timeout", "1800", "--share", path, "--dmesg",
         path / "dmesg", "--", "sh", "/repo/tests/guest/record-cases", "/share"],
        capture_output=True, text=True, errors="replace", check=False)
    (path / "run.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0 and "all cases ran" in done.stdout, \
        (done.stdout + done.stderr)[-3000:]
    return path


def number(path, name, what):
    return int((path / ("%s.%s" % (name, what))).read_text())


def said(path, name):
    """record's own object, the last line of its output that is JSON."""
    lines = [l for l in (path / (name + ".out")).read_text().splitlines()
             if l.startswith("{")]
    return json.loads(lines[-1])


@functools.cache
def reported(path, name):
    """What s2stat report makes of it, and its status."""
    done = subprocess.run(
        [verdicts.S2STAT, "report", path / (name + ".s2"), "--json", "--no-check"],
        capture_output=True, text=True, check=False)
    return json.loads(done.stdout), done.returncode


def report(path, name):
    return reported(path, name)[0]


@functools.cache
def counts(path, name):
    """How many events of each kind convert gives."""
    done = subprocess.run(
        [verdicts.S2STAT, "convert", path / (name + ".s2"), "--to", "json"],
        capture_output=True, text=True, check=False)
    lines = map(json.loads, done.stdout.splitlines())
    return collections.Counter(l["event"] for l in lines if l["type"] == "event")


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_is_missing(cases, name):
    assert number(cases, name, "rc") == 0, (cases / (name + ".err")).read_text()
    assert said(cases, name)["lost"] == 0
    assert report(cases, name)["complete"] and reported(cases, name)[1] == 0
    assert not verdicts.judge(cases / (name + ".s2")).objections(at_least=100)
    assert said(cases, name)["events"] == sum(counts(cases, name).values())


def told_by_mmu(trace):
    """(mmu, seq) -> the event; each number once."""
    told = {(e["mmu"], e["seq"]): (e.name, e.on_cpu, dict(e)) for e in trace.events}
    assert len(told) == len(trace.events) > 1000
    return told


def test_tracefs_tells_the_same_word_for_word(cases):
    """Every event, every field: what is judged is what the kernel told."""
    with (cases / "counted.trace").open() as f:
        trace = s2trace.parse(f)
    assert not trace.losses
    recorded = verdicts.read(cases / "counted.s2")
    assert not recorded.losses
    assert told_by_mmu(recorded) == told_by_mmu(trace)
    # And in the same order, but for those who spoke at once.
    assert not s2trace.check(recorded) and not s2trace.check(trace)


def test_as_fast_as_it_can_it_is_whole_or_says_so(cases):
    rc, lost = number(cases, "fast", "rc"), said(cases, "fast")["lost"]
    assert (rc, lost > 0) in ((0, False), (5, True))
    assert report(cases, "fast")["lost"] == lost


@pytest.mark.parametrize("name", SHORT)
def test_a_loss_is_never_a_pass(cases, name):
    assert number(cases, name, "rc") == SHORT[name]
    assert reported(cases, name)[1] == 5
    assert verdicts.judge(cases / (name + ".s2")).status == 5
    assert not report(cases, name)["complete"]


def test_a_full_ring_is_told_event_by_event(cases):
    lost = said(cases, "small")["lost"]
    assert lost > 0 and report(cases, "small")["lost"] == lost
    assert counts(cases, "small")["lost"] > 0


def test_a_bounded_file_is_bounded(cases):
    assert said(cases, "size")["reason"] == "size"
    assert (cases / "size.s2").stat().st_size <= 65536


@pytest.mark.parametrize("name,status", [
    ("status", 7), ("killed", 137), ("nocommand", 127), ("told", 143)])
def test_the_commands_status_is_passed_on(cases, name, status):
    assert number(cases, name, "rc") == status
    assert said(cases, name)["status"] == status


def test_a_late_recording_begins_with_what_is_there(cases):
    walked = sum('"type":"entry"' in l
                 for l in (cases / "late.walk").read_text().splitlines())
    assert counts(cases, "late")["snap_entry"] == walked > 8192
    assert counts(cases, "late")["s2_mmu_free"] == 1
    assert not report(cases, "late")["contexts"][0]["begins"]


def test_who_is_alive_at_the_end_is_told(cases):
    for name in ("stays", "busy"):
        assert counts(cases, name)["stream_end"] == 1


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_a_signal_ends_it_cleanly(cases, name):
    assert number(cases, name, "rc") == 0
    assert report(cases, name)["reason"] == "signal" and report(cases, name)["complete"]


def test_a_recorder_that_is_killed_leaves_what_it_wrote(cases):
    assert number(cases, "cut", "rc") == 137
    assert report(cases, "cut")["reason"] == "none"
    assert report(cases, "cut")["events"] > 10000
    assert reported(cases, "cut")[1] == 5


def test_a_full_disk_is_an_error_and_leaves_whole_blocks(cases):
    assert number(cases, "full", "rc") == 3
    assert "No space left" in (cases / "full.err").read_text()
    assert report(cases, "full")["events"] > 1000
    assert reported(cases, "full")[1] == 5


def test_what_is_there_stays(cases):
    assert number(cases, "there", "rc") == 3
    assert "--force" in (cases / "there.err").read_text()


def test_without_rights_it_is_one_sentence_and_no_file(cases):
    assert number(cases, "rights", "rc") == 3
    assert len((cases / "rights.err").read_text().splitlines()) == 1
    assert (cases / "rights.left").read_text() == ""


def test_nothing_is_left_beside_and_the_kernel_is_silent(cases):
    left = (cases / "left").read_text().splitlines()
    assert not [name for name in left if ".s2." in name], left
    assert not [l for l in (cases / "dmesg").read_text().splitlines()
                if WARNINGS.search(l)]
