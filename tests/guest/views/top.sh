#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# On a terminal: three VMs, alpha (pages) and gamma (blocks) at rest and beta at
# work, and top in front of whoever types. A file /share/NAME that the test
# makes asks for the terminal to be resized.

export PATH="/build/guest:$PATH"
# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

SIZE=$(stty size)

# VMs are called after the program that made them.
for name in alpha beta gamma; do
	cp /build/guest/s2guest /tmp/$name
done
VMM=/tmp/alpha hold alpha --mb 6 --vcpus 2
A=$HELD
VMM=/tmp/gamma hold gamma --mb 8 --backing thp
C=$HELD
/tmp/beta storm --rounds 100000000 >/dev/null 2>&1 &
B=$!
until_it "beta works" sh -c "s2stat list --interval 0 | grep -q beta"
look list s2stat list --json --vm alpha

resize()
{
	# shellcheck disable=SC2086  # two words
	set -- $1
	stty rows "$1" cols "$2"
}

status()
{
	echo "status of $1: $2"
	sleep 1
}

resize "10 60"
s2stat top
status small $?
resize "$SIZE"
TERM=nosuch s2stat top
status unknown $?

{
	while [ ! -e "$DIR/resize" ]; do usleep 100000; done
	resize "40 120" </dev/tty
} &
s2stat top --interval 0.5
status color $?
s2stat top --interval 0.5 --no-color
status top $?
resize "$SIZE"
release "$A"
s2stat top --interval 0.5 --vm gamma --count 2
status count $?
release "$C"
kill "$B"
