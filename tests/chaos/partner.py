"""The process that is X: it outlives everybody, fails by a seed in ways that pass, and tells what it holds."""

import argparse
import json
import random
import threading
from pathlib import Path

from raudience.clock import now_ms
from tests.forward.fakes.wire import Served
from tests.forward.fakes.x import FakeX

FAILS = 0.1
"""Share of requests."""


class FailingX:
    """X that fails, counts wrong and loses answers. `/holds` says who is on which list, and ends the faults."""

    def __init__(self, seed):
        self.fake, self.random, self.calm = FakeX(), random.Random(seed), False

    def __call__(self, method, url, headers, body, now):
        if url == "/holds":
            self.calm = True
            held = {name: sorted(self.fake.members(name, now)) for name in self.fake.lists()}
            return 200, {}, json.dumps(held).encode()
        self.fake.requests.clear()
        kind = self.random.choice(FAULTS) if not self.calm and self.random.random() < FAILS else None
        if kind is not None:
            kind(self.fake, now)
        try:
            return self.fake(method, url, headers, body, now)
        finally:
            self.fake.troubles = []


FAULTS = (
    lambda fake, now: fake.trouble(429, "TOO_MANY_REQUESTS", headers={"x-rate-limit-reset": str(now // 1_000 + 1)}),
    lambda fake, now: fake.trouble(503, "OVER_CAPACITY"),
    lambda fake, now: fake.trouble(500, "INTERNAL_ERROR", applied=True),
    lambda fake, now: fake.trouble(lost=True),
    lambda fake, now: fake.trouble(lost=True, applied=True),
    lambda fake, now: fake.trouble(counts=(0, 1), where="/users"),
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    with Served(FailingX(asked.seed), now_ms) as address:
        (asked.folder / "partner.part").write_text(address)
        (asked.folder / "partner.part").rename(asked.folder / "partner")
        threading.Event().wait()


if __name__ == "__main__":
    main()
