# SPDX-License-Identifier: GPL-2.0-only
"""
In the emulated host: what is done with Linux guests under Debian's QEMU.

    cases.py boot|precopy|postcopy NAME [OPTION=VALUE...]

runs one case and exits 0 if the guest lived through it with its memory right.
Each prints lines of facts, "vmm key=value ...", for tests/vm/test_vmm.py, and
leaves what s2stat said in /share/NAME.s2stat.
"""
import os
import re
import signal
import subprocess
import sys
import time

import memory
from guest import WORK, Guest, GuestError, Job, make_initrd, wait_until
from memory import MB, PAGE, size_of

RAM = 0x40000000            # where the virt machine's memory begins
MOVED = "64M"               # the memory of a guest that is moved
STARTED = time.monotonic()
URI = {"unix": "unix:%s/migration" % WORK, "tcp": "tcp:127.0.0.1:4444"}


def say(*texts, **facts):
    print("vmm", "t=%d" % (time.monotonic() - STARTED), *texts,
          *("%s=%s" % fact for fact in facts.items()), flush=True)


def ask_s2stat(name, *arguments):
    """What s2stat says as JSON, kept for the test."""
    answer = subprocess.run(["s2stat", *arguments, "--json", "--interval", "0"],
                            capture_output=True, text=True, check=False)
    if answer.returncode:
        raise GuestError("s2stat %s: status %d: %s" % (
            " ".join(arguments), answer.returncode, answer.stderr))
    with open("/share/%s.s2stat" % name, "w", encoding="utf-8") as f:
        f.write(answer.stdout)


# A guest at work ------------------------------------------------------------

def interrupts(guest):
    """{name: counts by CPU} and the interrupt controller's name."""
    counts, chip = {}, None
    for line in guest.sh("grep GIC /proc/interrupts").splitlines():
        found = re.match(r"\s*\w+:((?:\s+\d+)+)\s+(GIC\S*)\s+\d+\s+\w+\s+(\S+)", line)
        if found:
            chip = found[2]
            counts[found[3]] = [int(n) for n in found[1].split()]
    return counts, chip


def check_interrupts(guest):
    """Timers tick on every CPU, and each line we type is an interrupt."""
    smp = int(re.search(r"^cpus=(\d+)$", guest.sh("echo cpus=$(nproc)"), re.M)[1])
    before, chip = interrupts(guest)
    after, _ = interrupts(guest)
    if len(after["arch_timer"]) != smp or not all(
            old < new for old, new in zip(before["arch_timer"], after["arch_timer"])):
        raise GuestError("timers stand still: %s, %s" % (before, after))
    if sum(after["uart-pl011"]) <= sum(before["uart-pl011"]):
        raise GuestError("no interrupt from the console: %s, %s" % (before, after))
    say(chip=chip, cpus=smp, timer=min(after["arch_timer"]))


def say_gicv():
    """Where a GICv2 host has its virtual CPU interface: the fourth window."""
    node = "/proc/device-tree/intc@8000000/"
    with open(node + "compatible", "rb") as f:
        if f.read() != b"arm,cortex-a15-gic\0":
            return
    with open(node + "reg", "rb") as f:
        windows = f.read()
    say(gicv="%#x" % int.from_bytes(windows[48:56], "big"))


def at_work(guest):
    guest.boot()
    job = Job(guest)
    job.advance(guest)
    say("at_work")
    return job


def boot(name, **options):
    """From power-on to switching itself off, with a job on all CPUs."""
    with Guest(name, **options) as guest:
        job = at_work(guest)
        check_interrupts(guest)
        say(hugepages=memory.in_use())
        ask_s2stat(name, "show", name, "--entries")
        say(job.end(guest))
        guest.off()
    say_gicv()


# Migration ------------------------------------------------------------------

def migration(guest):
    return guest.qmp("query-migrate")


def rounds(source):
    """How often the dirty log was read."""
    state = migration(source)
    if state.get("status") == "failed":
        raise GuestError("migration: %s" % state)
    return state.get("ram", {}).get("dirty-sync-count", 0)


def set_pace(source, mbps, downtime):
    """Megabytes a second, and for how many ms the guest may stand still."""
    source.qmp("migrate-set-parameters", **{
        "max-bandwidth": mbps * MB, "downtime-limit": downtime})


def set_out(source, uri):
    set_pace(source, 16, 1)
    source.qmp("migrate", uri=uri)


