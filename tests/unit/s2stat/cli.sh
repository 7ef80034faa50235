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
expect 2 audit a b
expect 2 walk a --ipa x
says err 'is no range'
expect 2 walk a --ipa 0x2000-0x1000
expect 2 walk
expect 2 map
expect 2 map a --svg
expect 2 map a --svg x --json
expect 2 list --json --csv
says err 'not both'
expect 2 flush --interval 0
says err 'counts for some time'
expect 2 faults --interval 0
expect 2 faults --hot 0
expect 2 faults --hot x
expect 2 vmid extra
expect 2 doctor --csv
expect 2 --words=x

expect 0 --help
says out '^usage: s2stat'
silent err
expect 0 --version
says out '^s2stat [0-9]'

# Every verb there is: in --help, in --words, in --dump-cli, with examples.
mapfile -t VERBS < <("$S2STAT" --words)
RAN=$((RAN + 1))
[ ${#VERBS[@]} -ge 11 ] || wrong "there are ${#VERBS[@]} verbs only"
for verb in "${VERBS[@]}"; do
	expect 0 "$verb" --help
	says out '^Examples:'
	says out "^  s2stat $verb"
	silent err
	expect 2 "$verb" --nosuchoption
	expect 0 --help
	says out "^  $verb +[a-zA-Z]"
	expect 0 --dump-cli
	says out "\"verb\":\"$verb\""
	expect 0 --words "$verb"
	says out '^--json$'
done
RAN=$((RAN + 1))
[ "$("$S2STAT" --help | grep -cE '^  [a-z]+ +[a-zA-Z]')" -eq ${#VERBS[@]} ] ||
	wrong "--help and --words do not list the same verbs"

if grep -qa s2_ctx /sys/kernel/btf/vmlinux 2>/dev/null; then
	echo "this kernel has s2: what a kernel without it gets is not tested" >&2
	FAILED=$((FAILED + 1))
else
	for args in list "show x" "show --entries x" "top --once" doctor "map x" \
		"walk x --ipa 0+1G" audit "audit x" vmid \
		flush faults; do
		read -ra words <<<"$args"
		expect 4 "${words[@]}"
		says err '^s2stat: this kernel .*s2stat'
		RAN=$((RAN + 1))
		[ "$(wc -l <"$TMP/err")" -eq 1 ] || wrong "more than one sentence"
		expect 4 "${words[@]}" --json
		says out '^\{"v":1,"type":"error","exit":4,"error":"this kernel .*"\}$'
	done
	expect 4 map x --svg "$TMP/x.svg"
	RAN=$((RAN + 1))
	[ ! -e "$TMP/x.svg" ] || wrong "a map that could not be drawn is left"
	RAN=$((RAN + 1))
	rc=0
	"$S2STAT" doctor >/dev/full 2>"$TMP/err" || rc=$?
	[ "$rc" -eq 3 ] || wrong "a full disk is exit $rc, not 3"
fi

# What stands before -- stays there: rules, and not a part of the command.
echo 'rule a: nonsense < 1 at end' >"$TMP/rules"
expect 2 check "$TMP/rules" -- true
says err ':1:9: there is no counter'
expect 2 check "$TMP/rules" --for 1s --format ktap -- true -x
says err ':1:9: there is no counter'

echo "cli: $RAN expectations, $FAILED failed"
[ "$FAILED" -eq 0 ]
