# SPDX-License-Identifier: GPL-2.0-only
"""
Verdicts from the s2 tracepoints, as tracefs prints them.

parse() turns a text trace into events; check() replays them and returns what
broke. It shares no code with s2stat's model on purpose: the two can be held
against each other. The rules, by their keys:

LOST    no event is missing: tracefs dropped none, each MMU's sequence numbers
        are contiguous, and an entry is found as the event before left it (but
        for the access flag, which the hardware may set)
ROOT    nothing happens to an MMU after s2_mmu_free
VMIDX   two MMUs never have the same VMID number loaded at once, nor one MMU
        two; nobody loads VMID 0, a generation that does not exist yet, or an
        old one
VMIDG   a rollover invalidates everything before the first VMID of the new
        generation is given out; no number is given out twice in one
FLUSHID nobody invalidates VMID 0, the host's
LEAK    every table allocated is freed, every MMU made is freed
REFS    a table's count is 1 + its non-zero entries whenever no operation is
        in progress on its MMU, and 1 when it is freed
FREE    a table is freed after it became unreachable and a covering
        invalidation without level hint followed; nothing names it after
OWED    what an operation clears or restricts it has invalidated when it ends,
        unless it says that KVM will (deferred)
BBM     a valid entry changes only permissions, access flag and software bits;
        whatever else replaces it waits for its invalidation
UNMAPALL  when an unmap ends, and when a slot is deleted or moved away, no leaf
        is left in its range
DIRTY   once a slot was write-protected for its log, nothing above page size
        becomes writable in it
INSLOT  a fault maps only what lies whole in one slot
PIN     a fault puts the page references it took

The capture (tests/guest/capture) must use the "counter" trace clock: then the
order of the lines is the order of the events, across CPUs. Within one MMU the
order is that of the sequence numbers.
"""
import re
from collections import defaultdict, namedtuple

LINE = re.compile(r"^\s*(?P<task>.+)-\d+\s+\[(?P<cpu>\d+)\]\s+\S+\s+"
                  r"[\d.]+: (?P<name>s2_\w+): (?P<rest>.*)$")
HEAD = re.compile(r"^# entries-in-buffer/entries-written: (\d+)/(\d+)")
STAT = re.compile(r"^# stats cpu(\d+) (overrun|commit overrun|dropped events): (\d+)")
PAIR = re.compile(r"(\w+)=(\S+)")

VALID, TABLE = 1, 2
READ, WRITE, ACCESSED, XN = 1 << 6, 1 << 7, 1 << 10, 1 << 54
# S2AP, AF, DBM, XN, software: what may change while an entry stays valid.
MAY_CHANGE = 3 << 6 | 1 << 10 | 1 << 51 | 3 << 53 | 15 << 55
PA = 0x0000fffffffff000
ANY_LEVEL = 127
LOG_DIRTY = 1           # KVM_MEM_LOG_DIRTY_PAGES

Violation = namedtuple("Violation", "rule text event")


class Event(dict):
    """The fields of one event; name, line number and CPU as attributes."""

    __slots__ = ("name", "line", "on_cpu")

    def __str__(self):
        return "line %d: %s %s" % (self.line, self.name, " ".join(
            "%s=%s" % (k, hex(v) if k in HEX else v) for k, v in self.items()))


HEX = {"ipa", "end", "table", "old", "new", "root_pa", "size", "raw", "pa"}


class Trace:
    """Events in the order of the lines, and what is wrong with the capture."""

    def __init__(self):
        self.events = []
        self.losses = []


def number(text):
    try:
        return int(text, 0)
    except ValueError:
        return text


def parse(lines):
    """Reads text lines; never guesses: an unreadable s2 line is a loss."""
    trace, stats, header = Trace(), set(), False
    for n, line in enumerate(lines, 1):
        m = LINE.match(line)
        if m:
            e = Event((k, number(v)) for k, v in PAIR.findall(m["rest"]))
            e.name, e.line, e.on_cpu = m["name"], n, int(m["cpu"])
            if "mmu" in e and "seq" in e:
                trace.events.append(e)
                continue
        if "LOST" in line or (not line.startswith("#") and ": s2_" in line):
            trace.losses.append("line %d: %s" % (n, line.strip()))
        m = HEAD.match(line)
        if m:
            header = True
            if m[1] != m[2]:
                trace.losses.append("%s of %s events are left" % m.groups())
        m = STAT.match(line)
        if m:
            stats.add(m[1])
            if m[3] != "0":
                trace.losses.append(line.strip("# \n"))
    if not header or not stats:
        trace.losses.append("the capture says nothing about its losses")
    return trace


