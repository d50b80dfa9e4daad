# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the style checks share. Each check prints its findings, then one line
# that sums up; with --tap that line is a TAP test. Sourced, never run.

STYLE_TAP=
if [ "${1:-}" = --tap ]; then
	STYLE_TAP=yes
	shift
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
. tests/env/lib.sh
STYLE_NAME=$(basename "$0" .sh)
STYLE_OUT=$(mktemp)
trap 'rm -f "$STYLE_OUT"' EXIT

# style_files PATTERN...: the tree's files (git pathspecs), new ones included.
style_files() {
	git ls-files -co --exclude-standard -- "$@" | sort -u | while read -r file; do
		[ ! -f "$file" ] || [ -L "$file" ] || echo "$file"
	done
}

# Files that a shell runs, whatever their name.
style_shell_files() {
	local file
	style_files '*.sh'
	style_files | grep -vE '\.[a-z]+$' | while read -r file; do
		if head -n 1 "$file" | grep -qE '^#!.*(bash|sh)( |$)'; then
			echo "$file"
		fi
	done
}

# The cached kernel source: checkpatch.pl and kernel-doc live there.
style_linux() {
	"$COUCHE_TOP/tests/env/linux-source.sh"
}

# style_end COUNT WHAT: STYLE_OUT holds the findings; none means success.
style_end() {
	local count=$1 what=$2 problems
	problems=$(grep -c . "$STYLE_OUT" || true)
	cat "$STYLE_OUT"
	if [ "$count" -eq 0 ]; then
		echo "nothing to check"
		problems=1
	fi
	if [ -n "$STYLE_TAP" ]; then
		echo 1..1
		if [ "$problems" -eq 0 ]; then
			echo "ok 1 - $STYLE_NAME: $count $what"
		else
			echo "not ok 1 - $STYLE_NAME: $problems findings in $count $what"
		fi
	else
		echo "$STYLE_NAME: $problems findings in $count $what"
	fi
	[ "$problems" -eq 0 ]
}
