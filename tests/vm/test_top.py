# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat top as a person has it: in a terminal of an emulated host, with keys, on
80 by 24 characters, resized, without colours, on a terminal that will not do.
One person goes through all of it once; the tests look at what was seen.
"""
import json
import re
import shutil

import pytest

import vt
from house import RESULTS, ROOT, image

F6, UP, DOWN, ENTER, ESCAPE, CLEAR = "\x1b[17~", "\x1b[A", "\x1b[B", "\r", "\x1b", "\x15"
HEAD = r"^NAME +PID CPU MAPPED TABLES FILL +BLK CNT FLT/s SET/s CLR/s FLU/s +VMID"
ROW = re.compile(r"(?:alpha|beta|gamma) +\d+ .* \d+( |$)")


class Person:
    """Types, and keeps what the screen looked like under a name."""

    def __init__(self, program):
        self.program, self.seen, self.bar = program, {}, {}

    def sees(self, name, what):
        self.program.wait(what, limit=150)
        screen = self.program.screen
        self.seen[name] = screen.lines()
        self.bar[name] = [row for row in range(screen.rows) if screen.reverse[row][0]]

    def types(self, keys, name, what):
        self.program.press(keys)
        self.sees(name, what)


def rows(lines):
    """{name: {column: value}} of the list."""
    at = next((i for i, l in enumerate(lines) if re.match(HEAD, l)), len(lines))
    head = lines[at].split() if lines[at:] else []
    return {l.split()[0]: dict(zip(head, l.split())) for l in lines[at + 1:]
            if ROW.match(l)}


def order(*names):
    """A list with these VMs from the top on."""
    def is_so(lines):
        return list(rows(lines)) == list(names)
    is_so.__doc__ = "the list %s" % (names,)
    return is_so


def on_bar(person, vm):
    def is_so(lines):
        reverse = person.program.screen.reverse
        return any(reverse[i][0] and ROW.match(l) and l.startswith(vm + " ")
                   for i, l in enumerate(lines))
    is_so.__doc__ = "the bar on " + vm
    return is_so


def all_of(*conditions):
    def is_so(lines):
        return all(c(lines) for c in conditions)
    is_so.__doc__ = " and ".join(c.__doc__ for c in conditions)
    return is_so


def lines_with(*patterns):
    def is_so(lines):
        return all(any(re.search(p, l) for l in lines) for p in patterns)
    is_so.__doc__ = " and ".join(patterns)
    return is_so


def beta_works(lines):
    """beta with sets and flushes, and rates for all: rows are drawn one by one"""
    row = rows(lines).get("beta", {})
    return row.get("SET/s", "0") not in "0-" and row.get("FLU/s", "0") not in "0-" \
        and all(row["FLU/s"] != "-" for row in rows(lines).values())


def go_through(person, path):
    program = person.program
    person.sees("small", r"^status of small: \d")
    person.sees("unknown", r"^status of unknown: \d")
    # The busiest first; at rest by name.
    person.sees("list", all_of(
        order("beta", "alpha", "gamma"), beta_works, lines_with("^q quit")))
    person.colors = set(program.screen.colors)
    person.types("q", "left color", r"^status of color: \d")
    program.screen.colors.clear()
    # Without colours the bar is reverse, which this terminal remembers.
    person.sees("plain", order("beta", "alpha", "gamma"))
    person.types("o", "menu", lines_with("sort by", r"activity.*\(now\)"))
    person.types(DOWN + ENTER, "by name", order("alpha", "beta", "gamma"))
    program.press(F6)
    person.sees("menu again", lines_with("sort by", r"name.*\(now\)"))
    person.types(ENTER, "by name, turned", order("gamma", "beta", "alpha"))
    program.press("o")
    person.sees("menu, third", lines_with(r"name.*\(now, the other way round\)"))
    person.types(ENTER, "by name again", order("alpha", "beta", "gamma"))
    person.types("kk", "bar", on_bar(person, "alpha"))
    person.types("j", "j", on_bar(person, "beta"))
    person.types(DOWN, "down", on_bar(person, "gamma"))
    person.types("k" + UP, "up", on_bar(person, "alpha"))
    person.types("f", "prompt", "^filter .*: ")
    person.types("gam" + ENTER, "filtered", all_of(
        order("gamma"), lines_with("filter 'gam' hides 2")))
    person.types("f" + CLEAR + ENTER, "unfiltered", order("alpha", "beta", "gamma"))
    person.types("kk", "bar again", on_bar(person, "alpha"))
    person.types(ENTER, "detail", lines_with("^alpha .*2 vCPUs", "^LEVEL", "^HISTORY"))
    person.types("q", "back", order("alpha", "beta", "gamma"))
    person.types("j" + ENTER, "busy detail", lines_with(
        "^beta ", r"^FLUSHES", r"^[a-z_]+ +(ipa|ipa_local|range|vmid) +\d+ "))
    person.types(ESCAPE, "back again", order("alpha", "beta", "gamma"))
    person.types("s", "delay prompt", "^seconds between samples: 0.5")
    person.types(CLEAR + "x" + ENTER, "no delay", "that is no number of seconds")
    person.types("s" + CLEAR + "0.3" + ENTER, "delay", "every 0.3 s")
    person.types("p", "paused", "PAUSED")
    person.types("p", "unpaused", lambda lines: not any("PAUSED" in l for l in lines))
    person.types("r", "reset", "sums and history begin here")
    person.types("h", "help", lines_with("s2stat top: help", "^any key: back"))
    person.types(" ", "after help", order("alpha", "beta", "gamma"))
    person.plain_colors = set(program.screen.colors)
    program.screen.resize(40, 120)
    (path / "top/resize").touch()
    person.sees("large", lines_with(HEAD + ".*WHY", r"^q quit"))
    person.types("q", "left", r"status of top: \d")
    program.screen.resize(24, 80)
    person.sees("selected", lambda lines: order("gamma")(lines) or
                any("status of count" in l for l in lines))
    person.sees("end", r"status of count: \d")


@pytest.fixture(scope="module")
def person(s2guest):
    image("s2")
    path = RESULTS / "top"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    program = vt.Program([ROOT / "tests/vm/run", "--tty", "--timeout", "1500",
                          "--share", path, "--dmesg", path / "dmesg", "--",
                          "sh", "/repo/tests/guest/views/top.sh", "/share/top"])
    person = Person(program)
    try:
        go_through(person, path)
    finally:
        (path / "screens").write_text("\n".join(
            "=== %s\n%s" % (name, "\n".join(lines))
            for name, lines in person.seen.items()))
        if len(person.seen) and "end" not in person.seen:
            program.child.terminate()
    person.status = program.finish()
    person.path = path
    return person


def test_top_ends_well(person):
    assert "status of top: 0" in "\n".join(person.seen["left"])
    assert "status of color: 0" in "\n".join(person.seen["left color"])
    assert "status of count: 0" in "\n".join(person.seen["end"])
    assert person.status == 0


def test_the_list_says_what_list_says(person):
    (vm,) = [o for o in map(json.loads, (person.path / "top/list.out").open())
             if o["type"] == "vm"]
    row = rows(person.seen["list"])["alpha"]
    used, entries = vm["tables"]["used"], vm["tables"]["entries"]
    assert row == {
        "NAME": "alpha", "PID": str(vm["vm"]), "CPU": "2", "MAPPED": "6.0M",
        "TABLES": str(vm["tables"]["pages"]), "FILL": "%.0f%%" % (100 * used / entries),
        "BLK": "0%", "CNT": "ok", "FLT/s": "0", "SET/s": "0", "CLR/s": "0",
        "FLU/s": "0", "VMID": row["VMID"]}
    assert 1 <= int(row["VMID"]) < 1 << 16
    assert rows(person.seen["list"])["gamma"]["BLK"] == ">99%"


def test_it_fits_on_80_by_24(person):
    """The head whole, the keys in the last line, nothing cut off."""
    lines = person.seen["list"]
    assert len(lines) == 24 and lines[23].startswith("q quit")
    assert lines[0].startswith("s2stat top")
    assert "3 stage-2 contexts" in lines[1]


def test_a_wide_terminal_has_room_for_the_reason(person):
    lines = person.seen["large"]
    assert len(lines) == 40 and lines[39].startswith("q quit")
    assert set(rows(lines)) == {"alpha", "beta", "gamma"}


def test_one_vm_by_level_reason_and_history(person):
    detail = "\n".join(person.seen["detail"])
    assert re.search(r"^alpha +mmu \d+ of vm \d+ \(alpha\), 2 vCPUs", detail, re.M)
    assert re.search(r"^1 +2 +1024 ", detail, re.M)
    assert re.search(r"^3 .* 4K +\S+M$", detail, re.M)
    assert "count audit ok" in detail


def test_the_help_has_all_keys(person):
    text = "\n".join(person.seen["help"])
    for key in ("up, down, j, k", "Enter", "o, F6", "f ", "s ", "p ", "r ", "q "):
        assert re.search(r"^ +" + re.escape(key), text, re.M), key


def test_colours_only_where_they_are_wanted(person):
    assert person.colors
    assert not person.plain_colors


def test_a_small_terminal_is_told_so(person):
    text = " ".join(person.seen["small"])
    assert "s2stat: top needs a terminal of 80 by 24 characters, this one has 60 by 10" \
        in text
    assert "status of small: 3" in text


def test_an_unknown_terminal_is_told_so(person):
    text = " ".join(person.seen["unknown"])
    assert "terminals of the type 'nosuch' are not known here" in text
    assert "status of unknown: 3" in text
