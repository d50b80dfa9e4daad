#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: vm-run.sh -k 6.1|6.12 [OPTIONS] SCRIPT [ARGS...]
#
# Run a script on a stock Debian kernel in QEMU, with this machine's files as
# its root. What the script writes stays in memory, but for $COUCHE_WORK. The
# guest reaches this machine's loopback at 10.0.2.2. Options and exit status:
# machine.sh.
set -euo pipefail

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.sh"

# What the initial file system loads; the rest comes by modprobe.
BOOT_MODULES="virtio_pci virtio_blk virtio_net 9pnet_virtio 9p overlay"

# Some hosts offer /dev/kvm and run a boot sector or the BIOS, but no kernel: ask
# this one, without a root, whether it gets as far as missing it.
kvm_runs() {
	local verdict boot
	boot=$(cat /proc/sys/kernel/random/boot_id)
	verdict=$COUCHE_CACHE/kvm-$boot-$machine_kernel
	if [ ! -s "$verdict" ]; then
		find "$COUCHE_CACHE" -maxdepth 1 -name 'kvm-*' ! -name "kvm-$boot-*" -delete
		if [ -w /dev/kvm ] && kvm_boots; then
			echo yes >"$verdict"
		else
			say "no usable KVM here: emulating"
			echo no >"$verdict"
		fi
	fi
	[ "$(cat "$verdict")" = yes ]
}

kvm_boots() {
	local output=$machine_work/probe
	(timeout -s KILL 20 qemu-system-x86_64 -accel kvm -cpu host -M pc -smp 2 -m 512M \
		-nodefaults -no-user-config -display none -no-reboot -kernel "$vmlinuz" \
		-append "console=ttyS0,115200 panic=-1" -serial "file:$output" \
		</dev/null >/dev/null 2>&1) 2>/dev/null || true
	grep -aq 'Unable to mount root fs' "$output"
}

build_initramfs() {
	local image=$1 root release=$3 modules=$2 module path tmp
	[ ! -s "$image" ] || return 0
	root=$(mktemp -d)
	mkdir -p "$root"/{bin,modules,host,proc,mem}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$COUCHE_TOP/tests/env/guest/vm-init" "$root/init"
	for module in $BOOT_MODULES; do
		/sbin/modprobe -d "${modules%/lib/modules/*}" -S "$release" \
			--show-depends "$module" | sed -n 's/^insmod //p'
	done | awk '!seen[$1]++ { print $1 }' | while read -r path; do
		cp "$path" "$root/modules/"
		echo "${path##*/}"
	done >"$root/modules/order"
	find "$root/modules" -name '*.xz' -exec xz -d {} +
	sed -i 's/\.xz$//' "$root/modules/order"
	tmp=$(mktemp "$image.XXXXXX")
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$tmp"
	mv "$tmp" "$image"
	rm -rf "$root"
}

machine_kernel=6.12
machine_memory=4G
machine_parse "6.1 or 6.12 (default 6.12)" "$@"
machine_resolve_script
"$COUCHE_TOP/tests/env/packages.sh" vm
vmlinuz=$("$COUCHE_TOP/tests/env/kernels.sh" "$machine_kernel" image)
modules=$("$COUCHE_TOP/tests/env/kernels.sh" "$machine_kernel" modules)
release=${modules##*/}

# Disks become /dev/vda, /dev/vdb, ... in the order given.
names=()
letters=abcdefghijklmnopqrstuvwxyz
arguments=()
for disk in "${machine_disks[@]}"; do
	index=${#names[@]}
	file=${disk%%:*}
	serial=${disk#"$file"}
	serial=${serial#:}
	drive="file=$(readlink -f "$file"),format=raw,if=none,id=disk$index,discard=unmap"
	arguments+=(-drive "$drive")
	arguments+=(-device "virtio-blk-pci,drive=disk$index,serial=${serial:-disk$index}")
	names+=("/dev/vd${letters:index:1}")
done
network=user,id=net
for forward in "${machine_forwards[@]}"; do
	network+=",hostfwd=tcp:127.0.0.1:${forward%%:*}-:${forward##*:}"
done

machine_prepare_work vm "$COUCHE_TOP/build/module-$machine_kernel" "${names[@]}"
echo "mount_modules=$modules" >>"$machine_work/job"
key=$(sha256sum "$COUCHE_TOP/tests/env/guest/vm-init" "$0" | sha256sum | cut -c1-12)
initramfs=$COUCHE_CACHE/kernel/$machine_kernel/initramfs-$key
with_lock "initramfs-$machine_kernel" build_initramfs "$initramfs" "$modules" "$release"

if with_lock kvm kvm_runs; then
	arguments+=(-accel kvm -cpu host)
else
	arguments+=(-accel "tcg,thread=multi,tb-size=512" -cpu "max,la57=off")
fi
machine_run qemu-system-x86_64 "${arguments[@]}" -M pc -smp "$machine_cpus" -m "$machine_memory" \
	-nodefaults -no-user-config -display none -no-reboot \
	-kernel "$vmlinuz" -initrd "$initramfs" \
	-append "console=ttyS0,115200 loglevel=7 panic=-1 oops=panic mitigations=off nokaslr audit=0 apparmor=0 tsc=reliable no_timer_check random.trust_cpu=on couche_work=$machine_work" \
	-chardev stdio,id=console,signal=off -serial chardev:console \
	-chardev "file,id=output,path=$machine_work/output" -serial chardev:output \
	-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
	-device virtio-9p-pci,fsdev=host,mount_tag=host \
	-fsdev "local,id=work,path=$machine_work,security_model=none" \
	-device virtio-9p-pci,fsdev=work,mount_tag=work \
	-netdev "$network" -device virtio-net-pci,netdev=net,romfile= \
	-device virtio-rng-pci
machine_end
