# SPDX-License-Identifier: GPL-2.0-only
"""
The bench judges as it says it does, and what make check can afford of it holds:
the bounds of s2stat check on recordings.
"""
import json
import sys

import pytest

import bench
import measure
import part_model


def row(bound=None, **more):
    return measure.figure("n", "u", {"ours": [3.0, 2.0], "upstream": [4.0, 4.0]},
                          bound, **more)


def test_a_ratio_is_first_over_second():
    assert row()["ratio"] == 2.5 / 4
    assert "met" not in row()


def test_spread_is_that_of_the_worst_series():
    assert row()["spread"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("bound, met", [
    (("<=", 0.625), True), (("<=", 0.62), False), ((">=", 0.63), False)])
def test_bound_on_the_ratio(bound, met):
    assert row(bound)["met"] is met


def test_bound_on_the_value():
    assert row((">=", 3), of="value", best=max)["met"]
    assert not row((">=", 3), of="value", best=min)["met"]


def test_a_ratio_over_nothing_is_not_met():
    none = measure.figure("n", "u", {"a": [1], "b": [0]}, ("<=", 1))
    assert none["ratio"] is None and not none["met"]


def test_a_missed_bound_is_seen_in_the_table():
    assert "missed" in measure.table([row(("<=", 0.1))])[-1]
    assert "missed" not in measure.table([row(("<=", 0.9))])[-1]


def test_facts_are_of_the_word_asked_for():
    text = "bench phase=map n=512\nbenchmark phase=x\nbench phase=unmap n=0x10 f=1.5"
    assert measure.facts(text, "bench") == [
        {"phase": "map", "n": 512}, {"phase": "unmap", "n": 16, "f": 1.5}]


def test_a_command_that_fails_is_no_figure():
    with pytest.raises(measure.BenchError, match="status 1"):
        measure.run("false")


def test_every_part_has_its_place_in_the_document():
    text = bench.DOC.read_text()
    for name in bench.PARTS:
        assert "<!-- bench %s: begin -->" % name in text
        assert "<!-- bench %s: end -->" % name in text


def test_only_what_was_measured_now_goes_into_the_document(monkeypatch, tmp_path):
    """Figures of an earlier run stay in the file, and off the page."""
    old = {"rows": [row()], "full": False, "seconds": 1, "commit": "old",
           "machine": "m", "day": "d"}
    figures, page = tmp_path / "bench.json", tmp_path / "page.md"
    figures.write_text(json.dumps({"version": 1, "parts": {"model": old}}))
    page.write_text("".join("%s\nas it was\n%s\n" % bench.marks(part)
                            for part in bench.PARTS))
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "DOC", page)
    monkeypatch.setattr(bench, "measure", lambda name, full: dict(old, commit="new"))
    monkeypatch.setattr(sys, "argv", ["bench.py", "--json", str(figures), "scale"])
    assert bench.main() == 0
    text = page.read_text()
    assert "at new," in text and "at old," not in text
    assert text.count("as it was") == len(bench.PARTS) - 1
    assert set(json.loads(figures.read_text())["parts"]) == {"model", "scale"}


def test_s2stat_check_keeps_its_bounds():
    rows = part_model.measure(events=10000000)
    assert len(rows) == 3
    assert [r["name"] for r in rows if not r["met"]] == [], rows
