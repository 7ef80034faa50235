# SPDX-License-Identifier: GPL-2.0-only
"""
A nested guest's shadow stage 2, on the newest kernel that Debian offers: what
s2stat shows of it is what the guest hypervisor's tables and the VMM's memory
make of the nested guest's addresses.
"""
import pytest

from looks import Looks

PAGE, MB, GB = 4096, 1 << 20, 1 << 30
SCRIPT = "sh /repo/tests/guest/views/nested.sh /share/nested"
# As tests/guest/nested.c has it: page i of L2's data is there in L1's.
PAGES, PER_TABLE, BLOCK_AT = 1024, 512, 4 * MB
CTL_IPA, CTL_SLOT, DATA_SLOT = 0x10000000, 0, 1

pytestmark = pytest.mark.full


def place(i):
    if i < PER_TABLE:
        return (i * 37 + 11) % PER_TABLE * PAGE
    return BLOCK_AT + (i - PER_TABLE) * PAGE


@pytest.fixture
def look(houses):
    """
    Without FEAT_LPA2: KVM unmaps the whole IPA space of a shadow MMU when the VM
    ends, a GB at a time, and of 52 bits that takes a minute.
    """
    house = houses("nested", {"nested": SCRIPT}, kernel="debian-newest", cpu="max",
                   append="kvm-arm.mode=nested", qemu="-cpu max,pauth-impdef=on,lpa2=off",
                   events=False)
    result = house.result("nested")
    assert result.status == 0, result.out
    assert not result.warnings()
    return Looks(result)


def contexts(look):
    """The VM's own, the nested guest's, and those that are in no use."""
    vms = look.json("list", "vm")
    own = [v for v in vms if not v["nested"]]
    shadow = [v for v in vms if v["nested"]]
    used = [v for v in shadow if v["mapped"]["bytes"]]
    assert len(own) == 1 and len(used) == 1, vms
    return own[0], used[0], [v for v in shadow if v is not used[0]]


def test_own_and_shadow_contexts_are_told_apart(look):
    own, shadow, idle = contexts(look)
    assert {v["vm"] for v in [own, shadow, *idle]} == {own["vm"]}
    assert {v["vcpus"] for v in [own, shadow, *idle]} == {1}
    assert all(not v["mapped"]["bytes"] for v in idle)
    vmids = {v["mmu"]: v["vmid"] for v in look.json("vmid", "vmid")}
    assert vmids[own["mmu"]] and vmids[shadow["mmu"]]
    assert vmids[own["mmu"]] != vmids[shadow["mmu"]]
    # The guest hypervisor has nothing but its code in its own tables.
    assert own["mapped"]["bytes"] == PAGE


def test_shadow_leaves_lead_where_both_translations_do(look):
    shadow = contexts(look)[1]
    pages = look.host_pages("own", "own")
    slots = {s["slot"]: s["ipa"] for s in look.json("own", "slot")}
    want = {GB + i * PAGE: pages[slots[DATA_SLOT] + place(i)] for i in range(PAGES)}
    # The payload's code and its mailbox are where they were.
    want.update({CTL_IPA + at: pages[slots[CTL_SLOT] + at] for at in (0, PAGE)})
    leaves = {leaf["ipa"]: leaf["pa"] for leaf in look.leaves("walk-%d" % shadow["mmu"])}
    assert leaves == want
    assert shadow["mapped"]["bytes"] == len(want) * PAGE


def test_counts_of_shadow_tables_are_right(look):
    audits = {a["mmu"]: a for a in look.json("audit", "audit")}
    for vm in look.json("list", "vm"):
        assert audits[vm["mmu"]]["verdict"] == vm["audit"]["verdict"] == "ok"
        tables = look.json("walk-%d" % vm["mmu"], "table")
        assert all(t["count"] == 1 + t["used"] for t in tables)


def test_a_nested_guests_map_has_no_memslots(look):
    own, shadow, _ = contexts(look)
    assert look.json("map-%d" % own["mmu"], "slot")
    spans = look.json("map-%d" % shadow["mmu"], "span")
    assert not look.json("map-%d" % shadow["mmu"], "slot")
    assert sum(s["mapped"] for s in spans) == shadow["mapped"]["bytes"]
    shown = look.json("show-%d" % shadow["mmu"], "vm")
    assert shown[0]["nested"] and shown[0]["mmu"] == shadow["mmu"]


def test_nothing_is_left_of_it(look):
    assert not look.json("list-after", "vm")
