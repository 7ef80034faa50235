# SPDX-License-Identifier: GPL-2.0-only
"""
Every rule of s2trace.py fires on the fault it is made for, and all are silent
on a clean life of two VMs. Each bad trace is the clean one with one change.
"""
import pytest

import s2trace

ROOT, L2, L3, PAGE = 0x100000, 0x200000, 0x201000, 0x40000000
LEAF = PAGE | 0x7ff
BLOCK = 0x80000000 | 0x7fd
IPA = 0x40000000


class Life:
    """A list of (mmu, cpu, name, fields), and how it reads in tracefs."""

    def __init__(self):
        self.steps = []

    def add(self, mmu, on_cpu, name, /, **fields):
        self.steps.append([mmu, on_cpu, "s2_" + name, fields])

    def find(self, name, nth=0, **fields):
        hits = [i for i, s in enumerate(self.steps) if s[2] == "s2_" + name and
                all(s[3].get(k) == v for k, v in fields.items())]
        return hits[nth]

    def drop(self, name, nth=0, **fields):
        return self.steps.pop(self.find(name, nth, **fields))

    def edit(self, name, nth=0, *, new, **fields):
        self.steps[self.find(name, nth, **fields)][3].update(new)

    def move_after(self, name, other, **fields):
        step = self.drop(name, **fields)
        self.steps.insert(self.find(other) + 1, step)

    def move_before(self, name, other, nth, **fields):
        step = self.drop(name, **fields)
        self.steps.insert(self.find(other, nth), step)

    def lines(self, skip_seq=None):
        seq, out = {}, ["# tracer: nop\n"]
        n = len(self.steps)
        out.append("# entries-in-buffer/entries-written: %d/%d   #P:2\n" % (n, n))
        for i, (mmu, cpu, name, fields) in enumerate(self.steps):
            seq[mmu] = seq.get(mmu, 0) + (2 if i == skip_seq else 1)
            out.append("  s2 guest-97  [%03d] d..1.  %d: %s: mmu=%d vm=97 seq=%d %s\n" % (
                cpu, i, name, mmu, seq[mmu], " ".join(
                    "%s=%s" % (k, hex(v) if k in s2trace.HEX else v)
                    for k, v in fields.items())))
        for cpu in (0, 1):
            out.append("# stats cpu%d overrun: 0\n" % cpu)
        return out

    def rules(self, complete=True, **kwargs):
        trace = s2trace.parse(self.lines(**kwargs))
        return {v.rule for v in s2trace.check(trace, complete)}


def entry(life, name, level, table, index, old, new, count, op=1, ipa=IPA):
    life.add(1, 0, name, op=op, ipa=ipa, level=level, table=table, index=index,
             old=old, new=new, count=count)


def flush(life, scope="ipa", level=127, op=2, ipa=IPA, size=4096, mmu=1, vmid=1,
          cpu=0, generation=1):
    life.add(mmu, cpu, "flush", op=op, scope=scope, raw=0, level=level, ipa=ipa,
             size=size, vmid=vmid, generation=generation, reason="fault", cpu=cpu)


def vmid(life, name, number, generation, mmu, cpu, **more):
    life.add(mmu, cpu, "vmid_" + name, vmid=number, generation=generation,
             cpu=cpu, **more)


def op(life, name, number, kind, **more):
    reason = "dirty_log" if kind == "wrprotect" else "fault"
    life.add(1, 0, "op_" + name, op=number, kind=kind, reason=reason, **more)


def begin_vms(life):
    for mmu in (1, 2):
        life.add(mmu, 0, "mmu_init", ipa_bits=40, start_level=1, granule=4096,
                 root_pa=ROOT * mmu, root_pages=2, nested=0)
        vmid(life, "assign", mmu, 1, mmu, mmu - 1)
        vmid(life, "load", mmu, 1, mmu, mmu - 1, vcpu=0)


def memslot(life, change, flags=0):
    life.add(1, 0, "memslot", change=change, slot=1, base_gfn=IPA >> 12,
             npages=512, hva=0, flags=flags, old_base_gfn=IPA >> 12, old_flags=0)


