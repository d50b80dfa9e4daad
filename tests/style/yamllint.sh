#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: yamllint.sh [--tap]
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readarray -t files < <(style_files '*.yaml' '*.yml' | grep -vE '/corpus/|/bad/|/templates/|/golden/')
if [ "${#files[@]}" -gt 0 ]; then
	yamllint --strict --format parsable -c tests/style/yamllint.yaml "${files[@]}" \
		>"$STYLE_OUT" 2>&1 || true
fi
style_end "${#files[@]}" "YAML files"
