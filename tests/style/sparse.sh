#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: sparse.sh [--tap]
#
# sparse over the module: endianness, address spaces, contexts. Against the
# oldest kernel of the matrix, whose headers this sparse understands. It cannot
# follow sections that one function opens, if nothing failed, and another closes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SECTIONS="context imbalance in 'couche_(commit_(begin(_slots)?|end)|io_(enter|leave))'"

headers=$(tests/env/kernels.sh 6.1 headers)
dir=build/module-sparse
mkdir -p "$dir"
rsync -a --delete --include='*/' --include='*.[chS]' --include='*.kbuild' \
	--include=Kbuild --exclude='*' --prune-empty-dirs kernel uapi "$dir/"
cp Kbuild "$dir/"
status=0
make -C "$headers" M="$PWD/$dir" C=2 CHECK="$PWD/tests/style/sparse-file" \
	CF="-D__CHECK_ENDIAN__ -fdiagnostic-prefix=sparse" \
	-j"$(jobs_count)" modules >"$dir/log" 2>&1 || status=$?
grep -aE 'sparse: (warning|error)' "$dir/log" | grep -aE "$PWD/$dir|^(kernel|uapi)/" |
	grep -avE "$SECTIONS" | sed "s|$PWD/$dir/||g" | sort -u >"$STYLE_OUT" || true
if [ "$status" -ne 0 ] && [ ! -s "$STYLE_OUT" ]; then
	grep -aE 'error|\*\*\*' "$dir/log" | head -n 20 >"$STYLE_OUT"
fi
style_end "$(grep -acE '^ *CHECK ' "$dir/log")" "files of the module"
