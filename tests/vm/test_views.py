# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat's verbs on our kernel, in an emulated host: what they show of guests at
rest agrees with the guests and with each other; what they count of a guest at
work is what tracefs wrote down; under full load nobody is accused; VMs that
come and go leave nothing behind; and wrong use is one sentence.
"""
import collections
import functools
import json
import re
import subprocess
import xml.dom.minidom

import pytest

from house import CPUS, ROOT, Result
from looks import Looks, host_has_what_the_guest_maps

SCRIPT = "sh /repo/tests/guest/views/%s.sh /share/%s %s"
SCENARIOS = {name: SCRIPT % (name, name, more) for name, more in {
    "rest": "", "work": "", "load": "25", "churn": "80", "wrong": "",
}.items()}
FULL = {"load": SCRIPT % ("load", "load", "400"),
        "churn": SCRIPT % ("churn", "churn", "1500")}
# Scripts whose guests' events are recorded, too.
RECORDED = {"rest", "work", "wrong"}

cpus = pytest.mark.parametrize("cpu", [
    cpu if cpu == "max" else pytest.param(cpu, marks=pytest.mark.full)
    for cpu in CPUS])
MB, GB = 1 << 20, 1 << 30
# What a process that holds nothing more may still grow: once, by the 132 kB that the
# C library takes for its heap at a time, when a sample met more VMs than any before;
# and by pages of its stack. A row that stays for each VM is some 2 kB.
GROWTH_KB = 192


def looks(houses, cpu, name, full=False):
    """
    With few VMIDs, so that generations turn. A script that is only long has no
    events recorded: they would not fit, and nobody would read them. Those of
    hours have a house each.
    """
    recorded = name in RECORDED
    wanted = {name: FULL[name]} if full else {
        n: c for n, c in SCENARIOS.items() if (n in RECORDED) == recorded}
    house = houses("views-%s%s" % (cpu, "-full-" + name if full else
                                   "" if recorded else "-long"),
                   wanted, cpu=cpu, append="kvm-arm.vmid_bits=4", smp=4,
                   events="tracefs" if recorded else False,
                   limit=6000 if full else 1000,
                   timeout=14400 if full else 3000)
    return Looks(house.result(name))


def rest(houses, cpu):
    return looks(houses, cpu, "rest")


def at(o, path):
    for key in path.split("."):
        o = o.get(key) if o is not None else None
    return o


def same_as_csv(objects, rows, columns):
    """Each column of each row is the member of that name."""
    assert len(objects) == len(rows)
    for o, row in zip(objects, rows):
        for column in columns:
            value = at(o, column)
            want = "" if value is None else (
                str(value).lower() if isinstance(value, bool) else str(value))
            assert row[column] == want, column


@cpus
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_script_came_to_its_end(houses, cpu, name):
    look = looks(houses, cpu, name)
    assert look.result.status == 0, look.result.out
    assert not look.result.warnings()


# Guests at rest

@cpus
def test_list_knows_both_guests(houses, cpu):
    look = rest(houses, cpu)
    pages, blocks = map(int, (look.path / "pids").read_text().split())
    vms = {o["vm"]: o for o in look.json("list", "vm")}
    assert set(vms) == {pages, blocks}
    a, b = vms[pages], vms[blocks]
    assert a["vcpus"] == 2 and b["vcpus"] == 1
    assert a["name"] == a["vmm"] == "s2guest"
    assert a["audit"]["verdict"] == b["audit"]["verdict"] == "ok"
    # All of the guest's memory, and a little for its code and arguments.
    assert 6 * MB <= a["mapped"]["bytes"] < 6 * MB + 64 * 1024
    assert a["mapped"]["sizes"]["4096"]["bytes"] >= 6 * MB
    assert b["mapped"]["sizes"]["2097152"]["bytes"] == 8 * MB
    for vm in (a, b):
        t = vm["tables"]
        assert t["pages"] == sum(l["pages"] for l in t["levels"].values())
        assert t["allocated"] - t["freed"] + vm["geometry"]["root_pages"] == t["pages"]
    sample = look.json("list", "sample")
    assert len(sample) == 1 and sample[0]["vms"] == sample[0]["shown"] == 2


@cpus
def test_list_and_top_say_the_same_in_csv(houses, cpu):
    look = rest(houses, cpu)
    rows = look.csv("list-csv")
    same_as_csv(look.json("list", "vm"), rows, set(rows[0]) - {"time"})
    top = look.csv("top-csv")
    assert len(top) == 4 and len({r["time"] for r in top}) == 2
    assert {r["vm"] for r in top} == {r["vm"] for r in rows}
    assert all(r["rates.sets"] == "0.000000" for r in top)


@cpus
def test_walk_finds_every_page_of_the_guest(houses, cpu):
    look = rest(houses, cpu)
    leaves = [o for o in look.json("walk", "entry") if o["kind"] == "leaf"]
    memory = {o["ipa"] for o in leaves if GB <= o["ipa"] < GB + 6 * MB}
    assert memory == set(range(GB, GB + 6 * MB, 4096))
    vm = next(o for o in look.json("list", "vm") if o["vm"] == int(
        (look.path / "pids").read_text().split()[0]))
    assert sum(o["size"] for o in leaves) == vm["mapped"]["bytes"]
    tables = look.json("walk", "table")
    assert all(t["count"] == 1 + t["used"] for t in tables)
    assert sum(-(-t["entries"] // 512) for t in tables) == vm["tables"]["pages"]
    # Every table but the root is what an entry links to.
    linked = {o["pa"] for o in look.json("walk", "entry") if o["kind"] == "table"}
    assert linked == {t["pa"] for t in tables} - {vm["geometry"]["root_pa"]}


@cpus
def test_show_entries_and_walk_agree(houses, cpu):
    look = rest(houses, cpu)
    for kind in ("table", "entry"):
        assert look.json("show", kind) == look.json("walk", kind)
    entries = look.json("walk", "entry")
    rows = look.csv("walk-csv")
    same_as_csv(entries, rows, set(rows[0]) - {"time"})


@cpus
def test_walk_of_a_range_is_that_part(houses, cpu):
    look = rest(houses, cpu)
    part = look.json("walk-part", "entry")
    leaves = {o["ipa"] for o in part if o["kind"] == "leaf"}
    assert leaves == set(range(GB, GB + 65536, 4096))
    assert all(o["ipa"] < GB + 65536 and o["ipa"] + o["size"] > GB for o in part)
    assert len(look.json("walk-part", "table")) == 3


@cpus
def test_map_has_every_byte_that_walk_has(houses, cpu):
    look = rest(houses, cpu)
    for walk, drawn in (("walk", "map"), ("walk-blocks", "map-blocks")):
        leaves = [o for o in look.json(walk, "entry") if o["kind"] == "leaf"]
        spans = look.json(drawn, "span")
        assert sum(s["mapped"] for s in spans) == sum(o["size"] for o in leaves)
        assert all(s["mapped"] == sum(s["sizes"].values()) for s in spans)
        covered = set()
        for s in spans:
            covered |= set(range(s["ipa"], s["ipa"] + s["size"], 4096))
        assert {o["ipa"] for o in leaves} <= covered
        assert sum(s["young"] for s in spans) == sum(
            o["size"] for o in leaves if o["af"])
        slots = {s["slot"]: s for s in look.json(drawn, "slot")}
        assert slots[1]["ipa"] == GB and slots[1]["hva"]
    assert slots[1]["size"] == 8 * MB
    rows = look.csv("map-csv")
    same_as_csv(look.json("map", "span"), rows, set(rows[0]) - {"time"})


@cpus
def test_map_draws_the_guest(houses, cpu):
    look = rest(houses, cpu)
    assert look.rc("map-text") == 0
    text = look.text("map-text")
    assert re.search(r"0x0040000000-0x0040600000 +6M slot 1: 6M mapped \(100%\), "
                     r"6M of 4K, 100% young\n  0x0040000000 P{64}\n  \*", text), text
    assert re.search(r"1023G hole\n", text)
    assert "\033" not in text


@cpus
def test_svg_is_a_picture_that_needs_nothing_else(houses, cpu):
    look = rest(houses, cpu)
    for name, names in (("map", 1), ("both", 2)):
        assert look.rc("svg" if name == "map" else "svg-both") == 0
        svg = xml.dom.minidom.parse(str(look.path / ("%s.svg" % name)))
        texts = [t.firstChild.data for t in svg.getElementsByTagName("text")]
        assert texts.count("s2guest") == names
        assert any("8M mapped (100%)" in t for t in texts)
        assert not svg.getElementsByTagName("script")
        for e in svg.getElementsByTagName("*"):
            assert not e.getAttribute("href") and not e.getAttribute("xlink:href")
    assert not list(look.path.glob("*.svg.*")), "something half-written is left"


@cpus
@pytest.mark.parametrize("walk, drawn, pages", [
    ("walk", "map", "pages"), ("walk-blocks", "map-blocks", "blocks")])
def test_what_is_mapped_is_what_the_vmm_has(houses, cpu, walk, drawn, pages):
    assert host_has_what_the_guest_maps(rest(houses, cpu), walk, drawn, pages) > 6 * MB


@cpus
def test_selectors_choose(houses, cpu):
    look = rest(houses, cpu)
    pages, blocks = map(int, (look.path / "pids").read_text().split())
    for name, vms in (("vm-tgid", {pages}), ("vm-vm", {pages}), ("vm-mmu", {pages}),
                      ("vm-show", {pages}), ("vm-name", {pages, blocks}),
                      ("vm-glob", {pages, blocks})):
        assert {o["vm"] for o in look.json(name, "vm")} == vms, name


@cpus
def test_without_rates_nothing_listens(houses, cpu):
    """A listener would take numbers of events that others have switched off."""
    look = rest(houses, cpu)
    listening = {when: sum(p.get("name", "").startswith("on_") for p in json.loads(
        look.text("programs", when))) for when in ("at-once", "counting")}
    assert listening["at-once"] == 0 < listening["counting"]


@cpus
def test_audit_finds_nothing_wrong(houses, cpu):
    look = rest(houses, cpu)
    audits = look.json("audit", "audit")
    assert [a["verdict"] for a in audits] == ["ok", "ok"]
    assert all(a["tables"] and not a["mismatches"] for a in audits)
    (row,) = look.csv("audit-one")
    assert row["verdict"] == "ok"
    assert look.text("audit-text").count("ok  ") == 2
    assert look.json("audit-after", "audit") == []


@cpus
def test_vmids_are_what_the_guests_have(houses, cpu):
    look = rest(houses, cpu)
    vmids = look.json("vmid", "vmid")
    (space,) = look.json("vmid", "vmids")
    assert space["vmid_bits"] == 4 and space["available"] == 15
    assert len({v["vmid"] for v in vmids}) == 2
    assert all(1 <= v["vmid"] <= 15 for v in vmids)
    assert all(v["current"] == (v["generation"] == space["generation"])
               for v in vmids)
    assert space["in_use"] >= sum(v["current"] for v in vmids)
    assert [v["assigns"] for v in look.json("vmid-rates", "vmid")] == [0, 0]


@cpus
def test_nothing_happens_at_rest(houses, cpu):
    look = rest(houses, cpu)
    assert "nothing was invalidated" in look.text("flush-text")
    assert all(f["total"] == 0 for f in look.json("faults-none", "faults"))
    assert not look.json("faults-none", "hot")
    assert [o["type"] for o in look.json("twice")] == ["vm", "sample"] * 2
    for vm in look.json("list-rates", "vm"):
        assert vm["rates"]["sets"] == vm["rates"]["faults"] == 0


@cpus
def test_text_is_there_for_each_verb(houses, cpu):
    look = rest(houses, cpu)
    for name in ("list-text", "top-text", "show-text", "walk-text", "vmid-text"):
        assert look.rc(name) == 0 and "s2guest" in look.text(name), name
        assert not look.text(name, "err"), name
    assert look.text("list-after") == "no VM runs on this host\n"
    assert all(c["state"] == "ok" for c in look.json("doctor", "check"))


# A guest at work: counted by s2stat, written down by tracefs

def work(houses, cpu):
    return looks(houses, cpu, "work")


@functools.cache
def read_events(path, name):
    """Once: they are many."""
    result = Result(path, name)
    assert not [v for v in result.violations() if v.startswith("LOST")]
    return result.trace().events


def events_of(look):
    return read_events(look.result.path, look.result.name)


@cpus
def test_flushes_are_attributed_as_the_events_say(houses, cpu):
    look = work(houses, cpu)
    seen, pages = collections.Counter(), collections.Counter()
    for e in events_of(look):
        if e.name != "s2_flush":
            continue
        key = e["mmu"], e["reason"], e["scope"]
        seen[key] += 1
        if e["scope"] in ("ipa", "ipa_local", "range"):
            pages[key] += e["size"] >> 12
    rows = look.json("flush.counted", "flush")
    shown = {(r["mmu"], r["reason"], r["scope"]): r["count"] for r in rows}
    assert shown == dict(seen)
    scopes = {s for _, _, s in shown}
    assert {"ipa", "all"} < scopes and scopes & {"range", "vmid"}
    for r in rows:
        key = r["mmu"], r["reason"], r["scope"]
        if r["scope"] in ("ipa", "ipa_local", "range"):
            assert r["pages"] == pages[key], r
            assert abs(r["pages_per_flush"] - pages[key] / r["count"]) < 1e-5
        else:
            assert r["pages"] is None and r["pages_per_flush"] is None
    (sample,) = look.json("flush.counted", "sample")
    assert sample["dropped"] == 0 and sample["leaked"] == 0


@cpus
def test_faults_end_as_the_events_say(houses, cpu):
    look = work(houses, cpu)
    ends = collections.defaultdict(collections.Counter)
    sizes = collections.defaultdict(collections.Counter)
    for e in events_of(look):
        if e.name != "s2_fault_end":
            continue
        ends[e["mmu"]]["handled" if e["result"] > 0 else "user" if e["result"] == 0
                       else "again" if e["result"] in (-11, -116)
                       else "failed"] += 1
        if e["size"]:
            sizes[e["mmu"]][str(e["size"])] += 1
    shown = {f["mmu"]: f for f in look.json("faults.counted", "faults")}
    assert {m for m, f in shown.items() if f["total"]} == set(ends)
    for mmu, counts in ends.items():
        f = shown[mmu]
        assert f["total"] == sum(counts.values()) == sum(f["kinds"].values())
        assert {k: v for k, v in f["results"].items() if v} == dict(counts)
        assert {k: v for k, v in f["sizes"].items() if v} == dict(sizes[mmu])


@cpus
def test_hot_regions_are_where_the_faults_are(houses, cpu):
    look = work(houses, cpu)
    where = collections.Counter((e["mmu"], e["ipa"] >> 21)
                                for e in events_of(look) if e.name == "s2_fault_end")
    hot = look.json("faults.counted", "hot")
    assert hot
    by_vm = collections.defaultdict(list)
    for h in hot:
        assert h["size"] == 2 * MB and h["writes"] <= h["count"]
        assert h["ipa"] <= h["last"] < h["ipa"] + h["size"]
        assert h["count"] == where[h["mmu"], h["ipa"] >> 21], h
        by_vm[h["mmu"]].append(h["count"])
    for mmu, counts in by_vm.items():
        assert counts == sorted(counts, reverse=True)
        regions = [n for (m, _), n in where.items() if m == mmu]
        assert counts == sorted(regions, reverse=True)[:10]


@cpus
def test_who_paid_for_rollovers(houses, cpu):
    look = work(houses, cpu)
    rollovers, assigns = collections.Counter(), collections.Counter()
    for e in events_of(look):
        if e.name == "s2_vmid_rollover":
            rollovers[e["mmu"]] += 1
        elif e.name == "s2_vmid_assign":
            assigns[e["mmu"]] += 1
    (space,) = look.json("vmid.counted", "vmids")
    assert space["rollovers"] == sum(rollovers.values()) > 0
    # vmid shows the living only: the last guest, who has its number still.
    for v in look.json("vmid.counted", "vmid"):
        assert v["assigns"] == assigns[v["mmu"]] > 0
        assert v["rollovers"] == rollovers[v["mmu"]]
    # list shows those who died, with what they did.
    for o in look.json("list.counted", "vm"):
        assert o["events"]["vmid_assigns"] == assigns[o["mmu"]]
        assert o["events"]["vmid_rollovers"] == rollovers[o["mmu"]]


@cpus
def test_sets_and_clears_are_what_the_events_say(houses, cpu):
    look = work(houses, cpu)
    counts = collections.Counter((e["mmu"], e.name) for e in events_of(look))
    vms = look.json("list.counted", "vm")
    assert len(vms) >= 22
    for o in vms:
        for key, name in (("sets", "s2_set"), ("clears", "s2_clear"),
                          ("tables_alloc", "s2_table_alloc"),
                          ("tables_freed", "s2_table_free")):
            assert o["events"][key] == counts[o["mmu"], name], (o["mmu"], key)
        assert o["alive"] == (counts[o["mmu"], "s2_mmu_free"] == 0) or \
            o["name"] == "s2guest"


# Full load

def never_wrong(look, times):
    audits = look.json("audit", "audit")
    samples = look.json("audit", "sample")
    assert len(samples) == times
    assert not [a for a in audits if a["verdict"] != "ok"], [
        a for a in audits if a["verdict"] != "ok"][:5]
    assert len(audits) > times // 2  # guests were there
    return audits


def busy(look):
    """
    The storm that the audits before this look were in goes on: leaves are set in
    most of its samples. (Guests end and begin anew in between.)
    """
    sets = [0]
    for o in look.json("list"):  # a sample follows its VMs
        if o["type"] == "vm":
            sets[-1] += o["rates"]["sets"]
        elif o["type"] == "sample":
            sets.append(0)
    assert len(sets) == 5 + 1
    return sum(s > 0 for s in sets) > 2


@cpus
def test_audit_accuses_nobody_under_full_load(houses, cpu):
    look = looks(houses, cpu, "load")
    never_wrong(look, 25)
    assert busy(look)


@pytest.mark.full
@pytest.mark.parametrize("cpu", CPUS)
def test_audit_accuses_nobody_for_long(houses, cpu):
    look = looks(houses, cpu, "load", full=True)
    audits = never_wrong(look, 400)
    assert busy(look)
    # Some looked wrong at first: that is what the second look is for.
    assert sum(a["looked_again"] for a in audits)


@cpus
def test_every_verb_works_under_full_load(houses, cpu):
    look = looks(houses, cpu, "load")
    assert len(look.json("list", "sample")) == 5
    assert all(v["audit"]["verdict"] == "ok" for v in look.json("list", "vm")
               if v["alive"])
    assert look.json("flush", "flush")
    assert look.json("faults", "faults")
    assert max(collections.Counter(h["mmu"] for h in look.json(
        "faults", "hot")).values()) <= 3
    for verb, kind in (("map", "span"), ("walk", "table")):
        # The guest may end just then; then that is what is said.
        if look.rc(verb):
            assert look.rc(verb) == 3
            assert "went away while it was read" in look.text(verb, "err")
        else:
            assert look.json(verb, kind)


# VMs that come and go

def left_nothing(look, vms):
    held = collections.defaultdict(list)
    for line in (look.path / "held").read_text().splitlines():
        who, kb, _, fds = line.split()
        held[who].append((int(kb), int(fds)))
    for who in ("top", "export"):
        assert look.rc(who) == 0, look.text(who, "err")
        first, *later = held[who]
        assert len(later) == 3
        assert {fds for _, fds in later} == {first[1]}, "%s: descriptors" % who
        assert max(kb for kb, _ in later) <= first[0] + GROWTH_KB, (who, held[who])
    # No row of a dead VM is left in the kernel's maps, none is shown.
    assert [int(n) for n in (look.path / "rows").read_text().split()] == [0] * 6
    assert look.json("list-after", "vm") == []
    for name in ("scraped", "textfile"):
        text = (look.path / name).read_text()
        assert re.search(r"^s2_contexts 0$", text, re.M)
        assert not re.search(r'^\w+\{[^}]*mmu="', text, re.M)
    gone, samples = set(), look.json("top", "sample")
    for o in look.json("top"):
        if o["type"] == "vm":
            assert o["mmu"] not in gone
            if not o["alive"]:
                gone.add(o["mmu"])
    assert len(gone) >= vms
    assert all(s["dropped"] == 0 for s in samples)
    assert samples[-1]["vms"] == samples[-1]["shown"] == 0


@cpus
def test_vms_that_come_and_go_leave_nothing(houses, cpu):
    left_nothing(looks(houses, cpu, "churn"), 4 * 80)


@pytest.mark.full
def test_thousands_of_vms_that_come_and_go_leave_nothing(houses):
    left_nothing(looks(houses, "max", "churn", full=True), 4 * 1500)


# Wrong use

ONE_SENTENCE = re.compile(r"^s2stat: [^\n]+\n$")
WRONG = {
    "unknown-show": (3, r"no VM here matches 'nobody-knows-it'"),
    "unknown-map": (3, r"no VM here matches 'nobody-knows-it'"),
    "unknown-walk": (3, r"no VM here matches 'nobody-knows-it'"),
    "unknown-audit": (3, r"no VM here matches 'nobody-knows-it'"),
    "unknown-list": (3, r"no VM here matches 'web-\*'"),
    "unknown-json": (3, r"no VM here matches 'mmu:99999'"),
    "full-new": (3, r"cannot write /tmp/small/new.svg: No space left"),
    "full-keep": (3, r"cannot write /tmp/small/keep.svg: No space left"),
    "full-textfile": (3, r"cannot write /tmp/small/new.prom: No space left"),
    "full-textfile-keep": (3, r"cannot write /tmp/small/keep.prom: No space left"),
    "port-in-use": (3, r"9923.*[Aa]ddress already in use"),
    "no-http": (3, r"HTTP"),
    "other-version": (4, r"no tracepoint s2:s2_flush: it and s2stat are not of one"),
    "full-stdout": (3, r"cannot write: No space left"),
    "no-directory": (3, r"cannot write /tmp/nosuch/x.svg: No such file"),
    "nobody-list": (3, r"not permitted to .*CAP_BPF and CAP_PERFMON"),
    "nobody-audit": (3, r"not permitted to .*CAP_BPF and CAP_PERFMON"),
    "nobody-vmid": (3, r"not permitted to .*CAP_BPF and CAP_PERFMON"),
    "nobody-doctor": (3, r"not permitted to .*CAP_BPF and CAP_PERFMON"),
    "only-bpf": (3, r"not permitted to .*CAP_BPF and CAP_PERFMON"),
    "only-perfmon": (3, r"not permitted to .*CAP_BPF and CAP_PERFMON"),
    "no-kvm": (4, r"this kernel offers no KVM"),
    "gone": (3, r"'\d+' is gone|went away while it was read"),
}
WRONG.update({"no-btf-" + verb: (4, "does not describe its types") for verb in (
    "list", "show", "map", "walk", "audit", "vmid", "flush", "faults", "top")})


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_one_sentence(houses, name):
    look = looks(houses, "max", "wrong")
    status, pattern = WRONG[name]
    said = look.text(name, "err")
    assert look.rc(name) == status, said
    assert ONE_SENTENCE.match(said), said
    assert re.search(pattern, said)


def test_a_host_whose_kvm_is_off_is_told_so():
    """In earnest; above, the sign of it is hidden from a host that has KVM."""
    done = subprocess.run(
        [ROOT / "tests/vm/run", "--append", "kvm-arm.mode=none", "--", "sh", "-c",
         "s2stat doctor; s2stat list"], capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stdout + done.stderr
    assert re.search(r"^KVM +missing ", done.stdout, re.M)
    assert "-> boot at EL2" in done.stdout
    assert done.stderr.count("s2stat: this kernel offers no KVM: it was not started at "
                             "EL2, or kvm-arm.mode=none was asked for\n") == 2


def test_two_capabilities_are_enough(houses):
    look = looks(houses, "max", "wrong")
    (vm,) = look.json("both-caps", "vm")
    assert vm["name"] == "s2guest" and vm["audit"]["verdict"] == "ok"


def test_a_failure_is_json_too(houses):
    look = looks(houses, "max", "wrong")
    (error,) = [json.loads(l) for l in look.text("unknown-json").splitlines()]
    assert error["type"] == "error" and error["exit"] == 3
    assert "mmu:99999" in error["error"]


def test_a_full_disk_leaves_the_old_file(houses):
    look = looks(houses, "max", "wrong")
    for name in ("keep.svg", "keep.prom"):
        assert (look.path / name).read_text() == "old\n"
    assert (look.path / "small").read_text().split() == [
        "fill", "keep.prom", "keep.svg"]


def test_nothing_stays_attached(houses):
    look = looks(houses, "max", "wrong")
    assert look.text("attached", "before") == look.text("attached", "after")


# The document

# The objects of the verbs that look at the running kernel.
OURS = {"vm", "sample", "table", "entry", "slot", "span", "audit", "vmid",
        "vmids", "flush", "faults", "hot", "check", "error"}
# Members whose own members are named by numbers or by kernel/s2/abi.h.
BY_NAME = {"levels", "sizes", "reasons", "scopes", "flush_reasons", "flush_scopes",
           "kinds", "faults"}


def members(o, path=()):
    """Every member's path, lists and names left out."""
    for key, value in o.items():
        if path and path[-1] in BY_NAME and (key.lstrip("-").isdigit() or
                                             path[-1] != "faults"):
            key = "*"
        yield path + (key,)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict):
                yield from members(child, path + (key,))


