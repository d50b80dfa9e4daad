#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: budgets.sh [--tap]
#
# Sizes: a .c file up to 1000 lines, a .h file up to 300, a function up to 60,
# or 100 where tests/style/budgets.long names it (parsers, constructors and
# the like, each with its reason). No typedef of a structure.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readarray -t files < <(style_files 'kernel/*.[ch]' 'uapi/*.h' 'agent/*.[ch]' 'tools/*.[ch]' 'tests/*.[ch]')
ctags --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne --output-format=json -f - \
	"${files[@]}" 2>/dev/null |
	python3 tests/style/budgets.py tests/style/budgets.long "${files[@]}" >"$STYLE_OUT"
style_end "${#files[@]}" "C files"
