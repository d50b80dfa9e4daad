#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: packages.sh GROUP...
#
# Install the Debian packages that a group of targets needs, if any is
# missing. Says what it installs; says nothing when nothing is missing.
# "packages.sh list GROUP..." only prints the names.
set -euo pipefail

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/apt.sh"

group_packages() {
	case $1 in
	build)
		echo build-essential make bc flex bison libelf-dev libssl-dev \
			xz-utils rsync kmod pkg-config python3
		;;
	agent)
		echo pkg-config libcurl4-openssl-dev libcjson-dev libnl-3-dev \
			libnl-genl-3-dev libmicrohttpd-dev libyaml-dev \
			libsystemd-dev libblkid-dev libdevmapper-dev \
			libudev-dev uuid-dev
		;;
	unit)
		echo libcmocka-dev libisal-dev python3-yaml python3-jsonschema jq
		;;
	fuzz)
		echo clang libclang-rt-14-dev llvm
		;;
	uml)
		echo bc flex bison xz-utils kmod busybox-static iproute2 fio \
			xfsprogs e2fsprogs dmsetup mdadm util-linux jq python3
		;;
	kernels)
		echo kmod rsync libelf-dev
		;;
	vm)
		echo qemu-system-x86 seabios busybox-static cpio kmod iproute2 fio \
			xfsprogs e2fsprogs dmsetup jq
		;;
	style)
		echo codespell shellcheck yamllint sparse cppcheck clang-format \
			universal-ctags python3-ply python3-git perl python3 git
		;;
	demo)
		echo prometheus qemu-system-x86 busybox-static cpio kmod curl \
			e2fsprogs dmsetup
		;;
	control)
		echo prometheus curl jq
		;;
	bench)
		echo fio dmsetup mdadm python3
		;;
	docs)
		echo python3-docutils man-db groff
		;;
	*)
		die "unknown group '$1'"
		;;
	esac
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
	local package
	for package in "$@"; do
		is_installed "$package" || echo "$package"
	done
}

# Daemons that come with a package must not start on the reader's machine.
forbid_service_start() {
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod 755 /usr/sbin/policy-rc.d
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
}

disable_new_services() {
	local package
	for package in "$@"; do
		case $package in
		prometheus | mdadm)
			if command -v systemctl >/dev/null; then
				say "leaving the services of $package disabled"
				systemctl --quiet disable "$package.service" \
					>/dev/null 2>&1 || true
			fi
			;;
		esac
	done
}

install_packages() {
	local missing
	# Another run may have installed them while this one waited.
	readarray -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] ||
		die "missing packages (run as root to install them): ${missing[*]}"
	say "installing ${missing[*]}"
	apt_update base || die "the package lists cannot be fetched"
	forbid_service_start
	export DEBIAN_FRONTEND=noninteractive
	mkdir -p "$COUCHE_CACHE/log"
	if ! retry 2 apt_in base apt-get -qq -y --no-install-recommends install \
		"${missing[@]}" </dev/null >"$COUCHE_CACHE/log/apt.log" 2>&1; then
		tail -n 20 "$COUCHE_CACHE/log/apt.log" >&2
		die "installing failed: ${missing[*]}"
	fi
	apt_in base apt-get clean
	disable_new_services "${missing[@]}"
}

main() {
	local list_only='' group names=() missing
	if [ "${1:-}" = list ]; then
		list_only=yes
		shift
	fi
	[ $# -gt 0 ] || die "usage: packages.sh [list] GROUP..."
	for group in "$@"; do
		group_packages "$group" >/dev/null
		# shellcheck disable=SC2207 # package names hold no blanks
		names+=($(group_packages "$group"))
	done
	if [ -n "$list_only" ]; then
		printf '%s\n' "${names[@]}" | sort -u
		return
	fi
	readarray -t missing < <(missing_packages "${names[@]}" | sort -u)
	if [ "${#missing[@]}" -gt 0 ]; then
		with_lock apt install_packages "${missing[@]}"
	fi
}

main "$@"
