# SPDX-License-Identifier: GPL-2.0-only
"""
The cases of `s2guest pressure`, run in a house with their events recorded in
binary (rawtrace.py): text would cost more than the cases themselves.
"""
import house
import rawtrace

# Each states what it asserts: s2guest pressure.
CASES = ("faults", "faultshuge", "balloon", "balloonhuge", "unmap", "protect",
         "merge", "huge", "compact", "swap", "fork", "oom", "delete", "move",
         "log", "copy", "killed", "orphaned")
NEEDS_SWAP = ("swap",)


def command(case, options=""):
    run = "s2guest pressure --case %s %s" % (case, options)
    swap = "sh /repo/tests/guest/swap-on && " if case in NEEDS_SWAP else ""
    return "%ss2guest stream --to %s.raw --run '%s'" % (swap, case, run)


class Result(house.Result):
    """What a case left behind: its events are in NAME.raw."""

    def trace(self):
        return rawtrace.trace(self.file("raw"))


def result(booted, case):
    booted.result(case)     # says so if the house fell before
    return Result(booted.path, case)
