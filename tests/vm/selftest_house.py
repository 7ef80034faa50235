# SPDX-License-Identifier: GPL-2.0-only
"""
Running rows of KVM's selftests in an emulated host: one boot for a batch of
them, each row's result read from what tests/guest/capture left; a row that
takes the host down or hangs it is itself found guilty, and the rest is run in
the next boot.
"""
import contextlib
import fcntl
import re
import shlex
import shutil
import subprocess
import time

from house import BUILD, ROOT, HouseError, Result
from verdicts import Verdict

DIR = BUILD / "selftests"
ROW = "/repo/tests/vm/lib/selftest-row"
CHECKED = "/repo/tests/vm/lib/selftest-checked"
# Pages for the kinds of memory; 1 GB ones only where rows ask for them.
PAGES = ("default_hugepagesz=2M hugepagesz=2M hugepages=256 hugepagesz=64K hugepages=1024 "
         "hugepagesz=32M hugepages=6")
GIGANTIC = " hugepagesz=1G hugepages=3"
# Beyond a row's limit: a host that does not even end a row in time is dead.
GRACE = 240
FACTS = re.compile(r"^row: rc=(\d+) hundredths=(\d+) late=(\d) tables_kb=(-?\d+)$", re.M)
NOISE = re.compile(r"^(Random seed: |sh: addr2line|$|row: |==== Test Assertion Failure|"
                   r"\s+pid=\d+ tid=\d+ errno=|\(stack trace empty\))")


