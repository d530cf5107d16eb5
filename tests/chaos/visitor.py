"""The process that visits: asks an engine that others feed, and wishes for other numbers of shards."""

import argparse
import logging
import random
import time

from raudience.cluster.engines import find_engine
from raudience.errors import RaudienceError
from tests.chaos.feeder import NAME


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s")
    chance = random.Random(asked.seed)
    while True:
        try:
            visit(asked.address, chance)
        except RaudienceError as error:
            logging.warning("comes again: %s", error)
            time.sleep(1)


def visit(address: str, chance: random.Random) -> None:
    engine = find_engine(NAME, address)
    try:
        while True:
            time.sleep(chance.random() * 4)
            if chance.random() < 0.15:
                engine.wish(chance.randint(1, 4))
            engine.look()
            for audience in engine.counts():
                engine.members(audience)
            engine.told(max(0, engine.position - 20))
    finally:
        engine.close()


if __name__ == "__main__":
    main()
