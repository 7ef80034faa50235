#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# VMs come and go while top and export watch; what the two of them hold of the
# host, after a warm-up and again and again. $2: VMs in each of four rounds.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

PORT=9923

# holds PID: resident kB of its own (not of files, which others may bring in or
# throw out) and in all, and open descriptors. While it samples it has one more or
# less for a moment: the fewest of ten looks.
holds()
{
	sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		find "/proc/$1/fd" -mindepth 1 | wc -l
		usleep 70000
	done | sort -n | head -1
}

# rows: of the maps in which contexts are counted.
rows()
{
	for map in counts spilled ended; do
		for id in $(bpftool map show name $map | sed -n 's/^\([0-9]*\):.*/\1/p'); do
			bpftool map dump id "$id" | grep -c '^key\|"key":'
		done
	done
}

note()
{
	sleep 1
	{
		echo "top $(holds $TOP | tr '\n' ' ')"
		echo "export $(holds $EXPORT | tr '\n' ' ')"
	} >>"$DIR/held"
}

scrape()
{
	while [ ! -e /tmp/churn.over ]; do
		wget -q -O "/tmp/scraped" http://127.0.0.1:$PORT/metrics || exit 1
		usleep 300000
	done
}

rm -f "$DIR/held" /tmp/churn.over
# The share is slow with small writes.
s2stat top --json --interval 0.2 >/tmp/churn.top 2>"$DIR/top.err" &
TOP=$!
/build/s2stat-arm64-dynamic/s2stat export --listen $PORT --interval 0.2 \
	--textfile /tmp/churn.prom >"$DIR/export.out" 2>"$DIR/export.err" &
EXPORT=$!
attached $TOP
attached $EXPORT
scrape &
SCRAPE=$!
# What the first VMs need once (buffers, names) is not growth; many at once, either.
s2guest vmids --alive 40 --rounds 1 --threads 4 >"$DIR/first" || exit 1
s2guest vmids --sequential "$2" >>"$DIR/first" || exit 1
note
for round in 1 2 3; do
	s2guest vmids --sequential "$2" >"$DIR/round-$round" || exit 1
	note
done
: >/tmp/churn.over
wait $SCRAPE || exit 1
# Two more samples: then nobody who is gone has a row.
sleep 2
wget -q -O "$DIR/scraped" http://127.0.0.1:$PORT/metrics || exit 1
cat /tmp/churn.prom >"$DIR/textfile"
rows >"$DIR/rows"
interrupt $TOP
echo $? >"$DIR/top.rc"
cat /tmp/churn.top >"$DIR/top.out"
interrupt $EXPORT
echo $? >"$DIR/export.rc"
look list-after s2stat list --json
