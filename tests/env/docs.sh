#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: docs.sh [FILE...]
#
# Render Documentation/*.rst (or the given files) and the manual pages to
# build/docs. A warning of the renderers is an error.
set -euo pipefail

. "$(dirname "$0")/lib.sh"
cd "$COUCHE_TOP"

if [ $# -eq 0 ]; then
	readarray -t files < <(find Documentation -name '*.rst' -o -path '*/man/*.[1-9]' | sort)
else
	files=("$@")
fi
[ "${#files[@]}" -gt 0 ] || die "nothing to render below Documentation"
for file in "${files[@]}"; do
	out=build/docs/${file#Documentation/}.html
	mkdir -p "$(dirname "$out")"
	case $file in
	*.rst)
		rst2html --report=2 --halt=2 --no-generator --no-datestamp "$file" "$out"
		;;
	*)
		complaints=$(man --warnings -E UTF-8 -l -Tutf8 -Z "$file" 2>&1 >/dev/null)
		[ -z "$complaints" ] || die "$file: $complaints"
		groff -man -Thtml "$file" >"$out" 2>/dev/null
		;;
	esac
	echo "$out"
done
