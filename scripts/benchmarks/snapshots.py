"""A snapshot of a shard and a shard from a snapshot: how long it takes, how many bytes it has."""

from __future__ import annotations

import time

import msgspec

from raudience.records.packing import Packed, pack
from raudience.shard import Shard
from raudience.shard.snapshot import Part
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.shard_engine import ShardEngine
from scripts.benchmarks.workload import load

_READER: Packed[Part] = Packed(Part)


class SnapshotSpeed(msgspec.Struct, frozen=True):
    """wall, cpu: seconds of `freeze` (the shard stands still), `pack` (in the background) and `absorb` (from bytes).
    bytes: by kind of part. agreed: the shard that came of it has the same counts."""

    size: str
    audiences: int
    events: int
    profiles: int
    wall: dict[str, float]
    cpu: dict[str, float]
    bytes: dict[str, int]
    agreed: bool


def snapshots(size: str, count: int, rounds: int) -> SnapshotSpeed:
    """The fastest of some rounds, after the history of the workload."""
    data, engine = load(size), ShardEngine()
    engine.load(data, audiences(count))
    shard, fresh, packed = engine.shard, Shard(), list[bytes]()
    wall, cpu = dict[str, float](), dict[str, float]()
    for _ in range(rounds):
        clock = _Clock(wall, cpu)
        frozen = shard.freeze()
        clock.stop("freeze")
        packed = [pack(part) for part in frozen.parts()]
        clock.stop("pack")
        fresh = Shard()
        fresh.absorb(map(_READER.unpack, packed))
        clock.stop("absorb")
    sizes = dict[str, int]()
    for record in packed:
        kind = type(_READER.unpack(record)).__name__
        sizes[kind] = sizes.get(kind, 0) + len(record)
    agreed = fresh.counts() == shard.counts()
    return SnapshotSpeed(size, count, data.history, data.profiles, wall, cpu, sizes, agreed)


class _Clock:
    def __init__(self, wall: dict[str, float], cpu: dict[str, float]) -> None:
        self._wall, self._cpu = wall, cpu
        self._began = time.perf_counter(), time.process_time()

    def stop(self, name: str) -> None:
        """Note what passed since the last call, unless it took less before."""
        ended = time.perf_counter(), time.process_time()
        for found, began, end in zip((self._wall, self._cpu), self._began, ended, strict=True):
            found[name] = min(end - began, found.get(name, end - began))
        self._began = time.perf_counter(), time.process_time()
