#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Mutation test of the core's host tests: each mutant is a small fault put into
a copy of one source of the core. It is built, linked with the objects of the
test rig, and the tests must fail on it. A mutant whose pattern is not found
exactly once is an error: it has to follow the source.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

# name, file, text to be found (exactly once), its replacement, tests to run
MUTANTS = [
    ("entries set are not counted", "table.c",
     "	s2_count_set(op);\n", "", "random"),
    ("entries changed are not told", "table.h",
     "		return s2_entry_told(op, *slot, ipa, old, new,\n"
     "				     s2_table_count(slot->table));\n",
     "		return true;\n", "core random"),
    ("a change is no entry touched", "table.h",
     "	op->entries++;\n", "", "core random"),
    ("a change counts for the table", "table.h",
     "	op->entries++;\n",
     "	op->entries++;\n	atomic_inc_return(s2_port_count(slot->table));\n",
     "core random"),
    ("entries cleared are not counted", "table.c",
     "	s2_count_clear(op);\n", "", "random"),
    ("entries are counted twice", "count.h",
     "	op->clears = 0;\n", "", "random"),
    ("an operation that yields forgets the entries it counted", "op.c",
     "	s2_count_publish(op);\n	s2_stat_publish(op);\n	op->resched++;\n",
     "	op->sets = 0;\n	s2_stat_publish(op);\n	op->resched++;\n", "core random"),
    ("pages of a local invalidation are not counted", "count.h",
     "scope == S2_SCOPE_IPA_LOCAL ||\n", "false ||\n", "core random"),
    ("invalidations are not counted for the context", "flush.c",
     "	s2_count_flush(ctx, reason, scope, size);\n", "", "core random"),
    ("rollovers are not counted for the context", "vmid.c",
     "	s2_count_rollover(ctx);\n", "", "vmid"),
    ("VMIDs assigned are not counted", "vmid.c",
     "		s2_count_vmid_assign(ctx);\n", "", "vmid"),
    ("no flush when the debt is paid", "flush.c",
     "	s2_flush_range(op->ctx, op->id, debt.start, debt.end,\n"
     "		       debt.tables ? S2_LEVEL_ANY : debt.level, op->reason);\n",
     "	(void)debt;\n", "random"),
    ("free before flush", "flush.c",
     "	s2_debt_pay(op);\n	s2_table_reap(op);\n",
     "	s2_table_reap(op);\n	s2_debt_pay(op);\n", "random"),
    ("level hint although tables were cleared", "flush.c",
     "debt.tables ? S2_LEVEL_ANY : debt.level", "debt.level", "core random"),
    ("empty tables open no debt", "flush.c",
     "		s2_debt_add(debt, ipa, ipa + PAGE_SIZE, 0, S2_LEVEL_ANY);\n",
     "		return;\n", "core random"),
    ("debt does not grow downwards", "flush.c",
     "	if (start < debt->start)\n		debt->start = start;\n", "",
     "core random"),
    ("what is not to be mapped around a fault is", "map.c",
     "!pages[i].prot || s2_slot_read(&slot)", "s2_slot_read(&slot)", "core random"),
    ("pages around a fault move up", "map.c",
     "i++, slot.index++, ipa += PAGE_SIZE) {\n		if (!pages[i].prot ||",
     "i++, ipa += PAGE_SIZE, slot.index += !!pages[i - 1].prot) {\n"
     "		if (!pages[i].prot ||", "core random"),
    ("pages are mapped around a fault where a block is", "map.c",
     "slot.level < S2_LAST_LEVEL ||\n	    WARN_ON_ONCE(",
     "WARN_ON_ONCE(", "core random"),
    ("a row of leaves ends one early", "flush.h",
     "		debt->end += s2_level_size(level);\n", "", "core random"),
    ("any leaf is the next in a row", "flush.h",
     "debt->end == ipa && ", "", "core random"),
    ("leaves of other levels are the next in a row", "flush.h",
     "debt->level == level && ", "", "core random"),
    ("an operation ends and owes", "op.c",
     "	if (s2_debt_open(op))\n		s2_debt_settle(op);\n	s2_count_publish(op);\n"
     "	s2_stat_publish(op);\n	return s2_listening",
     "	s2_count_publish(op);\n	s2_stat_publish(op);\n	return s2_listening",
     "core random"),
    ("what waits to be freed is forgotten", "flush.h",
     " ||\n	       !list_empty(&op->dead)", "", "core random"),
    ("levels of a debt are not merged", "flush.c",
     "	if (level != debt->level)\n		debt->level = S2_LEVEL_ANY;\n",
     "", "core random"),
    ("whole VMID for each single page", "flush.c",
     "	if (end - start > S2_FLUSH_MAX_PAGES * stride ||\n",
     "	if (end > start ||\n", "core"),
    ("never_ran inverted", "flush.c",
     "	return !s2_port_vmid(ctx->pgt.mmu) &&",
     "	return s2_port_vmid(ctx->pgt.mmu) &&",
     "core random"),
    ("cleaned before the flush", "flush.c",
     "	op->cmo[op->nr_cmo].pa = pa;",
     "	cmo(op, S2_CMO_DCACHE, pa, size);\n	op->cmo[op->nr_cmo].pa = pa;",
     "core random"),
    ("not cleaned after unmapping", "flush.c",
     "		cmo(op, S2_CMO_DCACHE, op->cmo[i].pa, op->cmo[i].size);\n	op->nr_cmo = 0;",
     "		;\n	op->nr_cmo = 0;", "core random"),
    ("instruction cache not invalidated", "flush.c",
     "	if (s2_pte_executable(new) && !s2_pte_executable(old))",
     "	if (s2_pte_executable(new) && !s2_pte_valid(old))", "core random"),
    ("clear of an absent entry drops a count", "table.c",
     "	if (!s2_pte_counted(old) && !s2_inject(op->ctx, CLEAR_ABSENT_DROPS_COUNT))\n"
     "		return old;\n", "", "core random"),
    ("clear drops no count", "table.c",
     "	refs = atomic_dec_return(s2_port_count(slot->table));",
     "	refs = atomic_read(s2_port_count(slot->table));", "core random"),
    ("set takes no count", "table.c",
     "		refs = atomic_inc_return(count);",
     "		refs = atomic_read(count);", "core random"),
    ("a cleared leaf is still counted for the VM", "table.c",
     "	s2_stat_entry(op, slot->level, old, 0);\n", "", "core random"),
    ("leaves go unread although somebody listens", "table.c",
     "s2_listening(s2_clear) || ", "", "core random"),
    ("leaves go unread and uncleaned", "table.c",
     "	if (s2_cmo_owed(op))\n		s2_cmo_table(op, table);\n", "", "core random"),
    ("a table that goes unread keeps its count", "table.c",
     "	atomic_set(s2_port_count(table), 1);\n", "", "core random"),
    ("entries that went unread stay uncounted", "table.c",
     "	s2_count_gone(op, leaves);\n", "", "core random"),
    ("leaves that go unread stay counted for the VM", "stat.h",
     "	op->leaves[level] -= leaves;\n", "", "core random"),
    ("no leaf goes unread", "table.c",
     "	if (level != S2_LAST_LEVEL || ", "	if (level == S2_LAST_LEVEL || ", "core"),
    ("all is cleaned at the end", "flush.c",
     "(op->kind != S2_OP_DESTROY || s2_switches.clean_at_end)", "true", "core"),
    ("nothing is cleaned at the end, asked or not", "flush.c",
     "(op->kind != S2_OP_DESTROY || s2_switches.clean_at_end)",
     "op->kind != S2_OP_DESTROY", "core"),
    ("a table that never got linked stays counted", "table.c",
     "	s2_stat_table(op, level, -1);\n", "", "core random"),
    ("an operation that yields forgets what it counted", "op.c",
     "	s2_stat_publish(op);\n	op->resched++;",
     "	memset(op->leaves, 0, sizeof(op->leaves));\n	op->resched++;",
     "random"),
    ("rollovers are not counted", "vmid.c",
     "	s2_stat_rollover(ctx);\n", "", "vmid"),
    ("invalidations are not counted", "flush.c",
     "	s2_stat_flush(ctx, scope);\n", "", "core"),
    ("buried tables leak", "table.c",
     "	list_add_tail(s2_port_link(table), &op->dead);", "	(void)op;",
     "core random"),
    ("subtables leak", "table.c",
     "		if (s2_pte_table(old, level))\n			reap_table(",
     "		if (0)\n			reap_table(", "core random"),
    ("a table of a lost race leaks", "table.c",
     "	s2_cache_untake(mc, table);", "	(void)mc;", "core"),
    ("emptied tables stay linked", "unmap.c",
     "			if (s2_table_count(child) != 1 &&\n",
     "			if (s2_table_count(child) &&\n", "core"),
    ("a table goes when one entry is left", "unmap.c",
     "			if (s2_table_count(child) != 1 &&\n",
     "			if (s2_table_count(child) > 2 &&\n", "core random"),
    ("a table at the edge goes whole", "unmap.c",
     "		if (next - ipa < s2_level_size(level)) {",
     "		if (next - ipa < s2_level_size(level) / 2) {", "core random"),
    ("a cleared block is no debt", "unmap.c",
     "	s2_debt_leaf(op, base, slot->level);\n", "", "core random"),
    ("write protection is no debt", "attr.c",
     "		s2_debt_leaf(op, s2_cursor_base(&cur), cur.slot.level);\n",
     "", "core random"),
    ("age stops at the first young leaf", "attr.c",
     "		if (!clear)\n			break;", "		if (clear)\n			break;",
     "core random"),
    ("valid to valid without a break", "map.c",
     "			break_entry(op, slot, ipa);\n		} else {",
     "			if (s2_entry_set(op, slot, ipa, old, new))\n				return 0;\n"
     "		} else {", "core random"),
    ("equal remap writes", "map.c",
     "	if (want == old)\n		return -EAGAIN;\n",
     "", "core random"),
    ("permissions shrink in place", "map.c",
     "	u64 want = s2_pte_relax(old, new);",
     "	u64 want = new;", "core random"),
    ("what is mapped ahead is young", "pte.h",
     "	if (!(prot & S2_PROT_OLD))\n		pte |= S2_PTE_AF;\n",
     "	pte |= S2_PTE_AF;\n", "core random"),
    ("mapping ahead ages a young leaf", "map.c",
     "	u64 want = s2_pte_relax(old, new);",
     "	u64 want = s2_pte_relax(old & ~S2_PTE_AF, new);",
     "core random"),
    ("mapping ahead makes a block young", "map.c",
     "		if (new & ~old & S2_PTE_AF)", "		if (~old & S2_PTE_AF)",
     "core random"),
    ("a leaf is replaced under the read lock", "map.c",
     "			if (op->lock != S2_LOCK_WRITE &&\n"
     "			    !s2_inject(op->ctx, REPLACE_UNDER_READ_LOCK))\n"
     "				return -EBUSY;\n", "", "core random"),
    ("IPA limit not checked", "map.c",
     " || ipa >= s2_ipa_limit(geo))", ")", "core random"),
    ("set_spte installs what was absent", "map.c",
     "	if (!s2_pte_valid(old))\n		return 0;\n\n	new =", "	new =",
     "core random"),
    ("split forgets the block's debt", "split.c",
     "	s2_debt_leaf(op, ipa, slot->level);\n", "", "core random"),
    ("split leaves what lies behind a table", "walk.h",
     "	u64 last = cur->ipa | (s2_table_span(cur->slot.level) - 1);",
     "	u64 last = cur->ipa | (2 * s2_table_span(cur->slot.level) - 1);",
     "core random"),
    ("split links before the break", "split.c",
     "	s2_debt_settle_as(op, S2_REASON_SPLIT);\n", "", "core random"),
    ("cursor not aligned after a step", "geometry.h",
     "	return (ipa | (s2_level_size(level) - 1)) + 1;",
     "	return ipa + s2_level_size(level);", "core random"),
    ("root index not bounded by concatenation", "geometry.h",
     "	return (ipa >> s2_level_shift(level)) & (s2_entries(geo, level) - 1);",
     "	return (ipa >> s2_level_shift(level)) & (S2_TABLE_ENTRIES - 1);",
     "core random"),
    ("yield without paying", "op.c",
     "	s2_debt_settle(op);\n	s2_count_publish(op);\n	s2_stat_publish(op);\n"
     "	op->resched++;", "	s2_count_publish(op);\n	s2_stat_publish(op);\n"
     "	op->resched++;", "random"),
    ("old root used after a yield", "op.c",
     "	if (!op->mmu->pgt || op->mmu->s2->id != id)\n		op->ctx = NULL;\n",
     "	(void)id;\n", "random"),
    ("new root taken for the old one after a yield", "op.c",
     "	if (!op->mmu->pgt || op->mmu->s2->id != id)\n",
     "	(void)id;\n	if (!op->mmu->pgt)\n", "random"),
    ("yields where it may not", "op.c",
     "	if (!op->may_block)\n		return s2_inject(op->ctx, YIELD_IGNORES_MAY_BLOCK);\n",
     "", "core"),
    ("reserved VMIDs are given out", "vmid.c",
     "		if (!s2_inject(ctx, RESERVED_VMID_GIVEN_OUT))\n"
     "			use_number(vmid_number(id));\n", "", "vmid"),
    ("reserved VMIDs are not renewed on all CPUs", "vmid.c",
     "			found = true;\n", "			return true;\n", "vmid"),
    ("a CPU that slept through a rollover loses its reservation", "vmid.c",
     "		if (!id)\n			id = per_cpu(reserved, cpu);\n", "",
     "vmid"),
    ("rollover without flush", "vmid.c",
     "	if (!s2_inject(ctx, ROLLOVER_WITHOUT_FLUSH))\n		s2_flush_all(ctx);\n",
     "", "vmid"),
    ("the generation does not turn", "vmid.c",
     "	atomic64_set(&vmids.generation, old + vmid_count());",
     "	atomic64_set(&vmids.generation, old);", "vmid"),
    ("an old generation is loaded without the lock", "vmid.c",
     "	if ((!seen || !vmid_current(id) ||\n", "	if ((!seen || !id ||\n",
     "vmid"),
    ("a rollover between look and exchange is missed", "vmid.c",
     "	     !atomic64_cmpxchg_relaxed(mine, seen, id)) &&",
     "	     (atomic64_cmpxchg_relaxed(mine, seen, id), mine->val = id, 0)) &&",
     "vmid"),
    ("rollover leaves 'active' alone", "vmid.c",
     "		id = atomic64_xchg(per_cpu_ptr(&active, cpu), 0);",
     "		id = atomic64_read(per_cpu_ptr(&active, cpu));", "vmid"),
    ("put keeps the VMID active", "vmid.c",
     "	if (!mmu || !s2_inject(mmu->s2, PUT_KEEPS_VMID_ACTIVE))\n"
     "		atomic64_set(this_cpu_ptr(&active), VMID_IDLE);\n", "", "vmid"),
]

