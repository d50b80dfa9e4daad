#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: uml-kernel.sh [plain|kasan|lockdep]
#
# Build a recent kernel as user-mode Linux, once per source version and
# configuration, and print its build directory. The directory holds the
# program "linux" and is ready for external modules:
#
#   make -C DIR ARCH=um M=... modules
#
# $COUCHE_CACHE/uml-<variant> always points at the one built last.
set -euo pipefail

. "$(dirname "$0")/lib.sh"

VARIANT=${1:-plain}
CONFIGS=$COUCHE_TOP/tests/env/uml

config_files=("$CONFIGS/plain.config")

# Options that had to be given up would make tests pass for nothing.
check_config() {
	local line missing=0
	while read -r line; do
		if ! grep -qxF "$line" "$1/.config"; then
			say "not in the configuration: $line"
			missing=1
		fi
	done < <(grep -h '^CONFIG_.*=y$' "${config_files[@]}")
	return $missing
}

# Modules need headers, scripts and Module.symvers, not the kernel's objects.
drop_objects() {
	find "$1" -path "$1/scripts" -prune -o \
		-type f \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name '*.mod' \
		-o -name 'modules.order' \) -print0 | xargs -0 rm -f
	rm -f "$1"/.tmp_vmlinux* "$1/vmlinux.unstripped" "$1/.vmlinux.export.c"
}

build() {
	local source=$1 dir=$2 tmp log
	[ ! -x "$dir/linux" ] || return 0
	tmp=$dir.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp" "$COUCHE_CACHE/log"
	log=$COUCHE_CACHE/log/uml-$VARIANT.log
	say "building the $VARIANT test kernel (about 5 minutes, once; log: $log)"
	if ! {
		make -C "$source" O="$tmp" ARCH=um defconfig &&
			(cd "$tmp" && ARCH=um "$source/scripts/kconfig/merge_config.sh" -m \
				.config "${config_files[@]}") &&
			make -C "$source" O="$tmp" ARCH=um olddefconfig mod2noconfig &&
			check_config "$tmp" &&
			make -C "$source" O="$tmp" ARCH=um -j"$(jobs_count)" all
	} >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die "the $VARIANT test kernel does not build"
	fi
	drop_objects "$tmp"
	# The build directory names itself in its Makefile and in no other file.
	mv "$tmp" "$dir"
	sed -i "s|$tmp|$dir|g" "$dir/Makefile"
	make -C "$dir" ARCH=um modules_prepare >>"$log" 2>&1 ||
		die "the $VARIANT test kernel cannot build modules (log: $log)"
}

main() {
	local source key dir
	case $VARIANT in
	plain) ;;
	kasan | lockdep) config_files+=("$CONFIGS/$VARIANT.config") ;;
	*) die "unknown variant '$VARIANT' (plain, kasan or lockdep)" ;;
	esac
	"$COUCHE_TOP/tests/env/packages.sh" build uml
	source=$("$COUCHE_TOP/tests/env/linux-source.sh")
	key=$({
		gcc -dumpfullversion
		cat "${config_files[@]}"
	} | sha256sum | cut -c1-12)
	dir=$COUCHE_CACHE/uml/${source##*/}-$VARIANT-$key
	with_lock "uml-$VARIANT" build "$source" "$dir"
	ln -sfnT "$dir" "$COUCHE_CACHE/uml-$VARIANT"
	echo "$dir"
}

main