def level_size(level):
    return 1 << (12 + 9 * (3 - level))


def is_leaf(pte, level):
    return bool(pte & VALID) and (level == 3 or not pte & TABLE)


def is_table(pte, level):
    return bool(pte & VALID) and level < 3 and bool(pte & TABLE)


class Debt:
    """An invalidation owed: for a leaf, or for a table that was unlinked."""

    __slots__ = ("ipa", "size", "level", "table", "op", "deferred", "event")

    def __init__(self, ipa, level, op, event, table=None):
        self.ipa, self.size, self.level = ipa, level_size(level), level
        self.table, self.op, self.event = table, op, event
        self.deferred = False

    def paid_by(self, flush):
        """
        One IPA of a leaf is enough to be rid of it, and one of a table's span
        to be rid of the walk to it (its leaves are debts of their own); but a
        hint must not name another level, and for a table there must be none.
        """
        if flush["scope"] in ("vmid", "all"):
            return True
        if flush["scope"] not in ("ipa", "range"):
            return False
        hint = flush["level"]
        if hint != ANY_LEVEL and (self.table is not None or hint != self.level):
            return False
        return (flush["ipa"] < self.ipa + self.size and
                self.ipa < flush["ipa"] + flush["size"])


class Mmu:
    """One MMU's tables, replayed."""

    def __init__(self, report):
        self.report = report
        self.root = self.start_level = None
        self.has_vmid = False
        self.freed = False
        self.tables = {}                    # pa -> (level, ipa)
        self.entries = defaultdict(dict)    # pa -> {index: (pte, level, ipa)}
        self.link = {}                      # pa -> pa of the parent
        self.debts = []
        self.ops = {}                       # id -> its begin
        self.slots = {}                     # id -> (start, end, flags)
        self.logged = set()                 # of these, whose log has begun
        self.window = defaultdict(list)     # pa -> counts since all was quiet
        self.crowded = False                # several operations at once in it
        self.unsure = set()                 # entries whose last event is not sure

    # Reachability -----------------------------------------------------------

    def reachable(self, pa):
        while pa in self.link:
            pa = self.link[pa]
        return pa == self.root or self.root is None

    def below(self, pa):
        """The table and all below it."""
        yield pa
        for pte, level, _ in list(self.entries[pa].values()):
            if is_table(pte, level):
                yield from self.below(pte & PA)

    # Events -----------------------------------------------------------------

    def s2_mmu_init(self, e):
        self.root, self.start_level = e["root_pa"], e["start_level"]

    def s2_mmu_free(self, e):
        self.freed = True
        if e["tables_live"]:
            self.report("LEAK", "tables are left", e)
        for pa in self.tables:
            self.report("LEAK", "table %#x was never freed" % pa, e)

    def s2_op_begin(self, e):
        if self.ops:
            self.crowded = True
        self.ops[e["op"]] = e
        if e["kind"] == "wrprotect" and e["reason"] == "dirty_log":
            # The slot's event came before the slot changed.
            self.logged |= {i for i, (start, end, flags) in self.slots.items()
                            if flags & LOG_DIRTY and start < e["end"] and
                            e["ipa"] < end}
        if e["kind"] == "destroy":
            for debt in self.debts:
                if debt.deferred:
                    self.report("OWED", "nobody paid what was deferred", debt.event)

    def s2_op_end(self, e):
        begin = self.ops.pop(e["op"], None)
        for debt in self.debts:
            if debt.op != e["op"] or debt.deferred:
                continue
            if e["deferred"] and debt.table is None:
                debt.deferred = True
            else:
                self.report("OWED", "not invalidated when op %d ended" % e["op"],
                            debt.event)
        if begin and e["kind"] == "unmap":
            self.check_gone(begin["ipa"], begin["end"], e)
        if not self.ops:
            self.check_counts(e)

    def check_gone(self, start, end, e):
        for pa, (level, ipa) in [(self.root, (self.start_level, 0)),
                                 *self.tables.items()]:
            span = level_size(level - 1) if pa != self.root else 1 << 52
            if ipa >= end or start >= ipa + span or not self.reachable(pa):
                continue
            for pte, lvl, at in self.entries[pa].values():
                if is_leaf(pte, lvl) and at < end and start < at + level_size(lvl):
                    self.report("UNMAPALL", "%#x is still mapped" % at, e)
                    return

    def s2_memslot(self, e):
        if e["change"] == "refused":
            return
        old, size = e["old_base_gfn"] << 12, e["npages"] << 12
        if e["change"] in ("delete", "move"):
            self.check_gone(old, old + size, e)
            self.slots.pop(e["slot"], None)
        self.logged.discard(e["slot"])
        if e["change"] != "delete":
            start = e["base_gfn"] << 12
            self.slots[e["slot"]] = start, start + size, e["flags"]

    def check_dirty(self, e):
        end = e["ipa"] + level_size(e["level"])
        for start, stop, _ in (self.slots[i] for i in self.logged):
            if e["ipa"] < stop and start < end:
                self.report("DIRTY", "a writable block in a logged slot", e)

    def check_slot(self, e):
        begin, end = self.ops.get(e["op"]), e["ipa"] + level_size(e["level"])
        if self.root is None or not begin or begin["reason"] == "ioremap":
            return
        if not any(start <= e["ipa"] and end <= stop
                   for start, stop, _ in self.slots.values()):
            self.report("INSLOT", "there is no slot", e)

    def check_counts(self, e):
        """Faults side by side are numbered either way: then any may be last."""
        for pa, counts in self.window.items():
            want = 1 + len(self.entries[pa])
            if want not in counts if self.crowded else counts[-1] != want:
                self.report("REFS", "table %#x counts %d, it holds %d entries" % (
                    pa, counts[-1], want - 1), e)
        self.window.clear()
        self.crowded = False

    def s2_table_alloc(self, e):
        pa = e["table"]
        if pa in self.tables:
            self.report("LEAK", "table %#x allocated twice" % pa, e)
        self.tables[pa] = (e["level"], e["ipa"])
        # With faults side by side what is in it may be told before it.
        self.link.pop(pa, None)

    def s2_table_free(self, e):
        pa = e["table"]
        if pa not in self.tables:
            self.report("FREE", "table %#x is not ours to free" % pa, e)
        if pa in self.link:
            self.report("FREE", "table %#x is still linked" % pa, e)
        for debt in self.debts:
            if debt.table == pa:
                self.report("FREE", "table %#x freed before its invalidation" % pa, e)
        if e["count"] != 1 or self.entries[pa]:
            self.report("REFS", "table %#x freed with entries in it" % pa, e)
        self.tables.pop(pa, None)
        self.entries.pop(pa, None)
        self.window.pop(pa, None)

    def note_entry(self, e):
        pa = e["table"]
        if pa != self.root and pa not in self.tables and self.root is not None:
            self.report("FREE", "table %#x is not allocated" % pa, e)
        self.window[pa].append(e["count"])
        self.check_old(e)

    def check_old(self, e):
        """What an event found in an entry, an event must have put there."""
        at = e["table"], e["index"]
        told = self.entries[at[0]].get(at[1], (0,))[0]
        if self.root is None or at in self.unsure:
            self.unsure.discard(at)
        elif (told ^ e["old"]) & ~ACCESSED:
            # Faults side by side on one entry are numbered either way.
            if len(self.ops) > 1:
                self.unsure.add(at)
            else:
                self.report("LOST", "the entry was told to be %#x" % told, e)

    def s2_set(self, e):
        old, new, level, pa = e["old"], e["new"], e["level"], e["table"]
        self.note_entry(e)
        if old & VALID and (old ^ new) & ~MAY_CHANGE:
            self.report("BBM", "valid to different valid", e)
        elif is_leaf(old, level) and (old & ~new & (READ | WRITE) or
                                      new & ~old & XN):
            self.owe(Debt(e["ipa"], level, e["op"], e))
        elif not old & VALID and new & VALID and self.reachable(pa):
            self.check_make(e)
        if is_leaf(new, level) and not old & VALID:
            self.check_slot(e)
            if level < 3 and new & WRITE:
                self.check_dirty(e)
        self.entries[pa][e["index"]] = (new, level, e["ipa"])
        if is_table(new, level):
            self.link[new & PA] = pa

    def check_make(self, e):
        end = e["ipa"] + level_size(e["level"])
        for debt in self.debts:
            if debt.ipa < end and e["ipa"] < debt.ipa + debt.size:
                self.report("BBM", "set before the invalidation of line %d" %
                            debt.event.line, e)

    def s2_clear(self, e):
        old, level, pa = e["old"], e["level"], e["table"]
        self.note_entry(e)
        live = self.reachable(pa)
        self.entries[pa].pop(e["index"], None)
        if is_table(old, level):
            child = old & PA
            if live:
                self.unlink(child, e)
            self.link.pop(child, None)
        elif live and is_leaf(old, level):
            self.owe(Debt(e["ipa"], level, e["op"], e))

    def unlink(self, top, e):
        """A whole subtree goes: each table of it, and each leaf, is owed."""
        for pa in self.below(top):
            level, ipa = self.tables.get(pa, (e["level"] + 1, e["ipa"]))
            self.owe(Debt(ipa, level - 1, e["op"], e, table=pa))
            for pte, lvl, at in self.entries[pa].values():
                if is_leaf(pte, lvl):
                    self.owe(Debt(at, lvl, e["op"], e))

    def owe(self, debt):
        # Who never had a VMID is in no TLB.
        if self.has_vmid:
            self.debts.append(debt)

    def s2_flush(self, e):
        if e["scope"] in ("ipa", "ipa_local", "range", "vmid") and not e["vmid"]:
            self.report("FLUSHID", "VMID 0 invalidated", e)
        self.pay(e)

    def pay(self, flush):
        if self.debts:
            self.debts = [d for d in self.debts if not d.paid_by(flush)]

    def s2_vmid_assign(self, e):
        self.has_vmid = True

    s2_vmid_load = s2_vmid_assign

    def s2_fault_end(self, e):
        if e["refs_taken"] != e["refs_put"]:
            self.report("PIN", "page references taken and put differ", e)


