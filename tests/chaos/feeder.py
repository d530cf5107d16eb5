"""The process that feeds: tells a story to a lasting engine until a file says stop, or to an end.

A crash of it is nothing but the next start.
"""

import argparse
import logging
import time
from pathlib import Path

from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.rayed import RayEngine
from raudience.errors import RaudienceError
from tests.chaos.crashing import CrashPoints
from tests.chaos.feeding import Acknowledged, feed
from tests.chaos.story import Story

NAME = "storm"
SHARD_CPUS = 0.5
EVERY = 200_000
"""Bytes of log between two snapshots: small, so that there are many."""


def engine_of(folder: Path, state: str, address: str, shards: int = 2) -> RayEngine:
    objects = str(folder / "state") if "://" in state else None
    keepsake = Keepsake(Place(state, objects), every=EVERY, failpoint=CrashPoints(str(folder / "armed")))
    return RayEngine(shards, address, NAME, SHARD_CPUS, keepsake)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--last", type=int, default=1 << 40)
    asked = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s")
    acknowledged = Acknowledged(asked.folder / "acknowledged")
    engine = engine_of(asked.folder, asked.state, asked.address)
    with acknowledged.writer() as write:
        while acknowledged.count() < asked.last and not (asked.folder / "stop").exists():
            number = acknowledged.count()
            try:
                feed(engine, Story(asked.seed), number, min(number + 8, asked.last), write)
            except RaudienceError as error:
                logging.warning("told again: %s", error)
                time.sleep(0.5)
    engine.close()


if __name__ == "__main__":
    main()
