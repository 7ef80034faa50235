#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A nested guest at rest, and s2stat on its shadow tables.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

SCENARIO=nested hold nested
VMM=$HELD
look list s2stat list --json --interval 0
look audit s2stat audit --json --interval 0
look vmid s2stat vmid --json --interval 0
look own s2stat map "$VMM" --json --interval 0
pages_of_host "$VMM" own own
sed -n 's/.*"type":"vm".*"mmu":\([0-9]*\),.*/\1/p' "$DIR/list.out" | while read -r mmu; do
	look "walk-$mmu" s2stat walk "mmu:$mmu" --json --interval 0
	look "map-$mmu" s2stat map "mmu:$mmu" --json --interval 0
	look "show-$mmu" s2stat show "mmu:$mmu" --json --interval 0
done
release "$VMM"
look list-after s2stat list --json --interval 0
exit 0
