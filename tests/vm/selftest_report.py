# SPDX-License-Identifier: GPL-2.0-only
"""
The results of KVM's selftests as tables: on the terminal, in docs/selftests.md,
and one line for each CPU in docs/testing.md. Rows that differ in the guest mode
only are one line; what differs between the kernels is told row by row.
"""
from collections import Counter

from house import ROOT
from selftest_results import RANK, objections, regressions, status, unsteady

PAGE = ROOT / "docs/selftests.md"
SUMMARY = ROOT / "docs/testing.md"
MARKS = "<!-- %s: begin -->", "<!-- %s: end -->"

INTRODUCTION = """\
<!-- SPDX-License-Identifier: GPL-2.0-only -->
<!-- Written by tests/vm/selftests --report. Do not edit. -->
# KVM's own selftests, ours and upstream side by side

The programs of `tools/testing/selftests/kvm`, unmodified, from the very kernel
source package both kernels are built from. Both are configured alike; upstream's is
without our series. What is run with which arguments is in `tests/vm/selftests.rows`.

One line stands for all guest modes (`-m *`) that KVM offers on that CPU; `rows`
says how many. Skip: the program itself says that the host lacks something. Seconds
are those of all rows of the line, on emulated CPUs that share two real ones with
other work: they show that nothing is out of proportion, and no more.

    make selftests SELECT=full          # programs, kernels, all rows: hours
    tests/vm/selftests --report         # writes this page from what was run

What fails on upstream, too, and why:

- `page_fault_test` ends in the 63rd of its 65 cases where the CPU has LSE atomics:
  a CAS to absent memory in a read-only slot. The architecture reports it as a read
  (ESR_ELx.WnR is 0 when a read would have faulted as well), so the host provides
  the page first. QEMU reports a write. Cortex-A57 has no LSE and passes all.
- `set_id_regs` wants ID_AA64MMFR0_EL1.ASIDBits to be writable, which 6.12.117 excludes
  in `sys_regs.c`.
- `vgic_init` provokes a vgic that cannot be mapped. 6.12.117 then declares the VM dead
  (`kvm_vgic_map_resources`), and the program's clean-up insists on a live one.
- `arch_timer` (a margin around each interrupt's time) and the "RW" part of
  `memslot_perf_test` (512 MB touched within ten seconds) have limits in real time of
  their own, which emulated CPUs that share two real ones miss.
"""


def tally(rows, study):
    """'11 pass, 2 fail', and the seconds of the best attempts."""
    best = [study.best(row) for row in rows]
    count = Counter(map(status, best))
    text = ", ".join("%d %s" % (count[s], s) for s in (*RANK, "not run") if count[s])
    return text, sum(b["seconds"] for b in best if b)


def groups(rows):
    """Rows that differ in the guest mode only."""
    found = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return sorted(found.items())


def reasons(rows, studies):
    """Why rows of a group did not pass or what they left out, each reason once."""
    found = {}
    for study in studies:
        for row in rows:
            best = study.best(row)
            if best and best["reason"]:
                found.setdefault(best["reason"], set()).add(study.kernel)
    told = [text if len(who) == len(studies) else "%s: %s" % (*who, text)
            for text, who in found.items()]
    return "; ".join(told[:3]) + (" …" if told[3:] else "")


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def cpu_table(rows, ours, upstream):
    lines = ["| program and arguments | rows | ours | upstream | ours, s | upstream, s | |",
             "|---|---:|---|---|---:|---:|---|"]
    for group, members in groups(rows):
        mine, my_time = tally(members, ours)
        theirs, their_time = tally(members, upstream)
        worse = "**worse than upstream** " if regressions(members, ours, upstream) else ""
        lines.append("| `%s` | %d | %s | %s | %.1f | %.1f | %s |" % (
            group, len(members), mine, theirs, my_time, their_time,
            worse + cell(reasons(members, (ours, upstream)))))
    return lines


def differences(rows, ours, upstream):
    """What is worse on ours, better, or not the same each time, row by row."""
    lines = ["- `%s`: %s" % (row.text, why) for row, why in regressions(rows, ours, upstream)]
    lines += ["- `%s` passes on ours, on upstream: %s" % (row.text, status(upstream.best(row)))
              for row in rows
              if status(ours.best(row)) == "pass"
              and status(upstream.best(row)) not in ("pass", "not run")]
    for study in (ours, upstream):
        lines += ["- `%s`, attempts on %s: %s" % (row.text, study.kernel, seen)
                  for row, seen in unsteady(rows, study)]
    return lines


