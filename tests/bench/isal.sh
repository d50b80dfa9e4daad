#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: isal.sh
#
# Print the path of the newest libisal that Debian has, which the codec is
# measured against. It is unpacked into the cache, never installed: the
# machine's own libisal may be an older one that other programs use.
set -euo pipefail

. "$(dirname "$0")/../env/lib.sh"
. "$(dirname "$0")/../env/apt.sh"

main() {
	local dir version
	if apt_update sid; then
		version=$(apt_newest sid libisal2)
		[ -n "$version" ] || die "the suite sid has no libisal2"
		dir=$COUCHE_CACHE/isal/$version
		apt_extract sid libisal2 "$dir" || die "libisal2 cannot be fetched"
	else
		# Without the archive, what an earlier run has fetched will do.
		# shellcheck disable=SC2012 # the names are versions
		version=$(ls "$COUCHE_CACHE/isal" 2>/dev/null | newest_version)
		[ -n "$version" ] || die "libisal2 cannot be fetched"
		dir=$COUCHE_CACHE/isal/$version
	fi
	find "$dir/usr/lib" -name 'libisal.so.2' -print -quit
}

with_lock isal main
