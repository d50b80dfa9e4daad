# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by common.sh
#
# The pool of powercut.sh, on the machine's disks: two of each mirror, 4+2.
. "$(dirname "$0")/../common.sh"

UUID=5eed0000-1111-4222-8333-0123456789ab
ROLES=(meta meta hot hot cold cold cold cold cold cold)
read -ra DEVS <<<"$COUCHE_DISKS"
V=/dev/mapper/vol1
SIZE=16				# MiB
JOB=2048			# blocks of a job: 8 MiB
EXTENT_BLOCKS=$((EXTENT / 8))
FILES=48			# places of files, on ext4

# file_contents SEED N: up to 96 KiB
file_contents() {
	yes "$1 $2" | head -c $(((($1 + $2 * 7919) % 96 + 1) * 1024 - $2 % 512))
}
