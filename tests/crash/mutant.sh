#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: mutant.sh NAME
#
# Build the module for user-mode Linux from a copy of the tree that
# tests/crash/mutations/NAME.patch has broken, and print the module's directory.
# Fails when the patch no longer applies to the letter.
set -euo pipefail

cd "$(dirname "$0")/../.."
patch=$PWD/tests/crash/mutations/${1:?usage: mutant.sh NAME}.patch
tree=$PWD/build/mutant-$1
mkdir -p "$tree/tests"
rsync -rlp --checksum --delete kernel uapi Kbuild "$tree/"
rsync -rlp --checksum --delete tests/env "$tree/tests/"
patch --directory="$tree" --strip=1 --fuzz=0 --batch --quiet <"$patch" >&2
"$tree/tests/env/build-module.sh" uml
