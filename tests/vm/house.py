# SPDX-License-Identifier: GPL-2.0-only
"""
A house is an emulated Arm host: a kernel on a CPU. Here: booting one, running a
list of scenarios in it (tests/guest/capture), and reading what came of them.
"""
import pathlib
import re
import shutil
import subprocess
import time

import s2trace
import verdicts

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
RESULTS = BUILD / "test-vm"
CPUS = ("max", "neoverse-n1", "cortex-a57")

# What the kernel log must not hold. An allocation that failnth made fail may
# be reported by vmalloc, with a stack but without any of these.
WARNINGS = re.compile(r"WARNING:|BUG:|Oops|Internal error|KASAN|UBSAN|"
                      r"blocked for more than|\bstall|unable to handle|"
                      r"refcount_t:|lockdep|possible recursive")


class HouseError(Exception):
    """The house could not be used at all: not a verdict on the kernel."""


def image(kernel):
    """Of a kernel that was built, or of Debian's, as scripts/arm64 unpacks it."""
    if kernel.startswith("debian"):
        found = list((BUILD / "arm64" / kernel).glob("**/vmlinuz*"))
        if not found:
            raise HouseError("there is no %s kernel: scripts/arm64 %s" % (
                kernel, kernel))
        return found[0]
    path = BUILD / ("kernel-%s" % kernel) / "arch/arm64/boot/Image"
    if not path.exists():
        raise HouseError("there is no %s kernel (make kernel): %s is missing" % (
            kernel, path.relative_to(ROOT)))
    return path


class Result:
    """What one scenario left behind."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        rc = self.file("rc")
        if not rc.exists():
            raise HouseError("scenario %s did not end; see %s" % (
                name, path.relative_to(ROOT)))
        self.status, self.seconds = map(int, rc.read_text().split())

    def file(self, suffix):
        return self.path / ("%s.%s" % (self.name, suffix))

    @property
    def out(self):
        return self.file("out").read_text(errors="replace")

    def facts(self, word=None):
        """key=value of the (first, or word's) line of facts."""
        for line in self.out.splitlines():
            if "=" in line and (word is None or word in line):
                return {k: s2trace.number(v)
                        for k, v in s2trace.PAIR.findall(line)}
        return {}

    def warnings(self):
        return [line for line in self.file("dmesg").read_text(
            errors="replace").splitlines() if WARNINGS.search(line)]

    def trace(self):
        """Its events; of tracefs's text where that was captured."""
        if not self.file("trace").exists():
            return verdicts.read(self.file("s2"))
        with self.file("trace").open(errors="replace") as f:
            return s2trace.parse(f)

    def violations(self):
        """
        The first twenty, as text: of the rules of s2trace.py, and of s2stat's
        invariants where there is a recording. Each must hold, none be in doubt.
        """
        lines = ["%s: %s%s" % (v.rule, v.text, " (%s)" % v.event if v.event else "")
                 for v in s2trace.check(self.trace())]
        if self.file("s2").exists():
            lines += ["s2stat: " + text for text in
                      verdicts.judge(self.file("s2"), "--complete").objections()]
        return lines[:20] + (["... %d in all" % len(lines)] if lines[20:] else [])


class House:
    """
    One boot and the results of its scenarios. events: True for a recording of
    each by s2stat, "tracefs" for the text of tracefs, False for neither.
    """

    def __init__(self, name, scenarios, kernel="s2", cpu="max", gic=3, append="",
                 timeout=1200, events=True, smp=2, mem="2G", limit=300, qemu=""):
        self.path = RESULTS / name
        self.scenarios = dict(scenarios)
        image(kernel)
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        (self.path / "list").write_text("".join(
            "%s %s\n" % item for item in self.scenarios.items()))
        command = "LIMIT=%d sh /repo/tests/guest/capture %s /share </share/list" % (
            limit, {True: "", "tracefs": "--tracefs", False: "--no-events"}[events])
        self.started = time.monotonic()
        run = subprocess.run(
            [ROOT / "tests/vm/run", "--kernel", kernel, "--cpu", cpu,
             "--gic", str(gic), "--smp", str(smp), "--mem", mem,
             "--append", append, "--qemu", qemu, "--timeout", str(timeout),
             "--share", self.path, "--dmesg", self.path / "boot.dmesg",
             "--console", self.path / "console.log",
             "--", "sh", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        self.seconds = time.monotonic() - self.started
        self.output = run.stdout
        self.status = run.returncode
        (self.path / "run.log").write_text(run.stdout)

    def result(self, name):
        """The scenario's result; if the house fell before, that is said."""
        if not (self.path / ("%s.rc" % name)).exists() and self.status:
            raise AssertionError("the house ended with status %d before or in "
                                 "%s:\n%s" % (self.status, name,
                                              self.output[-3000:]))
        return Result(self.path, name)

    def boot_warnings(self):
        log = (self.path / "boot.dmesg").read_text(errors="replace")
        return [line for line in log.splitlines() if WARNINGS.search(line)]
