#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside user-mode Linux: measure a couche volume beside its peers, in turn,
# and print one JSON object per benchmark. The median of the ratios round by
# round is quoted, with their spread, because the machine's speed drifts.

import json
import os
import statistics
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))
LEG_MIB = 512
VOLUME_MIB = 384
UUID = "c0c4e570-0000-4000-8000-000000000001"
NULLB = "/sys/kernel/config/nullb"
COLD_LEGS = range(2, 8)

# Many requests a system call: one call costs about 50 us here.
SMALL = ["--bs=4k", "--iodepth=256", "--iodepth_batch_submit=128",
         "--iodepth_batch_complete_min=128"]
LARGE = ["--bs=1M", "--iodepth=16", "--iodepth_batch_submit=4",
         "--iodepth_batch_complete_min=4"]


def run(*args):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)


def write_file(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def make_leg(name, mib):
    """A RAM disk, written once so that its pages exist."""
    os.mkdir(f"{NULLB}/{name}")
    for key, value in (("size", mib), ("memory_backed", 1), ("irqmode", 0),
                       ("submit_queues", 2), ("blocksize", 4096), ("power", 1)):
        write_file(f"{NULLB}/{name}/{key}", str(value))
    run("dd", "if=/dev/zero", f"of=/dev/{name}", "bs=1M", "oflag=direct",
        f"count={mib}", "status=none")


def table(name, line):
    run("dmsetup", "create", name, "--table", line)
    run("dmsetup", "mknodes")
    return f"/dev/mapper/{name}"


def fio(device, mode, shape):
    """Bytes a second of one short run."""
    out = subprocess.run(
        ["fio", "--name=x", f"--filename={device}", "--direct=1", "--ioengine=io_uring",
         f"--rw={mode}", f"--size={VOLUME_MIB}M", f"--runtime={SECONDS}", "--time_based",
         "--output-format=json", *shape],
        check=True, stdout=subprocess.PIPE).stdout
    job = json.loads(out[out.index(b"{"):])["jobs"][0]
    return job["write" if "write" in mode else "read"]["bw_bytes"]


def race(name, ours, peer, peer_name, mode, shape):
    """Alternate the two, and print what came out."""
    pairs = []
    for turn in range(ROUNDS + 1):
        if turn % 2:
            theirs, mine = fio(peer, mode, shape), fio(ours, mode, shape)
        else:
            mine, theirs = fio(ours, mode, shape), fio(peer, mode, shape)
        if turn:  # the first is a warm-up
            pairs.append((mine, theirs))
    ratios = sorted(a / b for a, b in pairs)
    print(json.dumps({
        "name": name,
        "ours": round(statistics.median(a for a, _ in pairs) / 1e6, 1),
        "peer": round(statistics.median(b for _, b in pairs) / 1e6, 1),
        "peer_name": peer_name,
        "unit": "MB/s",
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(ratios[0], 3), round(ratios[-1], 3)],
    }), flush=True)


def make_pool():
    """A pool with one hot leg and six cold ones; a volume that is all hot."""
    legs = "meta /dev/nb0 hot /dev/nb1 " + " ".join(f"cold /dev/nb{i}" for i in COLD_LEGS)
    pool = table("pool", f"0 2048 couche-pool {UUID} 8 {legs} 3 format cold 4+2")
    sectors = VOLUME_MIB * 2048
    run("dmsetup", "message", "pool", "0", f"create_volume 1 {sectors} bench")
    volume = table("volume", f"0 {sectors} couche {pool} 1")
    run("dd", "if=/dev/urandom", f"of={volume}", "bs=1M", f"count={VOLUME_MIB}",
        "oflag=direct", "status=none")
    return volume


def migrate(tier, wanted):
    run("dmsetup", "message", "pool", "0", f"migrate 1 0 0 {tier}")
    deadline = time.monotonic() + 120
    while subprocess.run(["dmsetup", "status", "volume"], check=True,
                         stdout=subprocess.PIPE).stdout.split()[4] != wanted.encode():
        if time.monotonic() > deadline:
            sys.exit("the migration did not end")
        time.sleep(0.05)


def bench_hot(volume):
    # The same blocks of the same leg, through dm-linear.
    linear = table("linear", f"0 {VOLUME_MIB * 2048} linear /dev/nb1 2048")
    for name, mode, shape in (("hot-randread-4k", "randread", SMALL),
                              ("hot-randwrite-4k", "randwrite", SMALL),
                              ("hot-seqread", "read", LARGE),
                              ("hot-seqwrite", "write", LARGE)):
        race(name, volume, linear, "dm-linear", mode, shape)
    run("dmsetup", "remove", "linear")


def make_raid6():
    """md over six legs of its own, alike in all."""
    for i in COLD_LEGS:
        make_leg(f"peer{i}", LEG_MIB // 2)
    run("mdadm", "--create", "/dev/md0", "--run", "--level=6", "--raid-devices=6",
        "--chunk=256", "--assume-clean", "--bitmap=none", "--quiet",
        *(f"/dev/peer{i}" for i in COLD_LEGS))
    write_file("/sys/block/md0/md/stripe_cache_size", "4096")
    run("dd", "if=/dev/urandom", "of=/dev/md0", "bs=1M", f"count={VOLUME_MIB}",
        "oflag=direct", "status=none")
    return "/dev/md0"


def main():
    subprocess.run(["modprobe", "null_blk", "nr_devices=0"], check=False)
    run("insmod", f"{os.environ['COUCHE_BUILD']}/dm-couche.ko")
    for i in range(8):
        make_leg(f"nb{i}", LEG_MIB)
    run("dd", "if=/dev/zero", "of=/dev/nb1", "bs=1M", "count=1", "oflag=direct", "status=none")
    volume = make_pool()
    bench_hot(volume)
    migrate("cold", f"0/0/{VOLUME_MIB}")
    race("cold-seqread", volume, make_raid6(), "md raid6 (no SIMD)", "read", LARGE)


if __name__ == "__main__":
    main()
