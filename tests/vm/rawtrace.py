# SPDX-License-Identifier: GPL-2.0-only
"""
Reads what `s2guest stream` writes: the kernel's own ring buffer pages, while
they come in. Gives the events of all CPUs in the order in which they were
recorded, holding back only the last moments: memory does not grow with time.

Nothing is ever missing silently. A page tells when events before it were
overwritten, the kernel counts what it dropped, an event that comes too late to
be put in its place is noted, and so is a stream that stops before its END:
all of it ends up in Stream.losses.

The format of a page is described in Linux's include/linux/ring_buffer.h and
printed by tracing/events/header_page and header_event.
"""
import re
import struct

from s2trace import Event, Trace

FORMAT, ROUND, STATS, END = range(0x100, 0x104)
PAGE_HEAD = struct.Struct("<QQ")
COMMIT = (1 << 20) - 1
MISSED = 1 << 31 | 1 << 30
PADDING, EXTEND, STAMP = 29, 30, 31
# How many rounds an event may take from its clock to its reader.
HELD_BACK = 25

FIELD = re.compile(r"field:.*?(\w+);\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d)")
ENUM = re.compile(r"REC->(\w+), (\{.*?\})\)", re.S)
MEMBER = re.compile(r'\{ ?(-?\d+), "([^"]*)" ?\}')
STAT = re.compile(r"^(overrun|commit overrun|dropped events): (\d+)", re.M)
LETTER = {(1, 0): "B", (2, 0): "H", (4, 0): "I", (8, 0): "Q",
          (1, 1): "b", (2, 1): "h", (4, 1): "i", (8, 1): "q"}


class Layout:
    """How one kind of event lies in memory, from its "format" file."""

    def __init__(self, text):
        self.name = re.search(r"^name: (\w+)", text, re.M).group(1)
        self.id = int(re.search(r"^ID: (\d+)", text, re.M).group(1))
        fields = [(m[1], int(m[2]), int(m[3]), int(m[4]))
                  for m in FIELD.finditer(text)]
        code, at = "<", 0
        for _, offset, size, signed in fields:
            code += "%dx" % (offset - at) + LETTER[size, signed]
            at = offset + size
        self.struct = struct.Struct(code)
        self.fields = [f[0] for f in fields]
        self.enums = {m[1]: {int(v): n for v, n in MEMBER.findall(m[2])}
                      for m in ENUM.finditer(text.split("print fmt", 1)[1])}
        # The first four are those that every event of the kernel has.
        self.common = next(i for i, f in enumerate(self.fields)
                           if not f.startswith("common_"))

    def event(self, data, at, stamp, cpu):
        values = self.struct.unpack_from(data, at)
        e = Event(zip(self.fields[self.common:], values[self.common:]))
        for field, names in self.enums.items():
            e[field] = names.get(e[field], e[field])
        e.name, e.line, e.on_cpu = self.name, stamp, cpu
        return e


class Stream:
    """
    Events out of a binary file object. Iterate over it; then look at losses
    and status (what the command said, None if the stream broke off).
    """

    def __init__(self, file):
        self.file = file
        self.layouts = {}
        self.losses = []
        self.status = None
        self.stats = set()
        self.count = self.bytes = self.most_held = 0
        self.held = []
        self.limits = [0] * HELD_BACK   # the latest stamp of the last rounds
        self.latest = self.given = 0

    def lose(self, text):
        if len(self.losses) < 100:
            self.losses.append(text)

    def records(self):
        """(kind, bytes) until END, or until the stream breaks off."""
        while True:
            head = self.file.read(8)
            if len(head) < 8:
                return
            kind, length = struct.unpack("<II", head)
            data = self.file.read(length)
            if len(data) < length:
                return
            self.bytes += 8 + length
            yield kind, data
            if kind == END:
                return

    def __iter__(self):
        for kind, data in self.records():
            if kind < FORMAT:
                self.page(kind, data)
            elif kind == ROUND:
                yield from self.release(self.limits.pop(0))
                self.limits.append(self.latest)
            elif kind == FORMAT:
                layout = Layout(data.decode())
                self.layouts[layout.id] = layout
            elif kind == STATS:
                self.take_stats(data.decode())
            elif kind == END:
                self.status, = struct.unpack("<I", data)
        yield from self.release(self.latest)
        if self.status is None:
            self.lose("the stream ended before its end")
        elif not self.stats:
            self.lose("the stream says nothing about its losses")

    def take_stats(self, text):
        cpu = re.match(r"CPU (\d+)\n", text).group(1)
        self.stats.add(cpu)
        for what, number in STAT.findall(text):
            if number != "0":
                self.lose("CPU %s: %s: %s" % (cpu, what, number))

    def release(self, limit):
        """What can no longer be preceded by anything, in its order."""
        held = self.held
        self.most_held = max(self.most_held, len(held))
        held.sort(key=lambda e: e.line)
        n = 0
        for n, e in enumerate(held):
            if e.line > limit:
                break
        else:
            n = len(held)
        if n and held[0].line < self.given:
            self.lose("event %d came after %d had been given" % (
                held[0].line, self.given))
        if n:
            self.given = held[n - 1].line
        self.held = held[n:]
        self.count += n
        return held[:n]

    def page(self, cpu, data):
        """All events of a page of CPU @cpu."""
        stamp, commit = PAGE_HEAD.unpack_from(data)
        if commit & MISSED:
            self.lose("CPU %d: events before count %d were overwritten" % (
                cpu, stamp))
        at, end = PAGE_HEAD.size, PAGE_HEAD.size + (commit & COMMIT)
        while at < end:
            word, = struct.unpack_from("<I", data, at)
            kind, delta = word & 31, word >> 5
            at += 4
            if kind in (EXTEND, STAMP):
                high, = struct.unpack_from("<I", data, at)
                at += 4
                delta |= high << 27
                stamp = delta if kind == STAMP else stamp + delta
                continue
            if kind == PADDING:
                # With a length: fills the page up, or was an event.
                if delta and at + struct.unpack_from("<I", data, at)[0] < end:
                    self.lose("CPU %d: an event was discarded" % cpu)
                break
            stamp += delta
            if kind:
                length = kind * 4
            else:
                length = struct.unpack_from("<I", data, at)[0] - 4
                at += 4
            layout = self.layouts.get(*struct.unpack_from("<H", data, at))
            if layout:
                self.held.append(layout.event(data, at, stamp, cpu))
            at += length
        self.latest = max(self.latest, stamp)


def trace(path):
    """All of a recorded stream, as s2trace.check() wants it."""
    whole = Trace()
    with open(path, "rb") as f:
        stream = Stream(f)
        whole.events = list(stream)
    whole.losses = stream.losses
    return whole
