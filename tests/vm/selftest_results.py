# SPDX-License-Identifier: GPL-2.0-only
"""
Results of KVM's selftests: kept in a file for each kernel image and CPU, and
held against each other.
"""
import hashlib
import json
import threading
from collections import Counter

from selftest_house import DIR
from verdicts import DEFECTS, known

# The best of several attempts counts; what was not steady is told, too.
RANK = ("pass", "skip", "fail", "timeout", "died")


def file_hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class Study:
    """One kernel image on one CPU, and every row that was run there."""

    def __init__(self, kernel, cpu, image, programs, checked=False):
        self.kernel, self.cpu, self.image = kernel, cpu, image
        self.checked = checked  # every row under s2stat check
        self.programs = programs  # {name: hash}
        self.image_hash = file_hash(image)
        self.file = DIR / ("results-%s%s-%s-%s.json" % (
            "checked-" if checked else "", kernel, cpu, self.image_hash[:8]))
        self.lock = threading.Lock()
        self.data = {"kernel": kernel, "cpu": cpu, "image": self.image_hash,
                     "survey": None, "rows": {}}
        if self.file.exists():
            self.data = json.loads(self.file.read_text())

    def save(self):
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.data, indent=1, sort_keys=True) + "\n")
        new.rename(self.file)

    def set_survey(self, survey):
        self.data["survey"] = dict(survey, programs=self.programs)
        self.save()

    @property
    def survey(self):
        """What the house said it offers, if these very programs were asked."""
        survey = self.data["survey"]
        return survey if survey and survey["programs"] == self.programs else None

    def add(self, row, outcome):
        with self.lock:
            kept = self.data["rows"].setdefault(row.text, {"attempts": []})
            if kept.get("program") != self.programs[row.program]:
                kept.update(program=self.programs[row.program], attempts=[])
            kept["attempts"].append(outcome)
            self.save()

    def forget(self, row):
        self.data["rows"].pop(row.text, None)

    def attempts(self, row):
        kept = self.data["rows"].get(row.text)
        if not kept or kept["program"] != self.programs[row.program]:
            return []
        return kept["attempts"]

    def best(self, row):
        return min(self.attempts(row), key=lambda a: RANK.index(a["status"]), default=None)


def status(outcome):
    return outcome["status"] if outcome else "not run"


def worse(ours, theirs):
    """Does upstream manage what ours does not?"""
    return (status(theirs) in ("pass", "skip")
            and status(ours) != status(theirs) and status(ours) not in ("not run", "pass"))


def complaints(study, row):
    """What no attempt on ours may show, whatever the program itself says."""
    found = []
    for attempt in study.attempts(row):
        found += ["kernel log: %s" % w for w in attempt["warnings"][:2]]
        if attempt["status"] == "died":
            found.append("the host died: %s" % attempt["reason"])
        if attempt["tables_kb"] > 0:
            found.append("%d kB of stage-2 tables left behind" % attempt["tables_kb"])
    return found


def objections(study, row):
    """Why a row that ran under s2stat check is no clean pass: lines.

    On Linux's own MMU what docs/findings.md tells of is met, and no objection. A
    program that skips may have had no VM, and then there is nothing to judge.
    """
    best = study.best(row)
    if not best:
        return ["not run"]
    if "check" not in best:
        return ["%s: %s" % (best["status"], best["reason"])]
    check = best["check"]
    try:
        known(check["findings"], DEFECTS if study.kernel == "observed" else ())
    except AssertionError as e:
        return [str(e)] + check["unproved"]
    if best["status"] == "skip" and not check["mmus"]:
        return []
    return check["unproved"]


def regressions(rows, ours, upstream):
    """[(row, why)]: what makes the verdict bad."""
    bad = []
    for row in rows:
        mine = ours.best(row)
        if upstream and worse(mine, upstream.best(row)):
            bad.append((row, "upstream: %s, ours: %s (%s)" % (
                status(upstream.best(row)), status(mine), mine["reason"])))
        bad += [(row, why) for why in complaints(ours, row)]
    return bad


def unsteady(rows, study):
    """Rows whose attempts did not all end alike."""
    for row in rows:
        seen = [a["status"] for a in study.attempts(row)]
        if len(set(seen)) > 1:
            yield row, ", ".join("%d × %s" % (n, s) for s, n in Counter(seen).items())
