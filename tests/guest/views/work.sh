#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# flush, faults, vmid and list watch a guest at work from before its birth to
# after its death; tracefs writes down the same events. SIGINT ends a sample,
# so that all of the work is in one.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

# s2stat listens to this one, so its numbers must be written down, too.
echo 1 >/sys/kernel/tracing/events/s2/s2_fault_begin/enable
watch flush faults vmid list
s2guest notifier >"$DIR/notifier.said" || exit 1
s2guest vmids --alive 20 --rounds 2 >"$DIR/vmids.said" || exit 1
hold last --mb 4
sleep 1
echo 0 >/sys/kernel/tracing/tracing_on
watched
release "$HELD"
