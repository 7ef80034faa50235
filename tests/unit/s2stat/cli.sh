#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# s2stat's command line on a machine without stage-2 tables of ours: usage
# errors are 2, help is 0 and has examples, a kernel that cannot do it is 4
# with one sentence, and JSON mode says it in JSON.
#
#	cli.sh path/to/s2stat

set -uo pipefail
S2STAT=${1:?which s2stat?}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
RAN=0 FAILED=0

# expect STATUS ARG...: runs s2stat, keeps its output in $TMP/out and $TMP/err.
expect()
{
	local want=$1 got=0

	shift
	RAN=$((RAN + 1))
	"$S2STAT" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null || got=$?
	[ "$got" -eq "$want" ] || wrong "s2stat $*: exit $got, not $want"
}

wrong()
{
	echo "FAILED: $*" >&2
	cat "$TMP/out" "$TMP/err" >&2
	FAILED=$((FAILED + 1))
}

# says FILE PATTERN: the last run's out or err has a line that matches.
says()
{
	RAN=$((RAN + 1))
	grep -qE -- "$2" "$TMP/$1" || wrong "std$1 does not say '$2'"
}

silent()
{
	RAN=$((RAN + 1))
	[ ! -s "$TMP/$1" ] || wrong "std$1 is not silent"
}

expect 2
says err '^usage: s2stat'
silent out
expect 2 nosuchverb
says err "no verb 'nosuchverb'"
expect 2 list extra
expect 2 list --interval x
expect 2 list --interval -1
expect 2 list --interval nan
expect 2 list --interval 1s
expect 2 list --count 0
expect 2 list --count -1
expect 2 list --nosuchoption
expect 2 list --entries
expect 2 show
says err 'which VM'
expect 2 show a b

expect 0 --help
says out '^usage: s2stat'
silent err
expect 0 --version
says out '^s2stat [0-9]'
for verb in list show top doctor; do
	expect 0 "$verb" --help
	says out '^Examples:'
	says out "^  s2stat $verb"
	silent err
done
mapfile -t VERBS < <("$S2STAT" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
RAN=$((RAN + 1))
[ "${VERBS[*]}" = "top list show doctor" ] ||
	wrong "the verbs are ${VERBS[*]}: this test does not know them all"

if grep -qa s2_ctx /sys/kernel/btf/vmlinux 2>/dev/null; then
	echo "this kernel has s2: what a kernel without it gets is not tested" >&2
	FAILED=$((FAILED + 1))
else
	for args in "list" "show x" "show --entries x" "top --once" "doctor"; do
		read -ra words <<<"$args"
		expect 4 "${words[@]}"
		says err '^s2stat: this kernel .*s2stat'
		RAN=$((RAN + 1))
		[ "$(wc -l <"$TMP/err")" -eq 1 ] || wrong "more than one sentence"
		expect 4 "${words[@]}" --json
		says out '^\{"v":1,"type":"error","exit":4,"error":"this kernel .*"\}$'
	done
	RAN=$((RAN + 1))
	rc=0
	"$S2STAT" doctor >/dev/full 2>"$TMP/err" || rc=$?
	[ "$rc" -eq 3 ] || wrong "a full disk is exit $rc, not 3"
fi

echo "cli: $RAN expectations, $FAILED failed"
[ "$FAILED" -eq 0 ]
