"""Shards that are replaced, split, merged and moved about while a story is told on them."""

import json

import numpy as np

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.cluster.live import Arrivals
from raudience.coordinator import owners
from raudience.hashing import key_groups
from raudience.ingest.route import split
from raudience.records.packing import Packed, pack
from raudience.shard import Shard, Tick
from raudience.shard.snapshot import Part
from tests.shard.making import identities
from tests.stories.stage import told

AS_IT_CAME = Packed(Part)


def kept(shard, groups=None):
    """What a shard knows of key groups, through the bytes in which it is kept."""
    return [AS_IT_CAME.unpack(pack(part)) for part in shard.freeze(groups).parts()]


def made_of(*snapshots):
    shard = Shard()
    for parts in snapshots:
        shard.absorb(parts)
    shard.check()
    return shard


def group_of(mpid):
    return int(key_groups(np.array([mpid], np.int64))[0])


def some(groups):
    """bool[256] of some key groups."""
    chosen = np.zeros(256, bool)
    chosen[list(groups)] = True
    return chosen


class MovingStage:
    """Shards with the methods of a stage, and with methods for what happens to shards."""

    def __init__(self, shards):
        self.shards = [Shard() for _ in range(shards)]
        self.owner = owners(shards)
        self.arrivals = Arrivals()

    def define(self, document, now):
        return self._each([plan(read_book(json.dumps(document).encode(), "book.json", "json"))] * len(self.shards), now)

    def ingest(self, batches, now):
        block, refusals = self.arrivals.take([json.dumps(one, sort_keys=True).encode() for one in batches], now)
        return self._each(split(block, self.owner, len(self.shards)), now), len(refusals)

    def advance(self, now):
        return self._each([Tick()] * len(self.shards), now)

    def members(self, key):
        return np.sort(np.concatenate([shard.members(key) for shard in self.shards]))

    def counts(self):
        counts = [shard.counts() for shard in self.shards]
        return {key: sum(count[key] for count in counts) for key in counts[0]}

    def why(self, mpid, key):
        return self.shards[self.owner[group_of(mpid)]].why(mpid, key)

    def identities(self, mpids, names):
        of = [self.shards[self.owner[group_of(mpid)]] for mpid in mpids]
        return [identities(shard, mpid, names=names)[0] for mpid, shard in zip(mpids, of, strict=True)]

    def check(self):
        for shard in self.shards:
            shard.check()

    def restart(self):
        """Every shard is replaced by what its snapshot gives."""
        self.shards = [made_of(kept(shard)) for shard in self.shards]

    def reshard(self, number):
        """All users are spread anew over another number of shards."""
        self.owner = owners(number)
        self.shards = [made_of(*(kept(shard, self.owner == new) for shard in self.shards)) for new in range(number)]

    def move(self, mpids, to):
        """The key groups of users go to one shard."""
        to %= len(self.shards)
        moved = some(map(group_of, mpids))
        for number, shard in enumerate(self.shards):
            groups = moved & (self.owner == number)
            if number != to and groups.any():
                self.shards[to].absorb(kept(shard, groups))
                shard.release(groups)
        self.check()
        self.owner = np.where(moved, to, self.owner).astype(np.int32)

    def _each(self, commands, now):
        """Changes by all shards, those of one moment in the order of audiences and users."""
        parts = [told(shard.apply(command, now)) for shard, command in zip(self.shards, commands, strict=True)]
        return sorted(change for part in parts for change in part)
