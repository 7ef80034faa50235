# SPDX-License-Identifier: GPL-2.0-only
"""
Which rows of KVM's selftests there are: the lines of selftests.rows, expanded
with what the programs themselves say they offer on a CPU.
"""
import itertools
import pathlib
import re

TABLE = pathlib.Path(__file__).with_name("selftests.rows")
FIELD = re.compile(r"\{(mode|memory|shared)(?:\|([^}]*))?\}")
UNITS = {"kb": 1, "mb": 1 << 10, "gb": 1 << 20}
# Memory for each vCPU, in MB; with pages larger than that, one page.
SIZE_MB = 16
# The mode and the memory that others are variations of.
BASE = {"mode": "6", "memory": "anonymous", "shared": "shmem"}


class RowsError(Exception):
    """The table and the programs do not agree."""


class SelectionError(Exception):
    """What --select names does not exist."""


class Line:
    """One line of the table."""

    def __init__(self, text):
        fields = text.split(None, 3)
        if len(fields) < 3 or fields[0] not in ("q", "-") or not fields[1].isdigit():
            raise RowsError("%s: not 'q|- LIMIT PROGRAM [ARGUMENT...]': %s" % (
                TABLE.name, text))
        self.quick, self.limit = fields[0] == "q", int(fields[1])
        self.program, self.args = fields[2], (fields + [""])[3].strip()
        # [(field, the quick selection's values or None)]
        self.fields = [(f, quick.split(",") if quick else None)
                       for f, quick in FIELD.findall(self.args)]


class Row:
    """One run of a program. text is its name everywhere."""

    def __init__(self, line, values, quick, offers):
        self.program, self.limit, self.quick = line.program, line.limit, quick
        memory = values.get("memory", values.get("shared"))
        size = max(SIZE_MB << 10, page_kb(memory, offers) or 0)
        fill = {"size": "%dG" % (size >> 20) if size >= 1 << 20 else "%dM" % (size >> 10),
                "vcpus": "1" if size >= 1 << 20 else "2"}
        self.text = self._text(line, dict(values, **fill))
        # The rows that differ in the guest mode only are one group of the report.
        self.group = self._text(line, dict(values, mode="*", **fill))
        self.gigantic = size >= 1 << 20
        changed = sum(values[f] != BASE[f] for f in values)
        self.order = (self.gigantic, changed)
        self.base_mode = values.get("mode", BASE["mode"]) == BASE["mode"]

    @staticmethod
    def _text(line, values):
        args = FIELD.sub(lambda m: values[m.group(1)], line.args)
        args = re.sub(r"\{(size|vcpus)\}", lambda m: values[m.group(1)], args)
        return ("%s %s" % (line.program, args)).strip()

    @property
    def args(self):
        return self.text.split()[1:]


def page_kb(memory, offers):
    """The page size that a kind of memory asks for; None: of no special size."""
    if memory in ("anonymous_hugetlb", "shared_hugetlb"):
        return 2048
    m = re.search(r"_hugetlb_(\d+)([kmg]b)$", memory or "")
    return int(m.group(1)) * UNITS[m.group(2)] if m else None


def table(path=TABLE):
    lines = [l.strip() for l in path.read_text().splitlines()]
    return [Line(l) for l in lines if l and not l.startswith("#")]


def check_programs(lines, programs):
    """Nothing that was built is left out, nothing is listed that was not."""
    listed = {line.program for line in lines}
    missing, unknown = set(programs) - listed, listed - set(programs)
    if missing:
        raise RowsError("no line in %s for %s" % (TABLE.name, ", ".join(sorted(missing))))
    if unknown:
        raise RowsError("%s names what was not built: %s" % (
            TABLE.name, ", ".join(sorted(unknown))))


def offered(help_text):
    """The guest modes and kinds of memory in a program's --help."""
    modes = re.findall(r"^\s*(\d+):\s+PA-bits:.*\(supported\)", help_text, re.M)
    _, _, listed = help_text.partition("Available backing src types:\n")
    memory = list(itertools.takewhile(
        lambda word: re.fullmatch(r"[a-z]\w+", word), map(str.strip, listed.splitlines())))
    return {"mode": modes, "memory": memory}


def available(memory, page_sizes):
    """Those kinds of memory the host has pages for (sizes in kB)."""
    return [m for m in memory if page_kb(m, None) in (None, *page_sizes)]


def expand(lines, offers):
    """The rows, in the order in which they are worth running.

    offers: {program: {"mode": [...], "memory": [...]}}
    """
    rows = {}
    for line in lines:
        offer = dict(offers.get(line.program, {}))
        offer["shared"] = [m for m in offer.get("memory", ()) if m.startswith("sh")]
        names = [name for name, _ in line.fields]
        for name in names:
            if not offer.get(name):
                raise RowsError("%s does not say which {%s} it offers" % (line.program, name))
        some = False
        for combination in itertools.product(*(offer[n] for n in names)):
            quick = line.quick and all(
                chosen is None or value in chosen
                for value, (_, chosen) in zip(combination, line.fields))
            some = some or quick
            row = Row(line, dict(zip(names, combination)), quick, offers)
            if row.text in rows:
                raise RowsError("%s has a row twice: %s" % (TABLE.name, row.text))
            rows[row.text] = row
        if line.quick and not some:
            raise RowsError("nothing of this line is left for the quick selection: %s %s"
                            % (line.program, line.args))
    return sorted(rows.values(), key=lambda row: row.order)


def select(rows, words):
    """quick, every, full, or the programs and row texts that are named.

    every: all lines and all kinds of memory, in one guest mode.
    """
    if words == ["full"]:
        return rows
    if words == ["every"]:
        return [row for row in rows if row.base_mode]
    if words == ["quick"]:
        return [row for row in rows if row.quick]
    chosen = [row for row in rows for w in words
              if w in (row.program, row.program.split("/")[-1], row.text)]
    for w in words:
        if not any(w in (r.program, r.program.split("/")[-1], r.text) for r in rows):
            raise SelectionError("no program and no row is called '%s'" % w)
    return list(dict.fromkeys(chosen))
