#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: codespell.sh [--tap]
#
# Typing errors in sources, comments and documentation.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readarray -t files < <(style_files | grep -vE '^(COPYING|\.clang-format)$|\.(img|bin|golden|json)$|/corpus/|/vectors/')
codespell --ignore-words=tests/style/codespell.words "${files[@]}" >"$STYLE_OUT" 2>&1 || true
style_end "${#files[@]}" "files"