OPS = "60000"


def apply(text, old, new, name):
    if text.count(old) != 1:
        raise ValueError(f"{name}: the pattern is found {text.count(old)} times")
    return text.replace(old, new)


def run(cmd, env=None):
    return subprocess.run(cmd, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=40)


def sources(core, name):
    """Sources to be compiled anew: the mutated one, or all for a header."""
    if name.endswith(".c"):
        return [name]
    return sorted(p.name for p in core.glob("*.c") if p.name in CORE)


CORE = [n + ".c" for n in ("geometry", "table", "cache", "map", "unmap", "attr",
                           "split", "flush", "op", "vmid")]


def build(args, number, mutant):
    """Returns the directory with the mutant's objects, or raises."""
    name, file, old, new, _ = mutant
    out = args.out / f"{number:02}"
    # The objects in there are all linked: none of another mutant's.
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for path in args.core.glob("*.[ch]"):
        text = path.read_text()
        if path.name == file:
            text = apply(text, old, new, name)
        (out / path.name).write_text(text)

    for src in sources(args.core, file):
        # The mutant's own headers before the core's
        cmd = args.cc[:1] + [f"-I{out}"] + args.cc[1:]
        cmd += ["-DPAGE_SHIFT=12", "-Wno-error", "-w", "-c", "-o",
                str(out / src.replace(".c", ".o")), str(out / src)]
        done = run(cmd)
        if done.returncode:
            raise ValueError(f"{name}: does not compile\n{done.stdout}")
    return out


