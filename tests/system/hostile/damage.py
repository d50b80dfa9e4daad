# SPDX-License-Identifier: GPL-2.0-only
"""What an enemy makes of a pool's legs.

A Pool is the legs of a sound pool as bytes, with its metadata blocks found and
sorted. damage() makes changes from a seed and returns what to write where: the
checksums are right again, so that what is validated behind them is reached.
"""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import craft  # noqa: E402  (beside this directory)

BLOCK = craft.BLOCK
ZERO = bytes(BLOCK)
SEQUENCE_AT = {"super": 56, "page": 8, "journal": 8}
RECORD_BYTES = {1: 32, 2: 272, 3: 136, 4: 40}
# Limits of the format, which readers compare with.
LIMITS = [31, 32, 33, 63, 64, 65, 127, 128, 252, 256, 1000, 1023, 1024, 1025, 2047, 2048, 2049,
          16384, 16401, 131072, 1 << 20, 1 << 22, 1 << 24, 1 << 31, 1 << 32, 1 << 40, 1 << 45]


class Block:
    """A block of metadata: what it is and where all its copies stand."""

    def __init__(self, kind, at, data, legs):
        self.kind, self.at, self.data, self.legs = kind, at, data, legs

    def sequence(self):
        at = SEQUENCE_AT.get(self.kind)
        return struct.unpack_from("<Q", self.data, at)[0] if at else 0

    def page(self):
        return struct.unpack_from("<I", self.data, 16)[0]

    def name(self):
        kind = f"page of type {self.data[20]}" if self.kind == "page" else self.kind
        return f"{kind} at {self.at} of {','.join(map(str, self.legs))}"


class Pool:
    def __init__(self, legs):
        self.legs = legs
        self.uuid = next(leg[BLOCK + 16:BLOCK + 32] for leg in legs
                         if leg.startswith(craft.MAGIC["super"], BLOCK))
        self.seed = craft.crc32c(0xFFFFFFFF, self.uuid)
        found = [b for i, leg in enumerate(legs) for b in self.blocks(i, leg)]
        self.supers = self.newest(found, "super", lambda b: b.legs[0])
        head = max(self.supers, key=lambda b: (b.sequence(), b.data[64:72])).data
        (self.journal_blocks, self.journal_start, self.journal_seq,
         self.journal_pos) = struct.unpack_from("<IQQI", head, 100)
        self.stage_start, self.stage_slots = struct.unpack_from("<QI", head, 224)
        self.pages = self.newest(self.merged(found, "page"), "page", Block.page)
        self.journal = sorted((b for b in self.merged(found, "journal")
                               if b.sequence() >= self.journal_seq), key=Block.sequence)
        self.footers = [b for b in found if b.kind == "footer"]
        self.meta = self.pages[0].legs
        # How many there are, which is the first number that there is not.
        groups = {struct.unpack_from("<I", b.data, f[0][0] + 4)[0]
                  for b in self.journal for f in craft.journal_fields(b.data)
                  if b.data[f[0][0]] == 2}
        self.numbers = [len(legs), len(self.pages), len(self.meta), self.stage_slots,
                        self.journal_blocks, max(groups, default=0) + 1,
                        struct.unpack_from("<I", head, 76)[0], struct.unpack_from("<I", head, 84)[0]]

    def blocks(self, index, leg):
        for at in range(0, len(leg), BLOCK):
            for kind, magic in craft.MAGIC.items():
                data = leg[at:at + BLOCK]
                if data.startswith(magic) and craft.sealed(data, kind, self.seed):
                    yield Block(kind, at, data, [index])

    def merged(self, found, kind):
        """Copies on several meta legs are one block."""
        blocks = {}
        for b in found:
            if b.kind == kind:
                same = blocks.setdefault((b.at, b.data), b)
                same.legs = sorted({*same.legs, *b.legs})
        return list(blocks.values())

    def newest(self, found, kind, key):
        best = {}
        for b in found:
            if b.kind == kind and b.sequence() >= best.get(key(b), b).sequence():
                best[key(b)] = b
        return list(best.values())

    def journal_place(self, index):
        """Where the block of the journal stands that is index behind the first."""
        pos = (self.journal_pos + index) % self.journal_blocks
        return pos, self.journal_start * 512 + pos * BLOCK


