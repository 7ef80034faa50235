#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The bench: runs its parts, keeps every figure in build/bench.json and writes
the tables of docs/performance.md from it.

    tests/bench/bench.py [--full] [--json FILE] [--no-doc] [PART...]

Exits 1 when a bound is missed, 3 when something could not be measured.
"""
import argparse
import importlib
import json
import os
import pathlib
import platform
import re
import sys
import time

from measure import BUILD, ROOT, BenchError, run, table

PARTS = ("model", "scale", "overhead", "silent", "upstream", "flushes",
         "whole")
DOC = ROOT / "docs/performance.md"


def machine():
    """The kind of machine, in words that name no particular one."""
    model = re.search(r"model name\s*: (.*)",
                      pathlib.Path("/proc/cpuinfo").read_text(errors="replace"))
    qemu = run("qemu-system-aarch64", "--version").split("\n")[0]
    return "%s, %d CPUs (%s); %s" % (
        platform.machine(), os.cpu_count(),
        model.group(1).strip() if model else "model not told", qemu)


def commit():
    """What was measured; "+" if it is not quite what was committed."""
    return run("git", "describe", "--always", "--dirty=+", "--exclude=*").strip()


def measure(name, full):
    part = importlib.import_module("part_" + name)
    start = time.monotonic()
    rows = part.measure(full)
    return {"rows": rows, "full": full, "seconds": round(time.monotonic() - start),
            "commit": commit(), "machine": machine(), "day": time.strftime("%Y-%m-%d")}


def section(name, part):
    """The generated text of one part."""
    how = "`make bench PARTS=%s%s`" % (name, " FULL=1" if part["full"] else "")
    return [*table(part["rows"]), "",
            "%s at %s, %s, in %d s on %s." % (
                how, part["commit"], part["day"], part["seconds"], part["machine"])]


def marks(key):
    return tuple("<!-- bench %s: %s -->" % (key, w) for w in ("begin", "end"))


def write_doc(parts):
    """
    Only what was measured just now: what else is in the file of figures may be older
    than what the page says. Large sizes have a table of their own where the page has
    one for them.
    """
    text = DOC.read_text()
    for key, part in parts.items():
        name = key.removesuffix("-full")
        begin, end = marks(key) if marks(key)[0] in text else marks(name)
        if begin not in text or end not in text:
            raise BenchError("%s has lost its marks for %s" % (DOC.relative_to(ROOT), name))
        head, rest = text.split(begin)
        text = head + "\n".join([begin, *section(name, part), end]) + rest.split(end)[1]
    DOC.write_text(text)


def main():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--full", action="store_true", help="all of it, hours")
    parser.add_argument("--json", default=BUILD / "bench.json", metavar="FILE")
    parser.add_argument("--no-doc", action="store_true",
                        help="leave docs/performance.md as it is")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error("no such part: %s" % ", ".join(sorted(unknown)))
    try:
        with open(args.json, encoding="utf-8") as f:
            parts = json.load(f)["parts"]
    except FileNotFoundError:
        parts = {}
    measured, fresh = {}, {}
    for name in args.parts or PARTS:
        print("bench: %s ..." % name, file=sys.stderr)
        measured[name] = measure(name, args.full)
        print("\n".join(["", *table(measured[name]["rows"]), ""]), flush=True)
        key = name + "-full" if args.full else name
        parts[key] = fresh[key] = measured[name]
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"version": 1, "parts": parts}, f, indent=1)
    if not args.no_doc:
        write_doc(fresh)
    missed = [row["name"] for part in measured.values() for row in part["rows"]
              if not row.get("met", True)]
    for name in missed:
        print("bench: missed: %s" % name, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as e:
        print("bench: %s" % e, file=sys.stderr)
        sys.exit(3)
