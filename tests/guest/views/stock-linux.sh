#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# While two Linux guests run under QEMU, g1 idle and g2 at work: every verb's
# look at them. Then both stand still, and so does what s2stat is held against:
# the pages that the host has for the guests' memory.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

look linux-list s2stat list --json
look linux-top s2stat top --once --json
look linux-show s2stat show g1 --json
look linux-map s2stat map g2
look linux-audit s2stat audit --json --count 5 --interval 0.2
look linux-flush s2stat flush --json
look linux-faults s2stat faults --json
look linux-vmid s2stat vmid --json
look linux-doctor s2stat doctor --json
G1=$(pidof_name g1)
G2=$(pidof_name g2)
echo "$G1 $G2" >"$DIR/linux.pids"
kill -STOP "$G1" "$G2"
look linux-still s2stat list --json --interval 0
for g in g1 g2; do
	look linux-walk-$g s2stat walk $g --json
	look linux-map-$g s2stat map $g --json
done
pages_of_host "$G1" linux-map-g1 linux-g1
pages_of_host "$G2" linux-map-g2 linux-g2
kill -CONT "$G1" "$G2"
exit 0
