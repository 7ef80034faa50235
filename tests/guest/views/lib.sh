# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# In the emulated host: what the scripts beside this one share. Each is called
# with a directory and leaves there, for each look at the host, NAME.out,
# NAME.err and NAME.rc; the tests judge them.

DIR=$1
mkdir -p "$DIR"
LIMIT=600

# look NAME CMD...: runs it, keeps what it said and its status.
look()
{
	_name=$1
	shift
	"$@" >"$DIR/$_name.out" 2>"$DIR/$_name.err" </dev/null
	echo $? >"$DIR/$_name.rc"
}

# until_it TEXT CMD...: waits until CMD succeeds.
until_it()
{
	_what=$1 _n=0
	shift
	until "$@" >/dev/null 2>&1; do
		_n=$((_n + 1))
		if [ $_n -gt $((LIMIT * 10)) ]; then
			echo "it never came to be that $_what"
			exit 1
		fi
		usleep 100000
	done
}

# hold NAME TOUCH-OPTIONS...: a guest at rest; its VMM's pid is in $HELD. $VMM
# is s2guest under another name, $SCENARIO another one than touch.
# shellcheck disable=SC2034  # for whoever sources this
hold()
{
	_name=$1
	shift
	rm -f "/tmp/$_name.in"
	mkfifo "/tmp/$_name.in" || exit 3
	${VMM:-s2guest} "${SCENARIO:-touch}" --hold "$@" <>"/tmp/$_name.in" >"/tmp/$_name.held" &
	HELD=$!
	until_it "guest $_name is at rest" grep -q '^HOLD' "/tmp/$_name.held"
}

# release PID: lets the guest go.
release()
{
	kill "$1"
	wait "$1"
}

# attached PID: s2stat gives up its other capabilities once all is attached.
attached()
{
	until_it "s2stat $1 has attached" \
		grep -q '^CapEff:.*000000c000000000$' "/proc/$1/status"
}

# two_at_rest: two guests, the pids of their VMMs in $A and $B: one of pages
# with two vCPUs, one of blocks.
# shellcheck disable=SC2034
two_at_rest()
{
	hold pages --mb 6 --vcpus 2
	A=$HELD
	hold blocks --mb 8 --backing thp
	B=$HELD
	echo "$A $B" >"$DIR/pids"
}

# look_at_rest: what is compared between kernels, of the two at rest.
look_at_rest()
{
	look list s2stat list --json --interval 0
	look list-rates s2stat list --json
	look top s2stat top --json --once
	look show s2stat show "$A" --json --entries --interval 0
	look walk s2stat walk "$A" --json
	look walk-blocks s2stat walk "$B" --json
	look map s2stat map "$A" --json
	look map-blocks s2stat map "$B" --json
	look audit s2stat audit --json
	look vmid s2stat vmid --json --interval 0
	look flush-none s2stat flush --json --interval 0.2
	look faults-none s2stat faults --json --interval 0.2
	pages_of_host "$A" map pages
	pages_of_host "$B" map-blocks blocks
}

# interrupt PID: ends an s2stat as Ctrl-C does; its status. Again and again: in the
# background a shell's children ignore SIGINT until they say what they do with it.
interrupt()
{
	while kill -INT "$1" 2>/dev/null &&
		! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; do
		usleep 100000
	done
	wait "$1"
}

# watch VERB...: each counts in one sample from now until watched.
watch()
{
	rm -f "$DIR/watchers"
	for _verb in "$@"; do
		s2stat "$_verb" --json --interval 3600 >"$DIR/$_verb.counted.out" \
			2>"$DIR/$_verb.counted.err" </dev/null &
		echo "$_verb $!" >>"$DIR/watchers"
		attached $!
	done
}

# watched: SIGINT ends the sample.
watched()
{
	while read -r _verb _pid; do
		interrupt "$_pid"
		echo $? >"$DIR/$_verb.counted.rc"
	done <"$DIR/watchers"
}

# pages_of_host PID MAP NAME: /proc/PID/pagemap of each memslot that MAP.out
# shows, in NAME.pagemap.SLOT: which page the host has there.
pages_of_host()
{
	sed -n 's/.*"type":"slot".*"slot":\([0-9]*\),.*"size":\([0-9]*\),"hva":\([0-9]*\).*/\1 \2 \3/p' \
		"$DIR/$2.out" | while read -r _slot _size _hva; do
		dd if="/proc/$1/pagemap" of="$DIR/$3.pagemap.$_slot" bs=64k \
			iflag=skip_bytes,count_bytes skip=$((_hva / 512)) \
			count=$((_size / 512)) 2>/dev/null
	done
}

# pidof_name NAME: of the QEMU with that -name.
pidof_name()
{
	for _p in $(pidof qemu-system-aarch64); do
		tr '\0' ' ' <"/proc/$_p/cmdline" | grep -q -- "-name $1 " && echo "$_p"
	done
}

# attached_things: whatever BPF has in the kernel.
attached_things()
{
	bpftool -j prog list
	echo
	bpftool -j link list
}
