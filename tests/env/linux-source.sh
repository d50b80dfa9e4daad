#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: linux-source.sh
#
# Bring the source of a Linux kernel, 7.2 or newer, into the cache and print
# its directory. It comes from the newest Debian suite that carries one and is
# unpacked without the drivers and architectures that user-mode Linux cannot
# use (their Kconfig files stay).
set -euo pipefail

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/apt.sh"

# The first suite below that has a kernel source of at least this version.
LOWEST=7.2
SUITES="trixie-backports sid"

# The lowest version that serves, so that a result can be repeated.
pick_package() {
	apt_names "$1" '^linux-source-[0-9]+\.[0-9]+$' |
		sed 's/^linux-source-//' | sort -V |
		while read -r version; do
			if [ "$(printf '%s\n' "$LOWEST" "$version" | newest_version)" = "$version" ]; then
				echo "linux-source-$version"
				break
			fi
		done
}

unpack() {
	local tarball=$1 dir=$2 tmp
	tmp=$(mktemp -d "$dir.XXXXXX")
	say "unpacking ${tarball##*/}"
	tar -C "$tmp" -xJf "$tarball" --strip-components=1 \
		--wildcards --wildcards-match-slash \
		--exclude='*/arch/[a-tv-wy-z]*/*.[chS]' \
		--exclude='*/arch/[a-tv-wy-z]*/*.dts*' \
		--exclude='*/Documentation/devicetree' \
		--exclude='*/Documentation/translations' \
		--exclude='*/drivers/gpu/*.[chS]' \
		--exclude='*/drivers/net/ethernet/*.[ch]' \
		--exclude='*/drivers/net/wireless/*.[ch]' \
		--exclude='*/drivers/media/*.[ch]' \
		--exclude='*/drivers/staging/*.[ch]' \
		--exclude='*/drivers/infiniband/*.[ch]' \
		--exclude='*/drivers/iio/*.[ch]' \
		--exclude='*/drivers/clk/*.[ch]' \
		--exclude='*/drivers/pinctrl/*.[ch]' \
		--exclude='*/drivers/usb/*.[ch]' \
		--exclude='*/sound/*.[ch]' \
		--exclude='*/tools/perf' \
		--exclude='*/tools/testing/selftests'
	mv "$tmp" "$dir"
}

fetch() {
	local suite package version dir
	for suite in $SUITES; do
		apt_update "$suite" || continue
		package=$(pick_package "$suite")
		[ -n "$package" ] || continue
		version=$(apt_newest "$suite" "$package")
		dir=$COUCHE_CACHE/src/${package}_$version
		if [ ! -d "$dir" ]; then
			mkdir -p "$COUCHE_CACHE/src"
			apt_extract "$suite" "$package" "$dir.deb"
			unpack "$dir.deb/usr/src/$package.tar.xz" "$dir"
			rm -rf "$dir.deb"
		fi
		ln -sfnT "$dir" "$COUCHE_CACHE/linux-source"
		return 0
	done
	die "no suite of ($SUITES) offers a kernel source >= $LOWEST"
}

# What is in the cache stays in use: a newer upload must not cost a build.
if [ ! -e "$COUCHE_CACHE/linux-source/Makefile" ]; then
	with_lock linux-source fetch
fi
readlink -f "$COUCHE_CACHE/linux-source"
