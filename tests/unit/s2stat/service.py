#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The systemd unit of `s2stat export`: systemd takes it without a word, the program
takes its command line, and systemd's own review finds little exposed. Whether
its privileges are enough is tried in emulated hosts (tests/vm/test_export.py).

	service.py path/to/s2stat
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

UNIT = (pathlib.Path(__file__).resolve().parents[3] /
        "tools/s2stat/systemd/s2stat-export.service")
# systemd-analyze security, in tenths: "OK" ends at 4.9; what is left open is the
# network on the loopback address and /proc, which names the VMs.
EXPOSURE = 25

S2STAT = pathlib.Path(sys.argv[1]).resolve()


def run(*args):
    r = subprocess.run(args, capture_output=True, text=True, check=False)
    return r.returncode, r.stdout + r.stderr


def refuse(text):
    sys.exit("service.py: %s" % text)


def main():
    text = UNIT.read_text()
    command = re.search(r"^ExecStart=(\S+) (\S+) (.*)$", text, re.M)
    verbs = {v["verb"]: {o["name"] for o in v["options"]} for v in map(
        json.loads, run(S2STAT, "--dump-cli")[1].splitlines())}
    unknown = set(re.findall(r"--([a-z-]+)", command[3])) - verbs[command[2]]
    if unknown:
        refuse("%s has no --%s" % (command[2], ", --".join(unknown)))
    with tempfile.TemporaryDirectory() as tmp:
        unit = pathlib.Path(tmp) / UNIT.name
        unit.write_text(text.replace(command[1], str(S2STAT)))
        status, said = run("systemd-analyze", "verify", "--man=no", unit)
        if status or said:
            refuse("systemd-analyze verify: status %d, %s" % (status, said))
        status, said = run("systemd-analyze", "security", "--offline=true",
                           "--no-pager", "--threshold=%d" % EXPOSURE, unit)
        if status:
            refuse("systemd-analyze security: %s" % said.strip().split("\n")[-1])
    print("service: %s, %s" % (UNIT.name, re.search(
        r"exposure level for \S+ ([\d.]+)", said)[1]))


main()
