#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: spdx.sh [--tap]
#
# Every file says its licence: in the first line (the second after "#!"), and
# in uapi/ with the system-call note.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Formats that cannot hold a comment, and data.
UNMARKED='^(COPYING|.*\.(json|golden|img|bin|png|svg|txt|out|words))$|/corpus/|/vectors/|/golden/|/testdata/'

readarray -t files < <(style_files | grep -vE "$UNMARKED")
for file in "${files[@]}"; do
	[ -s "$file" ] || continue
	if ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: '; then
		echo "$file: no licence in the first lines"
		continue
	fi
	case $file in
	uapi/*.yaml) want='(GPL-2.0-only|\(\(GPL-2.0 WITH Linux-syscall-note\) OR BSD-3-Clause\)|GPL-2.0 WITH Linux-syscall-note)' ;;
	uapi/*) want='GPL-2.0(-only)? WITH Linux-syscall-note' ;;
	*) want='GPL-2.0-only' ;;
	esac
	head -n 3 "$file" | grep -qE "SPDX-License-Identifier: $want" ||
		echo "$file: the licence is not $want"
done >"$STYLE_OUT"
style_end "${#files[@]}" "files"
