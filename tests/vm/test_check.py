# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat check in the emulated host: live, while guests live under it, no event is
lost and every invariant holds, on each of the three CPUs; each exit status and
each format of a verdict; and of a recording made there, with one event changed,
it says what is wrong. (That every invariant holds in all other suites, too, they
see to themselves: house.py.)
"""
import re
import xml.etree.ElementTree as ET

import pytest

import verdicts
from house import CPUS

FORMATS = ("text", "ktap", "junit", "github", "ndjson")
VERDICTS = {"good": 0, "bad": 1, "lossy": 5}
# The guest's own words go to a file, so that check's are alone.
LIVE = "s2stat check --json %s -- sh -c '%s >/share/%s.guest'"
SCENARIOS = {
    "shared": "s2guest touch --mb 4 --backing memfd --vcpus 4",
    "notifier": "s2guest notifier --backing thp",
    "storm": "s2guest storm --rounds 40",
}
# As fast as it can, with the default buffer; and with a small one, which nobody
# reads while the guest runs.
FAST = {
    "fast": LIVE % ("", "s2guest touch --vcpus 4 --mb 64", "fast"),
    "small": "s2stat check --json --buffer 64K -- sh -c 'kill -STOP $PPID; "
             "s2guest touch --vcpus 4 --mb 16 >/dev/null; kill -CONT $PPID'",
}
SEVERAL = {
    # Two VMs at once, and one that is older than the check and outlives it.
    "two": LIVE % ("", "s2guest touch --mb 4 & s2guest touch --mb 4; wait", "two"),
    "late": "s2guest storm --rounds 100000 >/share/late.guest & sleep 2; "
            "s2stat check --json --for 2s; rc=$?; kill -9 $!; exit $rc",
}
# Each exit status: what to run, and what comes of it.
STATUS = {
    "command": (7, "s2stat check -- sh -c 's2guest touch --mb 2 >/dev/null; exit 7'"),
    "usage": (2, "s2stat check"),
    "rules": (2, "echo 'rule a: flushes.totl < 1 at end' >/tmp/x; "
                 "s2stat check /tmp/x -- true"),
    "damaged": (3, "head -c 20 /share/good.s2 >/tmp/cut.s2; s2stat check /tmp/cut.s2"),
    "ends": (5, "size=$(stat -c %s /share/good.s2); head -c $((size / 2)) "
                "/share/good.s2 >/tmp/half.s2; s2stat check /tmp/half.s2"),
    "nothing": (5, "s2stat check --for 1s"),
    "interrupted": (5, "s2stat check -- sleep 1000 & sleep 3; kill $!; wait $!"),
    "leaks": (1, "s2stat check --complete -- sh -c "
                 "'(sleep 6 | s2guest touch --hold --mb 2 >/dev/null) & sleep 2'"),
    "expired": (1, "echo 'waive LEAK for \"*\" until 2020-01-01 because \"x\"' >/tmp/w; "
                   "s2stat check /tmp/w /share/good.s2"),
    "waived": (0, "{ cat /tmp/strict; echo 'waive never_set for \"*\" until 2099-01-01 "
                  "because \"x\"'; } >/tmp/w; s2stat check /tmp/w /share/good.s2"),
}
RECORDINGS = {
    "record-good": "echo 'rule never_set: never s2_set' >/tmp/strict; "
                   "s2stat record -o /share/good.s2 -- s2guest notifier --backing thp",
    "record-lossy": "s2stat record --max-rate 1000 -o /share/lossy.s2 -- "
                    "s2guest touch --mb 16; [ $? = 5 ]",
}
# docs/ci/kselftest, for test_ci.py.
WRAPPED = {"kselftest-" + name: command for name, command in {
    "good": "/repo/docs/ci/kselftest 's2guest touch' 's2guest touch --mb 1; exit 4'",
    "fails": "/repo/docs/ci/kselftest 's2guest touch --mb 1; exit 9'",
    "bad": "S2STAT_CHECK=/tmp/strict /repo/docs/ci/kselftest 's2guest touch --mb 1'",
}.items()}
WRITTEN = {"%s-%s" % (name, form): "s2stat check --format %s %s /share/%s.s2" % (
    form, "/tmp/strict" if name == "bad" else "",
    "lossy" if name == "lossy" else "good") for name in VERDICTS for form in FORMATS}


def check_house(houses, cpu):
    wanted = {n: LIVE % ("", c, n) for n, c in SCENARIOS.items()}
    if cpu == "max":
        wanted.update(FAST, **SEVERAL, **RECORDINGS, **WRITTEN, **WRAPPED)
        wanted.update({n: c for n, (_, c) in STATUS.items()})
    return houses("check-" + cpu, wanted, cpu=cpu, events=False)


def fast_house(houses, smp):
    """Four CPUs on fewer of the machine's own take their time."""
    if smp == 2:
        return check_house(houses, "max")
    return houses("check-fast", FAST, smp=smp, events=False, limit=1800, timeout=4000)


