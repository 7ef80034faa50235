# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat on Debian's unmodified kernels, as a new user tries it: with the static
binary copied in and nothing else. What it shows of guests is held against what
our kernel shows of the same payload, against the memory that the VMMs have, and
against the kernel's own counting of flushes and faults; what is not offered is
null and -, as docs/stock-kernels.md says.
"""
import collections
import json
import re

import pytest

import test_views
from house import ROOT
from looks import Looks, host_has_what_the_guest_maps

MB, GB = 1 << 20, 1 << 30
KERNELS = ("debian-6.12", "debian-6.1", "debian-newest")
# In make check the kernel of Debian 13, where it sees most and where least.
QUICK = {("debian-6.12", "max"), ("debian-6.12", "cortex-a57")}
HOUSES = [(kernel, cpu) if (kernel, cpu) in QUICK else
          pytest.param(kernel, cpu, marks=pytest.mark.full)
          for kernel in KERNELS for cpu in ("max", "neoverse-n1", "cortex-a57")]
SCRIPT = "sh /repo/tests/guest/views/stock.sh /share/stock"


def values(case):
    return getattr(case, "values", case)


def with_linux(kernel, cpu):
    """Linux guests take their time under emulation: once in make check."""
    return cpu == "max" or (kernel, cpu) not in QUICK


everywhere = pytest.mark.parametrize("kernel, cpu", HOUSES)
linux = pytest.mark.parametrize("kernel, cpu", [
    case for case in HOUSES if with_linux(*values(case))])


@pytest.fixture
def look(houses, kernel, cpu):
    guests = "LINUX_GUESTS=yes " if with_linux(kernel, cpu) else ""
    house = houses("stock-%s-%s" % (kernel, cpu), {"stock": guests + SCRIPT},
                   kernel=kernel, cpu=cpu, events=False, limit=1500, timeout=2000)
    return Looks(house.result("stock"))


@pytest.fixture
def ours(houses):
    """The same payload at rest, on our kernel."""
    return test_views.rest(houses, "max")


def is_vhe(cpu):
    return cpu != "cortex-a57"


@everywhere
def test_the_script_came_to_its_end(look):
    assert look.result.status == 0, look.result.out
    assert not look.result.warnings()


@everywhere
def test_nothing_stays_attached(look):
    assert look.text("attached", "before") == look.text("attached", "after")


@everywhere
@pytest.mark.parametrize("verb", ["list", "audit", "flush", "doctor"])
def test_a_kernel_that_is_too_old_is_one_sentence(look, verb):
    assert look.rc("old-" + verb) == 4
    assert re.fullmatch(r"s2stat: this kernel \(Linux \S+\) is too old: s2stat needs "
                        r"5\.17 or newer\n", look.text("old-" + verb, "err"))


# What is there, at rest

def vms_at_rest(look):
    """Of the guest of pages, and of the guest of blocks."""
    vms = {o["vm"]: o for o in look.json("list", "vm")}
    pids = list(map(int, (look.path / "pids").read_text().split()))
    assert set(vms) == set(pids)
    return [vms[pid] for pid in pids]


@everywhere
def test_contexts_are_those_of_our_kernel(look, ours):
    for stock, own in zip(vms_at_rest(look), vms_at_rest(ours)):
        for key in ("ipa_bits", "start_level", "root_pages", "granule"):
            assert stock["geometry"][key] == own["geometry"][key]
        for key in ("name", "vmm", "alive", "vcpus", "nested", "mapped"):
            assert stock[key] == own[key]
        for key in ("pages", "bytes", "entries", "used", "annotations", "levels"):
            assert stock["tables"][key] == own["tables"][key]
        assert stock["audit"]["tables"] == own["audit"]["tables"]


def shape(look, name, cpu):
    """
    Its entries, up to the pages that happened to be behind them, and to the access
    flag, which the host takes away as it ages its memory. What is not yet executed
    is XN where the CPU does not keep its instruction cache coherent by itself
    (CTR_EL0.DIC, which max has).
    """
    keys = ("size", "index", "r", "w", "memtype") + (("x",) if cpu == "max" else ())
    return {(e["ipa"], e["level"], e["kind"]): [e.get(key) for key in keys]
            for e in look.json(name, "entry")}


@everywhere
@pytest.mark.parametrize("name", ["walk", "walk-blocks"])
def test_entries_are_those_of_our_kernel(look, ours, cpu, name):
    assert shape(look, name, cpu) == shape(ours, name, cpu)
    assert [[t[k] for k in ("ipa", "level", "count", "used", "entries", "leaves",
                            "children", "annotations", "unread")]
            for t in look.json(name, "table")] == \
        [[t[k] for k in ("ipa", "level", "count", "used", "entries", "leaves",
                         "children", "annotations", "unread")]
         for t in ours.json(name, "table")]


def picture(look, name):
    """What is drawn, up to the access flag, at which a span may be cut in two."""
    spans, sums = look.json(name, "span"), collections.Counter()
    for s in spans:
        sums.update({key: s[key] for key in ("mapped", "device", "writable")})
        sums.update(s["sizes"])
    return sums, {at for s in spans for at in range(s["ipa"], s["ipa"] + s["size"], 4096)}


@everywhere
@pytest.mark.parametrize("name", ["map", "map-blocks"])
def test_the_map_is_that_of_our_kernel(look, ours, name):
    assert picture(look, name) == picture(ours, name)
    assert [[s[k] for k in ("slot", "ipa", "size", "flags")]
            for s in look.json(name, "slot")] == \
        [[s[k] for k in ("slot", "ipa", "size", "flags")] for s in ours.json(name, "slot")]


@everywhere
@pytest.mark.parametrize("walk, drawn, pages, size", [
    ("walk", "map", "pages", 6 * MB), ("walk-blocks", "map-blocks", "blocks", 8 * MB)])
def test_what_is_mapped_is_what_the_vmm_has(look, walk, drawn, pages, size):
    assert size < host_has_what_the_guest_maps(look, walk, drawn, pages) < size + MB


@everywhere
def test_audits_are_right(look):
    assert [a["verdict"] for a in look.json("audit", "audit")] == ["ok", "ok"]
    for vm in look.json("list", "vm"):
        assert vm["audit"]["uncounted"] == vm["audit"]["unread"] == 0


@everywhere
def test_vmids_are_shared_by_nobody(look):
    vmids = look.json("vmid", "vmid")
    assert len({v["vmid"] for v in vmids}) == 2
    assert all(v["vmid"] for v in vmids)
    # Which generation is the current one only the allocator knows.
    (space,) = look.json("vmid", "vmids")
    assert {v["current"] for v in vmids} == {True if space["generation"] else None}


@everywhere
def test_nothing_is_left_of_the_guests(look):
    assert look.json("list-after", "vm") == []


# What happens, at work

LINE = re.compile(r"^\s*(?P<comm>.*)-(?P<pid>\d+)\s+\(\s*(?P<tgid>[-\d]+)\)\s+\[\d+\]"
                  r"\s+\S+\s+[\d.]+: (?P<event>\w+): (?P<rest>.*)$")
KINDS = {0x04: "translation", 0x08: "access_flag", 0x0c: "permission"}


class Counted:
    """What the kernel counted by itself, for each process."""

    def __init__(self, look):
        self.flushes = collections.defaultdict(collections.Counter)
        self.faults = collections.defaultdict(collections.Counter)
        self.hot = collections.defaultdict(collections.Counter)
        self.rollovers, self.owner, self.lines = 0, {}, 0
        text = look.text("kernel", "trace")
        for line in text.splitlines():
            if not line.startswith("#"):
                self.take(LINE.match(line), line)
        stats = look.text("kernel", "stats")
        assert set(re.findall(r"^(?:overrun|dropped events): (\d+)", stats,
                              re.M)) == {"0"}
        # Nothing that a kprobe missed, either.
        profile = [l.split() for l in look.text("kernel", "profile").splitlines()]
        assert profile and all(missed == "0" for _, _, missed in profile), profile

    def take(self, match, line):
        assert match, line
        event, rest, tgid = match["event"], match["rest"], int(match["tgid"])
        if event == "kvm_guest_fault":
            ipa, hsr = re.match(r"ipa (0x\w+), hsr (0x\w+),", rest).groups()
            self.faults[tgid][KINDS[int(hsr, 0) & 0x3c]] += 1
            self.hot[tgid][int(ipa, 0) >> 21] += 1
            return
        if event == "rollover":
            self.rollovers += 1
            return
        # Others, like khugepaged, invalidate on behalf of who has the context.
        mmu = rest.split("mmu=")[1]
        if match["comm"] == "s2guest":
            self.owner[mmu] = tgid
        self.flushes[self.owner[mmu]][event] += 1


def by_vm(rows, key):
    """{tgid: {value of key: sum of count}}"""
    out = collections.defaultdict(collections.Counter)
    for row in rows:
        out[row["vm"]][row[key]] += row["count"]
    return out


def flushes_are_not_offered(look, name):
    return look.rc(name) == 4 and look.text(name, "err") == (
        "s2stat: this kernel does not show invalidations (s2stat doctor tells why)\n")


@everywhere
def test_flushes_are_those_the_kernel_counted(look, cpu):
    if not is_vhe(cpu):
        assert all(flushes_are_not_offered(look, name) for name in (
            "flush.counted", "flush-none", "flush-text"))
        return
    (sample,) = look.json("flush.counted", "sample")
    counted = Counted(look)
    assert by_vm(look.json("flush.counted", "flush"), "scope") == counted.flushes
    assert sample["vmid_rollovers"] == counted.rollovers
    assert sample["dropped"] == 0
    assert len({s for c in counted.flushes.values() for s in c}) >= 3
    assert len(counted.flushes) >= 2


@everywhere
def test_flushes_are_the_same_in_list(look, cpu):
    for vm in look.json("list.counted", "vm"):
        flushes = vm["events"]["flushes"]
        if not is_vhe(cpu):
            assert flushes is None and vm["rates"]["flushes"] is None
            continue
        rows = [r for r in look.json("flush.counted", "flush") if r["mmu"] == vm["mmu"]]
        assert flushes["total"] == sum(r["count"] for r in rows)
        assert flushes["pages"] == sum(r["pages"] or 0 for r in rows)


@everywhere
def test_faults_are_those_the_kernel_counted(look):
    counted = Counted(look)
    kinds = collections.defaultdict(collections.Counter)
    for f in look.json("faults.counted", "faults"):
        kinds[f["vm"]].update(f["kinds"])
        assert f["total"] == sum(f["kinds"].values())
        if f["results"]:
            assert f["total"] == sum(v or 0 for v in f["results"].values())
    assert {vm: k for vm, k in kinds.items() if k} == counted.faults
    assert all("translation" in k for k in counted.faults.values())


@everywhere
def test_hot_spots_are_where_the_kernel_saw_faults(look):
    counted, seen = Counted(look), collections.Counter()
    for h in look.json("faults.counted", "hot"):
        seen[h["vm"], h["ipa"] >> 21] += h["count"]
    assert seen
    for (vm, region), count in seen.items():
        assert count <= counted.hot[vm][region]
    # A process with one VM has all of a region's faults in one row.
    ids = collections.defaultdict(set)
    for f in look.json("faults.counted", "faults"):
        ids[f["vm"]].add(f["mmu"])
    alone = [(k, n) for k, n in seen.items() if len(ids[k[0]]) == 1]
    assert alone and all(n == counted.hot[vm][r] for (vm, r), n in alone)


# What is not offered

def version(kernel_check):
    return tuple(map(int, re.search(r"Linux (\d+)\.(\d+)", kernel_check).groups()))


def checks(look, name="doctor"):
    return {c["check"]: c for c in look.json(name, "check")}


def known(rows, *paths):
    """All of these are there in each row; or none of them in any."""
    found = {test_views.at(row, path) is not None for row in rows for path in paths}
    assert len(found) == 1, (paths, found)
    return found.pop()


# The rows of the table in docs/stock-kernels.md: is it offered? And what of
# doctor is about it.
ROWS = {
    "contexts, owners, geometry, VMIDs": ("VMIDs", lambda look: known(
        look.json("list", "vm"), "vm", "geometry.ipa_bits", "vmid", "generation")),
    "tables, entries, mapped, by level and size": ("tables", lambda look: known(
        look.json("list", "vm"), "tables.levels", "mapped.sizes")),
    "reference counts, audit": ("table counts", lambda look: known(
        look.json("walk", "table"), "count")),
    "memslots (`map`)": (None, lambda look: bool(look.json("map", "slot"))),
    "flushes by scope, pages, rollovers": ("flushes", lambda look: known(
        look.json("list-rates", "vm"), "events.flushes.scopes", "events.flushes.pages",
        "rates.flushes", "rates.flush_scopes", "rates.flush_pages") and known(
        look.json("list-rates", "sample"), "vmid_rollovers")),
    "why a flush was made": (None, lambda look: known(
        look.json("list-rates", "vm"), "events.flushes.reasons", "rates.flush_reasons")),
    "faults by kind, hot spots": ("faults", lambda look: known(
        look.json("faults-none", "faults"), "total", "rate", "kinds") and known(
        look.json("list-rates", "vm"), "events.faults", "rates.faults")),
    "what came of a fault": (None, lambda look: known(
        look.json("faults-none", "faults"), "results.handled", "results.failed",
        "results.user")),
    "which fault lost a race; size mapped": (None, lambda look: known(
        look.json("faults-none", "faults"), "results.again", "sizes")),
    "VMID space": ("VMID space", lambda look: known(
        look.json("vmid", "vmids"), "generation", "in_use", "reserved")),
    "sets, clears, tables allocated and freed, VMID assignments, leaks per context":
        ("table events", lambda look: known(
            look.json("list-rates", "vm"), "events.sets", "events.clears",
            "events.tables_alloc", "events.tables_freed", "events.vmid_assigns",
            "rates.sets", "rates.clears", "tables.allocated", "tables.freed")
            or known(look.json("list-rates", "sample"), "leaked")),
}


def table():
    """{row: (at EL2, at EL1)} of docs/stock-kernels.md."""
    text = (ROOT / "docs/stock-kernels.md").read_text()
    rows = re.search(r"^\| \| at EL2 .*?\n\|[-|]*\n(.*?)\n\n", text, re.M | re.S)[1]
    cells = [[c.strip() for c in row.strip("|").split("|")] for row in rows.split("\n")]
    return {what: (el2, el2 if el1 == "as left" else el1)
            for what, el2, el1, _ in cells}


def promised(cell, look):
    """What a cell of the table means on this kernel."""
    facts = dict(l.split("=") for l in look.text("facts", "txt").splitlines())
    if cell == "exact, with `/sys/kernel/vmcoreinfo`":
        return facts["vmcoreinfo"] == "yes"
    if cell == "with `CONFIG_KALLSYMS_ALL`":
        return facts["kallsyms_all"] == "yes"
    if cell == "from Linux 6.4 on":
        return version(checks(look)["kernel"]["detail"]) >= (6, 4)
    return {"exact": True, "not offered": False}[cell]


def test_the_documents_table_is_all_there_is():
    assert set(table()) == set(ROWS)


@everywhere
@pytest.mark.parametrize("row", ROWS)
def test_it_is_offered_as_documented(look, cpu, row):
    cell = table()[row][0 if is_vhe(cpu) else 1]
    check, offered = ROWS[row]
    assert offered(look) == promised(cell, look), cell
    if check:
        state = checks(look)[check]["state"]
        assert state == ("ok" if promised(cell, look) else "not offered")
        assert ("remedy" in checks(look)[check]) == (state != "ok")


@everywhere
def test_doctor_says_why_flushes_are_out_of_sight(look, cpu):
    detail = checks(look)["flushes"]["detail"]
    assert ("at EL2: VHE" if is_vhe(cpu) else "at EL1 (nVHE)") in detail
    assert checks(look)["s2 MMU"]["state"] == "not offered"
    assert detail in look.text("doctor-text")


@everywhere
def test_a_dash_is_shown_and_never_a_zero(look, cpu):
    lines = look.text("list-text").splitlines()
    head = lines[0].split()
    for line in lines[1:]:
        row = dict(zip(head, line.split()))
        assert row["SET/s"] == row["CLEAR/s"] == "-"
        assert (row["FLUSH/s"] == "-") == (not is_vhe(cpu))
    for name in ("list", "show", "map", "walk", "audit", "vmid", "top", "faults"):
        assert look.rc(name + "-text") == 0, name
        assert "s2guest" in look.text(name + "-text")
        assert look.text(name + "-text", "err") == ""


# Linux guests

@linux
def test_two_linux_guests_are_found(look):
    pids = list(map(int, (look.path / "linux.pids").read_text().split()))
    for name in ("linux-list", "linux-top", "linux-still"):
        vms = {o["name"]: o for o in look.json(name, "vm")}
        assert {n: o["vm"] for n, o in vms.items()} == dict(zip(("g1", "g2"), pids))
        assert all(o["vmm"].startswith("qemu-system") and o["vcpus"] == 2
                   and o["audit"]["verdict"] == "ok" for o in vms.values())
    (shown,) = look.json("linux-show", "vm")
    assert shown["name"] == "g1"


@linux
def test_linux_guests_have_the_memory_of_their_vmm(look):
    """Page by page; and as much as each is known to have written."""
    mapped = {o["name"]: o["mapped"]["bytes"] for o in look.json("linux-still", "vm")}
    for guest, least in (("g1", 8 * MB), ("g2", 24 * MB)):
        walk = "linux-walk-" + guest
        seen = host_has_what_the_guest_maps(look, walk, "linux-map-" + guest,
                                            "linux-" + guest)
        leaves = look.leaves(walk)
        assert sum(l["size"] for l in leaves) == mapped[guest]
        assert least <= seen <= 256 * MB
        spans = look.json("linux-map-" + guest, "span")
        assert sum(s["mapped"] for s in spans) == mapped[guest]
        slots = look.json("linux-map-" + guest, "slot")
        assert (GB, 256 * MB) in {(s["ipa"], s["size"]) for s in slots}


@linux
def test_counts_of_linux_guests_are_right(look):
    audits = look.json("linux-audit", "audit")
    assert len(audits) == 10 and all(a["verdict"] == "ok" for a in audits)


@linux
def test_the_other_verbs_answer_about_linux_guests(look, cpu):
    assert "g2" in look.text("linux-map") and look.rc("linux-map") == 0
    assert {v["name"] for v in look.json("linux-vmid", "vmid")} == {"g1", "g2"}
    assert {f["name"] for f in look.json("linux-faults", "faults")} == {"g1", "g2"}
    if is_vhe(cpu):
        (sample,) = look.json("linux-flush", "sample")
        assert sample["vms"] == 2 and sample["dropped"] == 0
    else:
        assert flushes_are_not_offered(look, "linux-flush")
    assert checks(look, "linux-doctor")["attach and read"]["detail"].startswith("2 ")


@pytest.mark.full
def test_protected_mode_is_told_and_not_an_empty_host(houses):
    """The newest kernel leaves the tables of all VMs to the hypervisor then."""
    house = houses("stock-protected", {
        "protected": "sh /repo/tests/guest/views/protected.sh /share/protected"},
        kernel="debian-newest", cpu="max", append="kvm-arm.mode=protected", events=False)
    look = Looks(house.result("protected"))
    assert look.result.status == 0, look.result.out
    assert look.json("none", "sample")[0]["vms"] == 0
    for verb in ("list", "audit", "vmid", "faults", "show"):
        assert look.rc(verb) == 4, verb
        assert "KVM runs in protected mode on this kernel" in look.text(verb, "err"), verb
    assert look.rc("flush") == 4