class Vmids:
    """Who uses which VMID on which CPU, replayed."""

    def __init__(self, report):
        self.report = report
        self.loaded = {}        # cpu -> event of the load
        self.generation = None
        self.owner = {}         # number -> mmu, given out in this generation
        self.flushed = True     # everything, since the last rollover
        self.rolled_at = 0
        self.last_on = {}       # cpu -> line of its last event

    def event(self, e):
        handler = getattr(self, e.name, None)
        if handler:
            handler(e)
        self.last_on[e.on_cpu] = e.line

    def s2_vmid_rollover(self, e):
        self.generation, self.rolled_at = e["generation"], e.line
        self.flushed = False
        self.owner = {}

    def s2_flush(self, e):
        if e["scope"] == "all":
            self.flushed = True

    def s2_vmid_assign(self, e):
        if self.generation is None:
            self.generation = e["generation"]
        if not self.flushed:
            self.report("VMIDG", "given out before everything was invalidated", e)
        if not e["vmid"]:
            self.report("VMIDX", "VMID 0 given out", e)
        if e["generation"] != self.generation:
            self.report("VMIDG", "generation is %d" % self.generation, e)
        if self.owner.setdefault(e["vmid"], e["mmu"]) != e["mmu"]:
            self.report("VMIDG", "already given to mmu %d" % self.owner[e["vmid"]], e)
        for cpu, load in self.loaded.items():
            if load["vmid"] == e["vmid"] and load["mmu"] != e["mmu"]:
                self.report("VMIDX", "CPU %d uses it for mmu %d" % (
                    cpu, load["mmu"]), e)

    def s2_vmid_load(self, e):
        if self.generation is None:
            self.generation = e["generation"]
        if not e["vmid"]:
            self.report("VMIDX", "VMID 0 loaded", e)
        if e["generation"] > self.generation:
            self.report("VMIDX", "generation is %d" % self.generation, e)
        elif e["generation"] < self.generation and \
                self.last_on.get(e.on_cpu, 0) > self.rolled_at:
            # Only a load under way when the generation turned may be late.
            self.report("VMIDX", "old: generation is %d" % self.generation, e)
        for cpu, load in self.loaded.items():
            if cpu != e["cpu"] and load["vmid"] == e["vmid"] and \
                    load["mmu"] != e["mmu"]:
                self.report("VMIDX", "CPU %d uses it for mmu %d" % (
                    cpu, load["mmu"]), e)
            if cpu != e["cpu"] and load["mmu"] == e["mmu"] and \
                    load["vmid"] != e["vmid"]:
                self.report("VMIDX", "CPU %d runs the same MMU under %d" % (
                    cpu, load["vmid"]), e)
        self.loaded[e["cpu"]] = e

    def s2_vmid_put(self, e):
        load = self.loaded.pop(e["cpu"], None)
        if load and (load["vmid"], load["mmu"]) != (e["vmid"], e["mmu"]):
            self.report("VMIDX", "CPU %d had loaded %d for mmu %d" % (
                e["cpu"], load["vmid"], load["mmu"]), e)


