#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside user-mode Linux: measure a couche volume beside its peers, in turn,
# and print one JSON object per benchmark. Those that end in "-timeout" have the
# time-out of legs that is the default; what it costs beside peers that have none.

import os

from guest import (LARGE, SMALL, Pool, Raid6, fill, fio, load_modules, make_leg, quote, race,
                   run, table)

SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))
LEG_MIB = 512
VOLUME_MIB = 384
COLD_LEGS = range(2, 8)
DEFAULT_TIMEOUT = 30


def race_fio(name, ours, peer, peer_name, mode, shape):
    def measure(device):
        return lambda: fio(device, mode, shape, mib=VOLUME_MIB, seconds=SECONDS)
    quote(name, race(measure(ours), measure(peer)), peer_name)


def bench_hot(pool):
    # The same blocks of the same leg, through dm-linear.
    linear = table("linear", f"0 {VOLUME_MIB * 2048} linear /dev/nb1 2048")
    volume = pool.volume
    for name, mode, shape in (("hot-randread-4k", "randread", SMALL),
                              ("hot-randwrite-4k", "randwrite", SMALL),
                              ("hot-seqread", "read", LARGE),
                              ("hot-seqwrite", "write", LARGE)):
        race_fio(name, volume, linear, "dm-linear", mode, shape)
    pool.set_leg_timeout(DEFAULT_TIMEOUT)
    race_fio("hot-randread-4k-timeout", volume, linear, "dm-linear", "randread", SMALL)
    pool.set_leg_timeout(0)
    run("dmsetup", "remove", "linear")


def main():
    load_modules()
    legs = [make_leg(f"nb{i}", LEG_MIB) for i in range(8)]
    roles = ["meta", "hot"] + ["cold"] * 6
    pool = Pool("pool", 1, list(zip(roles, legs)))
    pool.add_volume(VOLUME_MIB)
    bench_hot(pool)
    pool.migrate("cold")
    raid = Raid6([make_leg(f"peer{i}", LEG_MIB // 2) for i in COLD_LEGS])
    fill(raid.device, VOLUME_MIB)
    race_fio("cold-seqread", pool.volume, raid.device, "md raid6 (no SIMD)", "read", LARGE)
    pool.set_leg_timeout(DEFAULT_TIMEOUT)
    race_fio("cold-seqread-timeout", pool.volume, raid.device, "md raid6 (no SIMD)", "read",
             LARGE)


if __name__ == "__main__":
    main()
