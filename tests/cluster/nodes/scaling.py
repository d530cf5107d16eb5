"""A driver whose load grows and ends. Arguments: address of Ray, directory for the state."""

import sys
import time

from raudience.cluster.rayed import RayEngine
from raudience.coordinator import Scaling
from tests.cluster.nodes.hosts import tell, until
from tests.cluster.nodes.shop import alive, arrive, begin, ingest, is_exact, keepsake, node_of


class Feed:
    """Batches one after the other, as fast as the engine takes them."""

    def __init__(self, engine):
        self.engine, self.taken = engine, 0

    def busily(self):
        ingest(self.engine, self.taken)
        self.taken += 1

    def idly(self):
        self.engine.advance(self.engine.now + 1)
        time.sleep(0.5)


def stands(engine):
    """Where the shards are, and how many key groups each has."""
    handles = engine._actors._actors
    owner = engine._writer.state.owner
    return {
        "nodes": sorted(alive()),
        "on": [node_of(handles[shard]) for shard in range(engine.shards)],
        "groups": [owner.count(shard) for shard in range(engine.shards)],
    }


def main(address, directory):
    policy = Scaling(1, 2, busy=0.7, quiet=0.4, grow_after=2_000, shrink_after=3_000, rest=1_000)
    arrive(address)
    engine = RayEngine(address=address, keepsake=keepsake(directory), shard_cpus=1, scaling=policy)
    feed = Feed(engine)
    begin(engine)
    tell(**stands(engine))

    def grown():
        feed.busily()
        return engine._writer.state.owner.count(1) == 128

    took = until(grown, pause=0)
    tell(**stands(engine), taken=feed.taken, took=took)

    def shrunk():
        feed.idly()
        return engine.shards == 1 and len(alive()) == 2

    took = until(shrunk)
    feed.busily()
    tell(**stands(engine), taken=feed.taken, took=took, exact=is_exact(engine, feed.taken))
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
