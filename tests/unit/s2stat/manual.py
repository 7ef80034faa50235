#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Manual pages, completion, the JSON's document and the program say the same:
each verb, option and object is looked for both ways. What there is comes from
the program's own tables (s2stat --dump-cli).

	manual.py path/to/s2stat
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAN = ROOT / "docs/man"
DOCUMENT = ROOT / "docs/s2stat-json.md"
COMPLETION = ROOT / "tools/s2stat/completion/s2stat"
# argp's own, which every verb has.
ARGP = {"help", "usage"}

S2STAT = pathlib.Path(sys.argv[1]).resolve()
FAILED = []


def check(good, text):
    if not good:
        FAILED.append(text)


def same(what, one, other, where_one, where_other):
    """Two sets must be equal; what is in one only is named."""
    for word in sorted(one - other):
        FAILED.append("%s %s: in %s, not in %s" % (what, word, where_one,
                                                  where_other))
    for word in sorted(other - one):
        FAILED.append("%s %s: in %s, not in %s" % (what, word, where_other,
                                                  where_one))


def run(*args):
    return subprocess.run(args, capture_output=True, text=True, check=False)


def sections(page):
    """A page's sections by their heads."""
    parts = re.split(r"^# (.*)\n", page.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def long_options(text):
    return set(re.findall(r"\*--([a-z][a-z-]*)\*", text))


def check_page(verb):
    page = MAN / ("s2stat-%s.1.scd" % verb["verb"])
    name = page.relative_to(ROOT)
    if not page.exists():
        FAILED.append("there is no %s" % name)
        return
    part = sections(page)
    for head in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS",
                 "EXAMPLES", "SEE ALSO"):
        check(head in part, "%s has no section %s" % (name, head))
    options = {o["name"] for o in verb["options"]}
    same("option --", options, long_options(part.get("OPTIONS", "")),
         "the program's " + verb["verb"], name)
    own = re.findall(r"^(\*-.*)$", part.get("OPTIONS", ""), flags=re.M)
    for o in verb["options"]:
        line = [l for l in own if "*--%s*" % o["name"] in l]
        if line and o["arg"]:
            check("_%s_" % o["arg"] in line[0], "%s: --%s takes %s, the page "
                  "says %s" % (name, o["name"], o["arg"], line[0]))
        if line and o["key"]:
            check("*-%s*" % o["key"] in line[0], "%s: --%s is -%s, too" % (
                name, o["name"], o["key"]))
    synopsis = part.get("SYNOPSIS", "")
    check("*s2stat %s*" % verb["verb"] in synopsis, "%s: no synopsis" % name)
    for word in re.findall(r"[A-Z]{2,}", verb["args"] or ""):
        check("_%s_" % word in synopsis, "%s: the synopsis lacks %s" % (name, word))
    check("s2stat %s" % verb["verb"] in part.get("EXAMPLES", ""),
          "%s has no example" % name)
    objects = re.search(r"Objects: (.*?)\.\s", part.get("JSON", ""), flags=re.S)
    same("object", set(verb["objects"]),
         set(re.findall(r"\*([a-z]+)\*", objects.group(1))) if objects else set(),
         "the program's " + verb["verb"], name)
    for made in (page, MAN / "s2stat.1.scd"):
        with made.open() as f:
            r = subprocess.run(["scdoc"], stdin=f, capture_output=True, text=True,
                               check=False)
        check(r.returncode == 0, "%s: %s" % (made.relative_to(ROOT), r.stderr))


def check_main_page(verbs):
    part = sections(MAN / "s2stat.1.scd")
    listed = set(re.findall(r"^\*([a-z]+)\*", part["VERBS"], flags=re.M))
    same("verb", {v["verb"] for v in verbs}, listed, "the program", "s2stat(1)")
    # An option that verbs share is explained here, once.
    explained = set(re.findall(r"\*--([a-z-]+)\*", "\n".join(
        re.findall(r"^(\*-.*)$", part["OPTIONS"], flags=re.M))))
    shared = {o["name"] for v in verbs for o in v["options"] if o["shared"]}
    same("shared option --", shared, explained - ARGP - {"version"},
         "the program", "s2stat(1)")
    pages = {p.name[len("s2stat-"):-len(".1.scd")]
             for p in MAN.glob("s2stat-*.1.scd")}
    same("manual page", {v["verb"] for v in verbs}, pages, "the program", "docs/man")


def check_document(verbs):
    text = DOCUMENT.read_text()
    described = set(re.findall(r"^## `([a-z]+)`", text, flags=re.M))
    written = {o for v in verbs for o in v["objects"]} | {"verb"}
    same("object", written, described, "the program", "docs/s2stat-json.md")
    table = text.split("## Which objects come when")[1].split("\n## ")[0]
    commands = set(re.findall(r"`([a-z]+)[ `]", "\n".join(
        line.split("|")[1] for line in table.splitlines() if line.startswith("|"))))
    for v in verbs:
        if set(v["objects"]) - {"error"}:
            check(v["verb"] in commands, "docs/s2stat-json.md does not say which "
                  "objects %s writes" % v["verb"])


def complete(*words):
    """What bash offers behind these words."""
    script = r'''
        PATH=%s:$PATH
        . %s
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _s2stat s2stat "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%%s\n' "${COMPREPLY[@]}"
        ''' % (S2STAT.parent, COMPLETION)
    r = run("bash", "-c", script, "bash", *words)
    check(not r.stderr, "completion of %s says: %s" % (words, r.stderr))
    return set(r.stdout.split())


def check_completion(verbs):
    names = {v["verb"] for v in verbs}
    same("completion", names | {"--help", "--version"}, complete("s2stat", ""),
         "the program", "the completion")
    for v in verbs:
        options = {"--%s%s" % (o["name"], "=" if o["arg"] else "")
                   for o in v["options"]} | {"--help"}
        same("completion of %s" % v["verb"], options,
             complete("s2stat", v["verb"], "--"), "the program", "the completion")
    check(complete("s2stat", "wa") == {"walk"}, "wa is not completed to walk")


def check_help(verbs):
    for v in verbs:
        text = run(S2STAT, v["verb"], "--help").stdout
        same("option --", {o["name"] for o in v["options"]} | ARGP,
             set(re.findall(r"(?:^ +|, )--([a-z-]+)", text, flags=re.M)),
             "--dump-cli", v["verb"] + " --help")


def main():
    dump = run(S2STAT, "--dump-cli")
    verbs = [json.loads(line) for line in dump.stdout.splitlines()]
    check(len(verbs) >= 11, "--dump-cli tells of %d verbs only" % len(verbs))
    check_main_page(verbs)
    for v in verbs:
        check_page(v)
    check_document(verbs)
    check_completion(verbs)
    check_help(verbs)
    for text in FAILED:
        print("FAILED: " + text, file=sys.stderr)
    print("manual: %d verbs, %d options, %d failed" % (
        len(verbs), sum(len(v["options"]) for v in verbs), len(FAILED)))
    return 1 if FAILED else 0


sys.exit(main())
