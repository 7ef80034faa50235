# SPDX-License-Identifier: GPL-2.0-only
"""
The fault corpus: rows.tsv and corpus.toml, the points that kernel/s2/inject.h
has, and the table of both and of what was found, in docs/faults.md.

    tests/faults/corpus.py      puts the table of the last run of
                                tests/vm/test_faults.py into docs/faults.md
"""
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOC = ROOT / "docs/faults.md"
TABLE = ROOT / "build/test-vm/faults.md"
BEGIN, END = "<!-- corpus: begin -->\n", "<!-- corpus: end -->\n"
POINT = re.compile(r'X\(\w+, "(\w+)", "([^"]*)"\)')
DATA_IPA, CTL_IPA = 0x40000000, 0x10000000
DATA_SIZE, CTL_SIZE = 4 << 20, 16 << 12


class Row:
    """One historical fault."""

    def __init__(self, line):
        self.id, self.shows, self.title = line.split("\t")


class Case:
    """One fault put back: how, and what must come of it."""

    def __init__(self, entry, acts, points):
        known = {"point", "act", "run", "check", "house", "times", "with", "limit",
                 "expect", "also", "others", "clean"}
        assert set(entry) <= known, "corpus.toml: %s" % (set(entry) - known)
        self.point = entry["point"]
        self.act = entry.get("act", "")
        self.command = entry.get("run", "s2guest corpus --act %s" % self.act)
        self.check = entry.get("check", "-")
        self.house = entry.get("house", "max")
        self.times = entry.get("times", -1)
        self.helper = entry.get("with", "-")
        self.limit = entry.get("limit", 30)
        self.expect = entry.get("expect", [])
        self.also = entry.get("also", [])
        self.others = entry.get("others", False)
        self.clean = entry.get("clean", False)
        self.ids = [i for i in points.get(self.point, "-").split(",") if i != "-"]
        self.ipa = acts.get(self.act, {}).get("ipa", DATA_IPA)
        assert self.clean or self.expect, self.point

    def line(self):
        return "%s %s %d %s %d %s %s\n" % (
            self.point, self.point, self.times, self.helper, self.limit,
            self.check, self.command)

    def clean_line(self):
        return "clean-%s - 0 - 60 %s %s\n" % (self.act or self.point,
                                              self.check, self.command)

    def is_at_home(self, finding):
        """In the act's memory, or in the guest's code and mailboxes."""
        if "ipa" not in finding:
            return True
        size = finding["size"]
        if finding["event"]["event"].startswith("s2_table"):
            size = 512 << 12 + 9 * (3 - finding["level"])
        start, end = finding["ipa"], finding["ipa"] + size
        return (start < self.ipa + DATA_SIZE and self.ipa < end) or (
            start < CTL_IPA + CTL_SIZE and CTL_IPA < end)


class Corpus:
    def __init__(self):
        lines = (HERE / "rows.tsv").read_text().splitlines()
        self.rows = [Row(l) for l in lines if l and not l.startswith("#")]
        text = (ROOT / "kernel/s2/inject.h").read_text()
        self.points = dict(POINT.findall(text))
        data = tomllib.loads((HERE / "corpus.toml").read_text())
        self.houses = data["house"]
        self.cases = [Case(c, data.get("act", {}), self.points)
                      for c in data["case"]]
        self.explained = {i: e["why"] for e in data["explained"]
                          for i in e["ids"]}

    def cleans(self, house):
        """The same acts with nothing switched on, by name."""
        return {"clean-" + (c.act or c.point): c for c in self.cases
                if c.house == house}


def plain(text):
    """A report without what differs from run to run."""
    return re.sub(r"\b\d+\b", "N", re.sub(r"0x[0-9a-f]+", "ADDR", text))


def render(corpus, found):
    """found: point -> the findings that count. The block for docs/faults.md."""
    titles = {r.id: r.title for r in corpus.rows}
    faults = [c for c in corpus.cases if not c.clean]
    caught = [c for c in faults if set(c.expect) <=
              {f["invariant"] for f in found.get(c.point, [])}]
    out = ["%d of %d faults that can be put back are caught, by name; they stand "
           "for %d of the %d rows. Of the others it is said below why not." % (
               len(caught), len(faults), len({i for c in faults for i in c.ids}),
               len(corpus.rows)), "",
           "| faults | what it was | switched on as | provoked by | expected | "
           "caught by | first report |", "|---|---|---|---|---|---|---|"]
    for c in faults:
        mine = found.get(c.point, [])
        names = [n for n in c.expect if n in {f["invariant"] for f in mine}]
        first = next((f for f in mine if f["invariant"] == c.expect[0]), None)
        out.append("| %s | %s | `%s` | `%s`, %s | %s | %s | %s |" % (
            " ".join(c.ids) or "-",
            "; ".join(titles[i] for i in c.ids) or "none of the rows", c.point,
            c.act or c.command, c.house, " ".join(c.expect),
            " ".join(names) or "**not caught**",
            plain("%s: %s" % (first["invariant"], first["what"]))
            if first else "-"))
    out += ["", "| not put back | what it was | why |", "|---|---|---|"]
    for r in corpus.rows:
        if r.id in corpus.explained:
            out.append("| %s | %s | %s |" % (r.id, r.title,
                                             corpus.explained[r.id]))
    return "\n".join(out) + "\n"


def block(text):
    return text.split(BEGIN)[1].split(END)[0]


def verdicts(text):
    """What must not change unnoticed: faults, point, expected, caught by."""
    rows = [l.split(" | ") for l in text.splitlines() if l.startswith("| ")]
    return [(r[0], r[2], r[4], r[5]) if len(r) == 7 else tuple(r[:1])
            for r in rows]


def main():
    text = DOC.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    DOC.write_text(before + BEGIN + TABLE.read_text() + END + after)


if __name__ == "__main__":
    main()
