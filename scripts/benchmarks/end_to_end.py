"""From NDJSON through the engine to the change log, against bare decoding of the same file on one core."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from raudience.cluster.engines import start_engine
from raudience.cluster.replay import Replay, replay
from raudience.ingest.wire import Batch
from scripts.benchmarks.definitions import book
from scripts.benchmarks.files import folder, write_lines
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Spread, spread
from scripts.benchmarks.workload import load


class EndToEnd(msgspec.Struct, frozen=True):
    """Million events a second: decoding to typed structs (CPU of one core), the replay by engine (wall, without the
    start of the engine), and their ratio within each round."""

    events: int
    audiences: int
    megabytes: float
    decoding: Spread
    replays: dict[str, Spread]
    ratios: dict[str, Spread]
    changes: int


def end_to_end(
    size: str, events: int, count: int, rounds: int, engines: tuple[tuple[str, int], ...] = (("inline", 1), ("ray", 2))
) -> EndToEnd:
    path = write_lines(load(size), events, folder(size))
    decoding: list[float] = []
    replays: dict[str, list[float]] = {f"{name}, {shards} shards": [] for name, shards in engines}
    changes = set()
    for _ in range(rounds):
        decoding.append(events / 1e6 / _decode(path))
        for name, shards in engines:
            seconds, found = _replay(path, name, shards, count)
            replays[f"{name}, {shards} shards"].append(events / 1e6 / seconds)
            changes.add(found)
    (total,) = changes
    ratios = {
        name: spread([rate / bare for rate, bare in zip(rates, decoding, strict=True)])
        for name, rates in replays.items()
    }
    megabytes = path.stat().st_size / 1e6
    found = {name: spread(rates) for name, rates in replays.items()}
    return EndToEnd(events, count, megabytes, spread(decoding), found, ratios, total)


def _decode(path: Path) -> float:
    """CPU seconds of decoding every line to the structs of raudience's wire form, and nothing else."""
    decode = msgspec.json.Decoder(Batch).decode
    lines = path.read_bytes().splitlines()
    began = time.process_time()
    for line in lines:
        decode(line)
    return time.process_time() - began


def _replay(path: Path, name: str, shards: int, count: int) -> tuple[float, int]:
    out = Path(tempfile.mkdtemp(prefix="raudience-bench-"))
    engine = start_engine(name, shards)  # type: ignore[arg-type]
    try:
        done = replay(engine, Replay((str(path),), book(audiences(count)), out / "out"))
    finally:
        engine.close()
        shutil.rmtree(out, ignore_errors=True)
    return done.seconds, done.summary.changes
