"""What one task of reading does: a part of a file becomes sorted runs on disk.

It imports no more than that takes: a process is started for it, and waits for its imports.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from raudience.cluster.decoding import read_part
from raudience.cluster.reading import Part
from raudience.cluster.spill import Run, stretch, write_run
from raudience.errors import FixRequest
from raudience.ingest.batches import Decoded
from raudience.ingest.wanted import Wanted

__all__ = ["PartRead", "Work", "read_to_disk"]

_RUN_ROWS: Final = 400_000
"""Batches and events that are sorted in memory at once."""


class Work(msgspec.Struct, frozen=True):
    """A part to read, and what the paths of its runs begin with."""

    part: Part
    path: Path
    input: str
    wanted: Wanted


class PartRead(msgspec.Struct, frozen=True):
    """What came of one part: its runs, its refusals in a file, and counts."""

    part: Part
    runs: tuple[Run, ...]
    refused: Path
    refusals: int
    lines: int


def read_to_disk(work: Work) -> PartRead:
    """Read a part into runs; raise FixRequest when a file cannot be read or written on this machine."""
    try:
        return _read_into_runs(work)
    except OSError as error:
        message = f"{work.part.path}: expected files that every machine of the engine can read and write, got: {error}"
        raise FixRequest(message) from None


def _read_into_runs(work: Work) -> PartRead:
    part, path = work.part, work.path
    runs: list[Run] = []
    held: list[Decoded] = []
    refusals = lines = 0

    def flush() -> None:
        if held:
            runs.append(write_run(path.with_suffix(f".{len(runs)}"), [stretch(held)]))
            held.clear()

    refused = path.with_suffix(".refused")
    with refused.open("wb") as file:
        for read in read_part(part, work.input, work.wanted):
            lines = read.lines_read
            refusals += len(read.refusals)
            file.writelines(msgspec.json.encode(refusal) + b"\n" for refusal in read.refusals)
            if len(read.decoded.block.batches.mpid):
                held.append(read.decoded)
            if sum(map(_weight, held)) >= _RUN_ROWS:
                flush()
        flush()
    return PartRead(part, tuple(runs), refused, refusals, lines)


def _weight(decoded: Decoded) -> int:
    return len(decoded.block.batches.mpid) + len(decoded.block.events.time)
