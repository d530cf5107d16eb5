"""A driver that tells each batch that it has an answer for, and may be ended between two of them. Arguments: address of
Ray, directory for the state, the first and the last batch."""

import sys

from raudience.cluster.rayed import RayEngine
from tests.cluster.nodes.hosts import tell
from tests.cluster.nodes.shop import arrive, begin, ingest, is_exact, keepsake


def main(address, directory, first, last):
    arrive(address)
    engine = RayEngine(2, address, keepsake=keepsake(directory), shard_cpus=0.5)
    if first == "0":
        begin(engine)
    for number in range(int(first), int(last)):
        ingest(engine, number)
        tell(taken=number)
    tell(exact=is_exact(engine, int(last)), position=engine.position)


if __name__ == "__main__":
    main(*sys.argv[1:])
