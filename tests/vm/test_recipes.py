# SPDX-License-Identifier: GPL-2.0-only
"""
Every recipe of docs/recipes.md, as it stands there, run beside a guest at work in
the emulated host: it ends well and says what the page promises. Those with
bpftrace, which brings a compiler of 286 MB along, only with --full.
"""
import re
import shutil
import subprocess

import pytest

from house import RESULTS, ROOT, WARNINGS, image

PAGE = ROOT / "docs/recipes.md"
EVENTS = sorted(re.findall(r"^### (s2_\w+)$", (ROOT / "docs/tracepoints.md").read_text(),
                           re.M))
RECIPE = re.compile(r"<!-- recipe: (\S+) -->\n```sh\n(.*?)^```$", re.M | re.S)
RECORD = re.compile(r"s2_\w+: mmu=\d+ vm=\d+ seq=\d+ ")
COUNTED = re.compile(r"^\s+([\d,]+)\s+s2:(s2_\w+)", re.M)


def recipes():
    return dict(RECIPE.findall(PAGE.read_text()))


def cook(name, wanted, timeout):
    """Boots one host, runs the recipes in it; where they left what they said."""
    image("s2")
    path = RESULTS / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    for recipe, text in wanted.items():
        (path / (recipe + ".sh")).write_text(text)
    done = subprocess.run(
        [ROOT / "tests/vm/run", "--timeout", str(timeout), "--share", path,
         "--dmesg", path / "dmesg", "--", "sh", "/repo/tests/guest/recipes", "/share"],
        capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def cooked():
    return cook("recipes", {n: t for n, t in recipes().items()
                            if not n.startswith("bpftrace-")}, 600)


@pytest.fixture(scope="module")
def cooked_bpftrace():
    subprocess.run([ROOT / "scripts/arm64", "bpftrace"], check=True)
    return cook("recipes-bpftrace", {n: t for n, t in recipes().items()
                                     if n.startswith("bpftrace-")}, 900)


def said(path, name):
    """What a recipe said. Its own failure comes first."""
    out = (path / (name + ".out")).read_text(errors="replace")
    err = (path / (name + ".err")).read_text(errors="replace")
    assert (path / (name + ".rc")).read_text().strip() == "0", out + err
    assert out or err
    return out, err


def counts(text):
    """What perf stat counted, in its order."""
    return [(event, int(n.replace(",", ""))) for n, event in COUNTED.findall(text)]


def perf_stat(out, err):
    seen = dict(counts(err))
    assert sorted(seen) == EVENTS
    assert seen["s2_set"] and seen["s2_clear"] and seen["s2_flush"]


def perf_stat_filter(out, err):
    seen = counts(err)
    assert [event for event, _ in seen] == ["s2_flush", "s2_flush"]
    assert seen[1][1] > 0


def perf_record(out, err):
    records = RECORD.findall(out)
    assert len(records) == 20, out
    assert re.search(r"^# Total Lost Samples: 0$", out, re.M), out


def perf_callers(out, err):
    assert "s2_flush" in out
    assert re.search(r"\bs2_\w+|kvm_\w+", out), out


def bpftool_btf(out, err):
    # With the one that is no event, but has events counted.
    assert sorted(set(re.findall(r"btf_trace_(s2_\w+)\)", out))) == sorted(
        EVENTS + ["s2_counts"])


def bpftool_cost(out, err):
    found = re.search(r"tracing +name on_fault_begin .*run_time_ns (\d+) run_cnt (\d+)", out)
    assert found, out + err
    assert int(found.group(1)) > 0 and int(found.group(2)) > 0


def tracefs_instance(out, err):
    assert len(RECORD.findall(out)) > 5, out
    lost = re.findall(r"^(?:commit )?overrun: (\d+)$", out, re.M)
    assert len(lost) == 4, out  # of two CPUs, two kinds


def tracefs_filter(out, err):
    lines = [l for l in out.splitlines() if "s2_op_begin" in l]
    assert lines, out + err
    assert all(" kind=unmap " in l for l in lines), out
    assert len(set(re.findall(r" vm=(\d+) ", out))) == 1, out


def tracefs_stack(out, err):
    assert re.search(r"s2_table_alloc: mmu=", out), out
    assert re.search(r"^ => s2_\w+", out, re.M), out


def bpftrace_flushes(out, err):
    rows = re.findall(r"^@\[(\d+), (\d+), (\d+)\]: (\d+)$", out, re.M)
    assert rows and all(int(r[3]) > 0 for r in rows), out


def bpftrace_faults(out, err):
    assert re.search(r"^@ns\[1\]:", out, re.M), out
    assert re.search(r"^\[\d+\w?, \d+\w?\) +\d+ \|", out, re.M), out
    assert "@from" not in out


PROMISED = {name.replace("_", "-"): check for name, check in globals().items()
            if name.split("_")[0] in ("perf", "bpftool", "tracefs", "bpftrace")
            and callable(check)}


def test_every_recipe_has_its_promise():
    assert set(recipes()) == set(PROMISED)
    assert PAGE.read_text().count("```sh\n") == len(recipes())


@pytest.mark.parametrize("name", sorted(
    n for n in PROMISED if not n.startswith("bpftrace-")))
def test_recipe(cooked, name):
    PROMISED[name](*said(cooked, name))


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(
    n for n in PROMISED if n.startswith("bpftrace-")))
def test_recipe_bpftrace(cooked_bpftrace, name):
    PROMISED[name](*said(cooked_bpftrace, name))


def test_the_kernel_has_nothing_to_say(cooked):
    assert not [l for l in (cooked / "dmesg").read_text().splitlines()
                if WARNINGS.search(l)]
