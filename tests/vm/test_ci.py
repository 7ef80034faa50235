# SPDX-License-Identifier: GPL-2.0-only
"""
The examples of docs/ci.md do what they say: git bisect finds the commit that
brought a leak in, and passes over one that proves nothing; the kselftest wrapper
writes KTAP, and takes neither verdict for the other.
"""
import re
import subprocess

import pytest

import verdicts
from house import ROOT
from test_check import check_house, ktap

CI = ROOT / "docs/ci"


def bisect_run(build, check):
    return subprocess.run([CI / "bisect-run", build, check], check=False,
                          capture_output=True, text=True).returncode


@pytest.mark.parametrize("check, told", [
    (0, 0), (1, 1), (2, 125), (3, 125), (4, 125), (5, 125), (7, 125), (124, 125),
    (137, 125)])
def test_git_is_told(check, told):
    assert bisect_run("true", "exit %d" % check) == told


def test_what_does_not_build_is_passed_over():
    assert bisect_run("exit 1", "exit 0") == 125


def test_a_mistake_ends_the_search():
    assert subprocess.run([CI / "bisect-run", "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 128


def git(where, *words):
    return subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *words],
        cwd=where, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def recordings(houses, spoil):
    """What a test of each of seven kernels left: the fifth began to leak."""
    good = check_house(houses, "max").path / "good.s2"
    lossy = check_house(houses, "max").path / "lossy.s2"
    leaks = spoil(good, "drop s2_table_free 2")
    return [good, good, lossy, good, leaks, leaks, leaks]


def test_bisect_finds_the_commit_that_began_to_leak(recordings, tmp_path):
    git(tmp_path, "init", "-q")
    commits = []
    for n, recording in enumerate(recordings):
        (tmp_path / "test").write_text("cp %s run.s2 # %d\n" % (recording, n))
        git(tmp_path, "add", "test")
        git(tmp_path, "commit", "-q", "-m", "kernel %d" % n)
        commits.append(git(tmp_path, "rev-parse", "HEAD").strip())
    git(tmp_path, "bisect", "start", commits[-1], commits[0])
    said = git(tmp_path, "bisect", "run", CI / "bisect-run", "sh test",
               "%s check --only LEAK run.s2" % verdicts.S2STAT)
    assert "%s is the first bad commit" % commits[4] in said, said


def outer(text):
    """The result lines of the wrapper, and of each program its subtests."""
    lines = text.splitlines()
    top = [l for l in lines if not l.startswith("  ")]
    nested = "\n".join(l[2:] for l in lines if l.startswith("  "))
    return top, ["KTAP version 1" + part
                 for part in nested.split("KTAP version 1")[1:]]


def test_kselftest_wrapper_passes_and_its_subtests_are_the_invariants(houses):
    result = check_house(houses, "max").result("kselftest-good")
    top, nested = outer(result.out)
    assert result.status == 0 and ktap("\n".join(top)) == {
        "s2guest_touch": "ok", "s2guest_touch_--mb_1_exit_4": "skip"}, result.out
    assert all(set(ktap(text).values()) == {"ok"} for text in nested)
    assert len(nested) == 2


def test_kselftest_wrapper_fails_by_either_verdict(houses):
    """The program's own status, and a rule that the run breaks."""
    result = check_house(houses, "max").result("kselftest-fails")
    top, _ = outer(result.out)
    assert result.status == 1 and ktap("\n".join(top)) == {
        "s2guest_touch_--mb_1_exit_9": "not ok"}
    result = check_house(houses, "max").result("kselftest-bad")
    top, nested = outer(result.out)
    assert result.status == 1 and set(ktap("\n".join(top)).values()) == {"not ok"}
    assert ktap(nested[0])["never_set"] == "not ok"


def test_the_examples_use_what_there_is():
    """Each s2stat verb, option and make target in docs/ci exists."""
    text = "\n".join(p.read_text() for p in [ROOT / "docs/ci.md", *CI.iterdir()])
    for verb in set(re.findall(r"\bs2stat (record|check|report|convert|[a-z]+) -", text)):
        known = subprocess.run([verdicts.S2STAT, verb, "--help"], check=True,
                               capture_output=True, text=True).stdout
        for line in re.findall(r"\bs2stat %s ([^\n]*)" % verb, text):
            for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", line.split(" -- ")[0]):
                assert option in known, (verb, option)
    makefile = (ROOT / "Makefile").read_text()
    for target in re.search(r"make -C s2stat ([a-z0-9 -]+)", text)[1].split():
        assert re.search(r"^[^#\n]*\b%s\b.*:" % re.escape(target), makefile, re.M), target
