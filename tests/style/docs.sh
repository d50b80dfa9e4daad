#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: docs.sh [--tap]
#
# "make docs" renders every page and manual without a warning, and every file
# that README.md links to is there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readarray -t files < <(style_files 'Documentation/*.rst' 'Documentation/man/*.[1-9]')
if [ "${#files[@]}" -gt 0 ]; then
	for file in "${files[@]}"; do
		tests/env/docs.sh "$file" >/dev/null 2>>"$STYLE_OUT" ||
			echo "$file: does not render" >>"$STYLE_OUT"
	done
fi
grep -oE '\]\([^)#:]+\)' README.md | tr -d '()]' | while read -r link; do
	[ -e "$link" ] || echo "README.md: links to $link, which is not there"
done >>"$STYLE_OUT"
style_end "${#files[@]}" "pages"
