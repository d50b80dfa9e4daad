#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernel-doc.sh [--tap]
#
# kernel-doc parses every comment of the kernel side without a warning, and
# every function that a header of it offers has one, with Return where the
# function returns something.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

linux=$(style_linux)
readarray -t files < <(style_files 'kernel/*.[ch]' 'uapi/*.h' | grep -vE '^kernel/(trace\.h|tests/)')
python3 "$linux/scripts/kernel-doc" -none "${files[@]}" >"$STYLE_OUT.raw" 2>&1 || true
grep -E '(warning|error)' -i "$STYLE_OUT.raw" >"$STYLE_OUT" || true
rm -f "$STYLE_OUT.raw"
python3 tests/style/kerneldoc_missing.py "${files[@]}" >>"$STYLE_OUT"
style_end "${#files[@]}" "C files"
