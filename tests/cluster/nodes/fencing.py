"""A driver of which one shard is on a host that is cut off. Arguments: address of Ray, directory that all hosts see."""

import json
import sys
import time
from pathlib import Path

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raudience.cluster.rayed import RayEngine
from raudience.shard.commands import Tick
from tests.cluster.nodes.hosts import hear, tell, until
from tests.cluster.nodes.shop import alive, arrive, begin, ingest, is_exact, keepsake, node_of


@ray.remote(num_cpus=0)
class Beside:
    """Lives on the host of a shard, holds a handle of it and needs nobody else to call it."""

    def __init__(self, shard):
        self.shard = shard
        ray.get(shard.is_open.remote())

    def ready(self):
        return True

    def write(self, epoch, word, answer):
        """Have the shard take one more order when a file tells to, and write what came of it into another."""
        until(Path(word).exists, 300)
        before = ray.get(self.shard.standing.remote())
        told = {"number": before.number}
        try:
            ray.get(self.shard.apply.remote(epoch, before.number + 1, 0, Tick(), before.now + 1))
        except Exception as error:
            cause = getattr(error, "cause", error)
            told |= {"raised": type(cause).__name__, "says": str(cause)}
        Path(f"{answer}.part").write_text(json.dumps(told))
        Path(f"{answer}.part").rename(answer)


def main(address, directory):
    directory = Path(directory)
    arrive(address)
    until(lambda: len(alive()) == 2)
    engine = RayEngine(2, address, keepsake=keepsake(directory / "state"), shard_cpus=1)
    begin(engine)
    for number in range(40):
        ingest(engine, number)
    here = ray.get_runtime_context().get_node_id()
    far = next(shard for shard in (0, 1) if node_of(engine._actors._actors[shard]) != here)
    handle = engine._actors._actors[far]
    beside = Beside.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node_of(handle), False)).remote(handle)
    ray.get(beside.ready.remote())
    beside.write.remote(engine._writer._epoch, str(directory / "word"), str(directory / "answer"))
    tell(node=node_of(handle), shard=far)

    assert hear() == "cut"
    began = time.monotonic()
    ingest(engine, 40)
    pause = time.monotonic() - began
    for number in range(41, 60):
        ingest(engine, number)
    tell(node=node_of(handle), pause=round(pause, 1), number=engine.position)

    (directory / "word").touch()
    until((directory / "answer").exists)
    for number in range(60, 80):
        ingest(engine, number)
    tell(old=json.loads((directory / "answer").read_text()), exact=is_exact(engine, 80))
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
