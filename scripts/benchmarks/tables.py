"""From a Parquet or Arrow file to the state of a shard, on one core: reading, decoding and `apply`."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from raudience.catalog.planning import plan
from raudience.cluster.decoding import cut_file, read_part
from raudience.shard import Shard
from scripts.benchmarks.definitions import book
from scripts.benchmarks.files import folder, write_tables
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Spread, spread
from scripts.benchmarks.workload import load


class Tables(msgspec.Struct, frozen=True):
    """Million events a second of CPU: file to columns, and file to shard, by file type and number of audiences."""

    events: int
    columns: dict[str, Spread]
    state: dict[str, dict[int, Spread]]


def tables(size: str, events: int, rounds: int, counts: tuple[int, ...] = (0, 20)) -> Tables:
    files = dict(zip(("parquet", "arrow"), write_tables(load(size), events, folder(size)), strict=True))
    columns: dict[str, list[float]] = {kind: [] for kind in files}
    state: dict[str, dict[int, list[float]]] = {kind: {count: [] for count in counts} for kind in files}
    for _ in range(rounds):
        for kind, path in files.items():
            columns[kind].append(events / 1e6 / _read(path, None))
            for count in counts:
                state[kind][count].append(events / 1e6 / _read(path, count))
    return Tables(
        events,
        {kind: spread(rates) for kind, rates in columns.items()},
        {kind: {count: spread(rates) for count, rates in found.items()} for kind, found in state.items()},
    )


def _read(path: Path, count: int | None) -> float:
    """CPU seconds; count: audiences, None to stop at the columns."""
    shard = Shard()
    if count is not None:
        shard.apply(plan(book(audiences(count))), 0)
    began = time.process_time()
    for part in cut_file(path):
        for read in read_part(part):
            if count is not None:
                block = read.decoded.block
                shard.apply(block, int(block.batches.at[-1]))
    return time.process_time() - began
