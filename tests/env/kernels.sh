#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernels.sh 6.1|6.12 [headers|image|modules|release]
#
# Bring a stock Debian kernel here: its headers are installed as packages, its
# image and modules are only unpacked into the cache, so that no boot loader
# and no hook hears of it. Prints the header directory, the image, the module
# directory and the release, one per line, or just the one that is asked for.
set -euo pipefail

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/apt.sh"

# The newest ABI of a series that has both headers and a signed image.
pick_release() {
	local series=$1 release
	apt_names base "^linux-headers-${series//./\\.}\.[0-9].*-amd64\$" |
		grep -vE -- '-(cloud|rt)-amd64$' | sed 's/^linux-headers-//' | sort -rV |
		while read -r release; do
			if [ -n "$(apt_newest base "linux-image-$release")" ]; then
				echo "$release"
				break
			fi
		done
}

# fetch SERIES: leaves the release in $COUCHE_CACHE/kernel/SERIES/release.
fetch() {
	local series=$1 dir=$COUCHE_CACHE/kernel/$1 release
	if [ -s "$dir/release" ]; then
		return 0
	fi
	apt_update base
	release=$(pick_release "$series")
	[ -n "$release" ] || die "no Debian kernel $series is on offer here"
	apt_extract base "linux-image-$release" "$dir/$release"
	/sbin/depmod -b "$dir/$release" "$release"
	mkdir -p "$dir"
	echo "$release" >"$dir/release"
}

install_headers() {
	local release=$1
	[ ! -e "/usr/src/linux-headers-$release/.config" ] || return 0
	say "installing linux-headers-$release"
	apt_update base
	mkdir -p "$COUCHE_CACHE/log"
	if ! DEBIAN_FRONTEND=noninteractive retry 2 apt_in base apt-get -qq -y \
		--no-install-recommends install "linux-headers-$release" \
		</dev/null >"$COUCHE_CACHE/log/headers.log" 2>&1; then
		tail -n 20 "$COUCHE_CACHE/log/headers.log" >&2
		die "installing linux-headers-$release failed"
	fi
	apt_in base apt-get clean
}

main() {
	local series=${1:-} what=${2:-all} release root
	case $series in
	6.1 | 6.12) ;;
	*) die "usage: kernels.sh 6.1|6.12 [headers|image|modules|release]" ;;
	esac
	with_lock apt fetch "$series"
	release=$(cat "$COUCHE_CACHE/kernel/$series/release")
	root=$COUCHE_CACHE/kernel/$series/$release
	case $what in
	headers | all)
		[ -e "/usr/src/linux-headers-$release/.config" ] ||
			with_lock apt install_headers "$release"
		echo "/usr/src/linux-headers-$release"
		;;&
	image | all) echo "$root/boot/vmlinuz-$release" ;;&
	modules | all) echo "$root/lib/modules/$release" ;;&
	release | all) echo "$release" ;;
	esac
}

main "$@"
