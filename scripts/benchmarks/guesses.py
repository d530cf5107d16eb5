"""What a shard takes to estimate an audience that is not in force, the first time and again."""

from __future__ import annotations

import time

import msgspec

from raudience.catalog.estimating import estimate_plan
from raudience.coordinator.estimating import combined, estimated, level_of
from raudience.shard import Shard
from scripts.benchmarks.definitions import audience_key, book
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.shard_engine import ShardEngine
from scripts.benchmarks.workload import load


class Guesses(msgspec.Struct, frozen=True):
    """Milliseconds of CPU. first: of the first estimate, which reads all kept events; again: of each audience after it,
    ascending. sampled: profiles that were looked at. held: how many of the intervals have the true size in them."""

    size: str
    events: int
    profiles: int
    sampled: int
    first: float
    again: list[float]
    held: int
    memory: int


def guesses(size: str, count: int, rounds: int) -> Guesses:
    """Estimates of audiences with all their criteria, after the history of the workload; the fastest of some rounds."""
    data, engine = load(size), ShardEngine(backfilled=True)
    engine.load(data, ())
    asked, first, again, held = book(audiences(count)), 0.0, [], 0
    for place in range(count):
        plan = estimate_plan(asked, audience_key(place))
        level = level_of(engine.shard.population(), plan)
        took = _took(engine.shard, plan, level)
        first = first or took
        again.append(min(_took(engine.shard, plan, level) for _ in range(rounds)))
    sizes = _sizes(engine, count)
    for place, true in enumerate(sizes):
        plan = estimate_plan(asked, audience_key(place))
        found = engine.shard.estimate(plan, level_of(engine.shard.population(), plan))
        blind = msgspec.structs.replace(combined([found]), held=(None,) * len(found.held))
        whole = estimated("", 0, plan, blind).of()
        held += whole.least <= true <= whole.most
        sampled = found.sampled
    memory = engine.shard.memory()["sample"]
    return Guesses(size, data.history, data.profiles, sampled, first, sorted(again), held, memory)


def _took(shard: Shard, plan: object, level: int) -> float:
    began = time.process_time()
    shard.estimate(plan, level)  # type: ignore[arg-type]
    return 1e3 * (time.process_time() - began)


def _sizes(engine: ShardEngine, count: int) -> list[int]:
    engine.ask(audiences(count))
    engine.answer()
    counts = engine.shard.counts()
    return [counts[audience_key(place)] for place in range(count)]
