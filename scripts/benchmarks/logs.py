"""What it costs to make a record durable, and to read it back: each log, with one record under way and with many."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from raudience.durability.log import Log, Logs
from raudience.durability.places import open_logs
from scripts.benchmarks.race import Spread, spread
from tests.durability.nats_servers import Servers

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
UNDER_WAY: Final = (1, 64)
_SECONDS: Final = 0.5
_MOST: Final = 128 << 20
_NATS: Final = {"NATS, 1 node": 1, "NATS, 3 nodes": 3}
LOGS: Final = ("SQLite", *_NATS)


class Cost(msgspec.Struct, frozen=True):
    """appends: records a second; cpu: milliseconds of this process for a MB (NATS has its own); replay: MB a second,
    read and checked; disk: records a second of a bare file that is synced after each of them."""

    log: str
    record: int
    under_way: int
    appends: Spread
    cpu: Spread
    replay: Spread
    disk: Spread

    @property
    def megabytes(self) -> float:
        """MB a second, written."""
        return self.appends.median * self.record / 1e6


class LogSpeed(msgspec.Struct, frozen=True):
    """What each log costs, by size of records and how many are under way."""

    rounds: int
    costs: tuple[Cost, ...]


def log_speed(rounds: int) -> LogSpeed:
    """All logs in turn within each round; servers sync every message, all on this machine's one disk."""
    found: dict[tuple[str, int, int], list[tuple[float, ...]]] = {}
    with tempfile.TemporaryDirectory() as folder, _open(Path(folder)) as kinds:
        for number, record in itertools.product(range(rounds), SIZES):
            disk = _bare(Path(folder) / "bare", record)
            for (kind, logs), under_way in itertools.product(kinds.items(), UNDER_WAY):
                name = f"{kind.split(',')[0]}-{number}-{record}-{under_way}"
                found.setdefault((kind, record, under_way), []).append((*_one(logs, name, record, under_way), disk))
    costs = tuple(Cost(*key, *map(spread, zip(*rows, strict=True))) for key, rows in found.items())
    return LogSpeed(rounds, costs)


@contextmanager
def _open(folder: Path) -> Iterator[dict[str, Logs]]:
    kinds = {"SQLite": open_logs(folder / "state")}
    started = []
    for kind, size in _NATS.items():
        (folder / kind).mkdir()
        started.append(Servers(folder / kind, size, most=20 << 30))
        kinds[kind] = open_logs(f"nats://{started[-1].urls}/bench")
    try:
        yield kinds
    finally:
        for logs in kinds.values():
            logs.close()
        for servers in started:
            servers.stop()


def _one(logs: Logs, name: str, record: int, under_way: int) -> tuple[float, float, float]:
    """Records a second, milliseconds of CPU a MB, MB a second read back."""
    log = logs.open(name)
    log.take_over()
    wall, cpu = time.perf_counter(), time.process_time()
    count = _append(log, os.urandom(record), under_way)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    began = time.perf_counter()
    size = sum(len(body) for _, body in log.read(0))
    read = time.perf_counter() - began
    log.close()
    logs.remove(name)
    return count / wall, cpu * 1e3 / (count * record / 1e6), size / 1e6 / read


def _append(log: Log, record: bytes, under_way: int) -> int:
    """Keep so many appends of one record under way for a while; how many there were."""
    end, count = time.perf_counter() + _SECONDS, 0
    waiting: deque[Future[int]] = deque()
    while time.perf_counter() < end and count * len(record) < _MOST:
        waiting.append(log.submit([record]))
        count += 1
        if len(waiting) >= under_way:
            waiting.popleft().result()
    for future in waiting:
        future.result()
    return count


def _bare(path: Path, record: int) -> float:
    body, count = os.urandom(record), 0
    end = time.perf_counter() + _SECONDS / 2
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while time.perf_counter() < end:
            file.write(body)
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.perf_counter() - began)
