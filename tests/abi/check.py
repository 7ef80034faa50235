#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The s2 tracepoints are an ABI, and docs/tracepoints.md is its contract. Fails
when the two part: signatures as the built kernel's BTF has them, arguments by
name as kernel/s2/events.h has them, enumerations as kernel/s2/abi.h has them.

    tests/abi/check.py [KERNEL]  compare; KERNEL is s2, observed or observed-newest
    tests/abi/check.py --print   what the document's signature block should say
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNEL = next((a for a in sys.argv[1:] if not a.startswith("-")), "s2")
VMLINUX = ROOT / "build" / ("kernel-" + KERNEL) / "vmlinux"
DOC = ROOT / "docs/tracepoints.md"
EVENTS = ROOT / "kernel/s2/events.h"
ABI = ROOT / "kernel/s2/abi.h"


def btf_signatures():
    """event -> types of its arguments, from the kernel that was built."""
    dump = subprocess.run(
        ["bpftool", "btf", "dump", "file", str(VMLINUX), "format", "c"],
        check=True, capture_output=True, text=True).stdout
    found = re.findall(r"typedef void \(\*btf_trace_(s2_\w+)\)"
                       r"\(void \*, (.*)\);", dump)
    return dict(found)


def source_arguments():
    """event -> names of its arguments, from the header."""
    events = {}
    text = EVENTS.read_text()
    for match in re.finditer(r"(?:TRACE_EVENT|DEFINE_EVENT)\((.*?)\n\);",
                             text, re.S):
        body = match.group(1)
        name = re.search(r"\b(s2_\w+),\s*\n\s*TP_PROTO", body).group(1)
        proto = re.search(r"TP_PROTO\((.*?)\)\s*[,\n]", body, re.S).group(1)
        events[name] = [a.split()[-1].lstrip("*") for a in proto.split(",")]
    return events


def source_enums():
    """list macro -> the names in it, in the order of their values."""
    enums = {}
    for match in re.finditer(r"#define (S2_\w+)\(X\)(.*?)\n\n",
                             ABI.read_text(), re.S):
        enums[match.group(1)] = re.findall(r'X\(S2_\w+,\s*"(\w+)"\)',
                                           match.group(2))
    return enums


def document():
    text = DOC.read_text()
    block = re.search(r"<!-- signatures -->\n```\n(.*?)```", text, re.S)
    signatures = dict(re.findall(r"^(s2_\w+)\((.*)\)$", block.group(1), re.M))
    arguments = {}
    for name, rows in re.findall(r"^### (s2_\w+)\n(.*?)(?=^##|\Z)", text,
                                 re.S | re.M):
        arguments[name] = ["mmu", "seq"] + re.findall(r"^\| `(\w+)` \|", rows,
                                                      re.M)
    enums = {k: re.findall(r"`(\w+)`", v) for k, v in
             re.findall(r"^\| `(S2_\w+)` \| (.*) \|$", text, re.M)}
    return signatures, arguments, enums


def compare(what, doc, real, problems):
    for name in sorted(set(doc) | set(real)):
        if name not in doc:
            problems.append("%s: %s is not in docs/tracepoints.md" % (
                what, name))
        elif name not in real:
            problems.append("%s: docs/tracepoints.md tells of %s, which is "
                            "not there" % (what, name))
        elif doc[name] != real[name]:
            problems.append("%s of %s:\n  documented %s\n  real       %s" % (
                what, name, doc[name], real[name]))


def main():
    if not VMLINUX.exists():
        sys.exit("there is no kernel to compare with: make kernel")
    real = btf_signatures()
    if not real:
        sys.exit("the kernel's BTF has no s2 tracepoint at all")
    if "--print" in sys.argv:
        for name in sorted(real):
            print("%s(%s)" % (name, real[name]))
        return
    problems = []
    signatures, arguments, enums = document()
    # Linux's own MMU, observed, does not count by itself.
    if KERNEL != "s2":
        signatures.pop("s2_counts")
    compare("signature", signatures, real, problems)
    compare("arguments", arguments, source_arguments(), problems)
    compare("values", enums, source_enums(), problems)
    for problem in problems:
        print(problem)
    if problems:
        sys.exit("the tracepoint ABI and docs/tracepoints.md differ: change "
                 "the document on purpose, or the tracepoints back")
    print("abi: %s: %d tracepoints, %d enumerations as documented" % (
        KERNEL, len(real), len(enums)))


main()
