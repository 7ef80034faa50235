# SPDX-License-Identifier: GPL-2.0-only
"""
The VMID soak: `s2guest soak` in an emulated host with four VMID bits, its
VMID events judged while they come in.

The host hands the events on over a virtio port; what nobody reads fast enough
makes the guest wait or is counted as lost, never forgotten. Memory does not
grow with the time: of the past only who has which VMID now is kept.

By hand, for as long as one likes: SOAK=120 pytest tests/vm/test_soak.py --full
"""
import collections
import os
import shutil
import socket
import subprocess
import time

import house
import rawtrace
import s2trace

EVENTS = ("s2_mmu_init", "s2_mmu_free", "s2_vmid_assign", "s2_vmid_load",
          "s2_vmid_put", "s2_vmid_rollover", "s2_flush")
PORT = ("-device virtio-serial-device "
        "-chardev socket,id=events,path=events.sock,server=on,wait=off "
        "-device virtserialport,chardev=events,name=events")


class Order:
    """
    One MMU's sequence numbers: all of them, though neighbours may be swapped
    (they are taken on several CPUs at once).
    """

    __slots__ = ("next", "ahead")

    def __init__(self):
        self.next, self.ahead = 1, set()

    def take(self, seq):
        self.ahead.add(seq)
        while self.next in self.ahead:
            self.ahead.remove(self.next)
            self.next += 1

    def complete(self):
        return not self.ahead


class Judge:
    """
    The rules of s2trace.py that concern VMIDs, over a stream: VMIDX, VMIDG,
    LOST; and LEAK: every MMU that was made is freed. @cpus bounds what a
    rollover can reserve, @bits what can be in use.
    """

    def __init__(self, cpus, bits):
        self.cpus, self.numbers = cpus, (1 << bits) - 1
        self.vmids = s2trace.Vmids(self.report)
        self.order = {}
        self.found = []
        self.violations = 0
        self.names = collections.Counter()
        self.used = set()
        self.cpus_seen = set()
        self.most_reserved = self.at = 0

    def report(self, rule, text, event):
        self.violations += 1
        if len(self.found) < 20:
            self.found.append("%s: %s (%s)" % (rule, text, event))

    def event(self, e):
        # The rules ask only which of two events came first.
        self.at += 1
        e.line = self.at
        self.names[e.name] += 1
        order = self.order.setdefault(e["mmu"], Order())
        order.take(e["seq"])
        if len(order.ahead) > 1000:
            self.report("LOST", "mmu %d: seq %d is missing" % (
                e["mmu"], order.next), e)
            order.next = max(order.ahead)
        self.vmids.event(e)
        if e.name == "s2_mmu_free":
            if not order.complete():
                self.report("LOST", "mmu %d: seq %d is missing" % (
                    e["mmu"], order.next), e)
            del self.order[e["mmu"]]
        elif e.name == "s2_vmid_load":
            self.used.add(e["vmid"])
            self.cpus_seen.add(e["cpu"])
        elif e.name == "s2_vmid_rollover":
            self.rollover(e)

    def rollover(self, e):
        if e["generation"] != e["old_generation"] + 1:
            self.report("VMIDG", "a generation was left out", e)
        if e["reserved"] > self.cpus:
            self.report("VMIDG", "more reserved than there are CPUs", e)
        if e["in_use"] > self.numbers:
            self.report("VMIDG", "more in use than there are numbers", e)
        self.most_reserved = max(self.most_reserved, e["reserved"])

    def end(self):
        for mmu in self.order:
            self.report("LEAK", "mmu %d was not freed" % mmu, None)
        if not self.at:
            self.report("LOST", "there is not one event", None)

    def figures(self):
        return {"events": self.at, "rollovers": self.names["s2_vmid_rollover"],
                "assigned": self.names["s2_vmid_assign"],
                "loads": self.names["s2_vmid_load"],
                "mmus": self.names["s2_mmu_init"],
                "cpus": len(self.cpus_seen), "numbers": len(self.used),
                "most_reserved": self.most_reserved,
                "violations": self.violations}


def tell(figures):
    return " ".join("%s=%s" % item for item in figures.items())


class Soak:
    """One soak of @seconds. Afterwards: status, out, losses, judge, dmesg."""

    def __init__(self, name, seconds, cpu="max", smp=8, bits=4, vms=50, vcpus=2,
                 kernel="s2", mem="3G"):
        house.image(kernel)
        self.path = house.RESULTS / name
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.judge = Judge(smp, bits)
        soak = "s2guest soak --vms %d --vcpus %d --seconds %d" % (vms, vcpus, seconds)
        command = ("export PATH=/build/guest:$PATH; s2guest stream "
                   "--to /dev/vport0p1 --events %s --run '%s'" % (
                       ",".join(EVENTS), soak))
        with (self.path / "run.log").open("w") as log:
            run = subprocess.Popen(
                [house.ROOT / "tests/vm/run", "--kernel", kernel, "--cpu", cpu,
                 "--smp", str(smp), "--mem", mem, "--qemu", PORT,
                 "--append", "kvm-arm.vmid_bits=%d" % bits,
                 "--timeout", str(1200 + 3 * seconds),
                 "--dmesg", self.path / "boot.dmesg",
                 "--console", self.path / "console.log", "--", "sh", "-c", command],
                cwd=self.path, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)
            try:
                self.losses = self.listen(run)
                self.status = run.wait()
            finally:
                # tests/vm/run takes its QEMU with it.
                run.terminate()
                run.wait()
        self.out = (self.path / "run.log").read_text(errors="replace")

    def connect(self, run):
        """QEMU listens soon after it has begun. None if it ended before."""
        # A path relative to the folder QEMU runs in is never too long.
        at = self.path / "events.sock"
        while run.poll() is None:
            if at.exists():
                port = socket.socket(socket.AF_UNIX)
                try:
                    port.connect("/proc/self/fd/%d/events.sock" % self.folder)
                    return port
                except ConnectionRefusedError:
                    port.close()
            time.sleep(0.2)
        return None

    def listen(self, run):
        self.folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            port = self.connect(run)
        finally:
            os.close(self.folder)
        if port is None:
            return ["the host ended before there was a stream"]
        with port, port.makefile("rb", buffering=1 << 20) as file:
            return self.follow(rawtrace.Stream(file))

    def follow(self, stream):
        begun = told = time.monotonic()
        for e in stream:
            self.judge.event(e)
            if time.monotonic() - told > 10:
                told = time.monotonic()
                self.progress(told - begun, stream)
        self.judge.end()
        self.progress(time.monotonic() - begun, stream)
        return stream.losses

    def progress(self, seconds, stream):
        """The file "progress" grows while the soak lasts: tail -f it."""
        with (self.path / "progress").open("a") as f:
            f.write("%.0f s: %s held=%d bytes=%d losses=%d\n" % (
                seconds, tell(self.judge.figures()), stream.most_held,
                stream.bytes, len(stream.losses)))

    def facts(self):
        for line in self.out.splitlines():
            if line.startswith("soak "):
                return {k: s2trace.number(v)
                        for k, v in s2trace.PAIR.findall(line)}
        return {}

    def warnings(self):
        log = (self.path / "boot.dmesg").read_text(errors="replace")
        return [line for line in log.splitlines() if house.WARNINGS.search(line)]
