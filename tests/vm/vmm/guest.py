# SPDX-License-Identifier: GPL-2.0-only
"""
In the emulated host: one Linux guest under Debian's QEMU, spoken to through its
console (a shell, tests/guest/linux/init) and through QEMU's QMP socket.
"""
import json
import os
import re
import socket
import subprocess
import time

from memory import BACKINGS

WORK = "/tmp/vmm"
INITRD = WORK + "/initrd.gz"
# Ten times what was seen on two busy cores.
LIMIT = int(os.environ.get("VMM_LIMIT", "240"))


class GuestError(Exception):
    """The guest, or its VMM, did not do what it should."""


def make_initrd():
    """The guests' initrd and what they run: archives follow one another."""
    os.makedirs(WORK, exist_ok=True)
    with open(INITRD, "wb") as out:
        for part in "/boot/guest-initrd.gz", "/build/guest/linux-overlay.gz":
            with open(part, "rb") as f:
                out.write(f.read())


def wait_until(what, condition, limit=LIMIT):
    """What condition() returns, as soon as it is true."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise GuestError("%s: not in %d s" % (what, limit))
        time.sleep(0.1)


class Guest:
    """A QEMU with its guest. Use as a context: it does not outlive it."""

    def __init__(self, name, *options, smp=1, mem="128M", backing="anon",
                 accel="kvm"):
        self.name, self.path, self.mem = name, "%s/%s" % (WORK, name), mem
        self.seen = 0           # how much of the console has been dealt with
        with open(self.path + ".console", "wb") as console:
            self.qemu = subprocess.Popen(
                ["qemu-system-aarch64", "-M", "virt,gic-version=host",
                 "-accel", accel, "-cpu", "host", "-smp", str(smp), "-m", mem,
                 "-nodefaults", "-display", "none", "-no-reboot",
                 "-name", name, "-kernel", "/boot/Image", "-initrd", INITRD,
                 "-append", "console=ttyAMA0 quiet rdinit=/vmm/init",
                 "-serial", "stdio", "-monitor", "none",
                 "-qmp", "unix:%s.qmp,server=on,wait=off" % self.path,
                 *BACKINGS[backing](mem, self.path), *options],
                stdin=subprocess.PIPE, stdout=console, stderr=subprocess.STDOUT)
        self.socket = self.answers = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.qemu.kill()
        self.qemu.wait()
        if exc[0]:
            print("--- %s's console ends with\n%s" % (self.name,
                                                     self.console()[-3000:]))

    # The console ------------------------------------------------------------

    def console(self):
        with open(self.path + ".console", "rb") as f:
            return f.read().decode(errors="replace").replace("\r", "")

    def expect(self, pattern):
        """The match of pattern in what the console has not yet been read for."""
        def look():
            found = re.search(pattern, self.console()[self.seen:], re.M)
            if not found and self.qemu.poll() is not None:
                raise GuestError("%s: QEMU ended with status %d before '%s'" % (
                    self.name, self.qemu.returncode, pattern))
            return found
        found = wait_until("%s: '%s'" % (self.name, pattern), look)
        self.seen += found.end()
        return found

    def sh(self, command, status="0"):
        """What a command says in the guest's shell, and what its jobs say."""
        start = self.seen
        self.qemu.stdin.write(command.encode() + b"\n")
        self.qemu.stdin.flush()
        done = self.expect(r"^guest DONE (\d+)\n")
        if done[1] != status:
            raise GuestError("%s: '%s' ended with status %s" % (
                self.name, command, done[1]))
        return self.console()[start:self.seen]

    def boot(self):
        self.expect(r"^guest READY")
        self.expect(r"\n")

    def off(self):
        """Switched off from inside; QEMU then ends by itself."""
        self.qemu.stdin.write(b"poweroff -f\n")
        self.qemu.stdin.flush()
        self.ended()

    def ended(self, status=0):
        try:
            self.qemu.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise GuestError("%s: QEMU does not end" % self.name) from None
        if self.qemu.returncode != status:
            raise GuestError("%s: QEMU ended with status %d" % (
                self.name, self.qemu.returncode))

    # QMP --------------------------------------------------------------------

    def connect(self):
        def attempt():
            if self.qemu.poll() is not None:
                raise GuestError("%s: QEMU did not start" % self.name)
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path + ".qmp")
            except OSError:
                s.close()
                return None
            return s
        self.socket = wait_until("%s: QMP" % self.name, attempt)
        self.socket.settimeout(LIMIT)
        self.answers = self.socket.makefile("r")
        self.qmp("qmp_capabilities")

    def qmp(self, execute, **arguments):
        """An answer is what has a return or an error; the rest is news."""
        if not self.socket:
            self.connect()
        try:
            self.socket.sendall(json.dumps(
                {"execute": execute, "arguments": arguments}).encode() + b"\n")
            return self.answer(execute)
        except OSError as e:
            raise GuestError("%s: QMP %s: %s" % (self.name, execute, e)) from e

    def answer(self, execute):
        for line in self.answers:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise GuestError("%s: %s: %s" % (self.name, execute,
                                                 answer["error"]["desc"]))
        raise GuestError("%s: QEMU went away in %s" % (self.name, execute))

    def quit(self):
        self.qmp("quit")
        self.ended()

    def status(self):
        return self.qmp("query-status")["status"]

    def save(self, gpa, size, path):
        """Guest memory, as it is, into a file."""
        self.qmp("pmemsave", val=gpa, size=size, filename=path)
        return path


class Job:
    """tests/guest/linux/memjob in a guest, wherever that guest goes."""

    def __init__(self, guest, mb=12):
        start = guest.seen
        guest.sh("memjob %d & job=$!" % mb)
        guest.seen = start              # it may have begun before the shell is done
        begin = guest.expect(r"^memjob BEGIN .*hot=(\S+) sparse=(\S+)\n")
        self.hot, self.sparse = int(begin[1], 0), int(begin[2], 0)

    @staticmethod
    def sweep(guest):
        """The number of the next sweep it tells of."""
        return int(guest.expect(r"^memjob sweep=(\d+) bad=\d+\n")[1])

    def advance(self, guest, sweeps=3):
        """So many whole sweeps go by, each of which checks every page."""
        first = self.sweep(guest)
        wait_until("%d sweeps" % sweeps,
                   lambda: self.sweep(guest) > first + sweeps)

    @staticmethod
    def bad_pages(guest):
        """The pages it found wrong, as text in order."""
        return sorted(set(re.findall(r"BAD page=(\d+)", guest.console())))

    @staticmethod
    def end(guest, status="0"):
        """The facts of the job's last line."""
        said = guest.sh("kill $job; wait $job", status)
        end = re.search(r"^memjob END (.*)$", said, re.M)
        if not end:
            raise GuestError("%s: the job did not say how it ended" % guest.name)
        return end[1]
