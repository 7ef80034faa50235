#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Two guests at rest, and every verb's look at them.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

two_at_rest
cat /tmp/pages.held /tmp/blocks.held >"$DIR/held"
look_at_rest
look list-csv s2stat list --csv --interval 0
look list-text s2stat list
look top-csv s2stat top --csv --count 2 --interval 0.2
look top-text s2stat top --once
look show-text s2stat show "$A"
look walk-text s2stat walk "$A"
look walk-csv s2stat walk "$A" --csv
look walk-part s2stat walk "$A" --json --ipa 0x40000000+64K
look map-text s2stat map "$A"
look map-csv s2stat map "$A" --csv
look svg s2stat map "$B" --svg "$DIR/map.svg"
look svg-both s2stat map name:s2guest --svg "$DIR/both.svg"
look audit-one s2stat audit "$A" --csv
look audit-text s2stat audit
look vmid-rates s2stat vmid --json
look vmid-text s2stat vmid
look flush-text s2stat flush --interval 0.2
look doctor s2stat doctor --json
MMU=$(sed -n "s/.*\"mmu\":\([0-9]*\),\"vm\":$A,.*/\1/p" "$DIR/list.out")
look vm-tgid s2stat list --json --interval 0 --vm "$A"
look vm-vm s2stat list --json --interval 0 --vm "vm:$A"
look vm-mmu s2stat list --json --interval 0 --vm "mmu:$MMU"
look vm-name s2stat top --json --once --vm s2guest
look vm-glob s2stat list --json --interval 0 --vm 'name:s2g*'
look vm-show s2stat show "mmu:$MMU" --json --interval 0
look twice s2stat show "$A" --json --count 2 --interval 0.2

# What listens meanwhile: without rates nothing but the iterators.
s2stat list --interval 0 --count 100000000 >/dev/null &
LIST=$!
until_it "list reads" sh -c "bpftool prog list | grep -q show_mmu"
bpftool -j prog list >"$DIR/programs.at-once"
interrupt $LIST
s2stat list --interval 3600 >/dev/null &
LIST=$!
attached $LIST
bpftool -j prog list >"$DIR/programs.counting"
interrupt $LIST

release "$A"
release "$B"
look list-after s2stat list
look audit-after s2stat audit --json
exit 0