def verdict(result):
    return verdicts.Verdict(result.out, result.status)


def is_clean(result):
    judged = verdict(result)
    assert not judged.objections(at_least=100), result.out[-3000:]
    assert len(judged.states) >= 23 and judged.end["mmus"] >= 1, judged.end


# Live ---------------------------------------------------------------------

@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_invariant_holds_under_a_guest(houses, cpu, name):
    is_clean(check_house(houses, cpu).result(name))


@pytest.mark.parametrize("name", ["two", "late"])
def test_every_invariant_holds_for_several_and_older_vms(houses, name):
    is_clean(check_house(houses, "max").result(name))


SMP = [2, pytest.param(4, marks=pytest.mark.full)]


@pytest.mark.parametrize("smp", SMP)
def test_as_fast_as_it_can_no_event_is_lost_or_it_says_so(houses, smp):
    result = fast_house(houses, smp).result("fast")
    lost = verdict(result).end["lost"]
    assert (result.status, lost > 0) in ((0, False), (5, True)), result.out
    assert verdict(result).end["events"] > 100000
    if not lost:
        is_clean(result)


@pytest.mark.parametrize("smp", SMP)
def test_a_loss_is_never_a_pass(houses, smp):
    result = fast_house(houses, smp).result("small")
    judged = verdict(result)
    assert result.status == 5 and judged.end["verdict"] == "inconclusive"
    assert judged.end["lost"] > 0 and not judged.findings
    assert set(judged.states.values()) == {"inconclusive"}


@pytest.mark.parametrize("cpu", CPUS)
def test_kernel_log_stays_silent(houses, cpu):
    house = check_house(houses, cpu)
    assert house.status == 0 and not house.boot_warnings()


# Exit status --------------------------------------------------------------

@pytest.mark.parametrize("name", STATUS)
def test_exit_status(houses, name):
    result = check_house(houses, "max").result(name)
    assert result.status == STATUS[name][0], result.out


def test_a_mistake_in_rules_is_told_by_line_and_column(houses):
    assert "/tmp/x:1:9: " in check_house(houses, "max").result("rules").out


def test_an_expired_waiver_is_loud(houses):
    assert "EXPIRED" in check_house(houses, "max").result("expired").out


# Formats ------------------------------------------------------------------

def ktap(text):
    """name -> ok, by the letter of Linux's ktap.rst; anything else is an error."""
    lines = text.splitlines()
    assert lines[0] == "KTAP version 1"
    plan = int(re.fullmatch(r"1\.\.(\d+)", lines[1]).group(1))
    tests = {}
    for line in lines[2:]:
        if line.startswith("# "):
            continue
        m = re.fullmatch(r"(ok|not ok) (\d+) (\S+)((?: \S+)*?)( # SKIP .+)?", line)
        assert m and int(m[2]) == len(tests) + 1, line
        tests[m[3]] = "skip" if m[5] else m[1]
    assert len(tests) == plan
    return tests


