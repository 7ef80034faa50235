# SPDX-License-Identifier: GPL-2.0-only
"""
What `s2stat check` and `s2stat convert` say, for tests: recordings made in an
emulated host are judged and read here, by the s2stat of this machine.
"""
import json
import pathlib
import re
import subprocess
import sys

from s2trace import Event, Trace, check

ROOT = pathlib.Path(__file__).resolve().parents[2]
S2STAT = ROOT / "build/s2stat/s2stat"

# The defects of Linux's own stage-2 MMU, as docs/findings.md has them.
LEAK = ("LEAK", r"2 table pages are left")
NOTHING = ("OVER", r"nothing of what is invalidated was owed")
HOST = ("FLUSHID", r"VMID 0, the host's, is invalidated")
LINES = ("CMO", r"0x[0-9a-f]+ was unmapped and its data cache lines are not "
                r"cleaned when the operation ends")
DEFECTS = (LEAK, NOTHING, HOST, LINES)


def build():
    """The s2stat of this machine; missing tools are an error."""
    made = subprocess.run(["make", "-C", ROOT / "tools/s2stat"],
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return S2STAT


def known(findings, documented):
    """
    Of what is documented, what is among the (invariant, text) that were found;
    anything else is an error.
    """
    met = set()
    for invariant, what in findings:
        of = {d for d in documented
              if d[0] == invariant and re.fullmatch(d[1], what)}
        assert of, "not in docs/findings.md: %s: %s" % (invariant, what)
        met |= of
    return met


class Verdict:
    """The NDJSON of one check, and its exit status."""

    def __init__(self, text, status):
        self.text, self.status = text, status
        self.lines = [json.loads(line) for line in text.splitlines()
                      if line.startswith("{")]
        self.end = self.lines[-1] if self.lines else {}

    def of_type(self, kind):
        return [line for line in self.lines if line["type"] == kind]

    @property
    def findings(self):
        return self.of_type("finding")

    @property
    def broken(self):
        """Names of what is broken: invariants and rules."""
        return {line["invariant"] for line in self.findings}

    @property
    def states(self):
        return {line["invariant"]: line["state"] for line in self.of_type("invariant")}

    def unproved(self, at_least=1):
        """Why what was not found need not be absent, as lines."""
        if self.end.get("type") != "verdict":
            return ["s2stat check gave no verdict (status %s): %s" % (
                self.status, self.text[-2000:])]
        why = ["%s: %s: %s" % (line["invariant"], line["state"], line.get("why"))
               for line in self.of_type("invariant")
               if line["state"] not in ("holds", "broken")]
        if self.end["lost"] or self.end["events"] < at_least:
            why.append("%(events)d events, %(lost)d lost" % self.end)
        return why

    def objections(self, at_least=1):
        """Why it is no clean pass, as lines; a loss is a reason like any other."""
        if self.end.get("type") != "verdict":
            return self.unproved()
        found = ["%s: %s (%s)" % (f["invariant"], f["what"], f["event"])
                 for f in self.findings]
        found += self.unproved(at_least)
        if not found and (self.status, self.end["verdict"]) != (0, "holds"):
            found.append("status %s, %s" % (self.status, self.end))
        return found


def judge(recording, *options):
    """`s2stat check RECORDING` on this machine."""
    done = subprocess.run([S2STAT, "check", "--json", *options, recording],
                          capture_output=True, text=True, check=False)
    return Verdict(done.stdout + done.stderr, done.returncode)


def event(line, number):
    """One NDJSON object of a recording as an event that s2trace.py replays."""
    e = Event(line)
    e.name, e.line, e.on_cpu = e.pop("event"), number, e.pop("on_cpu")
    for key in ("v", "type", "time", "pid"):
        del e[key]
    for key, value in e.items():
        # What uses all 64 bits is a string in JSON.
        if value.__class__ is str and value.startswith("0x"):
            e[key] = int(value, 16)
    return e


def read(recording):
    """
    A recording as s2trace.Trace. It is read by s2stat, but judged by rules
    that share no code with s2stat's; that it is what the kernel told is held
    against tracefs elsewhere (test_record.py, test_oracle.py).
    """
    trace, ended = Trace(), False
    with subprocess.Popen([S2STAT, "convert", recording, "--to", "json"],
                          stdout=subprocess.PIPE, text=True) as convert:
        for n, text in enumerate(convert.stdout, 1):
            line = json.loads(text)
            if line["type"] == "event":
                if line["event"].startswith("s2_"):
                    trace.events.append(event(line, n))
                elif line["event"] == "lost":
                    trace.losses.append(text.strip())
            elif line["type"] == "end":
                ended = line["complete"] and not line["lost"]
                if not ended:
                    trace.losses.append(text.strip())
    if convert.returncode or not ended:
        trace.losses.append("%s is not whole: status %d" % (
            recording, convert.returncode))
    return trace


def main():
    """Both verdicts on a recording, for people."""
    found = ["%s: %s (%s)" % v for v in check(read(sys.argv[1]))]
    found += ["s2stat: " + text for text in judge(sys.argv[1]).objections()]
    print("\n".join(found[:50] + ["%d violations" % len(found)]))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