@contextlib.contextmanager
def alone(tag, slots):
    """A slot, and nobody else at work in the same directory."""
    (DIR / "run").mkdir(exist_ok=True)
    with open(DIR / "run" / (tag + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with slots:
            yield


class Boot:
    """One boot that runs commands: {name: command}, in order."""

    def __init__(self, kernel, cpu, image, path, commands, limit, gigantic=False):
        self.path, self.commands = path, commands
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        (path / "list").write_text("".join("%s %s\n" % c for c in commands.items()))
        script = "LIMIT=%d sh /repo/tests/guest/capture --no-events /share </share/list" % (
            limit + GRACE // 2)
        self.log = open(path / "run.log", "w")
        self.run = subprocess.Popen(
            # The host does not outlive us, whatever ends us.
            ["setpriv", "--pdeathsig", "TERM", "--", ROOT / "tests/vm/run",
             "--kernel", kernel, "--image", image, "--cpu", cpu,
             "--mem", "8G" if gigantic else "3G",
             "--append", PAGES + (GIGANTIC if gigantic else ""),
             "--timeout", str((limit + GRACE) * len(commands)), "--share", path,
             "--dmesg", path / "boot.dmesg", "--console", path / "console.log",
             "--", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    def follow(self, limits, done):
        """Calls done(name) as each command ends; ends the host when it hangs."""
        left, since = list(self.commands), time.monotonic()
        while left:
            ended = self.run.poll() is not None
            while left and self.ended(left[0]):
                done(left.pop(0))
                since = time.monotonic()
            if not left or ended or time.monotonic() - since > limits[left[0]] + GRACE:
                break
            time.sleep(0.5)
        try:
            self.run.wait(GRACE if not left else 1)
        except subprocess.TimeoutExpired:
            self.run.terminate()
            self.run.wait()
        self.log.close()
        return left

    def ended(self, name):
        rc = self.path / ("%s.rc" % name)
        return rc.exists() and rc.stat().st_size > 0

    def began(self, name):
        return (self.path / ("%s.out" % name)).exists()

    def last_words(self):
        """Why the host went away: tests/vm/run's own sentence, or the console's end."""
        said = (self.path / "run.log").read_text(errors="replace").splitlines()
        for line in reversed(said):
            if line.startswith("run: "):
                return line[len("run: "):]
        console = self.path / "console.log"
        tail = console.read_text(errors="replace").splitlines()[-1:] if console.exists() else []
        return "the host hangs: %s" % " ".join(tail)


def reason(text, status):
    """Why a row did not pass, or what a passing one left out, in one line."""
    lines = [l.strip() for l in text.splitlines() if not NOISE.match(l)]
    if status == "pass":
        left_out = sorted({l for l in lines if l.endswith("skipping test")})
        return "; ".join(left_out)
    if status == "skip":
        said = [l for l in lines if "SKIP" in l or "not met" in l] or lines[-1:]
        return re.sub(r"^1\.\.0 # SKIP -? *", "", said[0]) if said else "it does not say"
    where = next((n for n, l in enumerate(lines) if re.match(r"\S+\.[chS]:\d+: ", l)), None)
    if where is None:
        return (lines or ["it does not say"])[-1][:300]
    # What follows the assertion is its message, indented; then the stack, numbered.
    message = [l for l in lines[where + 1:] if not re.match(r"\d+\t0x", l)]
    return "; ".join(lines[where:where + 1] + message[:1])[:300]


def judged(path):
    """What s2stat check said of a row, as plain values."""
    said = Verdict(path.read_text(errors="replace") if path.exists() else "", None)
    return {"events": said.end.get("events", 0), "mmus": said.end.get("mmus", 0),
            "lost": said.end.get("lost", 0),
            "findings": sorted(map(list, {(f["invariant"], f["what"]) for f in said.findings})),
            "unproved": said.unproved()}


def command(study, name, row):
    runs = [CHECKED, "/share/%s.check" % name] if study.checked else [ROW]
    return shlex.join(["exec", "sh", *runs, str(row.limit), row.program, *row.args])


def outcome(boot, name, checked=False):
    """What a row that ended left, as plain values."""
    result = Result(boot.path, name)
    text = result.out
    facts = FACTS.search(text)
    if not facts:
        return {"status": "timeout", "seconds": result.seconds, "rc": result.status,
                "reason": "not even ended in time", "warnings": result.warnings(),
                "tables_kb": 0}
    rc, hundredths, late, tables = map(int, facts.groups())
    if late:
        status = "timeout"
    else:
        status = {0: "pass", 4: "skip"}.get(rc, "fail")
    check = {"check": judged(boot.path / ("%s.check" % name))} if checked else {}
    return {"status": status, "rc": rc, "seconds": hundredths / 100,
            "reason": reason(text[:facts.start()], status),
            "warnings": result.warnings()[:10], "tables_kb": tables, **check}


def run_rows(study, rows, tag, done, slots):
    """Runs the rows on one house, in as many boots as it takes; done(row, outcome).

    slots: a semaphore that says how many hosts may be up at once.
    """
    left, failed_boots = list(rows), 0
    while left:
        gigantic = left[0].gigantic
        batch = [r for r in left if r.gigantic == gigantic]
        names = {"r%03d" % n: row for n, row in enumerate(batch)}
        commands = {n: command(study, n, r) for n, r in names.items()}
        with alone(tag, slots):
            boot = Boot(study.kernel, study.cpu, study.image, DIR / "run" / tag, commands,
                        max(r.limit for r in batch), gigantic)
            unended = boot.follow({n: r.limit for n, r in names.items()},
                                  lambda n: done(names[n], outcome(boot, n, study.checked)))
        if unended and boot.began(unended[0]):
            guilty = unended.pop(0)
            done(names[guilty], {"status": "died", "rc": None, "seconds": 0, "tables_kb": 0,
                                 "reason": boot.last_words(), "warnings": []})
            keep_evidence(boot, study, names[guilty])
            failed_boots = 0
        elif unended:
            failed_boots += 1
            if failed_boots == 3:
                raise HouseError("the %s host on %s does not boot: %s" % (
                    study.kernel, study.cpu, boot.last_words()))
        left = [names[n] for n in unended] + [r for r in left if r not in batch]


def keep_evidence(boot, study, row):
    """The next boot uses the same directory."""
    word = re.sub(r"\W+", "-", row.text)
    to = DIR / "died" / ("%s-%s-%s" % (study.kernel, study.cpu, word))
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(boot.path, to)


def survey(study, programs, tag, slots):
    """Asks a house: {"release", "page_kb": [...], "help": {program: text}}."""
    names = {"help%d" % n: p for n, p in enumerate(programs)}
    commands = {"uname": "uname -srvm", "pages": "ls /sys/kernel/mm/hugepages"}
    commands.update({n: "cd /build/selftests/kvm && exec ./%s -h" % p
                     for n, p in names.items()})
    said = {}
    with alone(tag, slots):
        boot = Boot(study.kernel, study.cpu, study.image, DIR / "run" / tag, commands, 120)
        if boot.follow(dict.fromkeys(commands, 120),
                       lambda name: said.update({name: Result(boot.path, name).out})):
            raise HouseError("the %s host on %s: %s" % (
                study.kernel, study.cpu, boot.last_words()))
    return {"release": said["uname"].strip(),
            "page_kb": sorted(map(int, re.findall(r"hugepages-(\d+)kB", said["pages"]))),
            "help": {p: said[n] for n, p in names.items()}}
