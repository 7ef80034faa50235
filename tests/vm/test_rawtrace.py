# SPDX-License-Identifier: GPL-2.0-only
"""
The reader of ring buffer pages: it gives what is in them, in the order of the
count; and whatever is missing, late or cut off is a loss.
"""
import io
import struct

import pytest

import rawtrace

NAME, ID = "s2_flush", 77
LAYOUT = """name: s2_flush
ID: 77
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:u64 mmu;	offset:8;	size:8;	signed:0;
	field:s32 scope;	offset:16;	size:4;	signed:1;
	field:u64 ipa;	offset:24;	size:8;	signed:0;

print fmt: "mmu=%llu scope=%s ipa=0x%llx", REC->mmu, __print_symbolic(REC->scope, { 0, "ipa" }, { 5, "all" }, { -1, "?" }), REC->ipa
"""


def event(delta, mmu, scope=0, ipa=0, kind=ID):
    body = struct.pack("<HBBiQi4xQ", kind, 0, 0, 97, mmu, scope, ipa)
    return struct.pack("<I", delta << 5 | len(body) // 4) + body


def page(stamp, *events, flags=0):
    body = b"".join(events)
    return struct.pack("<QQ", stamp, len(body) | flags) + body


def record(kind, data=b""):
    return struct.pack("<II", kind, len(data)) + data


HEAD = record(rawtrace.FORMAT, LAYOUT.encode())
STATS = record(rawtrace.STATS, b"CPU 0\nentries: 0\noverrun: 0\ncommit overrun: 0\n"
                               b"dropped events: 0\n")
END = record(rawtrace.END, struct.pack("<I", 0))


def read(*records, head=HEAD, tail=STATS + END):
    stream = rawtrace.Stream(io.BytesIO(head + b"".join(records) + tail))
    return list(stream), stream


def test_fields_and_names_are_as_the_kernel_says():
    (e,), stream = read(record(3, page(10, event(5, 9, 5, 0x40000000))))
    assert dict(e) == {"mmu": 9, "scope": "all", "ipa": 0x40000000}
    assert (e.name, e.line, e.on_cpu) == (NAME, 15, 3)
    assert not stream.losses and stream.status == 0


def test_cpus_are_merged_by_the_count():
    events, stream = read(record(0, page(0, event(1, 1), event(3, 4))),
                          record(1, page(0, event(2, 2), event(1, 3))))
    assert [e["mmu"] for e in events] == [1, 2, 3, 4]
    assert not stream.losses


def test_a_count_may_be_extended_or_absolute():
    far = struct.pack("<II", 1 << 5 | rawtrace.EXTEND, 1)
    at = struct.pack("<II", 7 << 5 | rawtrace.STAMP, 2)
    events, _ = read(record(0, page(0, far, event(0, 1), at, event(1, 2))))
    assert [e.line for e in events] == [(1 << 27) + 1, (2 << 27) + 8]


def test_other_events_and_the_end_of_a_page_are_passed_over():
    rest = struct.pack("<II", 1 << 5 | rawtrace.PADDING, 4)
    events, stream = read(record(0, page(0, event(1, 1, kind=5), event(1, 2), rest)))
    assert [e["mmu"] for e in events] == [2] and not stream.losses


def test_events_are_given_while_the_stream_goes_on():
    """What is held back is bounded by the rounds, not by the length."""
    rounds = b"".join(record(0, page(i, event(1, i))) + record(rawtrace.ROUND)
                      for i in range(1000))
    events, stream = read(rounds)
    assert len(events) == 1000 and not stream.losses
    assert stream.most_held <= rawtrace.HELD_BACK + 1


def late():
    rounds = b"".join(record(0, page(100 + i, event(1, i))) + record(rawtrace.ROUND)
                      for i in range(2 * rawtrace.HELD_BACK))
    return rounds + record(1, page(1, event(1, 1)))


@pytest.mark.parametrize("what, records, tail", [
    ("were overwritten", record(0, page(0, event(1, 1), flags=1 << 31)), STATS + END),
    ("discarded", record(0, page(0, struct.pack("<II", 1 << 5 | 29, 4),
                                 event(1, 1))), STATS + END),
    ("had been given", late(), STATS + END),
    ("before its end", record(0, page(0, event(1, 1))), b""),
    ("before its end", record(0, page(0, event(1, 1))), STATS[:20]),
    ("nothing about its losses", record(0, page(0, event(1, 1))), END),
    ("CPU 2: dropped events: 3", b"", record(
        rawtrace.STATS, b"CPU 2\noverrun: 0\ndropped events: 3\n") + END),
])
def test_what_is_missing_is_a_loss(what, records, tail):
    _, stream = read(records, tail=tail)
    assert any(what in text for text in stream.losses), stream.losses
