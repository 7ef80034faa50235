# SPDX-License-Identifier: GPL-2.0-only
"""
KVM's own selftests on our kernel, the quick selection held against what upstream
was recorded to do (with --full: all of it, side by side with upstream); and that
the verdict of tests/vm/selftests is not blind: each thing that must be found is
put in front of it.
"""
import subprocess
import threading
from types import SimpleNamespace

import pytest

import selftest_house
import selftest_results
import selftest_rows
from house import CPUS, ROOT, image
from selftest_results import complaints, regressions, status, unsteady


def run(*args):
    return subprocess.run([ROOT / "tests/vm/selftests", *args], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def programs():
    made = subprocess.run([ROOT / "scripts/selftests"], capture_output=True, text=True,
                          check=False)
    assert made.returncode == 0, made.stderr
    return (selftest_house.DIR / "programs").read_text().split()


def test_quick_selection_does_on_ours_what_it_does_on_upstream(programs):
    image("s2")
    done = run("--expect", "--select", "quick", "--again")
    assert done.returncode == 0, done.stdout
    for cpu in CPUS:
        assert "%s  kvm_page_table_test" % cpu in done.stdout


@pytest.mark.full
def test_everything_does_on_ours_what_it_does_on_upstream(programs):
    image("s2"), image("upstream")
    done = run("--select", "full")
    assert done.returncode == 0, done.stdout


def test_every_program_of_the_source_has_a_line(programs):
    selftest_rows.check_programs(selftest_rows.table(), programs)
    with pytest.raises(selftest_rows.RowsError, match="no line in .* for brand_new_test"):
        selftest_rows.check_programs(selftest_rows.table(), programs + ["brand_new_test"])
    with pytest.raises(selftest_rows.RowsError, match="not built: %s" % programs[0]):
        selftest_rows.check_programs(selftest_rows.table(), programs[1:])


def test_a_row_that_takes_the_host_down_is_found():
    """And what comes after it is left for the next boot."""
    study = SimpleNamespace(kernel="s2", cpu="max", image=image("s2"))
    ended = []
    with selftest_house.alone("test-died", threading.Semaphore(1)):
        boot = selftest_house.Boot(
            study.kernel, study.cpu, study.image, selftest_house.DIR / "run/test-died",
            {"before": "true", "panic": "echo c >/proc/sysrq-trigger", "after": "true"}, 60)
        left = boot.follow({"before": 60, "panic": 60, "after": 60}, ended.append)
    assert ended == ["before"] and left == ["panic", "after"] and boot.began("panic")
    assert "panicked: Kernel panic - not syncing: sysrq" in boot.last_words()


# The verdict, without a house.

HELP = """usage: x [-m mode]
     Guest mode IDs:
         0:    PA-bits:52,  VA-bits:48,  4K pages
         6:    PA-bits:40,  VA-bits:48,  4K pages (supported)
         12:    PA-bits:36,  VA-bits:48,  4K pages (supported)
 -s: specify the type of memory that should be used to
     Available backing src types:
         anonymous
         anonymous_hugetlb_16kb
         anonymous_hugetlb_1gb
         shmem

 -v: specify the number of vCPUs to run.
"""


def row(text="t -m 6"):
    return SimpleNamespace(text=text, program=text.split()[0])


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """(ours, upstream), to which results can be added."""
    monkeypatch.setattr(selftest_results, "DIR", tmp_path)
    both = []
    for kernel in ("s2", "upstream"):
        path = tmp_path / kernel
        path.write_text(kernel)
        both.append(selftest_results.Study(kernel, "max", path, {"t": "hash"}))
    return both


def add(study, what, text="t -m 6", **more):
    study.add(row(text), dict({"status": what, "seconds": 1, "rc": 0, "reason": "",
                               "warnings": [], "tables_kb": 0}, **more))


@pytest.mark.parametrize("ours, upstream, bad", [
    ("pass", "pass", False), ("skip", "skip", False), ("fail", "fail", False),
    ("timeout", "timeout", False), ("pass", "fail", False), ("pass", "skip", False),
    ("fail", "pass", True), ("skip", "pass", True), ("timeout", "pass", True),
    ("died", "pass", True), ("fail", "skip", True), ("died", "skip", True)])
def test_worse_than_upstream_is_bad(studies, ours, upstream, bad):
    add(studies[0], ours)
    add(studies[1], upstream)
    assert bool(regressions([row()], *studies)) is bad


def test_a_dead_host_is_bad_even_where_upstream_fails(studies):
    add(studies[0], "died")
    add(studies[1], "fail")
    assert regressions([row()], *studies)


def test_a_warning_and_a_leak_are_bad_even_in_a_row_that_passes(studies):
    add(studies[1], "pass")
    add(studies[0], "pass", warnings=["WARNING: CPU: 0"])
    assert complaints(studies[0], row()) == ["kernel log: WARNING: CPU: 0"]
    assert regressions([row()], *studies)
    add(studies[0], "pass", text="t", tables_kb=4)
    assert complaints(studies[0], row("t")) == ["4 kB of stage-2 tables left behind"]


def test_the_best_attempt_counts_and_the_others_are_told(studies):
    add(studies[0], "timeout")
    add(studies[0], "pass")
    add(studies[1], "pass")
    assert not regressions([row()], *studies)
    assert [seen for _, seen in unsteady([row()], studies[0])] == ["1 × timeout, 1 × pass"]


def test_results_of_another_program_or_image_do_not_count(studies, tmp_path):
    add(studies[0], "pass")
    again = selftest_results.Study("s2", "max", tmp_path / "s2", {"t": "hash"})
    assert status(again.best(row())) == "pass"
    other = selftest_results.Study("s2", "max", tmp_path / "s2", {"t": "another"})
    assert status(other.best(row())) == "not run"
    (tmp_path / "s2").write_text("rebuilt")
    rebuilt = selftest_results.Study("s2", "max", tmp_path / "s2", {"t": "hash"})
    assert status(rebuilt.best(row())) == "not run"


def test_help_says_what_is_offered():
    offer = selftest_rows.offered(HELP)
    assert offer["mode"] == ["6", "12"]
    assert offer["memory"] == ["anonymous", "anonymous_hugetlb_16kb",
                               "anonymous_hugetlb_1gb", "shmem"]
    assert selftest_rows.available(offer["memory"], [64, 2048]) == ["anonymous", "shmem"]


def test_rows_are_all_combinations_and_quick_is_a_part():
    lines = [selftest_rows.Line("q 60 t -b {size} -v {vcpus} -m {mode|6} -s {memory|shmem}")]
    offers = {"t": {"mode": ["6", "12"], "memory": ["anonymous_hugetlb_1gb", "shmem"]}}
    rows = selftest_rows.expand(lines, offers)
    assert {r.text for r in rows} == {
        "t -b 16M -v 2 -m 6 -s shmem", "t -b 16M -v 2 -m 12 -s shmem",
        "t -b 1G -v 1 -m 6 -s anonymous_hugetlb_1gb",
        "t -b 1G -v 1 -m 12 -s anonymous_hugetlb_1gb"}
    assert [r.text for r in selftest_rows.select(rows, ["quick"])] == [
        "t -b 16M -v 2 -m 6 -s shmem"]
    offers["t"]["mode"] = ["12"]
    with pytest.raises(selftest_rows.RowsError, match="nothing of this line is left"):
        selftest_rows.expand(lines, offers)
    offers["t"]["mode"] = []
    with pytest.raises(selftest_rows.RowsError, match="does not say which {mode}"):
        selftest_rows.expand(lines, offers)


@pytest.mark.parametrize("text, what, expected", [
    ("Random seed: 0x6b\n1..0 # SKIP - Requirement not met: cap\n", "skip",
     "Requirement not met: cap"),
    ("==== Test Assertion Failure ====\n  a/b.c:7: x == y\n  pid=1 tid=1 errno=9 - Bad\n"
     "sh: addr2line: not found\n  1 != 2 (x != y)\n", "fail", "a/b.c:7: x == y; 1 != 2 (x != y)"),
    ("Log mode 'dirty-ring' not supported, skipping test\nfine\n", "pass",
     "Log mode 'dirty-ring' not supported, skipping test"),
    ("", "fail", "it does not say")])
def test_the_reason_is_the_programs_own(text, what, expected):
    assert selftest_house.reason(text, what) == expected
