"""Whether the cost of an event grows with the number of profiles: the same events on fifty times as many."""

from __future__ import annotations

import time

import msgspec
import numpy as np

from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Lane, Spread, spread
from scripts.benchmarks.workload import SIZES

_NARROW, _WIDE = "small", "wide"


class Breadth(msgspec.Struct, frozen=True):
    """milliseconds: CPU of a batch, by profiles. ratio: within each round. touches: nanoseconds to add to one byte of
    a random profile, by profiles: what the caches alone make of the difference."""

    batch: int
    audiences: int
    milliseconds: dict[int, Spread]
    ratio: Spread
    touches: dict[int, float]


def breadth(batch: int, count: int, rounds: int, batches: int) -> Breadth:
    lanes = {size: Lane("raudience", size, audiences(count)) for size in (_NARROW, _WIDE)}
    for lane in lanes.values():
        lane.ask("load")
    spent: dict[str, list[float]] = {size: [] for size in lanes}
    for number in range(rounds + 1):
        for size, lane in lanes.items():
            start = SIZES[size].history + number * batch * batches
            taken = lane.ask("steps", start, batch, batches)
            if number:
                spent[size].append(1e3 * sum(step.cpu for step in taken) / batches)
    for lane in lanes.values():
        lane.close()
    profiles = {size: SIZES[size].profiles for size in lanes}
    return Breadth(
        batch,
        count,
        {profiles[size]: spread(times) for size, times in spent.items()},
        spread([wide / narrow for wide, narrow in zip(spent[_WIDE], spent[_NARROW], strict=True)]),
        {number: _touch(number) for number in profiles.values()},
    )


def _touch(profiles: int, row: int = 64) -> float:
    """Nanoseconds of one random read and write in rows of 64 bytes, one row a profile."""
    chance = np.random.default_rng(1)
    rows = np.zeros((profiles, row), np.uint8)
    places = chance.integers(0, profiles, 1_000_000)
    began = time.process_time()
    for part in np.split(places, 100):
        rows[part, 0] += 1
    return (time.process_time() - began) * 1e9 / len(places)