def summary_line(cpu, rows, ours, upstream):
    both = [(status(ours.best(r)), status(upstream.best(r))) for r in rows]
    run = [b for b in both if "not run" not in b]
    return "| `%s` | %d | %d | %d | %d | %d | %d | %d |" % (
        cpu, len(rows), len(run),
        sum(b == ("pass", "pass") for b in run),
        sum(b == ("skip", "skip") for b in run),
        sum(not set(b) & {"pass", "skip"} for b in run),
        sum(b[0] == "pass" and b[1] != "pass" for b in run),
        len({row.text for row, _ in regressions(rows, ours, upstream)}))


SUMMARY_HEAD = [
    "| CPU | rows | run on both | pass on both | skip on both | fail on both "
    "| only ours passes | ours is worse |",
    "|---|---:|---:|---:|---:|---:|---:|---:|"]


def plain_table(session, rows):
    """For the terminal: a line for each group, whichever kernels were run."""
    studies = list(session.studies.values())
    width = max(len(group) for group, _ in groups(rows))
    lines = []
    for group, members in groups(rows):
        columns = ["%s: %s %.1f s" % (s.kernel, *tally(members, s)) for s in studies]
        lines.append("%s  %-*s  %s" % (session.cpu, width, group, "   ".join(columns)))
    return lines


def put_into_summary(name, lines):
    """Lines in place of what is between the marks in docs/testing.md."""
    text, (begin, end) = SUMMARY.read_text(), (m % name for m in MARKS)
    if begin not in text or end not in text:
        raise SystemExit("selftests: %s has lost its marks" % SUMMARY.relative_to(ROOT))
    before, after = text.split(begin)[0], text.split(end)[1]
    SUMMARY.write_text(before + "\n".join([begin, *lines, end]) + after)


def checked_line(session, study, rows):
    """What s2stat check had to say on one kernel and CPU, in a line."""
    checks = [best["check"] for best in map(study.best, rows) if best and "check" in best]
    met = Counter(name for c in checks for name in {f[0] for f in c["findings"]})
    bad = sum(bool(objections(study, row)) for row in rows)
    return "| %s | `%s` | %d | %s | %s | %d | %d | %s | %d |" % (
        study.kernel, session.cpu, len(rows), tally(rows, study)[0],
        "{:,}".format(sum(c["events"] for c in checks)), sum(c["mmus"] for c in checks),
        sum(c["lost"] for c in checks),
        ", ".join("%s in %d" % m for m in sorted(met.items())) or "none", bad)


def write_checked(sessions):
    """The section of docs/testing.md on KVM's selftests under s2stat check."""
    lines = ["| kernel | CPU | rows | the programs say | events | MMUs | lost "
             "| rows with findings that are documented | objections |",
             "|---|---|---:|---|---:|---:|---:|---|---:|"]
    for session in sessions:
        rows = session.rows()
        lines += [checked_line(session, study, rows) for study in session.studies.values()]
    put_into_summary("selftests-checked", lines)
    return 0


def write(sessions):
    """docs/selftests.md, and the section of docs/testing.md between its marks."""
    page, summary = [INTRODUCTION], list(SUMMARY_HEAD)
    page += ["| CPU | ours | upstream |", "|---|---|---|"]
    page += ["| `%s` | %s | %s |" % (
        s.cpu, *("%s, image %s" % (s.studies[k].survey["release"], s.studies[k].image_hash[:8])
                 for k in ("s2", "upstream")))
        for s in sessions]
    for session in sessions:
        ours, upstream = session.studies["s2"], session.studies["upstream"]
        rows = session.rows()
        summary.append(summary_line(session.cpu, rows, ours, upstream))
        page += ["", "## %s" % session.cpu, "", *cpu_table(rows, ours, upstream)]
        different = differences(rows, ours, upstream)
        if different:
            page += ["", "Not the same on both, or not each time:", "", *different]
    put_into_summary("selftests", summary)
    PAGE.write_text("\n".join(page) + "\n")
    return 0
