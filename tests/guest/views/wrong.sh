#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Wrong use, and things that are not there: each is one sentence and an exit
# status, and leaves nothing behind.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

DYNAMIC=/build/s2stat-arm64-dynamic/s2stat
attached_things >"$DIR/attached.before"
hold one --mb 2
A=$HELD

for verb in show map walk audit; do
	look unknown-$verb s2stat $verb nobody-knows-it
done
look unknown-list s2stat list --vm 'web-*'
look unknown-json s2stat map mmu:99999 --json

# A disk that is full before the picture is.
mkdir -p /tmp/small
mount -t tmpfs -o size=32k tmpfs /tmp/small
echo old | tee /tmp/small/keep.svg >/tmp/small/keep.prom
dd if=/dev/zero of=/tmp/small/fill bs=1k count=100 2>/dev/null
look full-new s2stat map "$A" --svg /tmp/small/new.svg
look full-keep s2stat map "$A" --svg /tmp/small/keep.svg
cat /tmp/small/keep.svg >"$DIR/keep.svg"

look full-textfile s2stat export --once --textfile /tmp/small/new.prom
look full-textfile-keep s2stat export --once --textfile /tmp/small/keep.prom
cat /tmp/small/keep.prom >"$DIR/keep.prom"
ls /tmp/small >"$DIR/small"
look full-stdout sh -c "s2stat walk $A >/dev/full"
look no-directory s2stat map "$A" --svg /tmp/nosuch/x.svg

# Two exporters, one port. The static binary serves none.
$DYNAMIC export --listen 9923 2>"$DIR/first.err" &
FIRST=$!
until_it "the exporter answers" wget -q -O /dev/null http://127.0.0.1:9923/metrics
look port-in-use $DYNAMIC export --listen 9923
kill $FIRST
wait $FIRST
look no-http s2stat export --listen 9923

# Without privileges.
grep -q nobody /etc/passwd ||
	echo 'nobody:x:65534:65534::/tmp:/bin/sh' >>/etc/passwd
cp /build/s2stat-arm64/s2stat /tmp/s2stat
chmod 755 /tmp/s2stat
for verb in list audit vmid doctor; do
	look nobody-$verb su nobody -s /bin/sh -c "/tmp/s2stat $verb"
done

# Both capabilities are enough (tests/guest/as-service), and one is not.
for cap in bpf perfmon; do
	look only-$cap /arm64/root/usr/bin/setpriv --reuid=65534 --regid=65534 \
		--clear-groups --inh-caps="-all,+$cap" --ambient-caps="-all,+$cap" \
		--bounding-set="-all,+$cap" /tmp/s2stat list
done
look both-caps sh /repo/tests/guest/as-service /tmp/s2stat list --json

# A kernel that does not describe its types; one without KVM.
: >/tmp/empty
mount --bind /tmp/empty /sys/kernel/btf/vmlinux
for verb in list "show $A" "map $A" "walk $A" audit vmid flush faults "top --once"; do
	# shellcheck disable=SC2086  # words
	look no-btf-"${verb%% *}" s2stat $verb
done
umount /sys/kernel/btf/vmlinux
mkdir -p /tmp/nothing
mount --bind /tmp/nothing /sys/class/misc
look no-kvm s2stat list
umount /sys/class/misc

# An s2 that lacks a tracepoint which s2stat counts.
mkdir -p /tmp/other
PYTHONPYCACHEPREFIX=/tmp/pyc python3 -c '
with open("/sys/kernel/btf/vmlinux", "rb") as f:
    types = f.read()
with open("/tmp/other/vmlinux", "wb") as f:
    f.write(types.replace(b"btf_trace_s2_flush", b"btf_trace_s2_fl___"))' || exit 1
mount --bind /tmp/other/vmlinux /sys/kernel/btf/vmlinux
look other-version s2stat list
umount /sys/kernel/btf/vmlinux

# A VM that goes while somebody looks at it.
s2stat walk "$A" --interval 0.3 --count 100000 >"$DIR/gone.out" 2>"$DIR/gone.err" &
WALK=$!
until_it "walk has begun" test -s "$DIR/gone.out"
release "$A"
wait $WALK
echo $? >"$DIR/gone.rc"

attached_things >"$DIR/attached.after"
exit 0
