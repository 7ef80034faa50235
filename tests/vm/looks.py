# SPDX-License-Identifier: GPL-2.0-only
"""
What the scripts of tests/guest/views leave behind: what s2stat said and how it
ended, and which pages the host had for a guest's memory.
"""
import array
import csv
import json

PRESENT = 1 << 63
PFN = (1 << 55) - 1


class Looks:
    """What one script left behind."""

    def __init__(self, result):
        self.result, self.path = result, result.path / result.name

    def text(self, name, suffix="out"):
        return (self.path / ("%s.%s" % (name, suffix))).read_text()

    def rc(self, name):
        return int(self.text(name, "rc"))

    def json(self, name, kind=None):
        """Its objects (of one type); it must have ended well."""
        assert self.rc(name) == 0, self.text(name, "err")
        objects = [json.loads(line) for line in self.text(name).splitlines()]
        return [o for o in objects if kind in (None, o["type"])]

    def csv(self, name):
        assert self.rc(name) == 0, self.text(name, "err")
        return list(csv.DictReader(self.text(name).splitlines()))

    def leaves(self, walk):
        return [o for o in self.json(walk, "entry") if o["kind"] == "leaf"]

    def host_pages(self, mapped, name):
        """
        {ipa: pa or None} of each page of the memslots that the look `mapped`
        shows, by the VMM's /proc/PID/pagemap as `name`.
        """
        pages = {}
        for slot in self.json(mapped, "slot"):
            words = array.array("Q", (self.path / (
                "%s.pagemap.%d" % (name, slot["slot"]))).read_bytes())
            assert len(words) == slot["size"] >> 12
            for i, word in enumerate(words):
                pages[slot["ipa"] + (i << 12)] = (
                    (word & PFN) << 12 if word & PRESENT else None)
        return pages


def host_has_what_the_guest_maps(look, walk, mapped, name):
    """
    Each page that stage 2 maps of the guest's memory is the one that the VMM
    has there. Returns how many bytes these are.
    """
    pages, seen = look.host_pages(mapped, name), 0
    for leaf in look.leaves(walk):
        if leaf["ipa"] not in pages:  # a device's window is no memslot's
            assert leaf["memtype"] != "normal"
            continue
        for at in range(0, leaf["size"], 4096):
            assert pages[leaf["ipa"] + at] == leaf["pa"] + at, (leaf, at)
        seen += leaf["size"]
    return seen