def junit(text):
    """name -> passed, failure, error or skipped; the sums agree."""
    suite, = ET.fromstring(text.encode())
    cases = {c.get("name"): c[0].tag if len(c) else "passed" for c in suite}
    kinds = list(cases.values())
    assert int(suite.get("tests")) == len(suite) == len(cases)
    for attribute, tag in (("failures", "failure"), ("errors", "error"),
                           ("skipped", "skipped")):
        assert int(suite.get(attribute)) == kinds.count(tag), attribute
    return cases


def annotations(text):
    """(kind, title, text) of each workflow command; there is nothing else."""
    found = [re.fullmatch(r"::(error|notice) title=([^:,]+)::([^\r\n]+)", line)
             for line in text.splitlines()]
    assert all(found)
    return [m.groups() for m in found]


@pytest.mark.parametrize("name", VERDICTS)
@pytest.mark.parametrize("form", FORMATS)
def test_the_exit_status_does_not_depend_on_the_format(houses, name, form):
    result = check_house(houses, "max").result("%s-%s" % (name, form))
    assert result.status == VERDICTS[name], result.out


def of_format(houses, name, form):
    return check_house(houses, "max").result("%s-%s" % (name, form)).out


@pytest.mark.parametrize("name", VERDICTS)
def test_all_formats_say_the_same(houses, name):
    """Name by name; KTAP and JUnit have one case more, the whole verdict."""
    said = verdict(check_house(houses, "max").result(name + "-ndjson"))
    states = said.states
    tap, xml = (of_format(houses, name, form) for form in ("ktap", "junit"))
    tap, xml = ktap(tap), junit(xml)
    good = VERDICTS[name] == 0
    assert tap.pop("verdict") == ("ok" if good else "not ok")
    assert xml.pop("verdict") == ("passed" if good else "error")
    assert tap == {n: "ok" if s == "holds" else "not ok" for n, s in states.items()}
    assert xml == {n: {"holds": "passed", "broken": "failure",
                       "inconclusive": "error"}[s] for n, s in states.items()}
    *each, whole = annotations(of_format(houses, name, "github"))
    assert whole[0] == ("notice" if good else "error")
    assert {title for _, title, _ in each} == {
        "s2stat " + n for n, s in states.items() if s != "holds"}
    last = of_format(houses, name, "text").splitlines()[-1]
    assert last.endswith(": " + said.end["verdict"])


def test_a_finding_says_where_when_and_what_led_to_it(houses):
    found = verdict(check_house(houses, "max").result("bad-ndjson")).findings
    assert {f["invariant"] for f in found} == {"never_set"}
    assert all(f["mmu"] and f["vm"] and f["event"]["event"] == "s2_set" for f in found)
    text = of_format(houses, "bad", "text")
    assert re.search(r"^  VM \d+ \(s2guest\), mmu \d+", text, re.M)
    assert re.search(r"^  ! \d+\.\d+ CPU \d pid \d+ s2_set", text, re.M)


# Offline ------------------------------------------------------------------

def test_a_recording_holds_on_another_machine(houses):
    house = check_house(houses, "max")
    here = verdicts.judge(house.path / "good.s2")
    assert not here.objections(at_least=100)
    assert here.end["events"] == verdict(house.result("good-ndjson")).end["events"]


def last_set_of_an_operation(recording, least):
    """Its number: a table's count is judged when nothing is under way."""
    events, number = verdicts.read(recording).events, 0
    for e, following in zip(events, events[1:]):
        number += e.name == "s2_set"
        if e.name == "s2_set" and number >= least and following.name == "s2_op_end":
            return number
    raise AssertionError("no operation ends with a set")


@pytest.mark.parametrize("change, name", [
    ("drop s2_flush 4", "OWED"),
    ("drop s2_table_free 2", "LEAK"),
    ("set s2_set LAST count 9", "REFS"),
    ("set s2_flush 4 vmid 0", "FLUSHID"),
    ("set s2_fault_end 40 refs_put 0", "PIN"),
])
def test_a_changed_recording_is_found(houses, spoil, change, name):
    good = check_house(houses, "max").path / "good.s2"
    change = change.replace("LAST", str(last_set_of_an_operation(good, 40)))
    bad = verdicts.judge(spoil(good, change))
    assert bad.status == 1 and name in bad.broken, (bad.status, bad.broken)
