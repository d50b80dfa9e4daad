#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: includes.sh [--tap]
#
# The direction of #include: see tests/style/includes.py for the rules.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readarray -t files < <(style_files '*.[ch]')
python3 tests/style/includes.py "${files[@]}" >"$STYLE_OUT"
style_end "${#files[@]}" "C files"
