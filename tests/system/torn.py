#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a power cut leaves of a meta leg, put together from two copies of it.

usage: torn.py supers FROM TO        the superblocks of FROM over those of TO
       torn.py freed FROM TO         pages that are free in TO are as in FROM
       torn.py journal IMAGE         commits since the tail: first block of each
       torn.py damage IMAGE BLOCK    one byte of a journal block, by its number
       torn.py sector IMAGE BLOCK    where a journal block lies
       torn.py slot IMAGE            the slot with the newest page of extents
       torn.py rot IMAGE             one byte of the newest page of extents
       torn.py lost FROM TO          in TO that page's slot is as in FROM

FROM and TO are copies of one leg, TO the later one. The kernel's checkpoint
writes pages in any order and the superblock last.
"""
import struct
import sys

BLOCK = 4096
SUPERS = slice(BLOCK, 3 * BLOCK)
PAGE_MAGIC = 0x67706863
JOURNAL_MAGIC = 0x6C6A6863
FREE, MAP = 0, 3


def load(path):
    with open(path, "rb") as file:
        return bytearray(file.read())


def store(path, image):
    with open(path, "wb") as file:
        file.write(image)


def newest_super(image):
    slots = [image[BLOCK:2 * BLOCK], image[2 * BLOCK:3 * BLOCK]]
    return max(slots, key=lambda s: struct.unpack_from("<QQ", s, 56))


def areas(image):
    start, pages, blocks, journal, seq, pos = struct.unpack_from("<QIIQQI", newest_super(image), 88)
    return {"map": start * 512, "pages": pages, "blocks": blocks, "journal": journal * 512,
            "seq": seq, "pos": pos}


def slot_at(image, area, number, slot):
    at = area["map"] + (2 * number + slot) * BLOCK
    return at, image[at:at + BLOCK]


def page_of(image, area, number):
    """(sequence, type, slot) of the newest version of a page, or None."""
    found = []
    for slot in 0, 1:
        _, block = slot_at(image, area, number, slot)
        magic, _, sequence, _, kind = struct.unpack_from("<IIQIB", block)
        if magic == PAGE_MAGIC:
            found.append((sequence, kind, slot))
    return max(found) if found else None


def newest_map(image, area):
    """(number, slot) of the newest version of the first page of extents."""
    pages = ((n, page_of(image, area, n)) for n in range(area["pages"]))
    return [(n, p[2]) for n, p in pages if p and p[1] == MAP][0]


def freed(old, new):
    area = areas(new)
    count = 0
    for number in range(area["pages"]):
        page = page_of(new, area, number)
        if not page or page[1] != FREE:
            continue
        for slot in 0, 1:
            at, _ = slot_at(new, area, number, slot)
            new[at:at + BLOCK] = old[at:at + BLOCK]
        count += 1
    return count


def commits(image):
    area = areas(image)
    seq, pos, first, found = area["seq"], area["pos"], True, []
    while True:
        at = area["journal"] + pos * BLOCK
        magic, _, number, where, _, flags = struct.unpack_from("<IIQIHH", image, at)
        if magic != JOURNAL_MAGIC or number != seq or where != pos:
            return found
        if first:
            found.append(pos)
        first = bool(flags & 1)
        seq, pos = seq + 1, (pos + 1) % area["blocks"]


def main(argv):
    verb, path = argv[1], argv[2]
    image = load(path)
    if verb == "supers":
        to = load(argv[3])
        to[SUPERS] = image[SUPERS]
        store(argv[3], to)
    elif verb == "freed":
        to = load(argv[3])
        print(freed(image, to))
        store(argv[3], to)
    elif verb == "journal":
        print(*commits(image))
    elif verb == "damage":
        area = areas(image)
        image[area["journal"] + int(argv[3]) * BLOCK + 100] ^= 0x40
        store(path, image)
    elif verb == "sector":
        print(areas(image)["journal"] // 512 + int(argv[3]) * 8)
    elif verb == "slot":
        print(newest_map(image, areas(image))[1])
    elif verb == "rot":
        area = areas(image)
        at, _ = slot_at(image, area, *newest_map(image, area))
        image[at + 100] ^= 0x40
        store(path, image)
    elif verb == "lost":
        to = load(argv[3])
        area = areas(to)
        at, _ = slot_at(to, area, *newest_map(to, area))
        to[at:at + BLOCK] = image[at:at + BLOCK]
        store(argv[3], to)


main(sys.argv)
