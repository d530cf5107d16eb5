"""What a shard keeps in memory: bytes an event, bytes a profile."""

from __future__ import annotations

import msgspec

from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Lane
from scripts.benchmarks.workload import load

_OF_EVENTS = ("events", "event_words", "messages", "batches")
_OF_IDENTITIES = ("identity", "device_id")


class Kept(msgspec.Struct, frozen=True):
    """bytes: by part of the shard; process: resident memory. loaded: CPU seconds of loading."""

    size: str
    audiences: int
    events: int
    profiles: int
    bytes: dict[str, int]
    process: int
    loaded: dict[str, float]

    @property
    def an_event(self) -> float:
        return sum(self.bytes.get(part, 0) for part in _OF_EVENTS) / self.events

    @property
    def a_profile(self) -> float:
        return sum(size for part, size in self.bytes.items() if part not in _OF_EVENTS) / self.profiles


def kept(size: str, count: int) -> Kept:
    """After the history and the first 10,000 events of the stream."""
    data = load(size)
    lane = Lane("raudience", size, audiences(count))
    loaded = lane.ask("load")
    lane.ask("steps", data.history, 10_000, 1)
    parts = lane.ask("call", "memory")
    lane.close()
    process = parts.pop("process")
    return Kept(size, count, data.history + 10_000, data.profiles, parts, process, loaded)
