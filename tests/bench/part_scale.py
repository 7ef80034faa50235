# SPDX-License-Identifier: GPL-2.0-only
"""
s2stat and many VMs, and s2stat and a large one: what a look costs in instructions
(-icount) and in memory, on our kernel and on Debian's unmodified one.
"""
from measure import BenchError, boot, facts, figure

NS_PER_INSTRUCTION = 2
KERNELS = {"s2": "ours", "debian-6.12": "Debian 6.12"}
TABLES_PER_GB = 512
WALKED = 64 << 20
# Nothing is there yet: what it costs to attach, whatever is there.
EMPTY = "s2stat list --interval 0 --json"
LOOKS = {
    "list": "s2stat list --interval 0 --json",
    "audit": "s2stat audit --interval 0 --json",
    "walk": "s2stat walk s2guest --interval 0 --ipa 0x40000000+%dM --csv" % (WALKED >> 20),
}
# On ours: a quarter more than was seen, beyond attaching; and kB of all of s2stat.
BOUNDS = {"table page": ("<=", 52000), "VM": ("<=", 620000), "leaf shown": ("<=", 77000)}
MEMORY = ("<=", 16384)
SCRIPT = """
cp /build/guest/s2guest /build/s2stat-arm64/s2stat /tmp
PATH=/tmp:$PATH
# The first look reads in what the program needs.
s2stat list --interval 0 >/dev/null
for n in 1 2; do
%(empty)s
done
mkfifo /tmp/in
s2guest scale %(size)s </tmp/in >/tmp/scale.out &
exec 3>/tmp/in
until grep -q HOLD /tmp/scale.out; do
	sleep 1
	kill -0 $! || exit 1
done
cat /tmp/scale.out
for n in 1 2; do
%(looks)s
done
echo >&3
wait
"""
LOOK = "s2guest cost sh -c 'exec %s >/dev/null' | sed 's/^/look verb=%s /'"


def looks(kernel, size, verbs):
    """{verb: (instructions, kB)} of every look, and how much there was."""
    said = boot(kernel, SCRIPT % {
        "size": size, "empty": LOOK % (EMPTY, "empty"), "looks": "\n".join(LOOK % (LOOKS[v], v) for v in verbs)},
        icount=True, mem="4G", timeout=3000)
    found = {}
    for fact in facts(said, "look"):
        if fact["status"]:
            raise BenchError("%s on %s: status %d" % (fact["verb"], kernel, fact["status"]))
        found.setdefault(fact["verb"], []).append(
            (fact["ns"] / NS_PER_INSTRUCTION, fact["rss_kb"]))
    if set(found) != {"empty", *verbs}:
        raise BenchError("not everything was measured on %s:\n%s" % (kernel, said[-2000:]))
    return found


def more(seen, verb, per):
    """Instructions beyond those of attaching, for each of what is there."""
    empty = min(i for i, _ in seen["empty"])
    return [(i - empty) / per for i, _ in seen[verb]]


def rows_of(what, unit, size, verbs, per):
    seen = {name: looks(kernel, size, verbs) for kernel, name in KERNELS.items()}
    rows = [figure("attach, nothing there", "million instructions", {
        name: [i / 1e6 for i, _ in seen[name]["empty"]] for name in seen}, of="value")]
    for verb in verbs:
        each, nr = ("leaf shown", WALKED >> 12) if verb == "walk" else (unit, per)
        title = "%s: `%s`" % (what, LOOKS[verb].replace(" --json", ""))
        rows.append(figure(title, "instructions a %s beyond that" % each,
                           {name: more(seen[name], verb, nr) for name in seen},
                           BOUNDS[each], of="value"))
        rows.append(figure(title, "kB of memory", {
            name: [kb for _, kb in seen[name][verb]] for name in seen},
            MEMORY, of="value"))
    return rows


def measure(full):
    gb, vms = (64, 1000) if full else (1, 50)
    rows = rows_of("%d GB in 4 KB pages" % gb, "table page", "--gb %d" % gb,
                   ("list", "audit", "walk"), gb * TABLES_PER_GB)
    return rows + rows_of("%d VMs" % vms, "VM", "--vms %d" % vms, ("list", "audit"), vms)
