#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# An unmodified kernel, as a new user meets it: s2stat's static binary is copied
# in, and nothing else of ours is used. Two guests at rest; two at work, counted
# by the kernel itself; two Linux guests under QEMU.

# shellcheck source=tests/guest/views/lib.sh
. /repo/tests/guest/views/lib.sh

T=/sys/kernel/tracing
LINUX=/repo/tests/guest/linux-guests

mkdir -p /tmp/new
cp /build/s2stat-arm64/s2stat /tmp/new/s2stat || exit 3
export PATH="/tmp/new:$PATH"

# count_by_kernel: from now on the kernel counts what s2stat counts, by other
# means: kprobes of tracefs on the functions that invalidate, with the context
# they are about, and KVM's own tracepoint of guest aborts.
count_by_kernel()
{
	echo 0 >$T/tracing_on
	echo >$T/trace
	echo 32768 >$T/buffer_size_kb
	echo 1 >$T/options/record-tgid
	while read -r scope function; do
		grep -q " $function\$" /proc/kallsyms || continue
		echo "p:s2flush/$scope $function mmu=%x0" >>$T/kprobe_events
	done <<-END
		ipa __kvm_tlb_flush_vmid_ipa
		ipa_local __kvm_tlb_flush_vmid_ipa_nsh
		range __kvm_tlb_flush_vmid_range
		vmid __kvm_tlb_flush_vmid
		cpu_context __kvm_flush_cpu_context
		rollover __kvm_flush_vm_context
	END
	echo 1 >$T/events/s2flush/enable || exit 3
	echo 1 >$T/events/kvm/kvm_guest_fault/enable || exit 3
	echo 1 >$T/tracing_on
}

kernel_counted()
{
	echo 0 >$T/tracing_on
	cat $T/kprobe_profile >"$DIR/kernel.profile"
	dd if=$T/trace of="$DIR/kernel.trace" bs=512k 2>/dev/null
	cat $T/per_cpu/cpu*/stats >"$DIR/kernel.stats"
	echo 0 >$T/events/kvm/enable
	echo 0 >$T/events/s2flush/enable
	echo >$T/kprobe_events
	echo >$T/trace
}

# yes_if CMD...
yes_if()
{
	if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi
}

{
	echo "vmcoreinfo=$(yes_if test -r /sys/kernel/vmcoreinfo)"
	echo "kallsyms_all=$(yes_if grep -q ' vmid_map$' /proc/kallsyms)"
} >"$DIR/facts.txt"
attached_things >"$DIR/attached.before"
look doctor-before s2stat doctor --json

two_at_rest
look doctor s2stat doctor --json
look doctor-text s2stat doctor
look_at_rest
for verb in list vmid audit flush faults; do
	look $verb-text s2stat $verb
done
look show-text s2stat show "$A"
look map-text s2stat map "$A"
look walk-text s2stat walk "$A"
look top-text s2stat top --once
look svg s2stat map "$B" --svg "$DIR/map.svg"
release "$A"
release "$B"
look list-after s2stat list --json

watch flush faults list
count_by_kernel
s2guest storm --rounds 30 --vcpus 2 --seed 1 >"$DIR/storm.said" 2>&1 &
STORM=$!
s2guest notifier >"$DIR/notifier.said" 2>&1 || exit 1
wait $STORM || exit 1
hold last --mb 4
watched
kernel_counted
release "$HELD"

# The types of a kernel from before there was a way to go through files (5.8).
mkdir -p /tmp/old
PYTHONPYCACHEPREFIX=/tmp/pyc python3 -c '
with open("/sys/kernel/btf/vmlinux", "rb") as f:
    types = f.read()
with open("/tmp/old/vmlinux", "wb") as f:
    f.write(types.replace(b"bpf_iter_task_file", b"bpf_iter_task_f___"))' || exit 1
mount --bind /tmp/old/vmlinux /sys/kernel/btf/vmlinux
for verb in list audit flush doctor; do
	look old-$verb s2stat $verb
done
umount /sys/kernel/btf/vmlinux

[ -z "$LINUX_GUESTS" ] ||
	WHILE="sh /repo/tests/guest/views/stock-linux.sh $DIR" sh $LINUX idle touch ||
	exit 1
attached_things >"$DIR/attached.after"
exit 0