def map_page(life):
    memslot(life, "create")
    life.add(1, 0, "fault_begin", vcpu=0, ipa=IPA, kind="translation", write=1,
             exec=0, notifier_seq=1)
    op(life, "begin", 1, "map", ipa=IPA, end=IPA + 4096, lock="read", may_block=0)
    life.add(1, 0, "table_alloc", op=1, table=L2, level=2, ipa=IPA)
    entry(life, "set", 1, ROOT, 1, 0, L2 | 3, 2)
    life.add(1, 0, "table_alloc", op=1, table=L3, level=3, ipa=IPA)
    entry(life, "set", 2, L2, 0, 0, L3 | 3, 2)
    entry(life, "set", 3, L3, 0, 0, LEAF, 2)
    op(life, "end", 1, "map", result=0, entries=3, resched=0, deferred=0)
    life.add(1, 0, "fault_end", vcpu=0, ipa=IPA, result=0, pfn=PAGE >> 12,
             size=4096, notifier_seq=1, refs_taken=1, refs_put=1)


def protect_page(life):
    """Write-protected for the dirty log: KVM pays."""
    op(life, "begin", 5, "wrprotect", ipa=IPA, end=IPA + 4096, lock="write",
       may_block=0)
    entry(life, "set", 3, L3, 0, LEAF, LEAF & ~0x80, 2, op=5)
    op(life, "end", 5, "wrprotect", result=0, entries=1, resched=0, deferred=1)
    flush(life, "vmid", op=0)


def make_block(life):
    """Break the table of pages, pay, make one block."""
    op(life, "begin", 2, "map", ipa=IPA, end=IPA + 0x200000, lock="write",
       may_block=0)
    entry(life, "clear", 2, L2, 0, L3 | 3, 0, 1, op=2)
    flush(life, "range", size=0x200000)
    entry(life, "clear", 3, L3, 0, LEAF & ~0x80, 0, 1, op=2)
    life.add(1, 0, "table_free", op=2, table=L3, level=3, ipa=IPA, count=1,
             deferred=0)
    entry(life, "set", 2, L2, 0, 0, BLOCK, 2, op=2)
    op(life, "end", 2, "map", result=0, entries=3, resched=0, deferred=0)


def unmap_block(life):
    op(life, "begin", 3, "unmap", ipa=IPA, end=IPA + 0x200000, lock="write",
       may_block=1)
    entry(life, "clear", 2, L2, 0, BLOCK, 0, 1, op=3)
    entry(life, "clear", 1, ROOT, 1, L2 | 3, 0, 1, op=3)
    flush(life, op=3)
    life.add(1, 0, "table_free", op=3, table=L2, level=2, ipa=IPA, count=1,
             deferred=0)
    op(life, "end", 3, "unmap", result=0, entries=2, resched=0, deferred=0)
    memslot(life, "delete")


def turn_generation(life):
    """CPU 0 puts, CPU 1 stays inside: its VMID 2 is reserved."""
    vmid(life, "put", 1, 1, 1, 0, vcpu=0)
    life.add(1, 0, "vmid_rollover", generation=2, old_generation=1, in_use=2,
             reserved=1, cpu=0)
    flush(life, "all", op=0)
    vmid(life, "assign", 3, 2, 1, 0)
    vmid(life, "load", 3, 2, 1, 0, vcpu=0)
    vmid(life, "put", 3, 2, 1, 0, vcpu=0)
    vmid(life, "put", 2, 1, 2, 1, vcpu=0)


def end_vms(life):
    for mmu in (1, 2):
        life.add(mmu, 0, "mmu_free", root_pa=ROOT * mmu, tables_alloc=2,
                 tables_freed=2, tables_live=0)


@pytest.fixture
def life():
    clean = Life()
    for part in (begin_vms, map_page, protect_page, make_block, unmap_block,
                 turn_generation, end_vms):
        part(clean)
    return clean


def test_a_clean_life_breaks_no_rule(life):
    assert life.rules() == set()


def unmap_nothing(life):
    begin, end = life.find("op_begin", kind="unmap"), life.find("op_end", kind="unmap")
    del life.steps[begin + 1:end]


