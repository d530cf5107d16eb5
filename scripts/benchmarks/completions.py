"""What a shard takes to complete what somebody types, the first time that a topic is asked for and again."""

from __future__ import annotations

import time

import msgspec

from raudience.catalog.topics import topic_of
from scripts.benchmarks.shard_engine import ShardEngine
from scripts.benchmarks.workload import load

_ASKED = (
    ("user.plan", "p"), ("user.country", "u"), ("user.tags", "1"), ("user.age", "4"), ("identity.email", "77"),
    ("identity.email", "nobody"), ("user", ""), ("custom.category", "a"), ("custom.price", "1"), ("custom", ""),
    ("events", "s"), ("kinds", ""),
)  # fmt: skip


class Completions(msgspec.Struct, frozen=True):
    """Milliseconds of CPU by what was asked: the first time, and the fastest of some later ones. memory: bytes of all
    topics together."""

    size: str
    events: int
    profiles: int
    first: dict[str, float]
    again: dict[str, float]
    memory: int


def completions(size: str, rounds: int) -> Completions:
    """After the history of the workload."""
    data, engine = load(size), ShardEngine(backfilled=True)
    engine.load(data, ())
    first, again = dict[str, float](), dict[str, float]()
    for about, typed in _ASKED:
        topic, times = topic_of(about), []
        for _ in range(rounds + 1):
            began = time.process_time()
            engine.shard.complete(topic, typed, 40)
            times.append(1e3 * (time.process_time() - began))
        first.setdefault(about, times[0])
        again[f"{about} {typed}".strip()] = min(times[1:])
    return Completions(size, data.history, data.profiles, first, again, engine.shard.memory()["suggestions"])
