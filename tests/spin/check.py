#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Checks the model of the VMID allocator (vmid.pml):

 - it stands for kernel/s2/vmid.c as it is: every statement that a comment of
   the model names is there, in the same order, and every statement there that
   touches what CPUs share is named;
 - spin finds no violation in any of its states, and every transition is taken;
 - with each of the FAULTS spin does find one, and each property is broken by
   some. The first two are bugs that KVM had; the others take out one thing
   each that the allocator relies on.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = HERE / "vmid.pml"

FAULTS = {
    "GENERATION_FIRST": "the generation is published before the number (f0cf47d939d0)",
    "PUBLISH_LATE": "the VMID is published after it is used (fb544d1ca65a)",
    "NO_RESERVE": "a rollover reserves nothing",
    "LEFT_FREE": "a rollover reserves VMIDs and leaves their numbers free",
    "FORGET_RESERVED": "a rollover forgets what the one before reserved",
    "RENEW_FIRST_ONLY": "a VMID reserved on two CPUs is renewed on one",
    "NO_FLUSH": "a rollover invalidates nothing",
    "FLUSH_LATE": "the invalidation comes after the lock is given up",
    "PLAIN_STORE": "the fast path stores instead of comparing and exchanging",
    "ACTIVE_FIRST": "a rollover collects the active VMIDs, then turns the generation",
    "STAY_ACTIVE": "a CPU that puts its vCPU stays active (100b4f092f87)",
}

# Correspondence -------------------------------------------------------------

# Functions of vmid.c without a transition: arithmetic, and what runs alone.
PURE = {"vmid_count", "vmid_number", "vmid_generation", "vmid_current",
        "kvm_arm_vmid_alloc_init", "kvm_arm_vmid_alloc_free"}
SHARED = re.compile(r"atomic64_|per_cpu|this_cpu|vmids\.|raw_spin|s2_flush|_bit\(|bitmap")
# Statements that only concern the events: what they tell, not what happens.
TOLD = re.compile(r"^s2_emit\(|^s2_stat_|was_in_use = vmids\.in_use|^vmids\.(in_use|reserved) = |"
                  r"\bloaded\b|^atomic64_t \*mine = this_cpu_ptr\(&active\)$|^return vmid_")


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def without_injection(body):
    """As the compiler sees it without CONFIG_KVM_ARM64_S2_INJECT (inject.h)."""
    asked = r"s2_inject\([^()]*\)"
    body = re.sub(r"if \(%s\) (\{[^{}]*\}|[^;{}]*;) ?" % asked, "", body)
    body = re.sub(r"if \(!%s\) " % asked, "", body)
    return re.sub(r"if \(\((.*?)\) && !%s\)" % asked, r"if (\1)", body)


def functions(source):
    """name -> body of every function, without comments and injected faults."""
    source = re.sub(r"/\*.*?\*/", " ", source, flags=re.S)
    found = re.findall(r"^[a-z][^;={}#]*?\b(\w+)\([^;{}]*?\)\n\{\n(.*?)^\}",
                       source, flags=re.S | re.M)
    return {name: without_injection(squeeze(body)) for name, body in found}


def correspondence(source, model):
    """What the model names and the code lacks at that place, and the reverse."""
    bodies, wrong = functions(source), []
    named, place = {}, {}
    for name, statement in re.findall(r"/\* (\w+): (.*?) \*/", model):
        if name not in bodies:
            if "(" in statement:
                wrong.append("there is no %s()" % name)
            continue
        at = bodies[name].find(statement, place.get(name, 0))
        if at < 0:
            wrong.append("%s() has no '%s' there" % (name, statement))
            continue
        place[name] = at + len(statement)
        named.setdefault(name, []).append(statement.rstrip(";{ "))
    for name, body in bodies.items():
        if name in PURE:
            continue
        for statement in map(squeeze, re.split(r"[;{}]", body)):
            if SHARED.search(statement) and not TOLD.search(statement) and \
                    not any(n in statement for n in named.get(name, ())):
                wrong.append("no transition stands for '%s' of %s()" % (
                    statement, name))
    if not bodies or not named:
        wrong.append("nothing was compared")
    return wrong