def described():
    """{type: (the words of its section in backticks, those that head a row)}"""
    parts = re.split(r"^## (.*)\n", (ROOT / "docs/s2stat-json.md").read_text(),
                     flags=re.M)
    out = {}
    for head, text in zip(parts[1::2], parts[2::2]):
        if not head.startswith("`"):
            continue
        rows = "\n".join(l.split("|")[1] for l in text.splitlines()
                         if l.startswith("| `"))
        out[head.strip("`")] = (set(re.findall(r"`([a-z0-9_]+)`", text)),
                                set(re.findall(r"`([a-z0-9_]+)`", rows)))
    return out


def test_json_is_what_the_document_says(houses):
    """Every member is described, and every described object and member comes."""
    came = collections.defaultdict(set)
    for name in RECORDED:
        look = looks(houses, "max", name)
        for out in look.path.glob("*.out"):
            for line in out.read_text().splitlines():
                if line.startswith("{"):
                    o = json.loads(line)
                    assert o["v"] == 1
                    came[o["type"]] |= set(members(o))
    words = described()
    kinds = set(re.findall(r'S2_FAULT_\w+,\s+"(\w+)"',
                           (ROOT / "kernel/s2/abi.h").read_text()))
    assert "translation" in kinds
    assert set(came) >= OURS, OURS - set(came)
    for kind, paths in came.items():
        known = words[kind][0] | {"v", "type", "mmu", "vm", "name", "*"}
        if kind == "audit":  # "as in vm's audit"
            known |= words["vm"][0]
        for path in paths:
            assert path[-1] in known or (path[-2:-1] == ("faults",) and
                                         path[-1] in kinds), (kind, path)
        missing = words[kind][1] - {p[-1] for p in paths}
        assert not missing, "%s: described, but never there: %s" % (kind, missing)
