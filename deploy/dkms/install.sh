#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: install.sh VERSION [DESTDIR]
#
# Put the module's source where DKMS looks for it, and register it unless it
# goes to a DESTDIR (a package's own scripts register it then).
set -euo pipefail

version=${1:?usage: install.sh VERSION [DESTDIR]}
destdir=${2:-}
top=$(cd "$(dirname "$0")/../.." && pwd)
target=$destdir/usr/src/dm-couche-$version

rm -rf "$target"
mkdir -p "$target"
(cd "$top" && find Kbuild kernel uapi -type f \
	\( -name Kbuild -o -name '*.kbuild' -o -name '*.[chS]' \) ! -name '*.mod.c' \
	-exec install -D -m 644 {} "$target/{}" \;)
install -m 644 "$top/COPYING" "$target/COPYING"
sed "s/@VERSION@/$version/" "$top/deploy/dkms/dkms.conf" >"$target/dkms.conf"

if [ -z "$destdir" ]; then
	if ! command -v dkms >/dev/null; then
		echo "install.sh: dkms is not installed; the source is in $target." \
			"Install it (apt install dkms) and run this again" >&2
		exit 1
	fi
	dkms remove -m dm-couche -v "$version" --all >/dev/null 2>&1 || true
	dkms add -m dm-couche -v "$version"
	dkms install -m dm-couche -v "$version"
fi
