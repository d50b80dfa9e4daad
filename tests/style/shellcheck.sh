#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: shellcheck.sh [--tap]
#
# Every shell script through shellcheck, whatever its name. What it calls
# unreachable (SC2317) are functions that a sourced file calls. What stands in
# single quotes is meant so (SC2016): patterns, and commands for another shell.
# The scripts for machines hold names and numbers without blanks in variables of
# common.sh, and lists that are to split (SC2086).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# check EXCLUDED FILE...
check() {
	local excluded=$1
	shift
	shellcheck --external-sources --source-path=SCRIPTDIR --source-path="$PWD" \
		--exclude="$excluded" --format=gcc "$@" >>"$STYLE_OUT" || true
}

readarray -t files < <(style_shell_files | sort -u | grep -v '^tests/system/')
readarray -t machines < <(style_shell_files | sort -u | grep '^tests/system/')
check SC1091,SC2016,SC2317 "${files[@]}"
check SC1091,SC2016,SC2086,SC2317 "${machines[@]}"
style_end $((${#files[@]} + ${#machines[@]})) "shell scripts"
