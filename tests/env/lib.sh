# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where this is sourced
#
# What the scripts of tests/env share. Sourced, never run. Progress goes to
# standard error, so that standard output carries only what a caller parses.

# A make that runs these scripts must not share its jobs with theirs: they
# count warnings, and "make" warns about that.
unset MAKEFLAGS MFLAGS MAKELEVEL

# Where slow artefacts live: kernels, downloaded packages, package lists.
COUCHE_CACHE=${COUCHE_CACHE:-$HOME/.cache/couchestor}

# The top of the source tree.
COUCHE_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

jobs_count() {
	echo "${COUCHE_JOBS:-$(nproc)}"
}

# with_lock NAME COMMAND...: run a command alone among all users of the cache.
with_lock() {
	local name=$1
	shift
	mkdir -p "$COUCHE_CACHE/lock"
	(
		flock 9
		"$@" 9>&-
	) 9>"$COUCHE_CACHE/lock/$name"
}

# retry COUNT COMMAND...: mirrors time out now and then.
retry() {
	local left=$1
	shift
	until "$@"; do
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			return 1
		fi
		say "retrying: $1"
		sleep 2
	done
}

# newest_version: the highest of the version strings on standard input.
newest_version() {
	sort -V | tail -n 1
}
