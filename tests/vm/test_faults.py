# SPDX-License-Identifier: GPL-2.0-only
"""
The fault corpus, live: each fault of stage-2 history that can be put back is
switched on for one VM of the inject kernel, provoked, and must be found by
`s2stat check` as it happens, by name, in that VM and no other, at its memory.
The same without the fault is silent. tests/faults says what is done.
"""
import json
import re
import shutil
import subprocess
import sys

import pytest

from house import BUILD, RESULTS, ROOT, WARNINGS, image

sys.path.insert(0, str(ROOT / "tests/faults"))
import corpus as corpus_files  # noqa: E402

CORPUS = corpus_files.Corpus()
SYSTEM_MAP = BUILD / "kernel-s2/System.map"


class Run:
    """What one case left behind."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.status = int(self.text("rc"))
        self.lines = [json.loads(l) for l in self.text("json").splitlines()
                      if l.startswith("{")]
        point = re.search(r"happened=(\d+) last=(\d+)", self.text("point"))
        self.happened, self.mmu = map(int, point.groups()) if point else (0, 0)

    def text(self, suffix):
        path = self.path / ("%s.%s" % (self.name, suffix))
        assert path.exists(), "the host fell before or in %s, see %s" % (
            self.name, self.path.relative_to(ROOT))
        return path.read_text(errors="replace")

    def verdict(self):
        assert self.lines and self.lines[-1]["type"] == "verdict", (
            self.text("err") + self.text("json")[-500:])
        return self.lines[-1]

    def findings(self):
        return [l for l in self.lines if l["type"] == "finding"]

    def says(self):
        return "\n".join("%s of mmu %d at %#x: %s" % (
            f["invariant"], f["mmu"], f.get("ipa", 0), f["what"])
            for f in self.findings()) + self.text("err")


class FaultHouse:
    """One boot of the inject kernel, with the cases of a house."""

    def __init__(self, name, wanted):
        options = CORPUS.houses[name]
        self.path = RESULTS / ("faults-" + name)
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        image("inject")
        lines = [c.clean_line() for n, c in CORPUS.cleans(name).items()
                 if wanted(n)]
        lines += [c.line() for c in CORPUS.cases
                  if c.house == name and wanted(c.point)]
        (self.path / "list").write_text("".join(lines))
        done = subprocess.run(
            [ROOT / "tests/vm/run", "--kernel", "inject", "--cpu",
             options["cpu"], "--gic", str(options.get("gic", 3)), "--append",
             options.get("append", ""), "--timeout", "1500", "--share",
             self.path, "--console", self.path / "console.log", "--", "sh",
             "-c", "sh /repo/tests/faults/run /share </share/list"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        (self.path / "run.log").write_text(done.stdout)

    def run(self, name):
        return Run(self.path, name)


@pytest.fixture(scope="session")
def fault_houses(s2guest, request):
    booted = {}
    tests = {i.name for i in request.session.items}

    def wanted(name):
        """Is it selected? The table wants all."""
        return (any(name in t for t in tests) or
                any(t.startswith("test_the_table") for t in tests))

    def get(name):
        if name not in booted:
            booted[name] = FaultHouse(name, wanted)
        return booted[name]

    return get


def test_every_row_of_history_is_put_back_or_explained():
    put_back = {i for c in CORPUS.cases for i in c.ids}
    rows = {r.id for r in CORPUS.rows}
    assert put_back | set(CORPUS.explained) == rows
    assert not put_back & set(CORPUS.explained)


def test_every_point_of_the_kernel_has_a_case():
    assert {c.point for c in CORPUS.cases} == set(CORPUS.points)


def test_the_normal_kernel_has_no_fault_in_it():
    """Not one symbol of inject.c, and not its configuration."""
    symbols = SYSTEM_MAP.read_text()
    assert "s2_op_begin" in symbols
    assert not re.findall(r"\w*s2_inject\w*", symbols)
    config = (BUILD / "kernel-s2/.config").read_text()
    assert "CONFIG_KVM_ARM64_S2=y" in config
    assert not re.search(r"^CONFIG_KVM_ARM64_S2_INJECT=", config, re.M)


def accused(case, run):
    """What is found in the VM with the fault, or in those that share it."""
    return [f for f in run.findings() if case.others or f["mmu"] == run.mmu]


CLEANS = [(h, n) for h in CORPUS.houses for n in CORPUS.cleans(h)]


@pytest.mark.parametrize("house,name", CLEANS,
                         ids=["%s-%s" % c for c in CLEANS])
def test_without_its_fault_an_act_is_silent(fault_houses, house, name):
    run = fault_houses(house).run(name)
    verdict = run.verdict()
    assert verdict["verdict"] == "holds" and run.status == 0, run.says()
    assert verdict["mmus"] >= 2 and verdict["lost"] == 0
    assert not CORPUS.cleans(house)[name].act or (
        "beside=0" in run.text("json")), run.text("json")[:500]
    log = [l for l in run.text("dmesg").splitlines() if WARNINGS.search(l)]
    assert not log, "\n".join(log)


@pytest.mark.parametrize("case", CORPUS.cases,
                         ids=[c.point for c in CORPUS.cases])
def test_fault_is_found(fault_houses, case):
    run = fault_houses(case.house).run(case.point)
    verdict = run.verdict()
    assert run.happened > 0, "it never happened\n" + run.says()
    assert verdict["lost"] == 0
    if case.act:
        assert "beside=0" in run.text("json"), run.text("json")[:500]
    if case.clean:
        assert verdict["verdict"] == "holds" and run.status == 0, run.says()
        return
    assert run.status == 1 and verdict["verdict"] == "broken", run.says()
    mine = accused(case, run)
    names = {f["invariant"] for f in mine}
    assert set(case.expect) <= names, run.says()
    assert names <= set(case.expect + case.also), run.says()
    assert len(mine) == len(run.findings()), run.says()
    for name in case.expect:
        assert any(case.is_at_home(f) for f in mine
                   if f["invariant"] == name), run.says()


def test_the_table_in_the_documentation_is_what_was_found(fault_houses):
    found = {}
    for case in CORPUS.cases:
        run = fault_houses(case.house).run(case.point)
        found[case.point] = accused(case, run)
    table = corpus_files.render(CORPUS, found)
    corpus_files.TABLE.write_text(table)
    committed = corpus_files.block(corpus_files.DOC.read_text())
    assert corpus_files.verdicts(committed) == corpus_files.verdicts(table), (
        "docs/faults.md says otherwise: tests/faults/corpus.py, if that is meant")
