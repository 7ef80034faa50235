#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Which invariant a fault in the core breaks: some of the mutants of
tests/unit/core/mutants.py, judged by s2stat's model. The first finding must be
the one expected here, by its key.
"""

import argparse
import importlib.util
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
OPS = "60000"

# Name in the core's list, test that runs into it, invariant that it breaks; or
# several, of which the operation that comes first decides.
EXPECTED = [
    ("no flush when the debt is paid", "random", "OWED FREE"),
    ("free before flush", "random", "FREE"),
    ("level hint although tables were cleared", "random", "FREE"),
    ("whole VMID for each single page", "random", "OVER"),
    ("not cleaned after unmapping", "random", "CMO"),
    ("instruction cache not invalidated", "random", "CMO"),
    ("clear drops no count", "random", "REFS"),
    ("set takes no count", "random", "REFS"),
    ("buried tables leak", "random", "LEAK"),
    ("a cleared block is no debt", "random", "OWED"),
    ("write protection is no debt", "random", "OWED"),
    ("age stops at the first young leaf", "random", "UNMAPALL"),
    ("valid to valid without a break", "random", "BBM"),
    ("a leaf is replaced under the read lock", "random", "LOCKCTX"),
    ("split links before the break", "random", "BBM"),
    ("cursor not aligned after a step", "random", "UNMAPALL"),
    ("root index not bounded by concatenation", "random", "WALK"),
    ("yield without paying", "random", "OWED"),
    ("reserved VMIDs are given out", "vmid", "VMIDX"),
    ("rollover without flush", "vmid", "VMIDG"),
    ("the generation does not turn", "vmid", "VMIDG"),
]


def core_mutants():
    """The core's list and how it is built; its script has no module's name."""
    path = HERE.parent / "core" / "mutants.py"
    spec = importlib.util.spec_from_file_location("core_mutants", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def link(core, args, out, test):
    """As the Makefile does, with the mutant's objects instead."""
    objs = [args.rig / f"test_{test}.o", args.rig / "judge.o"]
    objs += [args.rig / f"{n}.o" for n in
             ("host", "tlb", "checker", "ref", "drive")]
    for obj in sorted((args.rig / "s2").glob("*.o")):
        mine = out / obj.name
        objs.append(mine if mine.exists() else obj)
    objs += sorted((args.rig / "tool").glob("*/*.o"))
    prog = out / f"test_{test}"
    flags = [a for a in args.cc if a.startswith("-f")] + args.wrap.split()
    done = core.run(args.cc[:1] + flags + ["-o", str(prog)] +
                    [str(o) for o in objs] + ["-lcmocka"])
    if done.returncode:
        raise ValueError(done.stdout)
    return prog


def verdict(output):
    """The first complaint: an invariant's key, or whatever else it is."""
    for line in output.splitlines():
        m = re.match(r"FAIL: judge: (\w+): (.*)", line)
        if m:
            return m[1], line[13:113]
        if line.startswith("FAIL: ") or "ERROR: AddressSanitizer" in line:
            return "?", line[:100]
    return None, "nothing was found"


def try_one(core, args, number, mutant, test):
    out = core.build(args, number, mutant)
    done = core.run([str(link(core, args, out, test))],
                    dict(os.environ, OPS=OPS, JUDGE_ONLY="1"))
    return verdict(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--core", type=pathlib.Path, required=True)
    parser.add_argument("--rig", type=pathlib.Path, required=True)
    parser.add_argument("--wrap", required=True)
    parser.add_argument("cc", nargs="+")
    args = parser.parse_args()

    core = core_mutants()
    named = {m[0]: (i, m) for i, m in enumerate(core.MUTANTS)}
    failed = 0
    for name, test, want in EXPECTED:
        if name not in named:
            print(f"ERROR    {name}: the core's list has no such mutant")
            failed += 1
            continue
        try:
            key, text = try_one(core, args, *named[name], test)
        except ValueError as err:
            key, text = None, str(err)
        right = key in want.split()
        print(f"{'ok' if right else 'NOT ' + want:12} {name}: {text}", flush=True)
        failed += not right
    print(f"{len(EXPECTED) - failed} of {len(EXPECTED)} mutants break what "
          "they should")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
