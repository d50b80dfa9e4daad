#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: clang-format.sh [--tap] [BASE]
#
# clang-format with the kernel's settings over the lines changed since BASE
# (default: where this branch left origin's main, else the first parent). It
# would rewrite up to a tenth of the kernel's own best files, so a little more
# than that is allowed; "git clang-format --diff BASE" shows the rewrites.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ALLOWED_PERCENT=15
ALLOWED_LINES=20

pick_base() {
	local base
	base=$(git merge-base HEAD origin/main 2>/dev/null || true)
	if [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ]; then
		echo "$base"
	else
		git rev-parse --verify --quiet 'HEAD^1' || git rev-parse HEAD
	fi
}

base=${1:-$(pick_base)}
changed=$(git diff --numstat "$base" -- '*.c' '*.h' | awk '{ n += $1 } END { print n + 0 }')
rewritten=$(git clang-format --diff "$base" --extensions c,h 2>/dev/null |
	grep -cE '^-[^-]' || true)
if [ "$rewritten" -gt "$ALLOWED_LINES" ] &&
	[ $((rewritten * 100)) -gt $((changed * ALLOWED_PERCENT)) ]; then
	echo "clang-format would rewrite $rewritten of $changed changed lines" \
		"(git clang-format --diff ${base:0:12})" >"$STYLE_OUT"
fi
style_end $((changed + 1)) "changed lines, of which $rewritten could be laid out otherwise"
