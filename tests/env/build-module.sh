#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: build-module.sh host [KDIR] | 6.1 | 6.12 | uml | uml-kasan | uml-lockdep |
#                        uml-kunit
#
# uml-kunit is the module with its KUnit suites, which run when it is loaded.
# Build dm-couche.ko with W=1 in build/module-<name>, in a copy of the sources
# because kbuild writes next to them. A warning in our files is an error.
# Prints the directory.
set -euo pipefail

. "$(dirname "$0")/lib.sh"

# The newest headers that this machine has installed.
newest_headers() {
	find /lib/modules /usr/src -maxdepth 2 \
		\( -path '/lib/modules/*/build' -o -path '/usr/src/linux-headers-*/.config' \) \
		2>/dev/null | sed 's|/\.config$||' | grep -vE -- '-(common|cloud|rt)' |
		awk -F/ '{ v = $0; sub(/.*headers-/, "", v); sub(/.*modules\//, "", v); print v " " $0 }' |
		sort -V | tail -n 1 | cut -d' ' -f2-
}

main() {
	local name=${1:?usage: build-module.sh NAME [KDIR]} kdir=${2:-} dir log
	local arguments=()
	case $name in
	host)
		if [ -z "$kdir" ]; then
			kdir=$(newest_headers)
		fi
		if [ -z "$kdir" ]; then
			kdir=$("$COUCHE_TOP/tests/env/kernels.sh" 6.1 headers)
		fi
		;;
	uml)
		name=uml-plain
		kdir=$("$COUCHE_TOP/tests/env/uml-kernel.sh" plain)
		arguments=(ARCH=um)
		;;
	uml-kunit)
		kdir=$("$COUCHE_TOP/tests/env/uml-kernel.sh" plain)
		arguments=(ARCH=um COUCHE_KUNIT=y)
		;;
	uml-*)
		kdir=$("$COUCHE_TOP/tests/env/uml-kernel.sh" "${name#uml-}")
		arguments=(ARCH=um)
		;;
	*)
		kdir=$("$COUCHE_TOP/tests/env/kernels.sh" "$name" headers)
		;;
	esac
	[ -e "$COUCHE_TOP/Kbuild" ] || die "no Kbuild in this tree"
	dir=$COUCHE_TOP/build/module-$name
	log=$dir/build.log
	mkdir -p "$dir"
	exec 9>"$dir.lock"
	flock 9
	# Copies get the time of the copy: a file that was edited while the last
	# build ran would look older than the objects made of what it was before.
	rsync -rlp --checksum --delete --include='*/' --include='*.[chS]' --include='*.kbuild' \
		--include=Kbuild --exclude='*' --prune-empty-dirs \
		"$COUCHE_TOP/kernel" "$COUCHE_TOP/uapi" "$dir/"
	cp -p "$COUCHE_TOP/Kbuild" "$dir/Kbuild"
	if ! make -C "$kdir" M="$dir" "${arguments[@]}" W=1 -j"$(jobs_count)" \
		modules >"$log" 2>&1; then
		grep -aE -A 6 'error|warning|\*\*\*' "$log" | sed "s|$dir/||g" | head -n 80 >&2
		die "the module does not build for $name ($kdir)"
	fi
	if sed "s|$dir/||g" "$log" | grep -aiE 'warning' |
		grep -avE 'the compiler differs|pahole version differs' >"$dir/warnings"; then
		head -n 40 "$dir/warnings" >&2
		die "warnings for $name ($kdir)"
	fi
	say "dm-couche.ko for $name: $kdir"
	echo "$dir"
}

main "$@"