# Spin -----------------------------------------------------------------------

def run(command, where):
    done = subprocess.run(command, cwd=where, capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def build(where, macros, flags):
    where.mkdir(parents=True, exist_ok=True)
    for old in where.glob("*.trail"):
        old.unlink()
    for command in (["spin", *macros, "-a", MODEL],
                    ["gcc", "-w", "-DSAFETY", "-DMEMLIM=4000", *flags,
                     "-o", "pan", "pan.c"]):
        status, text = run(command, where)
        if status or "Error" in text:
            raise SystemExit("%s: %s" % (" ".join(map(str, command)), text))


def counterexample(where, macros):
    """The property broken at the end of the trail, and the trail's text."""
    _, text = run(["spin", *macros, "-t", "-p", "-g", "-k", MODEL.name + ".trail",
                   MODEL], where)
    broken = re.search(r"VIOLATED .*?\[printf\('(\w+)'\)\]", text, re.S)
    return broken and broken.group(1), text


def properties(model):
    """Everything the model asserts, by name."""
    found = re.findall(r"\bmust\([^;]*?, (\w+)\)\s*[;}]",
                       model.split("what must hold", 1)[1])
    assert found, "the model asserts nothing"
    return found


def verify(out):
    """The model as it is: '' or what is wrong with it."""
    where = out / "vmid"
    build(where, [], ["-O2"])
    _, text = run(["./pan", "-m2000000", "-w24"], where)
    (where / "log").write_text(text)
    states = re.search(r"(\d+) states, stored", text)
    if "errors: 0" not in text:
        broken, trail = counterexample(where, [])
        (where / "trail").write_text(trail)
        return "vmid.pml breaks %s; see %s" % (broken, where)
    if not states or "Search not completed" in text or "search depth" in text:
        return "vmid.pml was not searched to the end; see %s" % where
    idle = [l.strip() for l in text.splitlines()
            if re.match(r"\s+\S+:\d+, state \d+,", l) and '"-end-"' not in l]
    if idle:
        return "never taken: %s" % "; ".join(idle)
    print("vmid.pml: %s states, no violation" % states[1], flush=True)
    return ""


def refute(out, name):
    """
    The property that the model with a fault breaks. No deeper than 300 steps:
    that finds a short counterexample soon.
    """
    where, macros = out / name, ["-DFAULT", "-D" + name]
    build(where, macros, ["-O0"])
    _, text = run(["./pan", "-m300", "-w20"], where)
    (where / "log").write_text(text)
    if "errors: 1" not in text:
        return None
    broken, trail = counterexample(where, macros)
    (where / "trail").write_text(trail)
    print("%s: %s: breaks %s" % (name, FAULTS[name], broken), flush=True)
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/unit/spin")
    parser.add_argument("--source", type=pathlib.Path,
                        default=ROOT / "kernel/s2/vmid.c")
    args = parser.parse_args()
    start = time.monotonic()
    wrong = correspondence(args.source.read_text(), MODEL.read_text())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        proof = pool.submit(verify, args.out)
        refuted = {name: pool.submit(refute, args.out, name) for name in FAULTS}
        wrong += [proof.result()] if proof.result() else []
        broken = {name: job.result() for name, job in refuted.items()}
    wrong += ["%s: spin finds nothing wrong although %s" % (name, FAULTS[name])
              for name in FAULTS if not broken[name]]
    wrong += ["no fault breaks %s" % name for name in properties(MODEL.read_text())
              if name not in broken.values()]
    for text in wrong:
        print("FAIL: %s" % text)
    print("spin: %d faults refuted, %d failures, %.0f s" % (
        len(FAULTS), len(wrong), time.monotonic() - start))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
