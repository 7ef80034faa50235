# SPDX-License-Identifier: GPL-2.0-only
"""
Reads KCSAN's reports from a kernel log and tells which concern the stage-2
MMU: those with a function of kernel/s2 in either stack. The emulated host runs
a whole kernel, and what other subsystems leave unannotated is theirs; but such
reports are counted and named, so that nobody takes silence for absence.

ACCEPTED lists races of ours that stay: title, and the reason. A title that no
longer appears is no error: races are seen by chance.
"""
import re
import subprocess

HEAD = re.compile(r"BUG: KCSAN: (?:data-race|assert: race) in (.+)$")
RULE = "=" * 66
FRAME = re.compile(r"^\s*(\w[\w.]*)\+0x[0-9a-f]+/0x[0-9a-f]+")
STAMP = re.compile(r"^\[\s*[\d.]+\](?:\[[^]]*\])? ?")

ACCEPTED = {
}


def own_functions(out):
    """Every function that the objects of kernel/s2 define."""
    objects = sorted((out / "arch/arm64/kvm/s2").glob("*.o"))
    assert objects, "no objects of kernel/s2 under %s" % out
    listing = subprocess.run(["aarch64-linux-gnu-nm", "--defined-only", *objects],
                             capture_output=True, text=True, check=True).stdout
    return {l.split()[2] for l in listing.splitlines()
            if len(l.split()) == 3 and l.split()[1] in "tT"}


def reports(lines):
    """(title, stack frames, text) of each report in a log."""
    found, current = [], None
    for line in lines:
        text = STAMP.sub("", line)
        head = HEAD.search(text)
        if head:
            current = (head.group(1), [], [])
            found.append(current)
        if current:
            current[2].append(text)
            frame = FRAME.match(text)
            if frame:
                current[1].append(frame.group(1))
            if text.startswith(RULE):
                current = None
    return found


def split(lines, own):
    """(ours and not accepted, titles of the others)."""
    ours, others = [], []
    for title, frames, text in reports(lines):
        if own.intersection(frames) and title not in ACCEPTED:
            ours.append("\n".join(text))
        else:
            others.append(title)
    return ours, others
