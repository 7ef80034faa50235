#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# audit over and over while guests do to their tables all that can be done;
# every other verb at the same time. $2: how many audits.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

storm()
{
	while [ ! -e "$DIR/stop" ]; do
		s2guest storm --rounds 100 --vcpus 3 --seed "$1" || touch "$DIR/bad"
	done
}

rm -f "$DIR/stop" "$DIR/bad"
storm 1 >/dev/null 2>&1 &
ONE=$!
storm 2 >/dev/null 2>&1 &
TWO=$!
until_it "the storm is on" sh -c "s2stat list --interval 0 | grep -q s2guest"
look audit s2stat audit --json --interval 0.05 --count "$2"
look list s2stat list --json --count 5 --interval 0.5
look flush s2stat flush --json --interval 1
look faults s2stat faults --json --interval 1 --hot 3
look map s2stat map name:s2guest --json
look walk s2stat walk name:s2guest --json
touch "$DIR/stop"
wait $ONE $TWO
[ ! -e "$DIR/bad" ]
