# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by every script here: where the repository is, progress with times,
# errors as one sentence.

S2_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export S2_BUILD=$S2_ROOT/build
S2_ME=${0##*/}

# Progress, on stderr so that a command's own output stays clean.
say()
{
	printf '[%s] %s\n' "$S2_ME" "$*" >&2
}

die()
{
	printf '%s: %s\n' "$S2_ME" "$*" >&2
	exit "${DIE_STATUS:-3}"
}

# stage NAME CMD...: run CMD, say how long it took; CMD's status is ours.
stage()
{
	local name=$1 start=$SECONDS rc=0

	shift
	say "$name ..."
	"$@" || rc=$?
	if [ "$rc" -eq 0 ]; then
		say "$name: done in $((SECONDS - start)) s"
	else
		say "$name: failed after $((SECONDS - start)) s (status $rc)"
	fi
	return "$rc"
}

# One hash over the contents of files and the words on stdin.
hash_of()
{
	{ cat; [ $# -eq 0 ] || cat -- "$@"; } | sha256sum | cut -d' ' -f1
}

# The release name of this Debian.
codename()
{
	(
		# shellcheck source=/dev/null
		. /etc/os-release && echo "${VERSION_CODENAME:-}"
	)
}
