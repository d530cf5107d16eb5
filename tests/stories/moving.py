"""An engine whose shards are replaced, split, merged and moved about while a story is told on it."""

import numpy as np

from raudience.cluster.shells import ShardShell
from raudience.coordinator import owners
from raudience.hashing import key_groups
from raudience.records.packing import Packed, pack
from raudience.shard import Shard
from raudience.shard.snapshot import Part
from tests.stories.stage import EngineStage

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


class MovingStage(EngineStage):
    @property
    def shards(self):
        return [shell._shard for shell in self.engine._shells]

    def restart(self):
        """Every shard is replaced by what its snapshot gives."""
        self._replace([made_of(kept(shard)) for shard in self.shards])

    def reshard(self, number):
        """All users are spread anew over another number of shards."""
        owner = owners(number)
        self._replace([made_of(*(kept(shard, owner == new) for shard in self.shards)) for new in range(number)], owner)

    def move(self, mpids, to):
        """The key groups of users go to one shard."""
        to %= len(self.shards)
        owner = self.engine._owner.copy()
        moved = some(map(group_of, mpids))
        for number, shard in enumerate(self.shards):
            groups = moved & (owner == number)
            if number != to and groups.any():
                self.shards[to].absorb(kept(shard, groups))
                shard.release(groups)
                shard.check()
        self.shards[to].check()
        owner[moved] = to
        self.engine._owner = owner

    def _replace(self, shards, owner=None):
        epoch, number = self.engine._shells[0]._epoch, self.engine._shells[0]._number
        self.engine._shells = [shell_around(shard, epoch, number) for shard in shards]
        self.engine.shards = len(shards)
        self.engine._owner = self.engine._owner if owner is None else owner


def shell_around(shard, epoch, number):
    shell = ShardShell()
    shell._shard, shell._epoch, shell._number = shard, epoch, number
    return shell
