"""From NDJSON through the engine to the change log, against bare decoding of the same file on one core."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from raudience.cluster.engines import start_engine
from raudience.cluster.replay import Replay, replay
from scripts.benchmarks.definitions import book
from scripts.benchmarks.files import folder, write_lines
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Spread, spread
from scripts.benchmarks.workload import load


class _Data(msgspec.Struct):
    timestamp_unixtime_ms: int
    source_message_id: str
    session_uuid: str
    custom_attributes: dict[str, str | float]
    event_name: str = ""
    custom_event_type: str = ""
    screen_name: str = ""
    product_action: dict[str, str] | None = None
    application_transition_type: str = ""
    is_first_run: bool = False
    is_upgrade: bool = False


class _Event(msgspec.Struct):
    event_type: str
    data: _Data


class _Batch(msgspec.Struct):
    """What the file holds, and nothing that it does not: the least that decoding can cost."""

    api_key: str
    source_request_id: str
    timestamp_unixtime_ms: int
    mpid: str
    user_identities: dict[str, str]
    user_attributes: dict[str, str | int | float | list[str]]
    device_info: dict[str, str]
    application_info: dict[str, str]
    events: list[_Event]


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
    """CPU seconds of decoding every line to typed structs, and nothing else."""
    decode = msgspec.json.Decoder(_Batch).decode
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