class Damage:
    """Changes made from one seed: {(leg, offset): block}, and in words."""

    def __init__(self, pool, number):
        self.pool, self.rng = pool, random.Random(number)
        self.writes, self.words, self.short = {}, [], {}

    # --- words ---------------------------------------------------------------

    def put(self, legs, at, data):
        for leg in legs:
            if 0 <= at <= len(self.pool.legs[leg]) - BLOCK:
                self.writes[leg, at] = bytes(data)

    def seal_and_put(self, block, data, where=None):
        """On all meta legs, or on one of them, which then disagree."""
        craft.seal(data, block.kind, self.pool.seed)
        legs, at = where or (block.legs, block.at)
        if len(legs) > 1 and not self.rng.randrange(4):
            legs = [self.rng.choice(legs)]
        self.put(legs, at, data)

    def value(self, old, size, others):
        """Of a field: borders, neighbours, what the same field says elsewhere."""
        top = (1 << 8 * size) - 1
        choice = self.rng.randrange(8)
        if choice < 2 and others:
            return self.rng.choice(others)
        if choice < 4:
            # This pool's own numbers are the nearest of all.
            limits = self.rng.choice([LIMITS, self.pool.numbers])
            return (self.rng.choice(limits) + self.rng.choice([-1, 0, 0, 1])) & top
        if choice < 6:
            return (old + self.rng.choice([-2, -1, 1, 2])) & top
        return craft.value(self.rng, old, size)

    def change(self, data, fields, elsewhere):
        """elsewhere: the (data, base) of other records with these fields."""
        base = fields[0][0]
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            at, size = self.rng.choice(fields)
            others = [int.from_bytes(d[b + at - base:b + at - base + size], "little")
                      for d, b in elsewhere]
            old = int.from_bytes(data[at:at + size], "little")
            new = self.value(old, size, others)
            data[at:at + size] = new.to_bytes(size, "little")
            self.words.append(f"{at}/{size}: {old:#x} -> {new:#x}")

    def table(self, block):
        """(first, size, used records, fields) of a page or superblock, or None."""
        if block.kind == "super":
            table = craft.LEG
        else:
            table = craft.PAGE_RECORDS.get(block.data[20])
        if not table:
            return None
        first, size, count, fields = table
        used = [first + i * size for i in range(count)
                if any(block.data[first + i * size:first + (i + 1) * size])]
        return size, used, [first + i * size for i in range(count)], fields

    # --- kinds of damage -------------------------------------------------------

    def fields_of_super(self):
        """The same on all legs, or one leg says something else."""
        again, words = self.rng.randrange(1 << 32), self.words
        chosen = self.pool.supers
        if not self.rng.randrange(3):
            chosen = [self.rng.choice(chosen)]
        state = self.rng
        for block in chosen:
            self.rng, self.words = random.Random(again), []
            self.fields_of(block, bump=False)
        self.rng = state
        words += self.words

    def fields_of(self, block, bump=True):
        data = bytearray(block.data)
        self.words.append(block.name())
        table = self.table(block) if block.kind in ("super", "page") else None
        if block.kind == "journal" and self.rng.randrange(6):
            records = craft.journal_fields(data)
            if records:
                self.change(data, self.rng.choice(records), [])
        elif table and self.rng.randrange(6):
            _, used, every, fields = table
            base = self.rng.choice(used if used and self.rng.randrange(8) else every)
            self.change(data, [(base + at, n) for at, n in fields],
                        [(data, other) for other in used])
        else:
            self.change(data, craft.HEAD[block.kind], [])
        if bump and block.kind == "page" and not self.rng.randrange(4):
            struct.pack_into("<Q", data, 8, block.sequence() + 1)
        self.seal_and_put(block, data)

    def fields_of_page(self):
        self.fields_of(self.rng.choice(self.pool.pages))

    def fields_of_journal(self):
        self.fields_of(self.rng.choice(self.pool.journal))

    def wrong_number(self):
        """One field of one record, and nothing else, just beyond what this pool has."""
        records = []
        for block in self.pool.pages + self.pool.supers[:1]:
            table = self.table(block)
            if table:
                _, used, _, fields = table
                records += [(block, [(base + at, n) for at, n in fields]) for base in used]
        for block in self.pool.journal:
            records += [(block, fields[2:]) for fields in craft.journal_fields(block.data)]
        block, fields = self.rng.choice(records)
        data = bytearray(block.data)
        at, size = self.rng.choice(fields)
        new = self.rng.choice(self.pool.numbers) + self.rng.choice([-1, 0, 1])
        new &= (1 << 8 * size) - 1
        self.words.append(f"{block.name()}; {at}/{size}: -> {new:#x}")
        data[at:at + size] = new.to_bytes(size, "little")
        craft.seal(data, block.kind, self.pool.seed)
        self.put(block.legs, block.at, data)

    def fields_of_footers(self):
        for block in self.rng.sample(self.pool.footers,
                                     min(len(self.pool.footers), self.rng.choice([1, 2, 8, 64]))):
            self.fields_of(block)
        self.words = [f"{len(self.writes)} footers, such as {self.words[0]}"] + self.words[1:3]

    def same_record_twice(self):
        """Two extents in one place, two groups on one segment, two slots alike."""
        block = self.rng.choice(self.pool.pages + self.pool.supers[:1])
        table = self.table(block)
        if not table or not table[1]:
            return
        size, used, every, _ = table
        data = bytearray(block.data)
        source, to = self.rng.choice(used), self.rng.choice(every)
        data[to:to + size] = data[source:source + size]
        self.words.append(f"{block.name()}: record at {source} again at {to}")
        self.seal_and_put(block, data)

    def swapped_blocks(self):
        """A block where another one belongs; it may say so, or claim the place."""
        kind = self.rng.choice(["pages", "journal", "footers", "supers"])
        blocks = getattr(self.pool, kind)
        if len(blocks) < 2:
            return
        one, other = self.rng.sample(blocks, 2)
        both = self.rng.randrange(2)
        for source, to in [(one, other), (other, one)][:1 + both]:
            data = bytearray(source.data)
            if self.rng.randrange(2) and source.kind in ("page", "journal"):
                data[16:20] = to.data[16:20]
            if self.rng.randrange(2) and source.kind in SEQUENCE_AT:
                at = SEQUENCE_AT[source.kind]
                data[at:at + 8] = to.data[at:at + 8]
            self.words.append(f"{source.name()} stands at {to.name()}")
            self.seal_and_put(source, data, (to.legs, to.at))

    def forged_journal(self):
        """A commit behind the last, of records that look like those there are."""
        data = bytearray(BLOCK)
        last = self.pool.journal[-1]
        pos, at = self.pool.journal_place(len(self.pool.journal))
        patterns = [(block.data, fields) for block in self.pool.journal
                    for fields in craft.journal_fields(block.data)]
        used = 64
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            kind = self.rng.choice(sorted({d[f[0][0]] for d, f in patterns}))
            source, fields = self.rng.choice([p for p in patterns if p[0][p[1][0][0]] == kind])
            base = fields[0][0]
            size = RECORD_BYTES[struct.unpack_from("<H", source, base)[0]]
            if used + size > BLOCK:
                break
            data[used:used + size] = source[base:base + size]
            alike = [(d, f[0][0]) for d, f in patterns if d[f[0][0]] == source[base]]
            # Type and length stay, so that the record is looked at.
            record = bytearray(data[used:used + size])
            self.change_record(record, [(f - base, n) for f, n in fields[2:]], alike)
            data[used:used + size] = record
            used += size
        struct.pack_into("<4sIQIHH", data, 0, craft.MAGIC["journal"], 0, last.sequence() + 1, pos,
                         used - 64, 1)
        self.words.insert(0, f"journal block forged at {at}, {used - 64} bytes")
        self.seal_and_put(last, data, (self.pool.meta, at))

    def change_record(self, record, fields, alike):
        for _ in range(self.rng.choice([0, 1, 1, 1, 2])):
            at, size = self.rng.choice(fields)
            old = int.from_bytes(record[at:at + size], "little")
            others = [int.from_bytes(d[b + at:b + at + size], "little") for d, b in alike]
            new = self.value(old, size, others)
            record[at:at + size] = new.to_bytes(size, "little")
            self.words.append(f"{at}/{size}: {old:#x} -> {new:#x}")

    def slots(self):
        """What the data journal holds, behind checksums that say otherwise."""
        if not self.pool.stage_slots:
            return
        for _ in range(self.rng.choice([1, 4, 64])):
            slot = self.rng.randrange(self.pool.stage_slots)
            at = self.pool.stage_start * 512 + slot * BLOCK
            self.put(self.pool.meta, at, self.rng.choice([ZERO, self.rng.randbytes(BLOCK)]))
        self.words.append(f"{len(self.writes)} slots of the data journal")

    def torn(self):
        """The end of a block is that of another, or gone: no checksum is right."""
        block = self.rng.choice(self.pool.supers + self.pool.pages + self.pool.journal)
        data = bytearray(block.data)
        at = self.rng.randrange(0, BLOCK, 512)
        data[at:] = self.rng.choice([bytes(BLOCK - at), self.rng.randbytes(BLOCK - at)])
        self.words.append(f"{block.name()} torn at {at}")
        self.put(block.legs if self.rng.randrange(2) else block.legs[:1], block.at, data)

    def short_leg(self):
        leg = self.rng.randrange(len(self.pool.legs))
        blocks = len(self.pool.legs[leg]) // BLOCK
        left = self.rng.choice([1, 2, 3, 255, 256, 257, blocks - 1, self.rng.randrange(1, blocks)])
        self.short[leg] = left * BLOCK
        self.words.append(f"leg {leg} ends after {left} blocks")

    def swapped_legs(self):
        """The superblock of a leg on another."""
        one, other = self.rng.sample(self.pool.supers, 2)
        self.words.append(f"{one.name()} stands on {other.legs[0]}")
        for at in (BLOCK, 2 * BLOCK):
            self.put(other.legs, at, one.data)

    def run(self):
        kinds = [(self.wrong_number, 12), (self.fields_of_super, 3), (self.fields_of_page, 8), (self.fields_of_journal, 4),
                 (self.forged_journal, 6), (self.fields_of_footers, 2),
                 (self.same_record_twice, 3), (self.swapped_blocks, 3), (self.slots, 1),
                 (self.torn, 1), (self.short_leg, 1), (self.swapped_legs, 1)]
        actions = [action for action, weight in kinds for _ in range(weight)]
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            self.rng.choice(actions)()
        return self


def damage(pool, number):
    return Damage(pool, number).run()


def load(directory):
    names = sorted((n for n in os.listdir(directory) if n.isdigit()), key=int)
    legs = []
    for name in names:
        with open(os.path.join(directory, name), "rb") as file:
            legs.append(file.read())
    return Pool(legs)
