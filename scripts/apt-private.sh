# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# apt with lists and caches of its own under build/apt, from the very mirrors
# the machine is configured with. Nothing of the machine's apt is changed.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Where the newest Linux is to be found.
# shellcheck disable=SC2034
NEWEST_SUITES=(trixie-backports unstable experimental)

# The mirror of this release's main suite, as the machine's apt knows it.
mirror_site()
{
	local release=$1

	apt-get indextargets --format "\$(SITE) \$(RELEASE) \$(COMPONENT)" 2>/dev/null |
		awk -v r="$release" '$2 == r && $3 == "main" { print $1; exit }'
}

# deb lines of every suite of Debian the machine has: updates and security too.
machine_suites()
{
	apt-get indextargets --format "\$(SITE) \$(RELEASE) \$(COMPONENT)" 2>/dev/null |
		awk -v r="$1" -v k="$KEYRING" '
			($2 == r || $2 == r "-updates" || $2 == r "-security") &&
			$3 == "main" && !seen[$0]++ {
				print "deb [signed-by=" k "] " $1 " " $2 " main"
			}'
}

# apt_private_init NAME ARCH [with-machine] [backports] [suite=NAME]
# Sets APT_PRIVATE, options that point apt at build/apt/NAME, and updates the
# lists at most once a day. Without with-machine, dpkg's status is empty: apt
# then sees no installed package, which is what unpacking another
# architecture's closure needs. suite= takes that suite of the mirror alone,
# whatever the machine itself runs.
apt_private_init()
{
	local arch=$2 dir=$S2_BUILD/apt/$1 release site suite=

	shift 2
	[[ " $* " != *" suite="* ]] || suite=$(sed -E 's/.* suite=([^ ]+) .*/\1/' <<<" $* ")
	release=$(codename)
	site=$(mirror_site "$release")
	[ -n "$site" ] ||
		die "apt on this machine has no Debian '$release' main suite to take the mirror from"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	if [ -n "$suite" ]; then
		echo "deb [signed-by=$KEYRING] $site $suite main" >"$dir/sources.list.new"
	else
		machine_suites "$release" >"$dir/sources.list.new"
		if [[ " $* " == *" backports "* && $release == bookworm ]]; then
			echo "deb [signed-by=$KEYRING] $site $release-backports main" \
				>>"$dir/sources.list.new"
		fi
	fi
	if ! cmp -s "$dir/sources.list.new" "$dir/sources.list"; then
		rm -f "$dir/updated"
	fi
	mv "$dir/sources.list.new" "$dir/sources.list"
	APT_PRIVATE=(
		-o "Dir::Etc::sourcelist=$dir/sources.list"
		-o "Dir::Etc::sourceparts=/dev/null"
		-o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir/cache"
		-o "APT::Sandbox::User="
		-o "APT::Install-Recommends=false"
		-o "Acquire::Languages=none"
	)
	if [[ " $* " != *" with-machine "* ]]; then
		APT_PRIVATE+=(
			-o "Dir::State=$dir"
			-o "Dir::State::status=$dir/status"
			-o "APT::Architecture=$arch"
			-o "APT::Architectures::=$arch"
			-o "Debug::NoLocking=true"
		)
	fi
	if [ -z "$(find "$dir/updated" -mtime -1 2>/dev/null)" ]; then
		apt-get -qq "${APT_PRIVATE[@]}" update >&2 ||
			die "apt-get could not fetch the lists of ${suite:-$release} for $arch"
		touch "$dir/updated"
	fi
}