def in_mmu_order(events):
    """The places of an MMU's events stay; its events take them by number."""
    places, sorted_events = defaultdict(list), list(events)
    for i, e in enumerate(events):
        places[e["mmu"]].append(i)
    for where in places.values():
        ordered = sorted((events[i] for i in where), key=lambda e: e["seq"])
        for i, e in zip(where, ordered):
            sorted_events[i] = e
    return sorted_events


def replay(events, report):
    """The MMUs by id, as the events leave them."""
    mmus, seq = {}, {}
    for e in in_mmu_order(events):
        mmu = mmus.setdefault(e["mmu"], Mmu(report))
        if seq.get(e["mmu"], e["seq"] - 1) + 1 != e["seq"]:
            report("LOST", "mmu %d: seq %d follows %d" % (
                e["mmu"], e["seq"], seq[e["mmu"]]), e)
        seq[e["mmu"]] = e["seq"]
        if mmu.freed:
            report("ROOT", "mmu %d has been freed" % e["mmu"], e)
        handler = getattr(mmu, e.name, None)
        if handler:
            handler(e)
        if e.name == "s2_flush" and e["scope"] == "all":
            for other in mmus.values():
                other.pay(e)
    return mmus


def check(trace, complete=True):
    """
    All violations, in order. complete: the trace spans the whole life of every
    MMU in it, so each must be freed in it.
    """
    found = [Violation("LOST", text, None) for text in trace.losses]
    if not trace.events:
        found.append(Violation("LOST", "there is not one event", None))

    def report(rule, text, event):
        found.append(Violation(rule, text, event))

    vmids = Vmids(report)
    for e in trace.events:
        vmids.event(e)
    for number_, mmu in replay(trace.events, report).items():
        if complete and not (mmu.root is not None and mmu.freed):
            report("LEAK", "mmu %d: made or freed outside the trace" % number_, None)
    return found


def at_rest(trace, mmu):
    """One MMU just before it is destroyed."""
    events = [e for e in in_mmu_order(trace.events) if e["mmu"] == mmu]
    end = next((i for i, e in enumerate(events)
                if e.name == "s2_op_begin" and e["kind"] == "destroy"), len(events))
    return replay(events[:end], lambda *_: None)[mmu]


def check_file(path, complete=True):
    with open(path, encoding="utf-8", errors="replace") as f:
        return check(parse(f), complete)


def summary(trace):
    """How many events of each name."""
    counts = defaultdict(int)
    for e in trace.events:
        counts[e.name] += 1
    return dict(counts)


def main(argv=None):
    import argparse
    import sys

    parser = argparse.ArgumentParser(description="Verdict over a text trace.")
    parser.add_argument("file")
    parser.add_argument("--partial", action="store_true",
                        help="MMUs may be older or younger than the trace")
    args = parser.parse_args(argv)
    with open(args.file, encoding="utf-8", errors="replace") as f:
        trace = parse(f)
    found = check(trace, complete=not args.partial)
    for v in found[:50]:
        print("%s: %s%s" % (v.rule, v.text, "\n  %s" % v.event if v.event else ""))
    print("%d events, %d violations" % (len(trace.events), len(found)))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
