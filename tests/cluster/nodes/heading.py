"""A driver whose head goes and comes back. Arguments: address of Ray, directory for the state."""

import sys
import time

import ray

from raudience.cluster.rayed import RayEngine
from tests.cluster.nodes.hosts import hear, tell
from tests.cluster.nodes.shop import arrive, begin, ingest, is_exact, keepsake


def longest(engine, first, last):
    """Seconds that the slowest of these batches took."""
    worst = 0.0
    for number in range(first, last):
        began = time.monotonic()
        ingest(engine, number)
        worst = max(worst, time.monotonic() - began)
    return round(worst, 1)


def main(address, directory):
    arrive(address)
    engine = RayEngine(2, address, name="shop", keepsake=keepsake(directory), shard_cpus=1)
    begin(engine)
    longest(engine, 0, 20)
    tell(position=engine.position)

    assert hear() == "without a head"
    tell(pause=longest(engine, 20, 60), position=engine.position)

    assert hear() == "with a head again"
    engine.scale(3)
    longest(engine, 60, 70)
    ray.kill(engine._actors._actors[0], no_restart=False)
    tell(pause=longest(engine, 70, 80), shards=engine.shards, exact=is_exact(engine, 80))
    engine.dissolve()
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
