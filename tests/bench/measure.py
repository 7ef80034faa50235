# SPDX-License-Identifier: GPL-2.0-only
"""
What every part of the bench is made of: figures with all their runs, a bound,
and a verdict; and one boot of an emulated host that leaves facts behind.
"""
import operator
import pathlib
import re
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
FACT = re.compile(r"(\w+)=(\S+)")
HOLDS = {"<=": operator.le, ">=": operator.ge}


class BenchError(Exception):
    """Something could not be measured: no verdict, and no figure."""


def run(*command, timeout=None):
    """Output of a command; its failure is ours."""
    done = subprocess.run([str(c) for c in command], cwd=ROOT, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace", timeout=timeout)
    if done.returncode:
        raise BenchError("'%s' ended with status %d:\n%s" % (
            " ".join(map(str, command)), done.returncode, done.stdout[-3000:]))
    return done.stdout


def facts(text, word):
    """key=value of each line that begins with the word, as numbers where they are."""
    def number(value):
        try:
            return float(value) if "." in value else int(value, 0)
        except ValueError:
            return value
    return [{k: number(v) for k, v in FACT.findall(line)}
            for line in text.splitlines() if line.split(" ")[0] == word]


def boot(kernel, command, cpu="max", timeout=1800, icount=False, mem="2G", share=None,
         append=""):
    """What a shell command said in an emulated host."""
    args = [ROOT / "tests/vm/run", "--kernel", kernel, "--cpu", cpu, "--mem", mem,
            "--timeout", timeout, "--append", append]
    if icount:
        args.append("--icount")
    if share:
        share.mkdir(parents=True, exist_ok=True)
        args += ["--share", share]
    return run(*args, "--", "sh", "-c", command)


def figure(name, unit, runs, bound=None, of="ratio", best=statistics.median, digits=1):
    """
    One row: runs is {series: [values]}, of one series or of two, whose ratio is
    first over second. The bound, ("<=", n) or (">=", n), is on the ratio or on
    the (first) value. best chooses the value among the runs.
    """
    value = {s: best(v) for s, v in runs.items()}
    first, *second = value.values()
    row = {"name": name, "unit": unit, "runs": runs, "value": value, "digits": digits,
           "spread": max((max(v) - min(v)) / max(v) if max(v) else 0.0
                         for v in runs.values())}
    if second:
        row["ratio"] = first / second[0] if second[0] else None
    if bound:
        judged = row.get("ratio") if second and of == "ratio" else first
        row["bound"] = "%s %s" % (bound[0], "{:g}".format(bound[1])
                                  if bound[1] < 10 else plain(bound[1]))
        row["met"] = judged is not None and HOLDS[bound[0]](judged, bound[1])
    return row


def plain(number, digits=2):
    """Thousands apart, no digits that say nothing."""
    if number is None:
        return "-"
    if number == int(number):
        return "{:,}".format(int(number))
    # So small that no digit would be left.
    if abs(number) < 0.5 * 10 ** -digits:
        return "{:.1g}".format(number)
    return "{:,.{}f}".format(number, digits)


def table(rows):
    """The rows of one part in Markdown; all have the same series."""
    series = list(rows[0]["runs"])
    ratio = ["ratio"] if len(series) > 1 else []
    heads = ["", *series, *ratio, "bound", "spread"]
    lines = ["| %s |" % " | ".join(heads),
             "|---|%s" % ("---:|" * (len(heads) - 1))]
    for row in rows:
        bound = row.get("bound", "")
        if bound and not row["met"]:
            bound += " **missed**"
        cells = ["%s, %s" % (row["name"], row["unit"])]
        cells += [plain(row["value"][s], row["digits"]) for s in series]
        cells += ["%s" % plain(row["ratio"], 3)] if ratio else []
        lines.append("| %s |" % " | ".join(
            [*cells, bound, "%.1f %%" % (100 * row["spread"])]))
    return lines
