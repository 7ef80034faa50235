#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat check on recordings: silent on legal work, and on the same with one event
left out or changed it names the invariant, in every format, with the exit
status that says so.

	doctored.py path/to/s2stat directory/with/gen_trace/and/doctor_trace
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

S2STAT = pathlib.Path(sys.argv[1]).resolve()
TOOLS = pathlib.Path(sys.argv[2]).resolve()

# What is done to the recording; exit status; what must be broken.
CASES = [
    ("drop s2_flush 3", 1, {"OWED"}),
    ("drop s2_clear 5", 1, {"UNMAPALL", "STREAM"}),
    ("drop s2_table_alloc 4", 1, {"FREE", "WALK"}),
    ("drop s2_op_begin 9", 1, {"STREAM", "LOCKCTX"}),
    ("set s2_fault_end 7 refs_put 0", 1, {"PIN"}),
    ("set s2_fault_end 7 pfn 1", 1, {"INSLOT"}),
    ("set s2_flush 2 vmid 0", 1, {"FLUSHID", "OWED"}),
    ("set s2_flush 2 raw 7", 1, {"FLUSHID"}),
    ("set s2_set 500 count 9", 1, {"REFS"}),
    ("set s2_set 1000 level 2", 1, {"WALK"}),
    ("set s2_set 1000 index 3", 1, {"WALK"}),
    ("set s2_op_end 30 resched 1", 1, {"LOCKCTX"}),
    ("lose s2_set 100", 5, set()),
    ("lose s2_flush 1", 5, set()),
]
FAILED = []


def run(*args):
    return subprocess.run([str(a) for a in args], capture_output=True,
                          text=True, check=False)


def wrong(what, text):
    FAILED.append("%s: %s" % (what, text))


def verdict(recording, *options):
    """Exit status, invariants by name, and the verdict object."""
    done = run(S2STAT, "check", "--json", *options, recording)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    invariants = {l["invariant"]: l for l in lines if l["type"] == "invariant"}
    return done.returncode, invariants, lines[-1], lines


def check_case(clean, bad, how, status, names):
    made = run(TOOLS / "doctor_trace", clean, bad, *how.split())
    if made.returncode:
        wrong(how, made.stderr)
        return
    rc, invariants, end, lines = verdict(bad)
    broken = {n for n, i in invariants.items() if i["state"] == "broken"}
    if rc != status or not names <= broken or (status == 5 and broken):
        wrong(how, "exit %d, broken %s, not %d and %s" % (
            rc, sorted(broken), status, sorted(names)))
    if status == 5 and (end["lost"] < 1 or end["verdict"] != "inconclusive"):
        wrong(how, "the loss is not told: %s" % end)
    for f in lines:
        if f["type"] == "finding" and not (f["mmu"] and f["event"]["event"]):
            wrong(how, "a finding without its place: %s" % f)


def check_formats(bad):
    """They agree about what is broken."""
    _, invariants, _, _ = verdict(bad)
    broken = {n for n, i in invariants.items() if i["state"] == "broken"}
    said = {}
    done = run(S2STAT, "check", "--format", "ktap", bad)
    said["ktap"] = set(re.findall(r"^not ok \d+ (\w+)$", done.stdout, re.M))
    plan = int(re.search(r"^1\.\.(\d+)$", done.stdout, re.M)[1])
    results = re.findall(r"^(?:not )?ok (\d+) ", done.stdout, re.M)
    if [int(n) for n in results] != list(range(1, plan + 1)):
        wrong("ktap", "the plan is %d, the results are %s" % (plan, results))
    tree = ElementTree.fromstring(run(S2STAT, "check", "--format", "junit",
                                      bad).stdout)
    said["junit"] = {c.get("name") for c in tree.iter("testcase")
                     if c.find("failure") is not None}
    done = run(S2STAT, "check", "--format", "github", bad)
    said["github"] = set(re.findall(r"^::error title=s2stat ([A-Z]+)::",
                                    done.stdout, re.M))
    done = run(S2STAT, "check", bad)
    said["text"] = set(re.findall(r"[A-Z]+", re.search(
        r"^broken +(.*)$", done.stdout, re.M)[1]))
    for name, names in said.items():
        if names != broken:
            wrong(name, "%s are broken, not %s" % (sorted(names),
                                                  sorted(broken)))


def check_rules(clean, folder):
    """A file of rules next to the recording."""
    rules = folder / "my.rules"
    for text, status, says in [
            ("rule some: sets > 0 at end", 0, ""),
            ("rule few for all: faults.total < 5 at end", 1, "few"),
            ("rule a: sets <= at end", 2, ":1:17: there is no counter 'at'"),
            ("waive PIN for \"*\" until 2020-01-01 because \"x\"", 1, "EXPIRED")]:
        rules.write_text(text)
        done = run(S2STAT, "check", rules, clean)
        if done.returncode != status or says not in done.stdout + done.stderr:
            wrong(text, "exit %d, not %d: %s%s" % (
                done.returncode, status, done.stdout, done.stderr))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        clean, bad = folder / "clean.s2", folder / "bad.s2"
        made = run(TOOLS / "gen_trace", clean, "100000", "3")
        if made.returncode:
            wrong("gen_trace", made.stderr)
        rc, invariants, end, _ = verdict(clean)
        if rc or end["findings"] or any(i["state"] != "holds"
                                        for i in invariants.values()):
            wrong("legal work", "exit %d, %s" % (rc, end))
        for case in CASES:
            check_case(clean, bad, *case)
        run(TOOLS / "doctor_trace", clean, bad, "set", "s2_set", "500",
            "count", "9")
        check_formats(bad)
        check_rules(clean, folder)
    for text in FAILED:
        print("FAILED: " + text, file=sys.stderr)
    print("doctored: %d recordings, %d failed" % (len(CASES), len(FAILED)))
    return 1 if FAILED else 0


sys.exit(main())
