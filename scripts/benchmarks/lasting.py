"""What lasting costs: ingestion with and without a log, coming back, moving key groups."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from raudience.cluster.engine import Engine
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.records import Block
from scripts.benchmarks.blocks import event_block, mpids, profile_blocks
from scripts.benchmarks.definitions import book
from scripts.benchmarks.files import folder, write_lines
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Spread, spread
from scripts.benchmarks.vocabulary import DAY, START
from scripts.benchmarks.workload import Workload, load
from tests.durability.nats_servers import BINARY, Servers

Result = TypeVar("Result")

_LINES = 2_000
_BLOCK = 20_000
_HISTORY = 50_000
_LIVE_SECONDS = 60


class Lasting(msgspec.Struct, frozen=True):
    """Wall times. json, replicated, blocks: throughput with a log over that without, in turn in the same run: from JSON
    batches, from them with three NATS servers, from blocks of 20,000 events; megabytes: of log for a million events.
    live, replayed: million events a second of lasting ingestion from JSON, and of coming back from the log alone.
    freeze: milliseconds that a snapshot stops the shard; snapshot: megabytes. back: seconds from snapshot and `tail`
    events of log to the first answer. moves: seconds that each step from one shard to two stops the engine."""

    size: str
    audiences: int
    events: int
    profiles: int
    json: Spread
    replicated: Spread | None
    blocks: Spread
    megabytes: float
    live: float
    replayed: float
    freeze: float
    snapshot: float
    back: float
    tail: int
    moves: tuple[float, ...]


def lasting(size: str, events: int, count: int) -> Lasting:
    data = load(size)
    with _folder() as place:
        json, live, replayed, megabytes = _ingested(data, events, count, folder(size), place)
    replicated = _replicated(data, events, count, folder(size))
    blocks = _compared(data, count)
    with _folder() as place:
        engine = _engine(place / "state")
        _loaded(data, engine, count)
        freeze, snapshot = _snapshot(engine, place)
        tail = int(min(live * 1e6 * _LIVE_SECONDS, (len(data.arrival) - data.history) // 2))
        for block, now in _blocks(data, data.history, data.history + tail, _BLOCK):
            engine.apply(block, now)
        engine.close()
        back, engine = _timed(partial(_engine, place / "state"))
        moves = tuple(_moves(engine))
        engine.close()
    return Lasting(
        size, count, data.history, data.profiles, json, replicated, blocks, megabytes, live, replayed, freeze, snapshot,
        back, tail, moves,
    )  # fmt: skip


def _ingested(data: Workload, events: int, count: int, files: Path, place: Path) -> tuple[Spread, float, float, float]:
    """JSON batches taken by two engines in turn, one of them lasting; then it comes back by its log."""
    lasts = _engine(place / "state", every=1 << 60)
    ratios, spent = _in_turn(lasts, write_lines(data, events, files).read_bytes().splitlines(), count)
    lasts.close()
    size = sum(path.stat().st_size for path in (place / "state" / "log").glob("shard-*.sqlite"))
    back, again = _timed(partial(_engine, place / "state"))
    again.close()
    return ratios, events / spent / 1e6, events / back / 1e6, size / events


def _replicated(data: Workload, events: int, count: int, files: Path) -> Spread | None:
    """The same with a log in three NATS servers that sync every write, all on this machine; None without NATS."""
    if BINARY is None:
        return None
    with _folder() as place:
        servers = Servers(place, 3)
        keepsake = Keepsake(Place(f"nats://{servers.urls}/bench", str(place / "objects")), every=1 << 60)
        engine = InlineEngine(1, keepsake)
        ratios, _ = _in_turn(engine, write_lines(data, events, files).read_bytes().splitlines(), count)
        engine.close()
        servers.stop()
    return ratios


def _in_turn(lasts: Engine, lines: list[bytes], count: int) -> tuple[Spread, float]:
    """Throughput of a lasting engine over that of one in memory, call by call; seconds that the lasting one took."""
    quick = InlineEngine(1)
    for engine in (quick, lasts):
        engine.define(book(audiences(count)), START - DAY)
    ratios, spent = [], 0.0
    for first in range(0, len(lines), _LINES):
        piece = lines[first : first + _LINES]
        now = msgspec.json.decode(piece[-1])["timestamp_unixtime_ms"]
        alone, lasting = (
            _timed(partial(engine.ingest, piece, max(now, engine.now or 0)))[0] for engine in (quick, lasts)
        )
        ratios.append(alone / lasting)
        spent += lasting
    return spread(ratios), spent


def _loaded(data: Workload, engine: Engine, count: int) -> None:
    """The whole history, in blocks."""
    engine.define(book(audiences(count)), START - DAY)
    for block, now in profile_blocks(data, mpids(data)):
        engine.apply(block, now)
    for block, now in _blocks(data, 0, data.history, _HISTORY):
        engine.apply(block, now)


def _compared(data: Workload, count: int) -> Spread:
    """Blocks of the history through an engine that lasts and one that does not, in turn."""
    with _folder() as place:
        quick, lasts = InlineEngine(1), _engine(place / "state", every=1 << 60)
        for engine in (quick, lasts):
            engine.define(book(audiences(count)), START - DAY)
        found = []
        for block, now in _blocks(data, 0, min(60 * _BLOCK, data.history), _BLOCK):
            alone, lasting = (_timed(partial(engine.apply, block, now))[0] for engine in (quick, lasts))
            found.append(alone / lasting)
        lasts.close()
    return spread(found)


def _blocks(data: Workload, first: int, last: int, size: int) -> Iterator[tuple[Block, int]]:
    ids = mpids(data)
    for start in range(first, last, size):
        stop = min(start + size, last)
        yield event_block(data, ids, start, stop, "live"), int(data.arrival[stop - 1])


def _snapshot(engine: Engine, place: Path) -> tuple[float, float]:
    """Milliseconds that the shard stands still, megabytes of the snapshot."""
    shard = engine._carrier._shells[0]._replica.shard  # type: ignore[attr-defined]
    gc.collect()
    stopped = min(_timed(partial(shard.freeze, None))[0] for _ in range(3))
    engine.snapshot()
    return stopped * 1e3, sum(path.stat().st_size for path in (place / "state" / "snapshots").rglob("*/*")) / 1e6


def _moves(engine: Engine) -> Iterator[float]:
    """Seconds of each step from one shard to two: its beginning, then the moves of key groups."""
    told = engine.position
    engine.wish(2)
    while engine.wished() is not None:
        seconds, _ = _timed(partial(engine.advance, engine.now or 0))
        if engine.position > told + 1:
            yield seconds
        told = engine.position


def _engine(state: Path, every: int = 256 << 20) -> Engine:
    return InlineEngine(1, Keepsake(Place(str(state)), background=False, every=every))


def _timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds that a call took, and what it returned."""
    began = time.perf_counter()
    found = call()
    return time.perf_counter() - began, found


@contextmanager
def _folder() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="raudience-bench-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