BAD = {
    "an unmap leaves a leaf": ("UNMAPALL", unmap_nothing),
    "a slot goes before its leaves": ("UNMAPALL", lambda l: l.move_before(
        "memslot", "op_begin", 3, change="delete")),
    "a writable block is in a logged slot":
        ("DIRTY", lambda l: l.edit("memslot", new={"flags": 1})),
    "a leaf lies in no slot": ("INSLOT", lambda l: l.drop("memslot")),
    "a block is larger than its slot":
        ("INSLOT", lambda l: l.edit("memslot", new={"npages": 511})),
    "an entry changed untold":
        ("LOST", lambda l: l.edit("set", new={"old": LEAF + 0x1000}, op=5)),
    "a clear was not told": ("REFS", lambda l: l.drop("clear", op=3, level=2)),
    "a table is not freed": ("LEAK", lambda l: l.drop("table_free", table=L3)),
    "an MMU is not freed": ("LEAK", lambda l: l.drop("mmu_free", 1)),
    "the kernel counts a live table":
        ("LEAK", lambda l: l.edit("mmu_free", new={"tables_live": 1})),
    "a table is allocated twice": ("LEAK", lambda l: l.edit(
        "table_alloc", 1, new={"table": L2})),
    "a count is one too high":
        ("REFS", lambda l: l.edit("set", new={"count": 3}, table=L3)),
    "a count was not dropped":
        ("REFS", lambda l: l.edit("clear", new={"count": 2}, table=ROOT)),
    "a table is freed with a count":
        ("REFS", lambda l: l.edit("table_free", new={"count": 2})),
    "a table is freed before its invalidation":
        ("FREE", lambda l: l.move_after("table_free", "clear", table=L3)),
    "a table is freed with a hinted invalidation":
        ("FREE", lambda l: l.edit("flush", 2, new={"level": 2})),
    "a table is freed while linked":
        ("FREE", lambda l: l.drop("clear", table=ROOT)),
    "a freed table gets an entry": ("FREE", lambda l: l.steps.insert(
        l.find("op_end", kind="unmap"), l.steps[l.find("set", table=L2)])),
    "a table is freed twice": ("FREE", lambda l: l.steps.insert(
        l.find("mmu_free"), l.steps[l.find("table_free")])),
    "an unmap is not flushed": ("OWED", lambda l: l.drop("flush", 2)),
    "an unmap is flushed elsewhere":
        ("OWED", lambda l: l.edit("flush", 2, new={"ipa": IPA + 0x200000})),
    "an unmap is flushed on one CPU":
        ("OWED", lambda l: l.edit("flush", 2, new={"scope": "ipa_local"})),
    "write protection is not flushed": ("OWED", lambda l: l.edit(
        "op_end", new={"deferred": 0}, kind="wrprotect")),
    "a block is set before the table's invalidation": ("BBM", lambda l:
        l.move_before("flush", "op_end", 2, scope="range")),
    "the invalidation spans less than the table's leaves": ("BBM", lambda l:
        l.edit("flush", 1, new={"ipa": IPA + 4096, "size": 4096})),
    "a leaf changes its memory": ("BBM", lambda l: l.edit(
        "set", 3, new={"new": (LEAF & ~0x80) + 0x1000})),
    "VMID 0 is invalidated":
        ("FLUSHID", lambda l: l.edit("flush", 1, new={"vmid": 0})),
    "a fault keeps a page reference":
        ("PIN", lambda l: l.edit("fault_end", new={"refs_put": 0})),
    "something happens after the end": ("ROOT", lambda l: l.steps.append(
        l.steps[l.find("flush", scope="vmid")])),
    "two MMUs share a VMID":
        ("VMIDX", lambda l: l.edit("vmid_load", new={"vmid": 1}, cpu=1)),
    "one MMU runs under two numbers": ("VMIDX", lambda l: l.steps.insert(
        l.find("vmid_load", cpu=1) + 1, [1, 2, "s2_vmid_load", dict(
            vmid=7, generation=1, cpu=2, vcpu=1)])),
    "VMID 0 is loaded":
        ("VMIDX", lambda l: l.edit("vmid_load", new={"vmid": 0})),
    "an old generation is loaded":
        ("VMIDX", lambda l: l.edit("vmid_load", 2, new={"generation": 1})),
    "a future generation is loaded":
        ("VMIDX", lambda l: l.edit("vmid_load", new={"generation": 3})),
    "a reserved VMID is given away": ("VMIDX", lambda l: l.edit(
        "vmid_assign", 2, new={"vmid": 2})),
    "a VMID changes while it is loaded":
        ("VMIDX", lambda l: l.edit("vmid_put", new={"vmid": 4})),
    "a rollover invalidates nothing":
        ("VMIDG", lambda l: l.drop("flush", scope="all")),
    "a rollover invalidates too late":
        ("VMIDG", lambda l: l.move_after("flush", "vmid_put", scope="all")
         or l.steps.append(l.steps.pop(l.find("flush", scope="all")))),
    "a VMID is given out twice": ("VMIDG", lambda l: l.edit(
        "vmid_assign", 1, new={"vmid": 1})),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_rule_fires_when(life, fault):
    rule, break_it = BAD[fault]
    break_it(life)
    assert rule in life.rules()


def test_deferred_work_that_nobody_does_is_owed(life):
    life.drop("flush", scope="vmid")
    life.steps.insert(life.find("op_begin", 2), [1, 0, "s2_op_begin", dict(
        op=9, kind="destroy", reason="teardown", ipa=0, end=1 << 40,
        lock="write", may_block=0)])
    assert "OWED" in life.rules()


def test_who_never_had_a_vmid_owes_nothing(life):
    life.steps = [s for s in life.steps
                  if s[2] not in ("s2_flush", "s2_vmid_assign", "s2_vmid_load",
                                  "s2_vmid_put", "s2_vmid_rollover")]
    assert life.rules() == set()


def test_a_load_under_way_when_the_generation_turns_is_legal():
    life = Life()
    begin_vms(life)
    load = life.drop("vmid_load", cpu=1)
    vmid(life, "put", 1, 1, 1, 0, vcpu=0)
    life.add(1, 0, "vmid_rollover", generation=2, old_generation=1, in_use=2,
             reserved=1, cpu=0)
    flush(life, "all", op=0)
    life.steps.append(load)
    end_vms(life)
    assert life.rules() == set()


def test_faults_side_by_side_may_count_in_any_order():
    life = Life()
    begin_vms(life)
    map_page(life)
    for number in (6, 7):
        op(life, "begin", number, "map", ipa=IPA, end=IPA, lock="read", may_block=0)
    entry(life, "set", 3, L3, 2, 0, LEAF + 0x2000, 4, op=7, ipa=IPA + 0x2000)
    entry(life, "set", 3, L3, 1, 0, LEAF + 0x1000, 3, op=6, ipa=IPA + 0x1000)
    for number in (6, 7):
        op(life, "end", number, "map", result=0, entries=1, resched=0, deferred=0)
    assert life.rules(complete=False) == set()


def test_a_gap_in_the_sequence_is_a_loss(life):
    assert "LOST" in life.rules(skip_seq=5)


@pytest.mark.parametrize("old, new", [
    ("# entries-in-buffer/entries-written: ", "# entries-in-buffer/entries-written: 1"),
    ("# stats cpu1 overrun: 0", "# stats cpu1 overrun: 4"),
    ("# stats cpu1 overrun: 0", "# stats cpu1 dropped events: 4"),
    ("# stats cpu1 overrun: 0", "CPU:1 [LOST 12 EVENTS]"),
    ("s2_table_free: mmu=1", "s2_table_free: mmu?"),
    ("# stats", "# nothing"),
])
def test_what_tracefs_lost_is_a_loss(life, old, new):
    text = "".join(life.lines()).replace(old, new)
    found = s2trace.check(s2trace.parse(text.splitlines(True)))
    assert "LOST" in {v.rule for v in found}


def test_an_empty_trace_proves_nothing():
    assert {v.rule for v in s2trace.check(s2trace.parse([]))} == {"LOST"}


def test_every_rule_in_the_manual_has_been_seen_to_fire():
    rules = {line.split()[0] for line in s2trace.__doc__.splitlines()
             if line[:4].isupper() or line[:3].isupper()}
    assert rules == {rule for rule, _ in BAD.values()}