def wait_rounds(source, count):
    wait_until("%d rounds" % count, lambda: rounds(source) >= count)
    say(rounds=rounds(source), left=migration(source)["ram"]["remaining"] // PAGE)


def sent_again(source):
    """Pages that the guest dirtied after they had been sent."""
    ram = migration(source)["ram"]
    return ram["normal"] + ram["duplicate"] - ram["total"] // PAGE


def arrive(source):
    """Now it may go as fast as it can, and the guest be stopped for the rest."""
    def done():
        state = migration(source)
        if state["status"] in ("failed", "cancelled"):
            raise GuestError("migration: %s" % state)
        return state["status"] == "completed"
    set_pace(source, 10240, 60000)
    wait_until("migration", done)
    say("arrived", rounds=rounds(source), again=sent_again(source))


def cancel(source, job, uri, options):
    """Sets out, works on under the dirty log, and stays where it is."""
    with Guest("nowhere", "-S", "-incoming", uri, **options) as target:
        target.connect()
        set_out(source, uri)
        wait_rounds(source, 1)
        job.advance(source)
        source.qmp("migrate_cancel")
        wait_until("cancelling", lambda: migration(source)["status"] == "cancelled")
    job.advance(source)
    say("cancelled")


def differing_pages(source, target):
    """The pages that two guests at rest do not have in common."""
    differing, size = [], size_of(source.mem)
    paths = [g.save(RAM, size, g.path + ".ram") for g in (source, target)]
    with open(paths[0], "rb") as a, open(paths[1], "rb") as b:
        for at in range(0, size, MB):
            left, right = a.read(MB), b.read(MB)
            if left != right:
                differing += [RAM + at + i for i in range(0, MB, PAGE)
                              if left[i:i + PAGE] != right[i:i + PAGE]]
    for path in paths:
        os.unlink(path)
    return differing


def save_pages(guest, gpas):
    """{gpa: contents}"""
    pages = {}
    for gpa in gpas:
        path = guest.save(gpa, PAGE, guest.path + ".page")
        with open(path, "rb") as f:
            pages[gpa] = f.read()
    return pages


def put_pages(path, pages):
    """Into the file that is the memory of a guest at rest."""
    with open(path, "r+b") as f:
        for gpa, contents in pages.items():
            f.seek(gpa - RAM)
            f.write(contents)


def hand_over(source, target, lost=None):
    """
    The guest is at rest on both sides: nothing may differ. lost: what pages
    held earlier; the target gets them as if their last writes had been lost.
    """
    differing = differing_pages(source, target)
    say(differing=len(differing),
        source_is=source.status(), target_is=target.status())
    if lost:
        put_pages(target.path + ".memory", lost)
        if differing_pages(source, target) != sorted(lost):
            raise GuestError("the lost pages are not those that differ")
    source.quit()
    ask_s2stat("after", "list")
    target.qmp("cont")


def precopy(name, transport="unix", lose=False, **options):
    """
    A guest at work is moved, after it stayed once; lose: two of its pages
    arrive as they were a while ago, and it must notice.
    """
    uri = URI[transport]
    if lose:
        options["backing"] = "file"
    with Guest("source", mem=MOVED, **options) as source:
        job = at_work(source)
        if not lose:
            cancel(source, job, uri, {"mem": MOVED, **options})
        with Guest("target", "-S", "-incoming", uri, mem=MOVED,
                   **options) as target:
            say(source=source.qemu.pid, target=target.qemu.pid)
            target.connect()
            set_out(source, uri)
            wait_rounds(source, 2)
            old = save_pages(source, {job.hot, job.sparse}) if lose else None
            # From now on the guest is faster than we are.
            set_pace(source, 4, 1)
            wait_rounds(source, 4)
            arrive(source)
            hand_over(source, target, old)
            job.advance(target)
            say(job.end(target, "1" if lose else "0"),
                noticed=",".join(job.bad_pages(target)) or "none")
            target.off()


def postcopy(name, **options):
    """The guest runs on the other side before its memory is there."""
    with Guest("source", mem=MOVED, **options) as source:
        job = at_work(source)
        with Guest("target", "-incoming", URI["unix"], mem=MOVED,
                   **options) as target:
            say(source=source.qemu.pid, target=target.qemu.pid)
            for guest in source, target:
                guest.qmp("migrate-set-capabilities", capabilities=[
                    {"capability": "postcopy-ram", "state": True}])
            source.qmp("migrate-set-parameters", **{
                "max-postcopy-bandwidth": 16 * MB})
            set_out(source, URI["unix"])
            wait_rounds(source, 2)
            source.qmp("migrate-start-postcopy")
            wait_until("postcopy", lambda: target.status() == "running")
            say(missing=migration(source)["ram"]["remaining"] // PAGE)
            arrive(source)
            say(requests=migration(source)["ram"]["postcopy-requests"])
            source.quit()
            ask_s2stat("after", "list")
            job.advance(target)
            say(job.end(target))
            target.off()


CASES = {"boot": boot, "precopy": precopy, "postcopy": postcopy}


def main(case, name, *options):
    """cases.py CASE NAME [OPTION=VALUE...]"""
    given = dict(option.split("=", 1) for option in options)
    for key in {"smp", "lose"} & given.keys():
        given[key] = int(given[key])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: out of time"))
    make_initrd()
    CASES[case](name, **given)
    say(hugepages_kept=memory.in_use())
    memory.release()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (GuestError, memory.NoMemory) as error:
        sys.exit("FAILED: %s" % error)
