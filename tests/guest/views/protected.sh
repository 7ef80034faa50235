#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel whose hypervisor keeps the tables to itself: with a guest at rest, and
# without one.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

look none s2stat list --json
hold touched --mb 2
for verb in list audit vmid flush faults; do
	look $verb s2stat $verb --interval 0.2
done
look show s2stat show "$HELD" --interval 0
release "$HELD"
exit 0
