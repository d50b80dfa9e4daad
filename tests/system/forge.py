#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Forge footers on images of a pool's cold legs, with right checksums.

usage: forge.py HOW IMAGE...

HOW is one of the functions below. They work on the extent with the highest
generation, or on its neighbours, and write shards where nothing is mapped.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import craft  # noqa: E402  (beside this file)

BLOCK = craft.BLOCK
DATA = 1 << 20
FIELDS = {"volume": (24, "<I"), "generation": (28, "<I"), "extent": (32, "<Q"), "group": (40, "<I"),
          "row": (44, "<I"), "shard": (48, "<B"), "k": (49, "<B"), "m": (50, "<B"),
          "rows": (52, "<H"), "born": (68, "<I")}


def get(block, field):
    at, kind = FIELDS[field]
    return struct.unpack_from(kind, block, at)[0]


class Legs:
    def __init__(self, paths):
        self.paths = paths
        self.data = [bytearray(open(path, "rb").read()) for path in paths]
        head = self.data[0][BLOCK:2 * BLOCK]
        if not head.startswith(craft.MAGIC["super"]):
            head = self.data[0][2 * BLOCK:3 * BLOCK]
        self.uuid = bytes(head[16:32])
        self.segment = struct.unpack_from("<I", head, 84)[0] * 512
        self.seed = craft.crc32c(0xFFFFFFFF, self.uuid)

    def save(self):
        for path, data in zip(self.paths, self.data):
            with open(path, "rb+") as file:
                file.write(data)

    def footers(self):
        """(generation, leg, offset of the footer), the newest first."""
        found = []
        for leg, data in enumerate(self.data):
            for at in range(DATA, len(data), BLOCK):
                if data.startswith(craft.MAGIC["footer"], at):
                    found.append((get(data[at:at + BLOCK], "generation"), leg, at))
        return sorted(found, reverse=True)

    def newest(self):
        """The shards of the newest extent: (leg, offset of the footer)."""
        found = self.footers()
        return [(leg, at) for generation, leg, at in found if generation == found[0][0]]

    def empty_segment(self, leg):
        """The last segment of a leg, where no group has come yet."""
        start = DATA + ((len(self.data[leg]) - DATA) // self.segment - 1) * self.segment
        assert not any(self.data[leg][start:start + self.segment]), "the leg is full"
        return start

    def put(self, shard, to_leg, row, seed=None, uuid=None, **fields):
        """A copy of a shard in the empty segment of a leg, with other fields."""
        leg, at = shard
        rows = get(self.data[leg][at:at + BLOCK], "rows")
        copy = bytearray(self.data[leg][at - (rows - 1) * BLOCK:at + BLOCK])
        footer = copy[-BLOCK:]
        fields = {"row": row, **fields}
        for name, value in fields.items():
            offset, kind = FIELDS[name]
            struct.pack_into(kind, footer, offset, value)
        if uuid:
            footer[8:24] = uuid
        craft.seal(footer, "footer", self.seed if seed is None else seed)
        copy[-BLOCK:] = footer
        start = self.empty_segment(to_leg) + row * BLOCK
        self.data[to_leg][start:start + len(copy)] = copy

    def put_all(self, **fields):
        for shard in self.newest():
            self.put(shard, shard[0], 0, **fields)


def nothing(_):
    pass


def pool(legs):
    other = bytes(15) + b"x"
    legs.put_all(uuid=other, seed=craft.crc32c(0xFFFFFFFF, other))


def volume(legs):
    shard = legs.newest()[0]
    legs.put(shard, shard[0], 0, volume=777, group=40)


def extent(legs):
    legs.put_all(extent=1 << 36, group=40)


def group(legs):
    legs.put_all(extent=23, group=(1 << 30) - 1)


def generation(legs):
    legs.put_all(generation=0xFFFFFFFF, group=40)


def shape(legs):
    """Three data shards and one of parity: rows for 11 blocks of data each."""
    for shard in legs.newest():
        leg, at = shard
        start = legs.empty_segment(leg)
        footer = bytearray(legs.data[leg][at:at + BLOCK])
        for name, value in (("k", 3), ("m", 1), ("rows", 12), ("row", 0), ("group", 40)):
            offset, kind = FIELDS[name]
            struct.pack_into(kind, footer, offset, value)
        struct.pack_into("<I", footer, 60, 11)
        craft.seal(footer, "footer", legs.seed)
        legs.data[leg][start + 11 * BLOCK:start + 12 * BLOCK] = footer


def moved(legs):
    """They say another row than the one they stand in."""
    for leg, at in legs.newest():
        start = legs.empty_segment(leg) + 40 * BLOCK
        legs.data[leg][start:start + BLOCK] = legs.data[leg][at:at + BLOCK]


def newer(legs):
    shard = legs.newest()[0]
    legs.put(shard, shard[0], 0, group=40,
             generation=legs.footers()[0][0] + 1)


def twice(legs):
    """The same shards again, in another segment of another leg."""
    shards = legs.newest()
    for i, shard in enumerate(shards):
        to_leg = shards[(i + 1) % len(shards)][0]
        row = get(legs.data[shard[0]][shard[1]:shard[1] + BLOCK], "row")
        legs.put(shard, to_leg, row)


def born(legs):
    """A shard of the newest extent stands twice, and says all else is of a removed volume."""
    shards = legs.newest()
    leg, at = shards[0]
    block = legs.data[leg][at:at + BLOCK]
    legs.put(shards[0], shards[1][0], get(block, "row"), born=get(block, "generation"))


def whole(legs):
    legs.put_all(generation=legs.footers()[0][0] + 1, group=40)


def torn(legs):
    """A newer version whose footers are whole and whose data is not."""
    whole(legs)
    for shard in legs.newest():
        legs.data[shard[0]][shard[1] - BLOCK] ^= 1


def main():
    legs = Legs(sys.argv[2:])
    how = {f.__name__: f for f in (nothing, pool, volume, extent, group, generation, shape, moved,
                                   newer, twice, born, whole, torn)}
    how[sys.argv[1]](legs)
    legs.save()


if __name__ == "__main__":
    main()