def link(args, out, test):
    objs = [args.rig / f"test_{test}.o"]
    objs += sorted(p for p in args.rig.glob("*.o")
                   if not p.name.startswith("test_"))
    for obj in sorted((args.rig / "s2").glob("*.o")):
        mine = out / obj.name
        objs.append(mine if mine.exists() else obj)
    prog = out / f"test_{test}"
    san = [a for a in args.cc if a.startswith("-f")]
    done = run(args.cc[:1] + san + ["-o", str(prog)] + [str(o) for o in objs] +
               ["-lcmocka"])
    if done.returncode:
        raise ValueError(done.stdout)
    return prog


def verdict(output):
    """What noticed it: the first complaint."""
    for line in output.splitlines():
        if line.startswith("FAIL: ") or "ERROR: AddressSanitizer" in line \
                or "runtime error" in line or "error:" in line:
            return line.strip()[:100]
    return "?"


def try_mutant(args, number, mutant):
    out = build(args, number, mutant)
    env = dict(os.environ, OPS=OPS)
    for test in mutant[4].split():
        done = run([str(link(args, out, test))], env)
        if done.returncode:
            return f"{test}: {verdict(done.stdout)}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--core", type=pathlib.Path, required=True)
    parser.add_argument("--rig", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("--only", help="part of the name")
    parser.add_argument("cc", nargs="+")
    args = parser.parse_args()

    failed = 0
    chosen = [(i, m) for i, m in enumerate(MUTANTS)
              if not args.only or args.only in m[0]]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = [(m[0], pool.submit(try_mutant, args, i, m)) for i, m in chosen]
        for name, job in jobs:
            try:
                caught = job.result()
            except (ValueError, subprocess.TimeoutExpired) as err:
                print(f"ERROR    {name}: {err}")
                failed += 1
                continue
            if not caught:
                print(f"SURVIVED {name}")
                failed += 1
            elif args.v:
                print(f"caught   {name}: {caught}")
    print(f"{len(chosen) - failed} of {len(chosen)} mutants caught")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
