#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: codec.sh
#
# The codec against the newest libisal, into a new build/bench.json.
set -euo pipefail

cd "$(dirname "$0")/../.."
isal=$(tests/bench/isal.sh)
version=${isal#*/isal/}
version=${version%%[-/]*}
build/bench/bench_rs "$isal" "$version" | tests/bench/merge.py --new build/bench.json
