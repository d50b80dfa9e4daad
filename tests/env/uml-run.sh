#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: uml-run.sh [-k plain|kasan|lockdep] [OPTIONS] SCRIPT [ARGS...]
#
# Run a script in user-mode Linux: a recent kernel as a process of this
# machine, with this machine's files as its root. What the script writes stays
# in memory, but for $COUCHE_WORK. Options and exit status: machine.sh.
set -euo pipefail

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.sh"

machine_kernel=plain
machine_parse "plain, kasan or lockdep (default plain)" "$@"
machine_resolve_script
kernel=$("$COUCHE_TOP/tests/env/uml-kernel.sh" "$machine_kernel")

# Disks become /dev/ubda, /dev/ubdb, ...
arguments=()
names=()
letters=abcdefghijklmnop
for disk in "${machine_disks[@]}"; do
	index=${#names[@]}
	arguments+=("ubd${index}=$(readlink -f "${disk%%:*}")")
	names+=("/dev/ubd${letters:index:1}")
done

machine_prepare_work uml "$COUCHE_TOP/build/module-uml-$machine_kernel" "${names[@]}"
ulimit -c 0
# It knows of no cache that its CPUs share, and would keep each work where it
# was queued; as on any processor with one, let the scheduler choose.
machine_run "$kernel/linux" "mem=$machine_memory" "ncpus=$machine_cpus" seccomp=on \
	root=/dev/root rootfstype=hostfs rootflags=/ ro \
	"init=$COUCHE_TOP/tests/env/guest/uml-init" "COUCHE_WORK=$machine_work" \
	"uml_dir=$machine_work/" con=null con0=null,fd:1 con1=null,fd:3 panic=-1 loglevel=7 \
	workqueue.default_affinity_scope=system \
	null_blk.nr_devices=0 zram.num_devices=0 brd.rd_nr=0 raid=noautodetect \
	"${arguments[@]}"
machine_end
